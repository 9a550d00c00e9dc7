//! Servers that bundles come from and logs go to.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::configuration::credentials::Credentials;
use crate::configuration::services::Service;

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Client {
    service: Service,
    agent: Agent,
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

impl Client {
    /// A client for a server.
    ///
    /// # Errors
    /// When the certificates of authorities can't be read.
    pub fn new(service: Service) -> Result<Self, String> {
        let timeout = service.response_header_timeout_seconds.unwrap_or(10);
        let mut tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .disable_verification(service.allow_insecure_tls);
        let authority = service.tls.as_ref().and_then(|tls| tls.ca_cert.as_ref());
        tls = match authority {
            Some(path) => tls.root_certs(authorities(path)?),
            None if service.url.starts_with("https:") => tls.root_certs(system_authorities()),
            None => tls,
        };
        let agent = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(timeout)))
            .build();
        Ok(Self {
            service,
            agent: agent.into(),
        })
    }

    fn address(&self, path: &str) -> String {
        let base = self.service.url.trim_end_matches('/');
        format!("{base}/{}", path.trim_start_matches('/'))
    }

    /// The header that says who this server is; read anew each time, because tokens expire.
    fn authorization(&self) -> Result<Option<String>, String> {
        let bearer = match &self.service.credentials {
            Credentials::None => return Ok(None),
            Credentials::Bearer(bearer) => bearer,
        };
        let scheme = match bearer.scheme.as_str() {
            "" => "Bearer",
            scheme => scheme,
        };
        let token = match bearer.token_path.as_str() {
            "" => bearer.token.clone(),
            path => std::fs::read_to_string(path)
                .map_err(|error| format!("failed to read token: {path}: {error}"))?
                .trim()
                .to_owned(),
        };
        Ok(Some(format!("{scheme} {token}")))
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
        let mut request = self
            .agent
            .post(self.address(path))
            .header("Content-Type", "application/json");
        if is_packed {
            request = request.header("Content-Encoding", "gzip");
        }
        if let Some(authorization) = self.authorization()? {
            request = request.header("Authorization", authorization);
        }
        for (name, value) in &self.service.headers {
            request = request.header(name, value);
        }
        let answer = request.send(body).map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            Ok(())
        } else {
            Err(format!("request failed, server replied with HTTP {status}"))
        }
    }

    /// Asks for something, unless it is still of version `etag`. With `wait`, the server may wait that long for news.
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
        let failed = |message: String| FetchError {
            message,
            status: None,
        };
        let mut request = self.agent.get(self.address(path));
        if let Some(wait) = wait {
            request = request
                .config()
                .timeout_recv_response(Some(wait + Duration::from_secs(10)))
                .build()
                .header(
                    "Prefer",
                    format!("modes=snapshot,delta;wait={}", wait.as_secs()),
                );
        } else {
            request = request.header("Prefer", "modes=snapshot,delta");
        }
        if !etag.is_empty() {
            request = request.header("If-None-Match", etag);
        }
        if let Some(authorization) = self.authorization().map_err(failed)? {
            request = request.header("Authorization", authorization);
        }
        for (name, value) in &self.service.headers {
            request = request.header(name, value);
        }
        let answer = request.call().map_err(|error| failed(error.to_string()))?;
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
                bytes: read(answer.into_body(), limit).map_err(failed)?,
                etag,
            }),
            _ => Err(FetchError {
                message: format!("request failed, server replied with {}", reason(status)),
                status: Some(status),
            }),
        }
    }
}

fn reason(status: u16) -> String {
    match axum::http::StatusCode::from_u16(status) {
        Ok(code) => code
            .canonical_reason()
            .unwrap_or("an unknown status")
            .to_owned(),
        Err(_) => status.to_string(),
    }
}

fn read(body: Body, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    body.into_reader()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(format!("expected at most {limit} bytes, found more"));
    }
    Ok(bytes)
}

fn authorities(path: &str) -> Result<RootCerts, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let certificates: Vec<Certificate<'static>> = precinct_jose::pem::decode_all(&text)
        .into_iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| Certificate::from_der(&block.contents).to_owned())
        .collect();
    if certificates.is_empty() {
        return Err(format!("{path}: expected certificates (PEM), found none"));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// The certificates of authorities that the system trusts.
fn system_authorities() -> RootCerts {
    let found = rustls_native_certs::load_native_certs();
    let certificates = found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned());
    RootCerts::Specific(Arc::new(certificates.collect()))
}
