//! What a request asks for.

use std::time::Duration;

use super::super::network::check_host;
use super::super::request;
use super::super::uri::Uri;
use super::Failure;
use super::tls::{Identity, Trust};
use crate::context::Context;
use crate::value::{Object, Value};

/// A request ready to be sent.
pub struct Parameters {
    pub method: String,
    pub url: String,
    /// The Unix socket to connect to instead of the URL's host.
    pub socket: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub follows_redirects: bool,
    /// `None` waits for ever.
    pub timeout: Option<Duration>,
    pub retries: u32,
    pub trust: Trust,
    pub identities: Vec<Identity>,
    /// The name that the host's certificate must be for, if not the URL's host.
    pub server_name: Option<String>,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Parameters that must be strings.
const TEXTS: &[&str] = &[
    "method",
    "url",
    "raw_body",
    "tls_ca_cert",
    "tls_ca_cert_file",
    "tls_ca_cert_env_variable",
    "tls_client_cert",
    "tls_client_cert_file",
    "tls_client_cert_env_variable",
    "tls_client_key",
    "tls_client_key_file",
    "tls_client_key_env_variable",
    "tls_server_name",
];

fn text<'a>(request: Object<'a>, name: &str) -> Option<&'a str> {
    request
        .get_str(name)
        .and_then(Value::as_str)
        .map(|text| text.trim_matches('"'))
        .filter(|text| !text.is_empty())
}

/// A boolean, also one that is written as a string.
fn flag(request: Object<'_>, name: &str) -> Result<bool, Failure> {
    match request.get_str(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(other) => Err(Failure::internal(format!(
            "strconv.ParseBool: parsing \"{other}\": invalid syntax"
        ))),
    }
}

impl Parameters {
    pub fn read(context: &Context<'_>, request: Object<'_>) -> Result<Self, Failure> {
        for name in TEXTS {
            if request
                .get_str(name)
                .is_some_and(|value| value.as_str().is_none())
            {
                return Err(Failure::internal(format!("\"{name}\" must be a string")));
            }
        }
        let (url, socket) = socket_of(text(request, "url").unwrap_or_default());
        check_url(context, &url)?;
        let headers = headers(request)?;
        let host = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"))
            .map(|(_, host)| host.clone());
        let timeout = match request.get_str("timeout") {
            None => DEFAULT_TIMEOUT,
            Some(value) => timeout(value)?,
        };
        Ok(Self {
            method: text(request, "method").unwrap_or("GET").to_uppercase(),
            url,
            socket,
            headers,
            body: request::body(request),
            follows_redirects: flag(request, "enable_redirect")?,
            timeout: (!timeout.is_zero()).then_some(timeout),
            retries: retries(request)?,
            trust: Trust {
                skips_verification: flag(request, "tls_insecure_skip_verify")?,
                uses_system: flag(request, "tls_use_system_certs")?,
                certificates: authorities(request)?,
            },
            identities: identities(request)?,
            server_name: text(request, "tls_server_name").map(str::to_owned).or(host),
        })
    }
}

/// Fails unless policies may talk to the host of a URL.
pub fn check_url(context: &Context<'_>, url: &str) -> Result<(), Failure> {
    let uri = Uri::parse(url).map_err(Failure::Internal)?;
    let host = uri.host.split(':').next().unwrap_or_default();
    check_host(context, host).map_err(|error| Failure::Internal(error.message))
}

fn headers(request: Object<'_>) -> Result<Vec<(String, String)>, Failure> {
    let Some(value) = request.get_str("headers") else {
        return Ok(Vec::new());
    };
    let object = value
        .as_object()
        .ok_or_else(|| Failure::internal("invalid type for headers key"))?;
    object
        .entries()
        .iter()
        .map(|(name, value)| {
            let text = value.as_str().ok_or_else(|| {
                Failure::internal(format!(
                    "invalid type for headers value {}",
                    crate::json::encode::to_string(value)
                ))
            })?;
            Ok((
                name.as_str().unwrap_or_default().to_owned(),
                text.to_owned(),
            ))
        })
        .collect()
}

