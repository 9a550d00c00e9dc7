//! The configuration of a server, as OPA's users write it ("Configuration" in OPA's documentation).
//!
//! * [`settings`]: the parts that precinct reads
//! * [`services`]: among them, servers that bundles come from and logs go to
//! * [`keys`]: keys that verify and sign
//! * [`signing`]: how bundles must be signed
//! * [`delays`]: when and how much is fetched and sent
//! * [`credentials`]: how this server says who it is to them
//! * [`overrides`]: `--set` and `--set-file`
//! * [`environment`]: `${NAME}` in the text

pub mod credentials;
pub mod delays;
pub mod environment;
pub mod keys;
pub mod overrides;
pub mod services;
pub mod settings;
pub mod signing;

use serde_json::{Map, Value, json};

pub use settings::Parts;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The text is neither JSON nor YAML, or has a member of the wrong type.
    #[error("config error: {0}")]
    Text(String),
    /// An override can't be understood.
    #[error("config error: failed parsing {0}")]
    Override(String),
    /// A part names something that is not there.
    #[error("config error: {0}")]
    Reference(String),
    /// A limit is no limit.
    #[error(
        "Unable to initialize server. invalid value for {0} field, should be a positive number"
    )]
    Limit(&'static str),
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The text of the file.
    pub text: Option<String>,
    /// `--set`: `a.b=1,c=x`.
    pub set: Vec<String>,
    /// `--set-file`: `a.b=path`.
    pub set_files: Vec<String>,
}

/// A configuration.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The parts.
    pub parts: Parts,
    /// The identifier of this server, a UUID.
    pub id: String,
    document: Map<String, Value>,
}

impl Configuration {
    /// Reads what is given; nothing given is a configuration, too.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(given: &Given) -> Result<Self, ConfigurationError> {
        Self::read_for(given, uuid::Uuid::new_v4().to_string())
    }

    /// Reads what is given, for the server of an identifier.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_for(given: &Given, id: String) -> Result<Self, ConfigurationError> {
        let mut document = match &given.text {
            None => Value::Object(Map::new()),
            Some(text) => parse(&environment::substituted(text))?,
        };
        for text in &given.set {
            overrides::set(&mut document, text).map_err(ConfigurationError::Override)?;
        }
        for text in &given.set_files {
            overrides::set_file(&mut document, text).map_err(ConfigurationError::Override)?;
        }
        Self::of(document, id)
    }

    /// The configuration of a document, with the identifier of a server.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(document: Value, id: String) -> Result<Self, ConfigurationError> {
        let document = match document {
            Value::Object(document) => document,
            Value::Null => Map::new(),
            other => {
                return Err(ConfigurationError::Text(format!(
                    "expected an object, found {other}"
                )));
            }
        };
        let mut parts: Parts = serde_path_to_error::deserialize(Value::Object(document.clone()))
            .map_err(|error| ConfigurationError::Text(placed(&error)))?;
        parts.check()?;
        parts.labels.insert("id".to_owned(), id.clone());
        parts
            .labels
            .insert("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Ok(Self {
            parts,
            id,
            document,
        })
    }

    /// Everything that was given.
    #[must_use]
    pub const fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The places of members that mean nothing here, of the document and of its services. OPA starts with those that mean
    /// nothing to it, and says so.
    #[must_use]
    pub fn unknown_options(&self) -> Vec<String> {
        let names = self.document.keys();
        let names = names.filter(|name| !settings::NAMES.contains(&name.as_str()));
        let services = self.document.get("services").map(services::unknown);
        names
            .cloned()
            .chain(services.into_iter().flatten())
            .collect()
    }

    /// What is in force, without secrets: the answer of `GET /v1/config`.
    #[must_use]
    pub fn shown(&self) -> Value {
        let mut shown = self.document.clone();
        for (name, secrets) in [
            ("services", &["credentials"][..]),
            ("keys", &["key", "private_key"]),
        ] {
            match shown.get_mut(name) {
                Some(Value::Object(members)) => {
                    for member in members.values_mut() {
                        without(member, secrets);
                    }
                }
                Some(Value::Array(items)) => {
                    for item in items {
                        without(item, secrets);
                    }
                }
                _ => {}
            }
        }
        shown.insert("labels".to_owned(), json!(self.parts.labels));
        for (name, default) in [
            ("default_decision", settings::DEFAULT_DECISION),
            (
                "default_authorization_decision",
                settings::DEFAULT_AUTHORIZATION,
            ),
        ] {
            shown.entry(name).or_insert_with(|| json!(default));
        }
        Value::Object(shown)
    }
}

/// What is wrong, after the place where it is.
fn placed(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let (place, message) = (error.path().to_string(), error.inner().to_string());
    if message.starts_with(&format!("{place}.")) {
        // The services, which are read one by one.
        message
    } else {
        format!("{place}: {message}")
    }
}

fn without(member: &mut Value, names: &[&str]) {
    if let Value::Object(members) = member {
        for name in names {
            members.remove(*name);
        }
    }
}

