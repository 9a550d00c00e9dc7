//! The compact serialization of JSON Web Signatures: `header.payload.signature` (RFC 7515 section 7.1).

use crate::algorithm::Algorithm;
use crate::base64::{decode_any, encode_url};
use crate::key::Key;
use crate::signature::{self, SignatureError};

/// Why a token was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompactError {
    /// The token does not have three parts.
    #[error("a compact JWS must have 3 parts, found {0}")]
    Parts(usize),
    /// A part is not base64url.
    #[error("the {0} of the JWS is not base64url")]
    Encoding(&'static str),
    /// The header is no JSON object.
    #[error("the header of the JWS is not a JSON object")]
    Header,
    /// The header names another algorithm than the verifier demands.
    #[error("the JWS names algorithm {found:?}, expected {expected:?}")]
    Algorithm {
        /// The algorithm demanded.
        expected: &'static str,
        /// What the header says.
        found: String,
    },
    /// The signature is wrong, or could not be made.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A token taken apart, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compact<'t> {
    /// The header and the payload as they were signed, with the full stop between them.
    pub signing_input: &'t str,
    /// The decoded header.
    pub header: serde_json::Map<String, serde_json::Value>,
    /// The decoded payload.
    pub payload: Vec<u8>,
    /// The decoded signature.
    pub signature: Vec<u8>,
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    pub fn parse(token: &'t str) -> Result<Self, CompactError> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(CompactError::Parts(parts.len()));
        };
        let signing_input = token
            .get(..header.len().saturating_add(payload.len()).saturating_add(1))
            .unwrap_or_default();
        let header = decode_any(header).ok_or(CompactError::Encoding("header"))?;
        Ok(Self {
            signing_input,
            header: serde_json::from_slice(&header).map_err(|_| CompactError::Header)?,
            payload: decode_any(payload).ok_or(CompactError::Encoding("payload"))?,
            signature: decode_any(signature).ok_or(CompactError::Encoding("signature"))?,
        })
    }

    /// A member of the header that is a string, such as `kid`.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(serde_json::Value::as_str)
    }

    /// Verifies the signature; the header must name the same algorithm.
    pub fn verify(&self, key: &Key, algorithm: Algorithm) -> Result<(), CompactError> {
        let found = self.header_text("alg").unwrap_or_default();
        if found != algorithm.name() {
            return Err(CompactError::Algorithm {
                expected: algorithm.name(),
                found: found.to_owned(),
            });
        }
        Ok(signature::verify(
            key,
            algorithm,
            self.signing_input.as_bytes(),
            &self.signature,
        )?)
    }
}

/// Signs `payload`; `header` is the header's JSON text, taken as it is and not checked against `algorithm`.
pub fn sign(
    header: &str,
    payload: &[u8],
    key: &Key,
    algorithm: Algorithm,
) -> Result<String, SignatureError> {
    let mut token = format!("{}.{}", encode_url(header.as_bytes()), encode_url(payload));
    let signed = signature::sign(key, algorithm, token.as_bytes())?;
    token.push('.');
    token.push_str(&encode_url(&signed));
    Ok(token)
}

/// Verifies a token and returns its payload.
pub fn verify(token: &str, key: &Key, algorithm: Algorithm) -> Result<Vec<u8>, CompactError> {
    let compact = Compact::parse(token)?;
    compact.verify(key, algorithm)?;
    Ok(compact.payload)
}
