//! The parts of a configuration that precinct reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigurationError;
use super::delays::Trigger;
use super::keys::KeyConfig;
use super::services::{self, Kind, Service};
use super::signing::SigningPart;
use crate::http::path::unescaped;

/// The decision of `POST /`, unless the configuration names another.
pub const DEFAULT_DECISION: &str = "/system/main";
/// The decision that lets requests in, unless the configuration names another.
pub const DEFAULT_AUTHORIZATION: &str = "/system/authz/allow";

/// The names of all parts.
pub(super) const NAMES: &[&str] = &[
    "services",
    "bundles",
    "discovery",
    "decision_logs",
    "status",
    "plugins",
    "keys",
    "labels",
    "default_decision",
    "default_authorization_decision",
    "persistence_directory",
    "nd_builtin_cache",
    "server",
];

/// All parts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Parts {
    /// Servers that bundles come from and logs go to, by name.
    #[serde(deserialize_with = "services::read")]
    pub services: BTreeMap<String, Service>,
    /// Bundles by name.
    pub bundles: BTreeMap<String, BundleSource>,
    /// Where the rest of the configuration comes from.
    pub discovery: Option<Discovery>,
    /// Where decisions are logged.
    pub decision_logs: Option<DecisionLogs>,
    /// Where the status is reported.
    pub status: Option<StatusReports>,
    /// Parts of a program that OPA was built into.
    pub plugins: BTreeMap<String, serde_json::Value>,
    /// Keys by name.
    pub keys: BTreeMap<String, KeyConfig>,
    /// What names this server in logs.
    pub labels: BTreeMap<String, String>,
    /// The decision of `POST /`.
    pub default_decision: Option<String>,
    /// The decision that lets requests in.
    pub default_authorization_decision: Option<String>,
    /// Where bundles are kept for times without a network.
    pub persistence_directory: Option<String>,
    /// Answers of nondeterministic builtins are logged.
    pub nd_builtin_cache: bool,
    /// How requests are read and answered.
    pub server: ServerPart,
}

/// Where a bundle comes from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct BundleSource {
    /// The service; it can be left out where there is one only.
    pub service: Option<String>,
    /// The path below the service's address; `bundles/NAME` if nothing else is said. `file://` and a path is a file or a
    /// folder of this machine, and needs no service.
    pub resource: Option<String>,
    /// It is kept for times without a network.
    pub persist: bool,
    /// How often it is asked for.
    pub polling: Polling,
    /// How it must be signed.
    pub signing: Option<SigningPart>,
    /// How large it may be, in bytes.
    pub size_limit_bytes: Option<u64>,
    /// It decides nothing: it is tried out beside what is active.
    pub shadow: bool,
    /// The oldest revision that is accepted. Not one of OPA's options.
    pub min_revision: Option<String>,
    /// What makes it be asked for.
    pub trigger: Option<String>,
}

/// How often something is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Polling {
    /// Seconds between two requests, at least.
    pub min_delay_seconds: Option<u64>,
    /// Seconds between two requests, at most.
    pub max_delay_seconds: Option<u64>,
    /// How long the other side may wait with its answer, in seconds.
    pub long_polling_timeout_seconds: Option<u64>,
}

/// Where the rest of the configuration comes from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Discovery {
    /// The bundle.
    #[serde(flatten)]
    pub source: BundleSource,
    /// The document in the bundle that is the configuration.
    pub decision: Option<String>,
    /// The name of the bundle.
    pub name: Option<String>,
}

/// Where decisions are logged.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecisionLogs {
    /// On the standard error.
    pub console: bool,
    /// At a service; the only one if this names none and there is no console.
    pub service: Option<String>,
    /// At a part of a program that OPA was built into.
    pub plugin: Option<String>,
    /// The path below the service's address; `/logs` if nothing else is said.
    pub resource: Option<String>,
    /// What follows `/logs/` in that path, whatever `resource` says.
    pub partition_name: Option<String>,
    /// The decision that says what is left out of an event.
    pub mask_decision: Option<String>,
    /// The decision that says which events are left out.
    pub drop_decision: Option<String>,
    /// How events are sent.
    pub reporting: Reporting,
    /// What of a request is logged.
    pub request_context: RequestContext,
}

