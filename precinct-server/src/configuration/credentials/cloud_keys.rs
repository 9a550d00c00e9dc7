//! Keys that never leave a cloud: it is asked for signatures.

use precinct_jose::Algorithm;
use precinct_jose::algorithm::Family;
use serde::Deserialize;

use super::{AzureManagedIdentity, S3Signing};
use crate::configuration::services::Kind;

/// A key of AWS (Key Management Service).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KmsKey {
    /// Its identifier, its resource name, or its alias.
    pub name: String,
    /// How it signs: `ECDSA_SHA_256`, `ECDSA_SHA_384` or `ECDSA_SHA_512`.
    pub algorithm: String,
}

/// A key of Azure (Key Vault).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultKey {
    /// Its name.
    pub key: String,
    /// Its version; the newest if nothing is said.
    pub key_version: String,
    /// How it signs (RFC 7518).
    pub key_algorithm: String,
    /// The vault.
    pub vault: String,
    /// The version of what is spoken there; `7.4` if nothing is said.
    pub api_version: String,
}

/// What Azure is told to get a signature.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultAccess {
    /// `keyvault`, and nothing else.
    pub service: String,
    /// Who is allowed to sign with the key.
    pub azure_managed_identity: Option<AzureManagedIdentity>,
}

/// A key of a cloud, with what it is asked for signatures with.
#[derive(Clone, Debug)]
pub struct CloudKey {
    /// How it signs.
    pub algorithm: Algorithm,
    /// Where it is.
    pub place: Place,
}

/// Where a key is.
#[derive(Clone, Debug)]
pub enum Place {
    /// At AWS.
    Aws(KmsKey, Box<S3Signing>),
    /// At Azure.
    Azure(VaultKey, Box<AzureManagedIdentity>),
}

impl CloudKey {
    /// A key of AWS.
    ///
    /// # Errors
    /// When nothing can be signed with it.
    pub(super) fn of_aws(
        key: Option<&KmsKey>,
        signing: Option<&S3Signing>,
    ) -> Result<Self, String> {
        let (Some(key), Some(signing)) = (key, signing) else {
            return Err("aws_kms and aws_signing required".to_owned());
        };
        if key.name.is_empty() {
            return Err("aws_kms: expected name, found none".to_owned());
        }
        let algorithm = match key.algorithm.as_str() {
            "ECDSA_SHA_256" => Algorithm::ES256,
            "ECDSA_SHA_384" => Algorithm::ES384,
            "ECDSA_SHA_512" => Algorithm::ES512,
            other => {
                return Err(format!(
                    "aws_kms: unsupported sign algorithm {other:?}: expected ECDSA_SHA_256, ECDSA_SHA_384 or ECDSA_SHA_512"
                ));
            }
        };
        if !signing.service.eq_ignore_ascii_case("kms") {
            return Err(format!(
                "aws_signing: cannot use SignDigest with aws service {:?}: expected \"kms\"",
                signing.service
            ));
        }
        signing
            .check(Kind::Rest)
            .map_err(|error| format!("aws_signing: {error}"))?;
        Ok(Self {
            algorithm,
            place: Place::Aws(key.clone(), Box::new(signing.clone())),
        })
    }

    /// A key of Azure.
    ///
    /// # Errors
    /// When nothing can be signed with it.
    pub(super) fn of_azure(
        key: Option<&VaultKey>,
        access: Option<&VaultAccess>,
    ) -> Result<Self, String> {
        let (Some(key), Some(access)) = (key, access) else {
            return Err("azure_keyvault and azure_signing required".to_owned());
        };
        key.check()
            .map_err(|error| format!("azure_keyvault: {error}"))?;
        if access.service != "keyvault" {
            return Err(format!(
                "azure_signing: cannot use SignDigest with azure service {:?}: expected \"keyvault\"",
                access.service
            ));
        }
        let identity = access.azure_managed_identity.as_ref();
        let identity = identity.ok_or("azure_signing: missing azure managed identity config")?;
        Ok(Self {
            algorithm: key.algorithm()?,
            place: Place::Azure(key.clone(), Box::new(identity.clone())),
        })
    }
}

impl VaultKey {
    /// Names become parts of an address, and shall be no others than those.
    fn check(&self) -> Result<(), String> {
        for (name, value) in [
            ("key", &self.key),
            ("key_version", &self.key_version),
            ("vault", &self.vault),
        ] {
            let may_be_empty = name == "key_version";
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if (value.is_empty() && !may_be_empty) || !value.bytes().all(is_plain) {
                return Err(format!(
                    "{name}: expected letters, digits and hyphens, found {value:?}"
                ));
            }
        }
        Ok(())
    }

    fn algorithm(&self) -> Result<Algorithm, String> {
        let algorithm = self.key_algorithm.parse::<Algorithm>().ok();
        let signs = |algorithm: &Algorithm| {
            let family = algorithm.family();
            matches!(family, Family::Ecdsa | Family::RsaPkcs1 | Family::RsaPss)
        };
        algorithm.filter(signs).ok_or_else(|| {
            format!(
                "azure_keyvault: unsupported sign algorithm {:?}: expected one of ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512",
                self.key_algorithm
            )
        })
    }
}
