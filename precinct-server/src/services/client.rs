//! A client of one server.

use std::collections::BTreeMap;
use std::time::Duration;

use ureq::Agent;

use super::connections::Connections;
use super::credentials::Authenticator;
use super::oci::Registry;
use super::outgoing::{Outgoing, read};
use super::surroundings::Surroundings;
use crate::configuration::keys::KeyConfig;
use crate::configuration::services::{Kind, Service};

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    service: Service,
    authenticator: Authenticator,
    connections: Connections,
    registry: Registry,
}

/// What a server answered when it was asked for something that may not have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is this, of this version.
    New {
        /// The bytes.
        bytes: Vec<u8>,
        /// The version (`ETag`); empty if the server names none.
        etag: String,
    },
    /// It is as it was.
    Unchanged,
}

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    /// What happened.
    pub message: String,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
}

impl From<String> for FetchError {
    fn from(message: String) -> Self {
        Self {
            message,
            status: None,
        }
    }
}

impl Client {
    /// A client for a server, with the keys of the configuration.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(service: Service, keys: &BTreeMap<String, KeyConfig>) -> Result<Self, String> {
        Self::within(service, keys, Surroundings::default())
    }

    /// As [`Client::new`], in other surroundings than those of the process.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn within(
        service: Service,
        keys: &BTreeMap<String, KeyConfig>,
        surroundings: Surroundings,
    ) -> Result<Self, String> {
        Ok(Self {
            authenticator: Authenticator::new(&service, keys, surroundings)?,
            connections: Connections::new(service.clone()),
            registry: Registry::default(),
            service,
        })
    }

    fn address(&self, path: &str) -> String {
        let base = self.service.url.trim_end_matches('/');
        format!("{base}/{}", path.trim_start_matches('/'))
    }

    /// The beginning of the address, up to the path.
    pub(super) fn origin(&self) -> &str {
        let url = self.service.url.as_str();
        let host = url.find("://").map_or(0, |at| at + 3);
        let path = url.get(host..).and_then(|rest| rest.find('/'));
        path.and_then(|path| url.get(..host + path)).unwrap_or(url)
    }

    /// What requests are sent with.
    pub(super) fn agent(&self) -> Result<Agent, String> {
        self.connections.agent()
    }

    /// Adds the headers of the configuration.
    pub(super) fn add_headers(&self, request: &mut Outgoing) {
        for (name, value) in &self.service.headers {
            request.header(name, value);
        }
    }

    /// Adds what says who this server is.
    pub(super) fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        self.authenticator.authenticate(request)
    }

    /// The request as it is sent.
    pub(super) fn complete(&self, mut request: Outgoing) -> Result<Outgoing, String> {
        self.add_headers(&mut request);
        self.authenticate(&mut request)?;
        Ok(request)
    }

    /// Sends JSON that is packed with gzip.
    ///
    /// # Errors
    /// When the server can't be reached or does not accept it.
    pub fn post_packed(&self, path: &str, body: &[u8]) -> Result<(), String> {
        self.post(path, body, true)
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// As [`Client::post_packed`].
    pub fn post_json(&self, path: &str, body: &[u8]) -> Result<(), String> {
        self.post(path, body, false)
    }

    fn post(&self, path: &str, body: &[u8], is_packed: bool) -> Result<(), String> {
        let mut request = Outgoing::post(self.address(path), body.to_vec());
        request.header("Content-Type", "application/json");
        if is_packed {
            request.header("Content-Encoding", "gzip");
        }
        let answer = self.complete(request)?.send(&self.agent()?, None)?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            Ok(())
        } else {
            Err(format!("request failed, server replied with HTTP {status}"))
        }
    }

    /// Asks for something, unless it is still of version `etag`. With `wait`, the server may wait that long for news;
    /// registries don't.
    ///
    /// # Errors
    /// When the server can't be reached, or answers something else, or more than `limit` bytes.
    pub fn fetch(
        &self,
        path: &str,
        etag: &str,
        wait: Option<Duration>,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        if self.service.kind == Kind::Oci {
            return self.registry.fetch(self, path, etag, limit);
        }
        let mut request = Outgoing::get(self.address(path));
        let mut preference = "modes=snapshot,delta".to_owned();
        if let Some(wait) = wait {
            preference = format!("{preference};wait={}", wait.as_secs());
        }
        request.header("Prefer", preference);
        if !etag.is_empty() {
            request.header("If-None-Match", etag);
        }
        let wait = wait.map(|wait| wait + Duration::from_secs(10));
        let answer = self
            .complete(request)
            .and_then(|request| request.send(&self.agent()?, wait))
            .map_err(FetchError::from)?;
        let status = answer.status().as_u16();
        let etag = answer
            .headers()
            .get("etag")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        match status {
            304 => Ok(Fetched::Unchanged),
            200 => Ok(Fetched::New {
                bytes: read(answer.into_body(), limit)?,
                etag,
            }),
            _ => Err(FetchError {
                message: format!("request failed, server replied with {}", reason(status)),
                status: Some(status),
            }),
        }
    }
}

/// The words for a status.
pub(super) fn reason(status: u16) -> String {
    match axum::http::StatusCode::from_u16(status) {
        Ok(code) => code
            .canonical_reason()
            .unwrap_or("an unknown status")
            .to_owned(),
        Err(_) => status.to_string(),
    }
}
