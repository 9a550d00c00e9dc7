//! Signatures of AWS (Signature Versions 4 and 4A).
//!
//! ```text
//! environment, role, profile, metadata, … ──> Sources ── Keys ──> signature
//! ```
//!
//! * [`sources`]: where keys come from
//! * [`profile`]: keys in files
//! * [`metadata`]: keys of the machine or the container
//! * [`sts`]: keys of a role that is assumed
//! * [`sso`]: keys of somebody who signed in
//! * [`signature`]: a request, signed
//! * [`asymmetric`]: a request, signed for all regions
//! * [`kms`]: signatures of a key that AWS keeps
//! * [`ecr`]: tokens for the registry of container images, which takes no signatures

mod asymmetric;
mod ecr;
mod kms;
mod metadata;
mod profile;
mod signature;
mod sources;
mod sso;
mod sts;

use super::Outgoing;
use crate::configuration::credentials::S3Signing;
use crate::configuration::credentials::aws::Version;
use crate::services::Surroundings;
pub use ecr::Ecr;
pub use kms::Kms;
use sources::Sources;

/// What signs requests to a service.
#[derive(Debug)]
pub struct Signer {
    service: String,
    version: Version,
    sources: Sources,
}

/// Keys, and where they are good.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The name of the secret key.
    pub access_key: String,
    /// What is signed with.
    pub secret_key: String,
    /// What goes with temporary keys; empty with others.
    pub session_token: String,
    /// The region.
    pub region: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Signer {
    /// The signer of a configuration.
    pub fn new(configuration: &S3Signing, surroundings: &Surroundings) -> Self {
        let service = match configuration.service.as_str() {
            "" => "s3".to_owned(),
            service => service.to_lowercase(),
        };
        Self {
            service,
            version: configuration.version(),
            sources: Sources::new(configuration, surroundings),
        }
    }

    /// Signs a request.
    ///
    /// # Errors
    /// When there are no keys.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        let keys = self
            .sources
            .keys()
            .map_err(|error| format!("failed to get aws credentials: {error}"))?;
        signature::sign(request, &self.service, self.version, &keys)
    }
}
