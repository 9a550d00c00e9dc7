//! Signatures of a key that Azure keeps (Key Vault).
//!
//! <https://learn.microsoft.com/en-us/rest/api/keyvault/keys/sign/sign>

use data_encoding::BASE64;
use precinct_jose::Algorithm;
use serde::Deserialize;
use serde_json::json;
use ureq::Agent;

use super::azure::{Identity, PATIENCE};
use super::{Outgoing, form};
use crate::configuration::credentials::AzureManagedIdentity;
use crate::configuration::credentials::cloud_keys::VaultKey;
use crate::services::{Surroundings, trust};

/// A key that Azure keeps.
#[derive(Debug)]
pub struct Vault {
    /// The address of signatures.
    address: String,
    identity: Identity,
    agent: Agent,
}

#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl Vault {
    /// A key, with who is allowed to sign with it.
    pub fn new(
        key: &VaultKey,
        identity: &AzureManagedIdentity,
        surroundings: &Surroundings,
    ) -> Self {
        let vault = format!("https://{}.vault.azure.net", key.vault);
        let place = surroundings.vaults().unwrap_or(vault.as_str());
        let path = match key.key_version.as_str() {
            "" => format!("keys/{}/sign", key.key),
            version => format!("keys/{}/{version}/sign", key.key),
        };
        let version = match key.api_version.as_str() {
            "" => "7.4",
            version => version,
        };
        let query = form::encoded([("api-version", version)]);
        let identity = AzureManagedIdentity {
            resource: vault.clone(),
            ..identity.clone()
        };
        Self {
            address: format!("{place}/{path}?{query}"),
            identity: Identity::new(&identity, surroundings.clone()),
            agent: trust::remote(PATIENCE),
        }
    }

    /// The signature of some bytes, as tokens have it, in base64url.
    ///
    /// # Errors
    /// When there is none.
    pub fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Result<String, String> {
        let token = self.identity.token()?;
        let digest = BASE64.encode(&algorithm.hash().digest(bytes));
        let body = json!({"alg": algorithm.name(), "value": digest});
        let mut request = Outgoing::post(self.address.clone(), body.to_string().into_bytes());
        request.header("Authorization", format!("Bearer {token}"));
        request.header("Content-Type", "application/json");
        let failed = |error: String| format!("keyvault: failed to sign digest: {error}");
        let (status, bytes) = request.ask(&self.agent).map_err(failed)?;
        if status != 200 {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(1024).collect();
            return Err(failed(format!(
                "non 200 status code, got: {status}. Body: {text}"
            )));
        }
        let answer: Answer =
            serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        Ok(answer.value)
    }
}
