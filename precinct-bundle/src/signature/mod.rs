//! Who vouches for a bundle. What is verified here are the bytes in memory that are compiled afterwards.
//!
//! Three forms are accepted:
//!
//! * [`token`]: `.signatures.json` in the bundle, a JSON Web Token over the digests of all files, as OPA signs
//! * [`detached`]: signatures beside the archive, as `cosign sign-blob` writes them
//! * [`each_file`]: a signature beside each file, and [`file_list`], which says that these are all
//! * [`keys`]: the keys, and how many of them must have signed

pub mod detached;
pub mod each_file;
pub mod file_list;
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
    /// A detached signature that can't be by a key of these kinds.
    #[error(
        "detached signature {name:?} of {length} bytes is of another algorithm than the keys, which are: {keys}"
    )]
    OtherAlgorithm {
        /// The file of the signature.
        name: String,
        /// Its bytes.
        length: usize,
        /// The kinds of the keys.
        keys: String,
    },
    /// A detached signature by nobody who is known, or of other bytes, which can't be told apart.
    #[error("detached signature {name:?} is by none of the keys, or not of {digest}")]
    Foreign {
        /// The file of the signature.
        name: String,
        /// The digest of the bytes that should have been signed.
        digest: String,
    },
    /// A detached signature that says itself that it is of other bytes.
    #[error("detached signature {name:?} signs sha256:{signed}, found {found}")]
    OtherBytes {
        /// The file of the signature.
        name: String,
        /// What it signs, in hexadecimal.
        signed: String,
        /// The digest of the bytes that were given.
        found: String,
    },
    /// Two detached signatures by one key.
    #[error("detached signatures {0:?} and {1:?} are by the same key: one of each key is expected")]
    SameKey(String, String),
    /// Each file must be signed, and none is.
    #[error("no file of the bundle has a signature beside it")]
    NoneSigned,
    /// A file lacks its signature.
    #[error("file {0} lacks its signature {0}.sig")]
    FileUnsigned(String),
    /// Each file is signed, but nothing says that these are all.
    #[error("bundle missing SHA256SUMS, the signed list of its files")]
    NoList,
    /// The list of files is not of its form.
    #[error("SHA256SUMS: {0}")]
    List(String),
    /// A file that is signed and not on the list.
    #[error("file {0} is not on the list of files, SHA256SUMS")]
    NotListed(String),
    /// A file that is on the list and not there.
    #[error("file {0} of the list of files, SHA256SUMS, is not in the bundle")]
    ListedOnly(String),
    /// Too few of the keys have signed.
    #[error("{found} of the required {required} keys have signed the bundle")]
    Threshold {
        /// How many have.
        found: usize,
        /// How many must have.
        required: usize,
    },
}
