//! `precinct audit verify`: whether the records are those that were written.

use std::process::ExitCode;

use precinct_audit::verify::{Verdict, verify};
use precinct_audit::{Hash, scan};

use super::Place;
use crate::commands::Outcome;

/// Follow the chain of records. The exit code is 1 when it is broken.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// A hash that was noted earlier: a record with it must still be there. This finds out a chain that was written
    /// anew as a whole.
    #[arg(long, value_name = "HASH")]
    head: Option<Hash>,
}

/// Verifies and says what was found.
pub fn run(args: &Args) -> Outcome {
    match verify(&args.place.store) {
        Ok(Verdict::Intact { records, head }) => match noted(args) {
            Ok(true) => {
                match head {
                    Some(head) => println!("intact: {records} records, newest {}", head.hash),
                    None => println!("intact: no records"),
                }
                Outcome::Code(ExitCode::SUCCESS)
            }
            Ok(false) => {
                println!("broken: no record has the hash that was noted");
                Outcome::Code(ExitCode::FAILURE)
            }
            Err(message) => Outcome::failed(format!("error: {message}"), 2),
        },
        Ok(Verdict::Broken(first)) => {
            println!("broken: {first}");
            Outcome::Code(ExitCode::FAILURE)
        }
        Err(error) => Outcome::failed(format!("error: {error}"), 2),
    }
}

/// Whether the hash that was noted is that of a record.
fn noted(args: &Args) -> Result<bool, String> {
    let Some(wanted) = args.head else {
        return Ok(true);
    };
    for located in scan::records(&args.place.store).map_err(|error| error.to_string())? {
        if located.map_err(|error| error.to_string())?.hash == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}
