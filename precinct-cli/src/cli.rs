//! The tree of commands, and messages for arguments that do not fit it.
//!
//! Wrong arguments are reported with OPA's words and exit code 1, because scripts that drive OPA look for them.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands;

/// Rego policies as native Rust: evaluate, check, test and compile them.
#[derive(Debug, Parser)]
#[command(name = "precinct", disable_help_subcommand = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the version of precinct.
    Version(commands::version::Args),
}

impl Command {
    /// Runs the command and says how the process ends.
    pub fn run(self) -> ExitCode {
        match self {
            Self::Version(args) => commands::version::run(&args),
        }
    }
}

/// Why there is no command to run: help was asked for, or the arguments are wrong.
pub struct Stop(clap::Error);

/// Reads the arguments, of which the first is the program's name.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, Stop> {
    Cli::try_parse_from(args)
        .map(|cli| cli.command)
        .map_err(Stop)
}

impl Stop {
    /// Prints the help or the error and returns the exit code: 0 for help, 1 for an error.
    pub fn report(self) -> ExitCode {
        let Self(error) = self;
        if !error.use_stderr() {
            return match error.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        let message = message(&error);
        let usage = Cli::command().render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
        // Nothing is left to be done when stderr is closed.
        let _ = writeln!(
            io::stderr().lock(),
            "Error: {message}\nUsage:\n  {usage}\n\nUse \"precinct [command] --help\" for more information."
        );
        ExitCode::FAILURE
    }
}

/// The error in OPA's words where it has some.
fn message(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let flag = context(ContextKind::InvalidArg).unwrap_or_default();
            match flag.strip_prefix('-') {
                Some(short) if !short.starts_with('-') => {
                    let letter: String = short.chars().take(1).collect();
                    format!("unknown shorthand flag: '{letter}' in -{short}")
                }
                Some(_) => format!("unknown flag: {flag}"),
                None => format!("unexpected argument {flag:?}"),
            }
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("unknown command {name:?} for \"precinct\"")
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
    }
}
