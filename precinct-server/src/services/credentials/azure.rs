//! A token that Azure gives the machine or the application.
//!
//! It is asked for each request: the endpoint keeps tokens itself and gives a new one before the old one ends.

use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;

use super::{Outgoing, form};
use crate::configuration::credentials::AzureManagedIdentity;
use crate::services::{Surroundings, trust};

/// How long the endpoint may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The endpoint of tokens.
#[derive(Debug)]
pub struct Identity {
    configuration: AzureManagedIdentity,
    surroundings: Surroundings,
    agent: Agent,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

/// Why there is no token.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

impl Identity {
    /// The endpoint that a configuration and the environment name.
    pub fn new(configuration: &AzureManagedIdentity, surroundings: Surroundings) -> Self {
        let mut configuration = configuration.clone();
        let fill = |field: &mut String, value: &str| {
            if field.is_empty() {
                value.clone_into(field);
            }
        };
        if configuration.endpoint.is_empty()
            && let Some(endpoint) = surroundings.variable("IDENTITY_ENDPOINT")
        {
            configuration.endpoint = endpoint;
            configuration.use_app_service_msi = true;
        }
        fill(
            &mut configuration.endpoint,
            "http://169.254.169.254/metadata/identity/oauth2/token",
        );
        fill(&mut configuration.resource, "https://storage.azure.com/");
        let version = if configuration.use_app_service_msi {
            "2019-08-01"
        } else {
            "2018-02-01"
        };
        fill(&mut configuration.api_version, version);
        Self {
            configuration,
            surroundings,
            agent: trust::local(PATIENCE),
        }
    }

    /// Adds a token.
    ///
    /// # Errors
    /// When there is none.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        let token = self.token()?;
        request.header("Authorization", format!("Bearer {token}"));
        Ok(())
    }

    /// A token.
    ///
    /// # Errors
    /// When there is none.
    pub fn token(&self) -> Result<String, String> {
        self.ask()
            .map_err(|error| format!("azure managed identities auth: {error}"))
    }

    fn ask(&self) -> Result<String, String> {
        let configuration = &self.configuration;
        let fields = [
            ("api-version", &configuration.api_version),
            ("resource", &configuration.resource),
            ("object_id", &configuration.object_id),
            ("client_id", &configuration.client_id),
            ("mi_res_id", &configuration.mi_res_id),
        ];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let query = form::encoded(fields.map(|(name, value)| (name, value.as_str())));
        let url = format!("{}?{query}", configuration.endpoint);
        let mut request = Outgoing::get(url.clone());
        if configuration.use_app_service_msi {
            let header = self.surroundings.variable("IDENTITY_HEADER");
            let header = header.ok_or("IDENTITY_HEADER env var not found")?;
            request.header("x-identity-header", header);
        } else {
            request.header("Metadata", "true");
        }
        let (status, bytes) = request.ask(&self.agent)?;
        if status != 200 {
            let refusal: Refusal = serde_json::from_slice(&bytes).unwrap_or_default();
            return Err(format!(
                "{status} {} retrieving azure token from {url}: {}",
                refusal.error, refusal.error_description
            ));
        }
        let token: Token = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        match token.access_token.as_str() {
            "" => Err("expected access_token, found none".to_owned()),
            _ => Ok(token.access_token),
        }
    }
}
