//! Keys from the command line, as OPA's flags give them.

use std::fs;

use clap::Args;
use precinct_bundle::signature::each_file::Listing;
use precinct_bundle::signature::keys::{self, VerificationKey};
use precinct_bundle::signature::token::{Requirement, Signer};
use precinct_bundle::{Guard, load};
use precinct_jose::Key;

/// With what a bundle is verified.
#[derive(Clone, Debug, Args)]
pub struct VerificationArgs {
    /// The secret (HMAC) or the file of the PEM block with the public key.
    #[arg(long, value_name = "KEY")]
    pub verification_key: Option<String>,
    /// The name of the key.
    #[arg(long, value_name = "ID", default_value = "default")]
    pub verification_key_id: String,
    /// The scope that the signature must have.
    #[arg(long, default_value = "")]
    pub scope: String,
    /// Files that need no digest.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub exclude_files_verify: Vec<String>,
}

impl VerificationArgs {
    /// What bundles must satisfy; nothing when there is no key.
    ///
    /// # Errors
    /// When the key can't be read or does not fit the algorithm.
    pub fn requirement(
        &self,
        algorithm: &str,
        prefix: &str,
    ) -> Result<Option<Requirement>, String> {
        let Some(given) = &self.verification_key else {
            return Ok(None);
        };
        let key = VerificationKey::new(
            &self.verification_key_id,
            &text(given),
            algorithm,
            &self.scope,
        )
        .map_err(|error| error.to_string())?;
        Ok(Some(Requirement {
            keys: vec![key],
            key_id: Some(self.verification_key_id.clone()),
            scope: self.scope.clone(),
            exclude: self.exclude_files_verify.clone(),
            prefix: prefix.to_owned(),
        }))
    }
}

/// What a bundle must satisfy before it is loaded.
#[derive(Clone, Debug, Args)]
pub struct GuardArgs {
    #[command(flatten)]
    pub verification: VerificationArgs,
    /// The algorithm of tokens (RFC 7518).
    #[arg(long, default_value = "RS256")]
    pub signing_alg: String,
    /// Detached signatures of the archive (cosign, Ed25519).
    #[arg(long, value_name = "PATH")]
    pub signature: Vec<String>,
    /// Keys of detached signatures, beside --verification-key.
    #[arg(long, value_name = "PATH")]
    pub key: Vec<String>,
    /// Each file must have a signature beside it, and stand in a signed SHA256SUMS.
    #[arg(long, conflicts_with = "signature")]
    pub each_file: bool,
    /// There need be no SHA256SUMS: files may then be renamed or left out unnoticed.
    #[arg(long, requires = "each_file")]
    pub without_file_list: bool,
    /// How many different keys must have signed.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub require_signatures: usize,
    /// The oldest revision that is accepted.
    #[arg(long, value_name = "REVISION")]
    pub min_revision: Option<String>,
}

impl GuardArgs {
    /// What bundles must satisfy; nothing when no flag asks for anything.
    ///
    /// # Errors
    /// When a key or a signature can't be read, or there is one without the other.
    pub fn guard(&self) -> Result<Option<Guard>, String> {
        let is_detached = self.each_file || !self.signature.is_empty();
        if !is_detached && !self.key.is_empty() {
            return Err(
                "--key is for detached signatures: name them with --signature, or say --each-file"
                    .to_owned(),
            );
        }
        if is_detached && self.key.is_empty() && self.verification.verification_key.is_none() {
            return Err(
                "detached signatures need a key to verify them: --key or --verification-key"
                    .to_owned(),
            );
        }
        let mut guard = Guard {
            each_file: self.each_file,
            listing: if self.without_file_list {
                Listing::Optional
            } else {
                Listing::Required
            },
            required: self.require_signatures,
            min_revision: self.min_revision.clone(),
            ..Guard::default()
        };
        if is_detached {
            for name in self.key.iter().chain(&self.verification.verification_key) {
                let text =
                    fs::read_to_string(name).map_err(|error| load::system("open", name, &error))?;
                let key = Key::from_pem(&text).map_err(|error| format!("{name}: {error}"))?;
                guard.keys.push(key);
            }
            for name in &self.signature {
                let text = fs::read(name).map_err(|error| load::system("open", name, &error))?;
                guard.signatures.push((name.clone(), text));
            }
        } else {
            guard.token = self.verification.requirement(&self.signing_alg, "")?;
        }
        let asks = is_detached
            || guard.token.is_some()
            || guard.required > 0
            || guard.min_revision.is_some();
        Ok(asks.then_some(guard))
    }
}

/// The content of the file of this name, or the text itself.
fn text(given: &str) -> String {
    fs::read_to_string(given).unwrap_or_else(|_| given.to_owned())
}

/// Refuses the name of a plugin: there are none beside the default.
///
/// # Errors
/// As said.
pub fn known_plugin(name: Option<&str>) -> Result<(), String> {
    match name {
        None | Some("" | "_default") => Ok(()),
        Some(name) => Err(format!("no signer exists under id {name}")),
    }
}

/// What signs a bundle.
///
/// # Errors
/// When the key or the claims can't be read.
pub fn signer(
    key: &str,
    algorithm: &str,
    key_id: &str,
    claims_file: Option<&str>,
) -> Result<Signer, String> {
    let algorithm = keys::algorithm_by_name(algorithm).map_err(|error| error.to_string())?;
    let key = keys::key(&text(key), algorithm).map_err(|error| error.to_string())?;
    let claims = match claims_file {
        None => None,
        Some(path) => {
            let text = fs::read(path).map_err(|error| load::system("open", path, &error))?;
            Some(serde_json::from_slice(&text).map_err(|error| format!("{path}: {error}"))?)
        }
    };
    Ok(Signer {
        key,
        algorithm,
        key_id: if claims.is_some() {
            String::new()
        } else {
            key_id.to_owned()
        },
        claims,
    })
}
