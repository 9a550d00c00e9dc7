//! `precinct compile`: what a policy is compiled to.

use std::process::ExitCode;

use precinct_interpreter::policy::PolicyOptions;

use super::Outcome;
use crate::host::{self, Places};

/// What a policy is compiled to.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders.
    #[arg(required = true)]
    paths: Vec<String>,
    /// Leave the program as it was lowered.
    #[arg(long)]
    unoptimised: bool,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
}

/// Prints the IR.
pub fn run(args: &Args) -> Outcome {
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        unoptimised: args.unoptimised,
        ..PolicyOptions::default()
    };
    let places = Places {
        paths: args.paths.clone(),
        ..Places::default()
    };
    match host::parse(&places, &options).and_then(|parsed| host::compile(&parsed, options)) {
        Ok(policy) => {
            print!("{}", precinct_rego::ir::print::program(policy.program()));
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(refusal) => Outcome::failed(refusal.text(), 1),
    }
}
