//! Sending requests, with redirects and retries.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::{self, Request, StatusCode};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, Error};

use super::Failure;
use super::connect::TlsConnector;
use super::parameters::{Parameters, check_url};
use super::tls;
use crate::context::Context;

/// A response in full.
#[derive(Clone, Debug)]
pub struct Response {
    pub code: u16,
    /// Values by lower-case name.
    pub headers: BTreeMap<String, Vec<String>>,
    pub body: Vec<u8>,
}

/// Responses may be this long, in bytes.
const MAX_BODY: u64 = 256 << 20;

/// So many redirects are followed.
const MAX_REDIRECTS: u32 = 20;

/// The wait after the first failure, and the longest wait.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_mins(1));

impl Response {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .and_then(|values| values.first())
            .map(String::as_str)
    }

    /// Code and reason.
    pub fn status(&self) -> String {
        let reason = StatusCode::from_u16(self.code)
            .ok()
            .and_then(|code| code.canonical_reason());
        reason.map_or_else(
            || self.code.to_string(),
            |reason| format!("{} {reason}", self.code),
        )
    }

    /// Headers with which a host can be asked whether the response is still valid.
    pub fn validators(&self) -> Vec<(String, String)> {
        [
            ("etag", "if-none-match"),
            ("last-modified", "if-modified-since"),
        ]
        .into_iter()
        .filter_map(|(name, asks)| {
            Some((
                asks.to_owned(),
                self.header(name)
                    .filter(|text| !text.is_empty())?
                    .to_owned(),
            ))
        })
        .collect()
    }
}

/// Sends a request until there is a response or the retries are used up.
pub fn execute(
    context: &Context<'_>,
    parameters: &Parameters,
    validators: &[(String, String)],
) -> Result<Response, Failure> {
    let config = tls::config(&parameters.trust, &parameters.identities)?;
    let mut wait = BACKOFF.0;
    let mut attempt = 0;
    loop {
        let deadline = parameters.timeout.map(|timeout| Instant::now() + timeout);
        let sending = Sending {
            context,
            parameters,
            config: &config,
            deadline,
        };
        match sending.follow(validators) {
            Ok(response) => return Ok(response),
            Err(failure) if attempt >= parameters.retries => return Err(failure),
            Err(Failure::Cancelled) => return Err(Failure::Cancelled),
            Err(_) => {}
        }
        attempt += 1;
        if context
            .bounds()
            .deadline
            .is_some_and(|deadline| Instant::now() + wait >= deadline)
        {
            return Err(Failure::Cancelled);
        }
        std::thread::sleep(wait);
        wait = wait.mul_f64(1.6).min(BACKOFF.1);
    }
}

struct Sending<'r, 'a> {
    context: &'r Context<'a>,
    parameters: &'r Parameters,
    config: &'r std::sync::Arc<rustls::ClientConfig>,
    /// For the request with all its redirects.
    deadline: Option<Instant>,
}

impl Sending<'_, '_> {
    fn follow(&self, validators: &[(String, String)]) -> Result<Response, Failure> {
        let parameters = self.parameters;
        let mut url = parameters.url.clone();
        let mut method = parameters.method.clone();
        let mut body = parameters.body.as_slice();
        let mut headers = parameters.headers.clone();
        headers.extend(validators.iter().cloned());
        for _ in 0..=MAX_REDIRECTS {
            let response = self.once(&url, &method, &headers, body)?;
            let location = response
                .header("location")
                .filter(|_| matches!(response.code, 301 | 302 | 303 | 307 | 308));
            let Some(location) = location.filter(|_| parameters.follows_redirects) else {
                return Ok(response);
            };
            let next = join(&url, location);
            check_url(self.context, &next)?;
            if host_of(&next) != host_of(&url) {
                let is_secret = |name: &str| {
                    ["authorization", "cookie", "www-authenticate"]
                        .contains(&name.to_ascii_lowercase().as_str())
                };
                headers.retain(|(name, _)| !is_secret(name) && !name.eq_ignore_ascii_case("host"));
            }
            if matches!(response.code, 301..=303) && method != "HEAD" {
                "GET".clone_into(&mut method);
                body = &[];
            }
            url = next;
        }
        Err(failed(
            &url,
            &method,
            &format!("stopped after {MAX_REDIRECTS} redirects"),
        ))
    }

