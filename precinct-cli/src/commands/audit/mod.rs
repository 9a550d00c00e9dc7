//! `precinct audit`: what was decided.
//!
//! * [`query`]: find records
//! * [`replay`]: make a decision again
//! * [`verify`]: whether the records are those that were written

mod query;
mod replay;
mod verify;

use std::path::PathBuf;

use super::Outcome;

/// What was decided: find records, make decisions again, verify the chain.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do with the records.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Find records.
    Query(Box<query::Args>),
    /// Make a recorded decision again with the bundle that made it, and compare.
    Replay(replay::Args),
    /// Follow the chain of records, and name the first that was changed, removed or inserted.
    Verify(verify::Args),
}

/// Where the records are.
#[derive(Debug, clap::Args)]
struct Place {
    /// The folder of segments.
    #[arg(long, value_name = "FOLDER", default_value = "decisions")]
    store: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Query(args) => query::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Verify(args) => verify::run(args),
    }
}
