//! What can be wrong with a bundle.

/// Why a bundle can't be read, verified or built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not signed as it must be.
    #[error(transparent)]
    Signature(#[from] crate::signature::SignatureError),
    /// It is older than it may be.
    #[error(transparent)]
    Revision(#[from] crate::revision::RevisionError),
    /// A path has a form that bundles must not have.
    #[error("bundle entry {path:?} {reason}")]
    BadPath {
        /// The path as found.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two entries have the same path.
    #[error("bundle entry {path:?} is there twice")]
    DoubleFile {
        /// The path.
        path: String,
    },
    /// An entry is a link or a device.
    #[error("bundle entry {path:?} is not a regular file")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// A file passes its limit.
    #[error("bundle file '{path}' exceeds size limit of {limit} bytes")]
    FileTooLarge {
        /// The path.
        path: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// All files together pass their limit.
    #[error("bundle exceeds size limit of {limit} bytes when unpacked")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// There are more files than allowed.
    #[error("bundle has more than {limit} files")]
    TooManyFiles {
        /// Files allowed.
        limit: usize,
    },
    /// The archive's bytes are not those of a whole `.tar.gz`.
    #[error("bundle read failed: archive read failed: {0}")]
    DamagedArchive(String),
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file's content is not what its name says.
    #[error("bundle load failed on {path}: {message}")]
    Content {
        /// The path.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// The manifest contradicts itself or the files.
    #[error("{0}")]
    Manifest(String),
    /// A path that was given can't be read.
    #[error("{message}")]
    Unreadable {
        /// The whole message.
        message: String,
    },
    /// Something is wrong with one of several bundles.
    #[error("bundle {bundle}: {error}")]
    InBundle {
        /// The path of the bundle.
        bundle: String,
        /// What is wrong.
        error: Box<Error>,
    },
}
