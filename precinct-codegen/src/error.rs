//! What keeps policies from becoming Rust.

use std::fmt;
use std::path::PathBuf;

use precinct_interpreter::Failure;

use crate::GenerateError;

/// Why policies were not compiled.
#[derive(thiserror::Error)]
pub enum BuildError {
    /// A file or folder cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Read(PathBuf, #[source] std::io::Error),
    /// The generated file cannot be written.
    #[error("{}: {}", .0.display(), .1)]
    Write(PathBuf, #[source] std::io::Error),
    /// A base document is not JSON or YAML, or contradicts another one.
    #[error("{}: {}", .0.display(), .1)]
    Data(PathBuf, String),
    /// A schema or a type of `input` is not there, or cannot be used.
    #[error("{0}")]
    Schema(String),
    /// There are errors in the policies.
    #[error("{0}")]
    Rego(Box<Failure>),
    /// The policies cannot be turned into Rust.
    #[error(transparent)]
    Generate(GenerateError),
    /// Cargo's `OUT_DIR` is not set, and no other folder was given.
    #[error("OUT_DIR is not set: not called from a build script")]
    NoOutDir,
}

/// The message, as for readers: a build script that returns the error from `main` shows it this way.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
