//! `precinct check`: whether policies parse and compile.

use std::process::ExitCode;

use clap::ValueEnum;
use precinct_interpreter::policy::PolicyOptions;

use super::Outcome;
use crate::host::{self, Places};
use crate::present::errors;
use crate::schemas;

/// Whether policies parse and compile.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders.
    paths: Vec<String>,
    /// Read the paths as bundles.
    #[arg(short, long)]
    bundle: bool,
    /// The form of the report.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Refuse unused imports and variables and deprecated builtins.
    #[arg(short = 'S', long)]
    strict: bool,
    /// After how many errors to stop; 0 is never.
    #[arg(short, long, default_value_t = 10)]
    max_errors: usize,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// The file with the builtins and features that may be used.
    #[arg(long, value_parser = host::capabilities_place)]
    capabilities: Option<String>,
    /// A schema of the input, or a folder of schemas that annotations name.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<String>,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// The policies must be valid under v0 and v1.
    #[arg(long)]
    v0_v1: bool,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// The forms of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Pretty,
    /// For programs.
    Json,
    /// Each error drawn into its line, with help.
    Annotated,
}

/// Checks, and says nothing when all is well.
pub fn run(args: &Args) -> Outcome {
    if args.paths.is_empty() {
        return Outcome::usage("specify at least one file");
    }
    let capabilities = match host::capabilities(args.capabilities.as_deref()) {
        Ok(capabilities) => capabilities,
        Err(message) => return Outcome::failed(message, 1),
    };
    let mut options = PolicyOptions {
        version: host::version(args.v0_compatible, args.v0_v1),
        strict: args.strict,
        prints: true,
        max_errors: args.max_errors,
        capabilities,
        ..PolicyOptions::default()
    };
    match schemas::read(args.schema.as_deref()) {
        Ok(schemas) => options.compile.schemas = schemas,
        Err(message) => return Outcome::failed(message, 1),
    }
    let mut places = Places {
        ignore: args.ignore.clone(),
        ..Places::default()
    };
    if args.bundle {
        places.bundles.clone_from(&args.paths);
    } else {
        places.paths.clone_from(&args.paths);
    }
    // Data beside the policies plays no part here, and must not keep them from being checked.
    let checked = host::parse(&places, &options).and_then(|parsed| host::check(parsed, &options));
    match checked {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(refusal) if args.format == Format::Json => {
            eprint!("{}", errors::json(&refusal.shown()).pretty());
            Outcome::Code(ExitCode::FAILURE)
        }
        Err(refusal) if args.format == Format::Annotated => {
            Outcome::failed(errors::pictures(&refusal.shown()), 1)
        }
        Err(refusal) => Outcome::failed(refusal.text(), 1),
    }
}
