//! Who vouches for a bundle. What is verified here are the bytes in memory that are compiled afterwards.
//!
//! Three forms are accepted:
//!
//! * [`token`]: `.signatures.json` in the bundle, a JSON Web Token over the digests of all files, as OPA signs
//! * [`detached`]: a signature beside the archive, as `cosign sign-blob` writes it, or beside each file
//! * [`keys`]: the keys, and how many of them must have signed

pub mod detached;
pub mod keys;
pub mod token;

pub use keys::{KeyError, VerificationKey};

/// Why a bundle is not accepted, or can't be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A signature is required and there is none.
    #[error("bundle missing .signatures.json file")]
    Missing,
    /// There is a signature and no key to verify it with.
    #[error("verification key not provided")]
    NoKey,
    /// The signature file is not of its form.
    #[error(".signatures.json: {0}")]
    Form(String),
    /// There is more than one signature file.
    #[error("bundle contains multiple signature files: {0:?} and {1:?}")]
    TwoFiles(String, String),
    /// The signature file names a plugin.
    #[error("no verifier exists under id {0}")]
    Plugin(String),
    /// The token names no key and neither does the configuration.
    #[error("verification key ID is empty")]
    NoKeyId,
    /// There is no key of this name.
    #[error("verification key corresponding to ID {0} not found")]
    UnknownKey(String),
    /// The key can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature is not by this key.
    #[error("failed to verify JWT signature: {0}")]
    Wrong(String),
    /// The token is not signed with the key's algorithm.
    #[error(
        "failed to verify JWT signature: the token's algorithm is {token:?}, the key's is {key:?}"
    )]
    Algorithm {
        /// What the token's header says.
        token: String,
        /// What the key is for.
        key: &'static str,
    },
    /// The token's scope is another.
    #[error("scope mismatch")]
    Scope,
    /// A file that the signature does not cover.
    #[error("file {0} not included in bundle signature")]
    Unlisted(String),
    /// A file that the signature covers and the bundle lacks.
    #[error("file(s) [{0}] specified in bundle signatures but not found in the target bundle")]
    Removed(String),
    /// The signature lists a file twice.
    #[error("file {0} is listed twice in the bundle signature")]
    ListedTwice(String),
    /// A file's digest is not the one that was signed.
    #[error("{path}: digest mismatch (want: {want}, got: {got})")]
    Digest {
        /// The file.
        path: String,
        /// The signed digest, in hexadecimal.
        want: String,
        /// The digest of the file.
        got: String,
    },
    /// The digest algorithm is not known.
    #[error("unsupported hashing algorithm: {0}")]
    Hash(String),
    /// A structured file that does not parse.
    #[error("{path}: {message}")]
    Content {
        /// The file.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A delta carries no signature of its own.
    #[error("delta bundles do not support signature verification")]
    Delta,
    /// A detached signature is not of its form.
    #[error("detached signature {name:?}: {message}")]
    Detached {
        /// The file of the signature.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// Too few of the keys have signed.
    #[error("{found} of the required {required} keys have signed the bundle")]
    Threshold {
        /// How many have.
        found: usize,
        /// How many must have.
        required: usize,
    },
}
