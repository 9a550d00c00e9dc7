//! A token that an OAuth server gives (RFC 6749 section 4.4, RFC 7523).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::S3Signing;
use super::cloud_keys::{CloudKey, KmsKey, VaultAccess, VaultKey};
use crate::configuration::keys::{KeyConfig, SigningKey};

/// Where tokens are, and what is told there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OAuth2 {
    /// `client_credentials`, which is meant without it, or `jwt_bearer`.
    pub grant_type: String,
    /// The address of the token endpoint.
    pub token_url: String,
    /// The name of this server there.
    pub client_id: String,
    /// What goes with the name.
    pub client_secret: String,
    /// The name, in `keys`, of the key that assertions are signed with.
    pub signing_key: String,
    /// The SHA-1 digest of the key's certificate in hexadecimal digits, for the header `x5t`.
    pub thumbprint: String,
    /// Claims of assertions.
    pub additional_claims: Map<String, Value>,
    /// Assertions have an identifier.
    pub include_jti_claim: bool,
    /// What the token is to be good for.
    pub scopes: Vec<String>,
    /// Headers of the request for a token.
    pub additional_headers: BTreeMap<String, String>,
    /// Fields of the request for a token.
    pub additional_parameters: BTreeMap<String, String>,
    /// An assertion that somebody else signed.
    pub client_assertion: String,
    /// The file with such an assertion, read for each token.
    pub client_assertion_path: String,
    /// What kind of assertion that is; a JSON Web Token if nothing else is said.
    pub client_assertion_type: String,
    /// A key of AWS (Key Management Service) that assertions are signed with.
    pub aws_kms: Option<KmsKey>,
    /// What requests to AWS for a signature are signed with.
    pub aws_signing: Option<S3Signing>,
    /// A key of Azure (Key Vault) that assertions are signed with.
    pub azure_keyvault: Option<VaultKey>,
    /// What Azure is told to get a signature.
    pub azure_signing: Option<VaultAccess>,
}

/// What is told to get a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Who asks.
    ClientCredentials,
    /// An assertion, which is a token itself.
    JwtBearer,
}

/// How who asks proves it.
#[derive(Clone, Debug)]
pub enum Proof {
    /// By a secret.
    Secret,
    /// By an assertion that is signed for each token.
    Signed(SigningKey),
    /// By an assertion that a cloud signs for each token.
    SignedByCloud(Box<CloudKey>),
    /// By an assertion of somebody else.
    Assertion,
    /// By an assertion of somebody else, in a file.
    AssertionFile,
}

impl OAuth2 {
    /// What is told to get a token.
    ///
    /// # Errors
    /// When the configuration names something else.
    pub fn grant(&self) -> Result<Grant, String> {
        match self.grant_type.as_str() {
            "" | "client_credentials" => Ok(Grant::ClientCredentials),
            "jwt_bearer" => Ok(Grant::JwtBearer),
            other => Err(format!(
                "grant_type must be either client_credentials or jwt_bearer, found {other:?}"
            )),
        }
    }

    /// How who asks proves it.
    ///
    /// # Errors
    /// When that is missing, said twice, or can't be done.
    pub fn proof(&self, keys: &BTreeMap<String, KeyConfig>) -> Result<Proof, String> {
        if self.grant()? == Grant::JwtBearer {
            return self.proof_of_grant(keys);
        }
        let given: Vec<&str> = [
            ("client_secret", !self.client_secret.is_empty()),
            ("signing_key", !self.signing_key.is_empty()),
            ("aws_kms", self.aws_kms.is_some()),
            ("azure_keyvault", self.azure_keyvault.is_some()),
            ("client_assertion", !self.client_assertion.is_empty()),
            (
                "client_assertion_path",
                !self.client_assertion_path.is_empty(),
            ),
        ]
        .into_iter()
        .filter(|(_, is_given)| *is_given)
        .map(|(name, _)| name)
        .collect();
        let needs_client = |proof: Proof, name: &str| match self.client_id.as_str() {
            "" => Err(format!("client_id and {name} required")),
            _ => Ok(proof),
        };
        match given.as_slice() {
            [] => Err("please provide one of client_secret, signing_key, aws_kms, azure_keyvault, client_assertion, or client_assertion_path required".to_owned()),
            ["signing_key"] => Ok(Proof::Signed(self.key(keys)?)),
            ["aws_kms"] => CloudKey::of_aws(self.aws_kms.as_ref(), self.aws_signing.as_ref())
                .map(|key| Proof::SignedByCloud(Box::new(key))),
            ["azure_keyvault"] => {
                CloudKey::of_azure(self.azure_keyvault.as_ref(), self.azure_signing.as_ref())
                    .map(|key| Proof::SignedByCloud(Box::new(key)))
            }
            [name @ "client_secret"] => needs_client(Proof::Secret, name),
            [name @ "client_assertion"] => needs_client(Proof::Assertion, name),
            [name @ "client_assertion_path"] => needs_client(Proof::AssertionFile, name),
            several => Err(format!(
                "can only use one of client_secret, signing_key, aws_kms, azure_keyvault, client_assertion, or client_assertion_path, found {}",
                several.join(" and ")
            )),
        }
    }

    /// Only a key of the configuration signs an assertion that is a grant, as OPA has it.
    fn proof_of_grant(&self, keys: &BTreeMap<String, KeyConfig>) -> Result<Proof, String> {
        if self.signing_key.is_empty() {
            return Err("signing_key required for jwt_bearer grant type".to_owned());
        }
        for (name, is_given) in [
            ("client_secret", !self.client_secret.is_empty()),
            ("aws_kms", self.aws_kms.is_some()),
            ("azure_keyvault", self.azure_keyvault.is_some()),
            ("client_assertion", !self.client_assertion.is_empty()),
            (
                "client_assertion_path",
                !self.client_assertion_path.is_empty(),
            ),
        ] {
            if is_given {
                return Err(format!("{name} is not used with the jwt_bearer grant type"));
            }
        }
        Ok(Proof::Signed(self.key(keys)?))
    }

    fn key(&self, keys: &BTreeMap<String, KeyConfig>) -> Result<SigningKey, String> {
        let key = keys
            .get(&self.signing_key)
            .ok_or("signing_key refers to non-existent key")
            .map_err(|error| format!("{error} {:?}", self.signing_key))?;
        key.signing()
            .map_err(|error| format!("signing_key {:?}: {error}", self.signing_key))
    }

    /// The bytes of the thumbprint.
    ///
    /// # Errors
    /// When it is not of hexadecimal digits.
    pub fn thumbprint(&self) -> Result<Vec<u8>, String> {
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(self.thumbprint.as_bytes())
            .map_err(|error| {
                format!(
                    "thumbprint: expected hexadecimal digits, found {:?}: {error}",
                    self.thumbprint
                )
            })
    }

    /// # Errors
    /// When no token could be had with this.
    pub(super) fn check(&self, keys: &BTreeMap<String, KeyConfig>) -> Result<(), String> {
        self.proof(keys)?;
        self.thumbprint()?;
        if !self.token_url.starts_with("https://") {
            return Err(format!(
                "token_url required to use https scheme, found {:?}",
                self.token_url
            ));
        }
        Ok(())
    }
}