fn parse(text: &str) -> Result<Value, ConfigurationError> {
    if let Ok(document) = serde_json::from_str(text) {
        return Ok(document);
    }
    let json =
        precinct_bundle::document::yaml(text.as_bytes()).map_err(ConfigurationError::Text)?;
    serde_json::from_str(&json).map_err(|error| ConfigurationError::Text(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Result<Configuration, ConfigurationError> {
        Configuration::read(&Given {
            text: Some(text.to_owned()),
            ..Given::default()
        })
    }

    #[test]
    fn secrets_are_not_shown_and_defaults_are() {
        let configuration = read(
            "services:\n  a:\n    url: http://a\n    credentials: {bearer: {token: t}}\n\
             keys: {k: {key: secret, algorithm: HS256}}\n",
        )
        .unwrap();
        let shown = configuration.shown();
        assert_eq!(shown["services"], json!({"a": {"url": "http://a"}}));
        assert_eq!(shown["keys"], json!({"k": {"algorithm": "HS256"}}));
        assert_eq!(shown["default_decision"], "/system/main");
        assert_eq!(shown["labels"]["id"], configuration.id);
    }

    #[test]
    fn what_has_the_wrong_type_is_named_with_its_place() {
        for (text, expected) in [
            (
                "decision_logs: {reporting: {min_delay_seconds: a}}",
                "decision_logs.reporting.min_delay_seconds: invalid type: string \"a\", expected u64",
            ),
            (
                "bundles: {b: {signing: {keyid: 5}}}",
                "bundles.b.signing.keyid: invalid type: number, expected a string",
            ),
            (
                "services: {s: {url: 5}}",
                "services.s.url: invalid type: number, expected a string",
            ),
            (
                "services: [{name: s, tls: {ca_cert: 5}}]",
                "services.0.tls.ca_cert: invalid type: number, expected a string",
            ),
            (
                "labels: {a: 5}",
                "labels.a: invalid type: number, expected a string",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.to_string(), format!("config error: {expected}"));
        }
    }

    #[test]
    fn a_bundle_needs_its_service() {
        let error = read("bundles: {authz: {service: nowhere}}").unwrap_err();
        let message = "config error: invalid configuration for bundle \"authz\": service name \"nowhere\" not found";
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn what_can_not_be_followed_is_refused_in_the_words_of_opa() {
        for (text, expected) in [
            (
                "decision_logs: {reporting: {min_delay_seconds: 5, max_delay_seconds: 1}}",
                "max reporting delay must be >= min reporting delay in decision_logs",
            ),
            (
                "decision_logs: {reporting: {min_delay_seconds: 5}}",
                "reporting configuration missing 'max_delay_seconds' in decision_logs",
            ),
            (
                "decision_logs: {reporting: {max_delay_seconds: 5}}",
                "reporting configuration missing 'min_delay_seconds' in decision_logs",
            ),
            (
                "decision_logs: {reporting: {buffer_size_limit_bytes: 0}}",
                "invalid decision_log config, 'buffer_size_limit_bytes' must be higher than 0",
            ),
            (
                "decision_logs: {reporting: {buffer_size_limit_bytes: 9, max_decisions_per_second: 1}}",
                "invalid decision_log config, specify either 'buffer_size_limit_bytes' or 'max_decisions_per_second'",
            ),
            (
                "decision_logs: {reporting: {buffer_type: x}}",
                "invalid buffer type \"x\", expected \"event\" or \"size\"",
            ),
            (
                "decision_logs: {reporting: {buffer_type: event, buffer_size_limit_bytes: 3}}",
                "invalid decision_log config, 'buffer_size_limit_bytes' isn't supported for the event buffer type",
            ),
            (
                "decision_logs: {reporting: {buffer_size_limit_events: 3}}",
                "invalid decision_log config, 'buffer_size_limit_events' isn't supported for the size buffer type",
            ),
            (
                "decision_logs: {reporting: {buffer_type: event, buffer_size_limit_events: 0}}",
                "invalid decision_log config, 'buffer_size_limit_entries' must be higher than 0",
            ),
            (
                "decision_logs: {reporting: {trigger: sometimes}}",
                "invalid decision_log config: invalid trigger mode \"sometimes\" (want \"periodic\", \"manual\" or \"immediate\")",
            ),
            (
                "decision_logs: {plugin: x}",
                "invalid plugin name \"x\" in decision_logs",
            ),
            (
                "bundles: {b: {polling: {min_delay_seconds: 5, max_delay_seconds: 1}}}",
                "invalid configuration for bundle \"b\": max polling delay must be >= min polling delay",
            ),
            (
                "bundles: {b: {polling: {min_delay_seconds: 5}}}",
                "invalid configuration for bundle \"b\": polling configuration missing 'max_delay_seconds'",
            ),
            (
                "bundles: {b: {polling: {long_polling_timeout_seconds: 0}}}",
                "invalid configuration for bundle \"b\": 'long_polling_timeout_seconds' must be at least 1",
            ),
            (
                "bundles: {b: {trigger: x}}",
                "invalid configuration for bundle \"b\": invalid trigger mode \"x\" (want \"periodic\", \"manual\" or \"immediate\")",
            ),
            (
                "status: {trigger: x}",
                "invalid status config: invalid trigger mode \"x\" (want \"periodic\", \"manual\" or \"immediate\")",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("config error: {expected}"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_only_opa_can_follow_is_refused_and_not_passed_over() {
        for (text, expected) in [
            ("plugins: {x: {}}", "plugin \"x\" not registered"),
            ("bundles: {b: {trigger: manual}}", "trigger mode \"manual\""),
            (
                "services: {a: {url: 'http://a'}, b: {url: 'http://b'}}\ndecision_logs: {}",
                "decision_logs.service: expected one of a, b, found none",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn members_that_mean_nothing_are_named() {
        let configuration = read(
            "nonsense: 1\nlabels: {a: b}\nservices: {s: {url: 'http://a', credential: {}}}\ncaching: {}",
        );
        assert_eq!(
            configuration.unwrap().unknown_options(),
            ["caching", "nonsense", "services.s.credential"]
        );
    }

    #[test]
    fn limits_are_positive() {
        let error = read("server: {decoding: {max_length: 0}}").unwrap_err();
        assert!(error.to_string().contains("server.decoding.max_length"));
    }
}