/// How events are sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reporting {
    /// What the limit of the buffer counts: `size` (bytes) or `event`.
    pub buffer_type: Option<String>,
    /// Bytes of events that are kept until they are sent; the oldest are dropped beyond.
    pub buffer_size_limit_bytes: Option<i64>,
    /// Events that are kept until they are sent, for the type `event`.
    pub buffer_size_limit_events: Option<i64>,
    /// Bytes of one request.
    pub upload_size_limit_bytes: Option<i64>,
    /// Seconds between two requests, at least.
    pub min_delay_seconds: Option<u64>,
    /// Seconds between two requests, at most.
    pub max_delay_seconds: Option<u64>,
    /// Events a second, at most.
    pub max_decisions_per_second: Option<f64>,
    /// What makes events be sent.
    pub trigger: Option<String>,
}

/// What of a request is logged.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestContext {
    /// Of HTTP.
    pub http: HttpContext,
}

/// What of an HTTP request is logged.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpContext {
    /// Names of headers.
    pub headers: Vec<String>,
}

/// Where the status is reported.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatusReports {
    /// On the standard error.
    pub console: bool,
    /// At a service.
    pub service: Option<String>,
    /// A part of the path.
    pub partition_name: Option<String>,
    /// In `/metrics`.
    pub prometheus: bool,
    /// What makes it be sent.
    pub trigger: Option<String>,
}

/// How requests are read and answered.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServerPart {
    /// How bodies are read.
    pub decoding: Decoding,
    /// How answers are written.
    pub encoding: Encoding,
}

/// How bodies are read.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Decoding {
    /// Bytes of a body.
    pub max_length: Option<i64>,
    /// Of packed ones.
    pub gzip: DecodingGzip,
}

/// How packed bodies are read.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecodingGzip {
    /// Bytes of a body when it is unpacked.
    pub max_length: Option<i64>,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Encoding {
    /// Packed.
    pub gzip: EncodingGzip,
}

/// How answers are packed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EncodingGzip {
    /// From how many bytes on.
    pub min_length: Option<i64>,
    /// From 1 to 9.
    pub compression_level: Option<u32>,
}

impl BundleSource {
    fn check(&self) -> Result<(), String> {
        // A file is read without being asked for.
        let is_file = matches!(self.file(), Ok(Some(_)));
        if !(is_file && self.trigger.as_deref() == Some("manual")) {
            Trigger::read(self.trigger.as_deref())?;
        }
        self.polling.check()
    }

    /// The file or folder that it is, if it does not come from a service.
    ///
    /// # Errors
    /// As [`local_file`].
    pub fn file(&self) -> Result<Option<PathBuf>, String> {
        self.resource.as_deref().map_or(Ok(None), local_file)
    }
}

