//! The `precinct` command.
//!
//! * [`cli`]: the tree of commands and their flags
//! * [`commands`]: one file a sub-command
//! * [`counting`]: what is asked of the allocator
//! * [`host`]: reading policies, data and input
//! * [`configuration`]: what a configuration file says
//! * [`schemas`]: reading schemas
//! * [`library`]: policies as a shared library of a bundle
//! * [`logging`]: flags of the log
//! * [`native`]: queries answered by compiled programs
//! * [`output`]: printing to who may have gone
//! * [`parallel`]: work on many files at once
//! * [`present`]: how results and errors look
//! * [`repl`]: a shell for questions
//! * [`testing`]: running policy tests
//! * [`signing`], [`writing`]: keys from flags, files that are whole

#[macro_use]
mod output;

mod cli;
mod commands;
mod configuration;
mod counting;
mod host;
mod library;
mod logging;
mod native;
mod parallel;
mod present;
mod repl;
mod schemas;
mod signing;
mod testing;
mod writing;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(command) => command.run(),
        Err(stop) => stop.report(),
    }
}
