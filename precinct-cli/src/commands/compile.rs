//! `precinct compile`: what a policy is compiled to.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use precinct_codegen::Builder;
use precinct_interpreter::policy::PolicyOptions;

use super::Outcome;
use crate::host::{self, Places};
use crate::writing;

/// What a policy is compiled to.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders.
    #[arg(required = true)]
    paths: Vec<String>,
    /// What is shown.
    #[arg(short, long, value_enum, default_value_t)]
    target: Target,
    /// The path of a document, `a/b/c`, that can be asked for: only what it needs becomes Rust.
    #[arg(short, long, value_name = "PATH")]
    entrypoint: Vec<String>,
    /// The file that is written instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Leave the program as it was lowered.
    #[arg(long)]
    unoptimised: bool,
    /// Refuse unused imports and variables and deprecated builtins.
    #[arg(short = 'S', long)]
    strict: bool,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
}

/// What policies are compiled to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The program that both engines execute.
    #[default]
    Ir,
    /// The Rust that a build script writes for these policies and base documents.
    Rust,
}

/// Prints the IR or the Rust.
pub fn run(args: &Args) -> Outcome {
    let text = match args.target {
        Target::Ir if !args.entrypoint.is_empty() => {
            return Outcome::usage("--entrypoint goes with --target rust");
        }
        Target::Rust if args.unoptimised => {
            return Outcome::usage("--unoptimised goes with --target ir");
        }
        Target::Ir => ir(args),
        Target::Rust => rust(args),
    };
    let text = match text {
        Ok(text) => text,
        Err(message) => return Outcome::failed(message, 1),
    };
    match &args.output {
        None => print!("{text}"),
        Some(path) => {
            if let Err(message) = writing::replace(Path::new(path), text.as_bytes()) {
                return Outcome::failed(message, 1);
            }
        }
    }
    Outcome::Code(ExitCode::SUCCESS)
}

fn ir(args: &Args) -> Result<String, String> {
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        strict: args.strict,
        unoptimised: args.unoptimised,
        ..PolicyOptions::default()
    };
    let places = Places {
        paths: args.paths.clone(),
        ..Places::default()
    };
    host::parse(&places, &options)
        .and_then(|parsed| host::compile(&parsed, options))
        .map(|policy| precinct_rego::ir::print::program(policy.program()))
        .map_err(|refusal| refusal.text())
}

fn rust(args: &Args) -> Result<String, String> {
    let builder = Builder::new()
        .strict(args.strict)
        .v0_compatible(args.v0_compatible);
    let builder = args.paths.iter().fold(builder, Builder::policies);
    args.entrypoint
        .iter()
        .fold(builder, Builder::entrypoint)
        .generate()
        .map_err(|error| error.to_string())
}
