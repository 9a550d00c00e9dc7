//! `precinct capabilities`: the builtins and features that policies can use.

use std::fs;
use std::process::ExitCode;

use precinct_interpreter::capabilities as history;

use super::Outcome;
use crate::present::capabilities;
use crate::present::json::Json;

/// The builtins and features that policies can use; without flags, the versions whose are known.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show those of this program.
    #[arg(long)]
    current: bool,
    /// Show those of a file.
    #[arg(long)]
    file: Option<String>,
    /// Show those of a version of OPA.
    #[arg(long)]
    version: Option<String>,
    /// As they are with --v0-compatible.
    #[arg(long)]
    v0_compatible: bool,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
    /// Accepted for OPA's sake, and not looked at.
    #[arg(hide = true)]
    rest: Vec<String>,
}

/// Prints the JSON form; without flags the names of the versions that there are.
pub fn run(args: &Args) -> Outcome {
    let all = match (&args.version, &args.file) {
        (Some(name), _) => match history::capabilities_of(name) {
            Some(known) => known,
            None => {
                return Outcome::failed(format!("Error: no capabilities version found {name}"), 1);
            }
        },
        (None, Some(path)) => return of_file(path),
        (None, None) if !args.current => {
            for version in history::versions() {
                println!("{version}");
            }
            return Outcome::Code(ExitCode::SUCCESS);
        }
        (None, None) if args.v0_compatible => precinct_interpreter::capabilities_v0(),
        (None, None) => precinct_interpreter::capabilities(),
    };
    print!("{}", capabilities::all(&all).pretty());
    Outcome::Code(ExitCode::SUCCESS)
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
