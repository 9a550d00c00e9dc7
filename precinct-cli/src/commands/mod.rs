//! One file a sub-command.

use std::process::ExitCode;

pub mod audit;
pub mod bench;
pub mod build;
pub mod capabilities;
pub mod check;
pub mod compile;
pub mod completions;
pub mod conformance;
pub mod deps;
pub mod digest;
pub mod eval;
pub mod exec;
pub mod fmt;
pub mod front_end;
pub mod inspect;
pub mod new;
pub mod oracle;
pub mod parse;
pub mod profile;
pub mod question;
pub mod refactor;
pub mod registry;
pub mod residual;
pub mod run;
pub mod serve;
pub mod sign;
pub mod test;
pub mod verify;
pub mod version;

/// How a command ended.
pub enum Outcome {
    /// With this exit code; everything has been said.
    Code(ExitCode),
    /// The arguments do not fit: the message and how the command is used.
    Usage(String),
    /// There is nothing to do but to show what the command can do.
    Help,
}

impl Outcome {
    /// The arguments do not fit.
    pub fn usage(message: &str) -> Self {
        Self::Usage(message.to_owned())
    }

    /// Says why on the standard error.
    pub fn failed(message: impl std::fmt::Display, code: u8) -> Self {
        eprintln!("{message}");
        Self::Code(ExitCode::from(code))
    }

    /// Says why on the standard output, as OPA does for bundles.
    pub fn refused(message: &str) -> Self {
        println!("error: {message}");
        Self::Code(ExitCode::FAILURE)
    }
}
