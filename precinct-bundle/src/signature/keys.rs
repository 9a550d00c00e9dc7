//! Keys to verify and to sign with.

use precinct_jose::algorithm::Family;
use precinct_jose::{Algorithm, Key};

/// A key can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no PEM block of a key.
    #[error("failed to parse PEM block containing the key")]
    NoPem,
    /// The PEM block is damaged or holds something else.
    #[error("{0}")]
    Unreadable(String),
    /// The algorithm is not known.
    #[error("unknown signature algorithm: {0}")]
    Algorithm(String),
}

/// A key with everything that its use is bound to.
#[derive(Clone, Debug)]
pub struct VerificationKey {
    /// The name that tokens use (`kid`).
    pub id: String,
    /// The key.
    pub key: Key,
    /// The only algorithm that it is used with.
    pub algorithm: Algorithm,
    /// The scope that tokens must have.
    pub scope: String,
}

impl VerificationKey {
    /// A key from what an operator gives: PEM text, or the secret itself for HMAC.
    ///
    /// # Errors
    /// When the algorithm is not known or the text is no key for it.
    pub fn new(id: &str, text: &str, algorithm: &str, scope: &str) -> Result<Self, KeyError> {
        let algorithm = algorithm_by_name(algorithm)?;
        Ok(Self {
            id: id.to_owned(),
            key: key(text, algorithm)?,
            algorithm,
            scope: scope.to_owned(),
        })
    }
}

/// The algorithm of this name (RFC 7518).
///
/// # Errors
/// When there is none.
pub fn algorithm_by_name(name: &str) -> Result<Algorithm, KeyError> {
    name.parse()
        .map_err(|_| KeyError::Algorithm(name.to_owned()))
}

/// A key for an algorithm: the secret itself for HMAC, PEM text otherwise.
///
/// # Errors
/// When the text holds no key.
pub fn key(text: &str, algorithm: Algorithm) -> Result<Key, KeyError> {
    if algorithm.family() == Family::Hmac {
        return Ok(Key::Symmetric(text.as_bytes().to_vec()));
    }
    if !text.contains("-----BEGIN") {
        return Err(KeyError::NoPem);
    }
    Key::from_pem(text).map_err(|error| KeyError::Unreadable(error.to_string()))
}
