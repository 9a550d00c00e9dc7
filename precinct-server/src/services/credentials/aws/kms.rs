//! Signatures of a key that AWS keeps (Key Management Service).
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>

use data_encoding::BASE64;
use precinct_jose::Algorithm;
use precinct_jose::der::{DerError, Reader};
use precinct_jose::key::fixed_width;
use serde::Deserialize;
use serde_json::json;
use ureq::Agent;

use super::sources::{Sources, ask, remote};
use super::{Outgoing, signature};
use crate::configuration::credentials::S3Signing;
use crate::configuration::credentials::aws::Version;
use crate::configuration::credentials::cloud_keys::KmsKey;
use crate::services::Surroundings;

/// A key that AWS keeps.
#[derive(Debug)]
pub struct Kms {
    key: KmsKey,
    version: Version,
    sources: Sources,
    surroundings: Surroundings,
    agent: Agent,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    signature: String,
}

impl Kms {
    /// A key, with what requests for signatures are signed with.
    pub fn new(key: &KmsKey, signing: &S3Signing, surroundings: &Surroundings) -> Self {
        Self {
            key: key.clone(),
            version: signing.version(),
            sources: Sources::new(signing, surroundings),
            surroundings: surroundings.clone(),
            agent: remote(),
        }
    }

    /// The signature of some bytes, as tokens have it (RFC 7518 section 3.4).
    ///
    /// # Errors
    /// When there is none.
    pub fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let keys = self
            .sources
            .keys()
            .map_err(|error| format!("failed to get aws credentials: {error}"))?;
        let url = match &self.surroundings.aws().services {
            Some(address) => address.clone(),
            None => format!("https://kms.{}.amazonaws.com", keys.region),
        };
        let body = json!({
            "KeyId": self.key.name,
            "Message": BASE64.encode(&algorithm.hash().digest(bytes)),
            "MessageType": "DIGEST",
            "SigningAlgorithm": self.key.algorithm,
        });
        let mut request = Outgoing::post(format!("{url}/"), body.to_string().into_bytes());
        request.header("X-Amz-Target", "TrentService.Sign");
        request.header("Content-Type", "application/x-amz-json-1.1");
        signature::sign(&mut request, "kms", self.version, &keys)?;
        let failed = |error: String| format!("kms: failed to sign digest: {error}");
        let answer = ask(&request, &self.agent, "kms sign digest").map_err(failed)?;
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|error| failed(error.to_string()))?;
        let der = BASE64
            .decode(answer.signature.as_bytes())
            .map_err(|error| failed(error.to_string()))?;
        let width = match algorithm {
            Algorithm::ES384 => 48,
            Algorithm::ES512 => 66,
            _ => 32,
        };
        plain(&der, width)
            .map_err(|error| failed(error.to_string()))?
            .ok_or_else(|| failed(format!("expected two numbers of {width} bytes, found more")))
    }
}

/// The numbers of an `ECDSA-Sig-Value` (RFC 3279), each of so many bytes; `None` if one has more.
fn plain(der: &[u8], width: usize) -> Result<Option<Vec<u8>>, DerError> {
    let mut numbers = Reader::new(der).sequence()?;
    let (r, s) = (numbers.unsigned()?, numbers.unsigned()?);
    Ok(match (fixed_width(r, width), fixed_width(s, width)) {
        (Some(r), Some(s)) => Some([r, s].concat()),
        _ => None,
    })
}
