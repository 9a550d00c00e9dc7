//! Whom the other side must be known to, and the connections that are made with that.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::{ConfigBuilder, RedirectAuthHeaders};
use ureq::tls::{Certificate, ClientCert, RootCerts, TlsConfig, TlsConfigBuilder};
use ureq::typestate::AgentScope;

use crate::configuration::credentials::Credentials;
use crate::configuration::services::Service;

/// How long making a connection may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, unless the configuration says otherwise; OPA's default.
const ANSWERING: u64 = 10;

/// What connections to a service are made with, and show.
///
/// # Errors
/// When a file can't be read, or does not hold what it should.
pub fn agent(service: &Service, identity: Option<ClientCert>) -> Result<Agent, String> {
    let is_verified = !(service.allow_insecure_tls && service.url.starts_with("https:"));
    let seconds = service.response_header_timeout_seconds;
    let tls = tls(authorities(service)?)
        .disable_verification(!is_verified)
        .client_cert(identity);
    let answering = Duration::from_secs(seconds.unwrap_or(ANSWERING));
    Ok(built(tls.build(), answering))
}

fn tls(authorities: Vec<Certificate<'static>>) -> TlsConfigBuilder {
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(authorities)))
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

/// What requests to the machine that this runs on, or next to it, are sent with: no proxy is between.
pub fn local(patience: Duration) -> Agent {
    asking(patience).proxy(None).build().into()
}

/// What requests to a cloud are sent with.
pub fn remote(patience: Duration) -> Agent {
    asking(patience).build().into()
}

fn asking(patience: Duration) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .tls_config(tls(of_system()).build())
        .http_status_as_error(false)
        .timeout_global(Some(patience))
}

/// The authorities whose word on the other side counts.
fn authorities(service: &Service) -> Result<Vec<Certificate<'static>>, String> {
    let of_service = service
        .tls
        .as_ref()
        .and_then(|tls| Some((tls.ca_cert.as_deref()?, tls.system_ca_required)));
    let of_credentials = match &service.credentials {
        Credentials::ClientTls(form) => Some((form.ca_cert.as_str(), form.system_ca_required)),
        _ => None,
    };
    let file = [of_service, of_credentials]
        .into_iter()
        .flatten()
        .find(|(path, _)| !path.is_empty());
    let Some((path, needs_system)) = file else {
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
