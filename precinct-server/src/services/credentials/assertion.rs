//! Tokens of this server's own that say who asks for one, signed here or by a cloud.

use precinct_jose::base64::encode_url;
use precinct_jose::{Algorithm, compact};
use serde_json::Value;

use super::aws::Kms;
use super::vault::Vault;
use crate::configuration::credentials::cloud_keys::{CloudKey, Place};
use crate::configuration::keys::SigningKey;
use crate::services::Surroundings;

/// What signs assertions.
#[derive(Debug)]
pub enum Signer {
    /// A key of the configuration.
    Own(SigningKey),
    /// A key of AWS.
    Kms(Algorithm, Box<Kms>),
    /// A key of Azure.
    Vault(Algorithm, Box<Vault>),
}

impl Signer {
    /// What signs with the key of a cloud.
    pub fn of_cloud(key: &CloudKey, surroundings: &Surroundings) -> Self {
        let algorithm = key.algorithm;
        match &key.place {
            Place::Aws(key, signing) => {
                Self::Kms(algorithm, Box::new(Kms::new(key, signing, surroundings)))
            }
            Place::Azure(key, identity) => {
                Self::Vault(algorithm, Box::new(Vault::new(key, identity, surroundings)))
            }
        }
    }

    /// How it signs.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Own(key) => key.algorithm,
            Self::Kms(algorithm, _) | Self::Vault(algorithm, _) => *algorithm,
        }
    }

    /// A token with this header and these claims.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String, String> {
        let (header, claims) = (header.to_string(), claims.to_string());
        let input = format!(
            "{}.{}",
            encode_url(header.as_bytes()),
            encode_url(claims.as_bytes())
        );
        let signature = match self {
            Self::Own(key) => {
                let (key, algorithm) = (&key.key, key.algorithm);
                return compact::sign(&header, claims.as_bytes(), key, algorithm)
                    .map_err(|error| error.to_string());
            }
            Self::Kms(algorithm, key) => encode_url(&key.sign(*algorithm, input.as_bytes())?),
            Self::Vault(algorithm, key) => key.sign(*algorithm, input.as_bytes())?,
        };
        Ok(format!("{input}.{signature}"))
    }
}
