//! `precinct capabilities`: the builtins and features that policies can use.

use std::fs;
use std::process::ExitCode;

use super::Outcome;
use crate::present::capabilities;
use crate::present::json::Json;

/// The builtins and features that policies can use; without flags, the name of the version that has them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show all of this version.
    #[arg(long)]
    current: bool,
    /// Show those of a file.
    #[arg(long)]
    file: Option<String>,
    /// Show those of the version of this name.
    #[arg(long)]
    version: Option<String>,
    /// As they are with --v0-compatible.
    #[arg(long)]
    v0_compatible: bool,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// Prints the JSON form; without flags the name of the version that it describes.
pub fn run(args: &Args) -> Outcome {
    let version = format!("v{}", env!("CARGO_PKG_VERSION"));
    match (&args.version, &args.file) {
        (Some(name), _) if *name != version => {
            Outcome::failed(format!("Error: no capabilities version found {name}"), 1)
        }
        (None, Some(path)) => of_file(path),
        (None, None) if !args.current => {
            println!("{version}");
            Outcome::Code(ExitCode::SUCCESS)
        }
        _ => {
            let all = if args.v0_compatible {
                precinct_interpreter::capabilities_v0()
            } else {
                precinct_interpreter::capabilities()
            };
            print!("{}", capabilities::all(&all).pretty());
            Outcome::Code(ExitCode::SUCCESS)
        }
    }
}

fn of_file(path: &str) -> Outcome {
    let Ok(text) = fs::read_to_string(path) else {
        return Outcome::Code(ExitCode::FAILURE);
    };
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(value) => {
            print!("{}", Json::from(&value).pretty());
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(error) => Outcome::failed(error.to_string(), 1),
    }
}
