//! A shell for questions: `precinct run` without `--server`.
//!
//! * [`shell`]: lines from a terminal or a file, history, completion
//! * [`session`]: what has been loaded and defined, and answers
//! * [`commands`]: `show`, `trace`, `json` and their like
//! * [`help`]: what `help` prints

mod commands;
mod help;
mod session;
mod shell;

pub use session::{Session, Start};
pub use shell::run;
