//! A token that Google's metadata service gives the machine.
//!
//! It is asked for each request: the service keeps tokens itself and gives a new one before the old one ends.

use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use ureq::Agent;

use super::Outgoing;
use crate::configuration::credentials::GcpMetadata;
use crate::services::trust;

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What would end the value of a query, or is nothing that a URL can hold. Scopes are URLs and stay readable.
const BEYOND_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'>');

/// The metadata service.
#[derive(Debug)]
pub struct Machine {
    configuration: GcpMetadata,
    agent: Agent,
}

#[derive(Deserialize)]
struct AccessToken {
    access_token: String,
}

impl Machine {
    /// The metadata service of a configuration.
    pub fn new(configuration: &GcpMetadata) -> Self {
        Self {
            configuration: configuration.clone(),
            agent: trust::local(PATIENCE),
        }
    }

    /// Adds a token.
    ///
    /// # Errors
    /// When there is none.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        let (kind, token) = if self.configuration.audience.is_empty() {
            ("access", self.access_token())
        } else {
            ("identity", self.identity_token())
        };
        let token = token
            .and_then(|token| match token.trim() {
                "" => Err("expected a token, found none".to_owned()),
                token => Ok(token.to_owned()),
            })
            .map_err(|error| {
                format!("error retrieving {kind} token from gcp metadata service: {error}")
            })?;
        request.header("Authorization", format!("Bearer {token}"));
        Ok(())
    }

    fn access_token(&self) -> Result<String, String> {
        let query = format!("scopes={}", self.configuration.scopes.join(","));
        let bytes = self.ask(&self.configuration.access_token_path, &query)?;
        serde_json::from_slice(&bytes)
            .map(|answer: AccessToken| answer.access_token)
            .map_err(|error| error.to_string())
    }

    fn identity_token(&self) -> Result<String, String> {
        let query = format!("audience={}", self.configuration.audience);
        let bytes = self.ask(&self.configuration.identity_token_path, &query)?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }

    fn ask(&self, path: &str, query: &str) -> Result<Vec<u8>, String> {
        let query = utf8_percent_encode(query, BEYOND_QUERY);
        let url = format!("{}{path}?{query}", self.configuration.endpoint);
        let mut request = Outgoing::get(url.clone());
        request.header("Metadata-Flavor", "Google");
        let (status, bytes) = request.ask(&self.agent)?;
        let what = match status {
            200 => return Ok(bytes),
            400 => "invalid request",
            404 => "not found",
            _ => "unexpected error",
        };
        Err(format!(
            "error retrieving gcp ID token from {url} {status}: {what}"
        ))
    }
}