/// The path of an address `file:///path`; `None` if it is another address. As in OPA, the name of a host is passed over.
///
/// # Errors
/// When an escape in it is broken.
pub fn local_file(address: &str) -> Result<Option<PathBuf>, String> {
    let Some(rest) = address.strip_prefix("file://") else {
        return Ok(None);
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    let path = unescaped(path)
        .ok_or_else(|| format!("expected % and two hexadecimal digits, found {address:?}"))?;
    Ok(Some(PathBuf::from(path)))
}

impl Parts {
    fn check_bundle(&self, name: &str, bundle: &BundleSource) -> Result<(), String> {
        let invalid = |error| format!("invalid configuration for bundle {name:?}: {error}");
        bundle.check().map_err(invalid)?;
        let file = bundle.file();
        let file = file.map_err(|error| format!("invalid URL for bundle {name:?}: {error}"))?;
        if file.is_none()
            && let Some(service) = &bundle.service
            && !self.services.contains_key(service)
        {
            return Err(invalid(format!("service name {service:?} not found")));
        }
        match &bundle.signing {
            Some(signing) => signing.check(&self.keys).map_err(invalid),
            None => Ok(()),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigurationError> {
        for (name, key) in &self.keys {
            key.check(name).map_err(ConfigurationError::Reference)?;
        }
        for (name, service) in &self.services {
            service.check(&self.keys).map_err(|error| {
                ConfigurationError::Reference(format!("services.{name}: {error}"))
            })?;
        }
        let known = |service: Option<&String>| match service {
            Some(name) if !self.services.contains_key(name) => Some(name.clone()),
            _ => None,
        };
        if let Some(name) = self.plugins.keys().next() {
            return Err(ConfigurationError::Reference(format!(
                "plugin {name:?} not registered: this server has no plugins"
            )));
        }
        for (name, bundle) in &self.bundles {
            self.check_bundle(name, bundle)
                .map_err(ConfigurationError::Reference)?;
        }
        if let Some(discovery) = &self.discovery {
            discovery.source.check().map_err(|error| {
                ConfigurationError::Reference(format!(
                    "invalid configuration for discovery: {error}"
                ))
            })?;
        }
        if let Some(logs) = &self.decision_logs {
            logs.check().map_err(ConfigurationError::Reference)?;
            if logs.service.is_none() && !logs.console && self.services.len() > 1 {
                let names: Vec<&str> = self.services.keys().map(String::as_str).collect();
                return Err(ConfigurationError::Reference(format!(
                    "decision_logs.service: expected one of {}, found none",
                    names.join(", ")
                )));
            }
        }
        if let Some(status) = &self.status {
            Trigger::read(status.trigger.as_deref()).map_err(|error| {
                ConfigurationError::Reference(format!("invalid status config: {error}"))
            })?;
        }
        let logs = self
            .decision_logs
            .as_ref()
            .map(|logs| ("decision_logs", &logs.service));
        let status = self
            .status
            .as_ref()
            .map(|status| ("status", &status.service));
        for (part, service) in [logs, status].into_iter().flatten() {
            if let Some(service) = known(service.as_ref()) {
                return Err(ConfigurationError::Reference(format!(
                    "invalid plugin config, must have service or console: {part}: service name {service:?} not found"
                )));
            }
            let service = service.as_ref().and_then(|name| self.services.get(name));
            if service.is_some_and(|service| service.kind == Kind::Oci) {
                return Err(ConfigurationError::Reference(format!(
                    "{part}: expected a service that takes what is sent, found one of type \"oci\""
                )));
            }
        }
        let decoding = &self.server.decoding;
        for (name, limit, least) in [
            ("server.decoding.max_length", decoding.max_length, 1),
            (
                "server.decoding.gzip.max_length",
                decoding.gzip.max_length,
                1,
            ),
            (
                "server.encoding.gzip.min_length",
                self.server.encoding.gzip.min_length,
                0,
            ),
        ] {
            if limit.is_some_and(|limit| limit < least) {
                return Err(ConfigurationError::Limit(name));
            }
        }
        Ok(())
    }

    /// The path (`a/b`) of the decision of `POST /`.
    #[must_use]
    pub fn decision(&self) -> String {
        let decision = self.default_decision.as_deref();
        decision
            .unwrap_or(DEFAULT_DECISION)
            .trim_matches('/')
            .to_owned()
    }

    /// The path (`a/b`) of the decision that lets requests in.
    #[must_use]
    pub fn authorization(&self) -> String {
        let decision = self.default_authorization_decision.as_deref();
        decision
            .unwrap_or(DEFAULT_AUTHORIZATION)
            .trim_matches('/')
            .to_owned()
    }
}
