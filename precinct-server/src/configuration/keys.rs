//! Keys by name: those that signatures are verified with, and those that this server signs with.

use precinct_jose::algorithm::Family;
use precinct_jose::{Algorithm, Key, signature};
use serde::Deserialize;

/// A key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct KeyConfig {
    /// The algorithm (RFC 7518); `RS256` if nothing else is said.
    pub algorithm: Option<String>,
    /// The secret, or the public key, PEM.
    pub key: String,
    /// The secret, or the private key, PEM, that this server signs with.
    pub private_key: String,
    /// The scope that signatures must have.
    pub scope: String,
}

/// A key that signs.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// How it signs.
    pub algorithm: Algorithm,
    /// The key.
    pub key: Key,
}

impl KeyConfig {
    /// # Errors
    /// When there is no key in it, or one for nothing.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        if self.key.is_empty() && self.private_key.is_empty() {
            return Err(format!(
                "invalid keys configuration: no keys provided for key ID {name}"
            ));
        }
        // Ed25519 besides those that OPA knows: bundles may be signed with it.
        self.algorithm().map(drop).map_err(|_| {
            format!(
                "invalid keys configuration: unsupported algorithm '{}' of key ID {name}",
                self.algorithm.as_deref().unwrap_or_default()
            )
        })
    }

    fn algorithm(&self) -> Result<Algorithm, String> {
        let name = self.algorithm.as_deref().filter(|name| !name.is_empty());
        let name = name.unwrap_or("RS256");
        name.parse()
            .map_err(|_| format!("unknown signature algorithm: {name}"))
    }

    /// The key as one that signs.
    ///
    /// # Errors
    /// When it has no private half, or one that the algorithm does not take.
    pub fn signing(&self) -> Result<SigningKey, String> {
        if self.private_key.is_empty() {
            return Err("referenced signing_key does not include a private key".to_owned());
        }
        let algorithm = self.algorithm()?;
        let key = match algorithm.family() {
            Family::Hmac => Key::Symmetric(self.private_key.clone().into_bytes()),
            _ => Key::from_pem(&self.private_key).map_err(|error| error.to_string())?,
        };
        // A key that can't sign shall be found now and not by the first request.
        signature::sign(&key, algorithm, b"").map_err(|error| error.to_string())?;
        Ok(SigningKey { algorithm, key })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn signing(algorithm: &str, private_key: &str) -> Result<SigningKey, String> {
        let key = KeyConfig {
            algorithm: Some(algorithm.to_owned()),
            private_key: private_key.to_owned(),
            ..KeyConfig::default()
        };
        key.signing()
    }

    #[test]
    fn a_key_without_a_half_or_an_algorithm_is_refused() {
        let mut key = KeyConfig::default();
        let error = key.check("k").unwrap_err();
        assert!(error.ends_with("no keys provided for key ID k"));
        key.key = "secret".to_owned();
        assert_eq!(key.check("k"), Ok(()));
        for name in ["ES256", "EdDSA"] {
            key.algorithm = Some(name.to_owned());
            assert_eq!(key.check("k"), Ok(()));
        }
        key.algorithm = Some("XX256".to_owned());
        let error = key.check("k").unwrap_err();
        assert!(error.ends_with("unsupported algorithm 'XX256' of key ID k"));
    }

    #[test]
    fn a_key_signs_if_its_algorithm_takes_it() {
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        assert_eq!(signing("ES256", &pem).unwrap().algorithm, Algorithm::ES256);
        assert_eq!(
            signing("HS256", "secret").unwrap().algorithm,
            Algorithm::HS256
        );
        for (algorithm, key, expected) in [
            ("ES256", "", "does not include a private key"),
            ("XX256", "secret", "unknown signature algorithm: XX256"),
            ("RS256", "secret", "PEM"),
            (
                "RS256",
                &pem,
                "RS256 takes an RSA key, not an EC private key",
            ),
        ] {
            let error = signing(algorithm, key).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
