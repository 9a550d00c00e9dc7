//! Tokens of AWS's registry of container images (Elastic Container Registry), kept until they are about to end.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html>

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use ureq::Agent;

use super::sources::{Sources, ask, remote};
use super::{Keys, Outgoing, signature};
use crate::configuration::credentials::S3Signing;
use crate::configuration::credentials::aws::Version;
use crate::services::Surroundings;

/// A token that ends sooner than this is not used any more.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// The registry's tokens.
#[derive(Debug)]
pub struct Ecr {
    /// The address of the registry: others are not told the token.
    address: String,
    version: Version,
    sources: Sources,
    surroundings: Surroundings,
    agent: Agent,
    kept: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    text: String,
    ends: Timestamp,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    authorization_data: Vec<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    authorization_token: String,
    /// Seconds since the epoch.
    expires_at: f64,
}

impl Ecr {
    /// The tokens of a registry at an address.
    pub fn new(url: &str, configuration: &S3Signing, surroundings: &Surroundings) -> Self {
        Self {
            address: format!("{}/", url.trim_end_matches('/')),
            version: configuration.version(),
            sources: Sources::new(configuration, surroundings),
            surroundings: surroundings.clone(),
            agent: remote(),
            kept: Mutex::default(),
        }
    }

    /// Adds a token.
    ///
    /// # Errors
    /// When there is none.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        if !request.url.starts_with(&self.address) {
            return Ok(());
        }
        // Held while a token is asked for, so that requests at the same moment ask once.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |token: &Token| {
            let earliest = Timestamp::now().checked_add(MARGIN);
            earliest.is_ok_and(|earliest| earliest < token.ends)
        };
        let token = match kept.as_ref() {
            Some(token) if is_good(token) => token.clone(),
            _ => {
                let keys = self
                    .sources
                    .keys()
                    .map_err(|error| format!("failed to get aws credentials: {error}"))?;
                self.ask(&keys)
                    .map_err(|error| format!("ecr: failed to get authorization token: {error}"))?
            }
        };
        request.header("Authorization", format!("Basic {}", token.text));
        *kept = Some(token);
        Ok(())
    }

    fn ask(&self, keys: &Keys) -> Result<Token, String> {
        let url = match &self.surroundings.aws().services {
            Some(address) => address.clone(),
            None => format!("https://ecr.{}.amazonaws.com", keys.region),
        };
        let mut request = Outgoing::post(format!("{url}/"), b"{}".to_vec());
        let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
        request.header("X-Amz-Target", target);
        request.header("Content-Type", "application/x-amz-json-1.1");
        signature::sign(&mut request, "ecr", self.version, keys)?;
        let bytes = ask(&request, &self.agent, "ecr get authorization token")?;
        let answer: Answer = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        let data = answer.authorization_data.into_iter().next();
        let data = data.ok_or("empty authorization data")?;
        let ends = SignedDuration::try_from_secs_f64(data.expires_at)
            .map_err(|error| format!("expiresAt: {error}"))?;
        Ok(Token {
            text: data.authorization_token,
            ends: Timestamp::from_duration(ends).map_err(|error| format!("expiresAt: {error}"))?,
        })
    }
}
