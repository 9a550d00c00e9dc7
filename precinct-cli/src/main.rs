//! The `precinct` command.
//!
//! * [`cli`]: the tree of commands and their flags
//! * [`commands`]: one file a sub-command

mod cli;
mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(command) => command.run(),
        Err(stop) => stop.report(),
    }
}