    fn once(
        &self,
        url: &str,
        method: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Response, Failure> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let left = self.time_left()?;
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .user_agent(concat!("precinct/", env!("CARGO_PKG_VERSION")))
            .accept("*/*")
            .timeout_global(left)
            .build();
        let agent = self.agent(config);
        let invalid = |error: http::Error| Failure::internal(error.to_string());
        let sent = if body.is_empty() {
            agent.run(request.body(()).map_err(invalid)?)
        } else {
            agent.run(request.body(body).map_err(invalid)?)
        };
        let wrong = |error: Error| self.wrong(url, method, &error);
        let mut response = sent.map_err(wrong)?;
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_BODY)
            .read_to_vec()
            .map_err(wrong)?;
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers
                .entry(name.as_str().to_owned())
                .or_default()
                .push(value);
        }
        Ok(Response {
            code: response.status().as_u16(),
            headers,
            body,
        })
    }

    fn agent(&self, config: Config) -> Agent {
        let tls = TlsConnector {
            config: std::sync::Arc::clone(self.config),
            server_name: self.parameters.server_name.clone(),
        };
        #[cfg(unix)]
        let first = ().chain(super::connect::SocketConnector(
            self.parameters.socket.clone(),
        ));
        #[cfg(not(unix))]
        let first = ();
        let connector = first
            .chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(tls);
        Agent::with_parts(config, connector, DefaultResolver::default())
    }

    /// What is left of the request's time or of the evaluation's, whichever is less.
    fn time_left(&self) -> Result<Option<Duration>, Failure> {
        let now = Instant::now();
        let evaluation = self.context.bounds().deadline;
        if evaluation.is_some_and(|deadline| now >= deadline) {
            return Err(Failure::Cancelled);
        }
        let deadline = [self.deadline, evaluation].into_iter().flatten().min();
        Ok(deadline.map(|deadline| {
            deadline
                .saturating_duration_since(now)
                .max(Duration::from_millis(1))
        }))
    }

    fn wrong(&self, url: &str, method: &str, error: &Error) -> Failure {
        if self
            .context
            .bounds()
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            return Failure::Cancelled;
        }
        match error {
            Error::Timeout(_) => {
                Failure::Network(format!("{} {url}: request timed out", title(method)))
            }
            Error::HostNotFound => {
                let host = host_of(url);
                let host = host.split(':').next().unwrap_or_default();
                failed(
                    url,
                    method,
                    &format!("dial tcp: lookup {host}: no such host"),
                )
            }
            Error::Io(inner) if inner.kind() == std::io::ErrorKind::ConnectionRefused => failed(
                url,
                method,
                &format!("dial tcp {}: connect: connection refused", host_of(url)),
            ),
            Error::ConnectionFailed => failed(
                url,
                method,
                &format!("dial tcp {}: connect: connection refused", host_of(url)),
            ),
            Error::BadUri(_) | Error::Http(_) => Failure::internal(error.to_string()),
            other => failed(url, method, &other.to_string()),
        }
    }
}

/// A failure as Go's client words it.
fn failed(url: &str, method: &str, reason: &str) -> Failure {
    let name = title(method);
    Failure::Network(format!("{name} \"{url}\": {reason}"))
}

/// `Get` for `GET`, as in the errors of Go's client.
fn title(method: &str) -> String {
    let lower = method.to_lowercase();
    let mut characters = lower.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

fn host_of(url: &str) -> String {
    super::super::uri::Uri::parse(url)
        .map(|uri| uri.host)
        .unwrap_or_default()
}

/// Where a `Location` leads from a URL.
fn join(base: &str, location: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    if location.contains("://") {
        return location.to_owned();
    }
    if let Some(other) = location.strip_prefix("//") {
        return format!("{scheme}://{other}");
    }
    if location.starts_with('/') {
        return format!("{scheme}://{host}{location}");
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if location.starts_with('?') {
        return format!("{scheme}://{host}{path}{location}");
    }
    let folder = path
        .rfind('/')
        .map_or("/", |at| path.get(..=at).unwrap_or("/"));
    format!("{scheme}://{host}{folder}{location}")
}
