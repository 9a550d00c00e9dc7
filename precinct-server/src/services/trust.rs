//! Whom the other side must be known to, and the connections that are made with that.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::RedirectAuthHeaders;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::configuration::services::Service;

/// How long making a connection may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, unless the configuration says otherwise; OPA's default.
const ANSWERING: u64 = 10;

/// What connections to a service are made with.
///
/// # Errors
/// When a file can't be read, or does not hold what it should.
pub fn agent(service: &Service) -> Result<Agent, String> {
    let is_verified = !(service.allow_insecure_tls && service.url.starts_with("https:"));
    let seconds = service.response_header_timeout_seconds;
    Ok(built(
        tls(service, is_verified)?,
        Duration::from_secs(seconds.unwrap_or(ANSWERING)),
    ))
}

fn tls(service: &Service, is_verified: bool) -> Result<TlsConfig, String> {
    let builder = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .disable_verification(!is_verified)
        .root_certs(RootCerts::Specific(Arc::new(authorities(service)?)));
    Ok(builder.build())
}

fn built(tls: TlsConfig, answering: Duration) -> Agent {
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        // As OPA has it: what was meant for one host is told to no other, and to the same one after a redirection.
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .timeout_connect(Some(CONNECTING))
        .timeout_recv_response(Some(answering))
        .build()
        .into()
}

/// The authorities whose word on the other side counts.
fn authorities(service: &Service) -> Result<Vec<Certificate<'static>>, String> {
    let tls = service.tls.as_ref();
    let file = tls
        .and_then(|tls| tls.ca_cert.as_deref())
        .filter(|path| !path.is_empty());
    let needs_system = tls.is_some_and(|tls| tls.system_ca_required);
    let Some(path) = file else {
        return Ok(of_system());
    };
    let mut found = of_file(path)?;
    if needs_system {
        found.extend(of_system());
    }
    Ok(found)
}

fn of_file(path: &str) -> Result<Vec<Certificate<'static>>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let certificates = certificates(&text);
    if certificates.is_empty() {
        return Err(format!("{path}: expected certificates (PEM), found none"));
    }
    Ok(certificates)
}

/// The certificates of a text, PEM.
pub fn certificates(text: &str) -> Vec<Certificate<'static>> {
    precinct_jose::pem::decode_all(text)
        .into_iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| Certificate::from_der(&block.contents).to_owned())
        .collect()
}

fn of_system() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs();
    found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect()
}
