//! A token that Azure gives the machine or the application.

use serde::Deserialize;

use crate::configuration::services::Kind;

/// Which token, and where it is. What is empty has a default that may depend on the environment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AzureManagedIdentity {
    /// The address that gives tokens.
    pub endpoint: String,
    /// The version of what is spoken there.
    pub api_version: String,
    /// What the token is for.
    pub resource: String,
    /// The object of the identity, where a machine has many.
    pub object_id: String,
    /// The client of the identity, where a machine has many.
    pub client_id: String,
    /// The resource of the identity, where a machine has many.
    pub mi_res_id: String,
    /// The address is that of an App Service and not of a machine.
    pub use_app_service_msi: bool,
}

impl AzureManagedIdentity {
    /// # Errors
    /// When the service does not take such tokens.
    pub(super) fn check(kind: Kind) -> Result<(), String> {
        match kind {
            Kind::Rest => Ok(()),
            Kind::Oci => Err("azure managed identities auth: OCI service not supported".to_owned()),
        }
    }
}
