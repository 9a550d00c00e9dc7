//! `precinct capabilities`: the builtins and features that policies can use.

use std::fs;
use std::process::ExitCode;

use super::Outcome;
use crate::present::json::Json;

/// The builtins and features that policies can use.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show those of a file instead.
    #[arg(long)]
    file: Option<String>,
}

/// Prints the JSON form; without flags the name of the version that it describes.
pub fn run(args: &Args) -> Outcome {
    let text = match &args.file {
        Some(path) => match fs::read_to_string(path) {
            Ok(text) => text,
            Err(_) => return Outcome::Code(ExitCode::FAILURE),
        },
        None => {
            println!("v{}", env!("CARGO_PKG_VERSION"));
            return Outcome::Code(ExitCode::SUCCESS);
        }
    };
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(value) => {
            print!("{}", Json::from(&value).pretty());
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(error) => Outcome::failed(error.to_string(), 1),
    }
}
