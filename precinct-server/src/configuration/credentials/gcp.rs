//! A token that Google's metadata service gives the machine.

use serde::Deserialize;

/// Which token, and where it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GcpMetadata {
    /// Whom an identity token is for.
    pub audience: String,
    /// What an access token is good for.
    pub scopes: Vec<String>,
    /// The address of the metadata service.
    pub endpoint: String,
    /// The path of access tokens there.
    pub access_token_path: String,
    /// The path of identity tokens there; OPA's documentation has the shorter name.
    #[serde(alias = "id_token_path")]
    pub identity_token_path: String,
}

impl Default for GcpMetadata {
    fn default() -> Self {
        let account = "/computeMetadata/v1/instance/service-accounts/default";
        Self {
            audience: String::new(),
            scopes: Vec::new(),
            endpoint: "http://metadata.google.internal".to_owned(),
            access_token_path: format!("{account}/token"),
            identity_token_path: format!("{account}/identity"),
        }
    }
}

impl GcpMetadata {
    /// # Errors
    /// Unless it is clear which token is meant.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.audience.is_empty(), self.scopes.is_empty()) {
            (true, true) => {
                Err("audience or scopes is required when gcp metadata is enabled".to_owned())
            }
            (false, false) => Err(
                "either audience or scopes can be set, not both, when gcp metadata is enabled"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }
}
