//! `precinct completions`: what a shell needs to complete commands and flags.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Outcome;

/// Completions for a shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args) -> Outcome {
    let mut command = crate::cli::Cli::command();
    clap_complete::generate(args.shell, &mut command, "precinct", &mut std::io::stdout());
    Outcome::Code(ExitCode::SUCCESS)
}
