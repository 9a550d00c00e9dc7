//! How a bundle must be signed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::keys::KeyConfig;

/// How a bundle must be signed. OPA knows `keyid`, `scope` and `exclude_files`; the rest is for signatures that are not in
/// the bundle.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SigningPart {
    /// The key's name in `keys`.
    pub keyid: String,
    /// The scope that the signature must have.
    pub scope: String,
    /// Files that need no digest.
    pub exclude_files: Vec<String>,
    /// Where the signatures are.
    pub form: Form,
    /// Names of further keys of detached signatures.
    pub keyids: Vec<String>,
    /// Where the signatures of the archive are, below the service's address.
    pub signatures: Vec<String>,
    /// How many different keys must have signed; 0 is as 1.
    pub required: usize,
    /// Files that are signed one by one need no `SHA256SUMS`: they may then be renamed or left out unnoticed.
    pub without_file_list: bool,
}

/// Where the signatures of a bundle are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `.signatures.json` in the bundle, as OPA signs.
    #[default]
    Token,
    /// Beside the archive, as `cosign sign-blob` signs.
    Archive,
    /// Beside each file in the bundle.
    EachFile,
}

impl SigningPart {
    /// The names of all keys.
    pub fn key_ids(&self) -> impl Iterator<Item = &String> {
        let first = Some(&self.keyid).filter(|id| !id.is_empty() || self.keyids.is_empty());
        first.into_iter().chain(&self.keyids)
    }

    /// # Errors
    /// When a key is not there, or signatures could never satisfy what is asked for.
    pub(super) fn check(&self, keys: &BTreeMap<String, KeyConfig>) -> Result<(), String> {
        if let Some(unknown) = self.key_ids().find(|id| !keys.contains_key(*id)) {
            return Err(format!("key {unknown:?} not found"));
        }
        let most = match self.form {
            Form::Archive if self.signatures.is_empty() => {
                return Err("signing.signatures: expected at least one path, found none".to_owned());
            }
            Form::Archive => self.signatures.len().min(self.key_ids().count()),
            Form::Token | Form::EachFile => 1,
        };
        if self.required > most {
            return Err(format!(
                "signing.required: {} signatures can't be had, but {most} at most",
                self.required
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn check(part: Value) -> Result<(), String> {
        let part: SigningPart = serde_json::from_value(part).unwrap();
        let keys = ["a", "b"].map(|name| (name.to_owned(), KeyConfig::default()));
        part.check(&keys.into())
    }

    #[test]
    fn what_can_never_be_satisfied_is_refused() {
        for (part, message) in [
            (json!({"keyid": "a"}), None),
            (json!({}), Some("key \"\" not found")),
            (json!({"keyid": "c"}), Some("key \"c\" not found")),
            (
                json!({"keyid": "a", "keyids": ["c"]}),
                Some("key \"c\" not found"),
            ),
            (json!({"keyid": "a", "required": 2}), Some("1 at most")),
            (
                json!({"keyid": "a", "form": "archive"}),
                Some("expected at least one path"),
            ),
            (
                json!({"keyids": ["a", "b"], "form": "archive", "signatures": ["x", "y"], "required": 2}),
                None,
            ),
            (
                json!({"keyids": ["a", "b"], "form": "archive", "signatures": ["x"], "required": 2}),
                Some("1 at most"),
            ),
        ] {
            match (check(part.clone()), message) {
                (Ok(()), None) => {}
                (Err(found), Some(wanted)) => assert!(found.contains(wanted), "{part}: {found}"),
                (found, _) => panic!("{part}: {found:?}"),
            }
        }
    }
}
