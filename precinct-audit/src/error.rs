//! What can go wrong with a store of records.

use std::path::{Path, PathBuf};

/// Why records can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not a record.
    #[error("{}:{line}: not a decision record: {message}", path.display())]
    Malformed {
        /// The segment file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What was found.
        message: String,
    },
    /// A decision can't be written as JSON.
    #[error("decision {id} can't be recorded: {message}")]
    Unwritable {
        /// The decision.
        id: String,
        /// Why.
        message: String,
    },
    /// A search asks for something that can't be.
    #[error("{0}")]
    Query(String),
}

impl Error {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            source,
        }
    }
}