fn retries(request: Object<'_>) -> Result<u32, Failure> {
    let Some(value) = request.get_str("max_retry_attempts") else {
        return Ok(0);
    };
    value
        .as_i64()
        .and_then(|count| u32::try_from(count).ok())
        .ok_or_else(|| {
            Failure::internal(format!(
                "invalid value {value} for field \"max_retry_attempts\""
            ))
        })
}

/// Nanoseconds, or a text like `1.5s` or `1m30s`.
fn timeout(value: Value<'_>) -> Result<Duration, Failure> {
    let nanoseconds = match value {
        Value::Number(number) => number.to_i64().ok_or_else(|| {
            Failure::internal(format!(
                "invalid timeout number value {value}, must be int64"
            ))
        })?,
        Value::String(text) => match text.parse() {
            Ok(number) => number,
            Err(_) => duration(text).ok_or_else(|| {
                Failure::internal(format!(
                    "invalid timeout value {value}: time: invalid duration {value}"
                ))
            })?,
        },
        other => {
            return Err(Failure::internal(format!(
                "'timeout' must be one of {{string, number}} but got {}",
                other.type_name()
            )));
        }
    };
    Ok(Duration::from_nanos(
        u64::try_from(nanoseconds).unwrap_or(0),
    ))
}

/// A duration as Go writes it, in nanoseconds.
#[expect(clippy::cast_possible_truncation, reason = "bounded before")]
fn duration(text: &str) -> Option<i64> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|part: char| !part.is_ascii_digit() && part != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after
            .find(|part: char| part.is_ascii_digit() || part == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let factor = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3_600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    (!text.is_empty() && total < 9e18).then_some(total as i64)
}

/// The URL to ask, and the socket that a `unix:` URL names.
fn socket_of(url: &str) -> (String, Option<String>) {
    let parsed = Uri::parse(url)
        .ok()
        .filter(|uri| uri.scheme == "unix" && !uri.raw_query.is_empty());
    let Some(mut uri) = parsed else {
        return (url.to_owned(), None);
    };
    let mut socket = None;
    let mut others = Vec::new();
    for pair in uri.raw_query.split('&') {
        match pair.strip_prefix("socket=") {
            Some(path) => {
                let path = path.replace('+', " ");
                let decoded = Uri::parse(&format!("#{path}"))
                    .map(|uri| uri.fragment)
                    .unwrap_or(path);
                socket.get_or_insert(decoded);
            }
            None => others.push(pair),
        }
    }
    uri.raw_query = others.join("&");
    "http".clone_into(&mut uri.scheme);
    (uri.to_text(), Some(socket.unwrap_or_default()))
}

/// Trusted certificates in PEM, from the parameter, a file and an environment variable.
fn authorities(request: Object<'_>) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    if let Some(pem) = text(request, "tls_ca_cert") {
        found.push(pem.replace("\\n", "\n"));
    }
    if let Some(path) = text(request, "tls_ca_cert_file") {
        found.push(read_file(path)?);
    }
    if let Some(name) = text(request, "tls_ca_cert_env_variable") {
        found.push(std::env::var(name).unwrap_or_default());
    }
    Ok(found)
}

/// Client certificates with their keys, from parameters, files and environment variables.
fn identities(request: Object<'_>) -> Result<Vec<Identity>, Failure> {
    let mut found = Vec::new();
    if let (Some(certificate), Some(key)) = (
        text(request, "tls_client_cert"),
        text(request, "tls_client_key"),
    ) {
        found.push(Identity {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        });
    }
    let files = (
        text(request, "tls_client_cert_file"),
        text(request, "tls_client_key_file"),
    );
    if let (Some(certificate), Some(key)) = files {
        found.push(Identity {
            certificate: read_file(certificate)?,
            key: read_file(key)?,
        });
    }
    let names = (
        text(request, "tls_client_cert_env_variable"),
        text(request, "tls_client_key_env_variable"),
    );
    if let (Some(certificate), Some(key)) = names {
        let read = |name: &str| std::env::var(name).unwrap_or_default();
        found.push(Identity {
            certificate: read(certificate),
            key: read(key),
        });
    }
    Ok(found)
}

fn read_file(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let reason = if error.kind() == std::io::ErrorKind::NotFound {
            "no such file or directory".to_owned()
        } else {
            error.to_string()
        };
        Failure::Internal(format!("open {path}: {reason}"))
    })
}
