//! Servers that bundles come from and logs go to, as the configuration describes them.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::credentials::Credentials;
use super::keys::KeyConfig;

/// A server that bundles come from and logs go to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// The name, where services are a list.
    pub name: String,
    /// The address that resources are below.
    pub url: String,
    /// What is spoken there.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Headers of each request.
    pub headers: BTreeMap<String, String>,
    /// How this server says who it is.
    pub credentials: Credentials,
    /// Seconds until an answer must begin.
    pub response_header_timeout_seconds: Option<u64>,
    /// How the other side is verified.
    pub tls: Option<ServiceTls>,
    /// The other side is not verified.
    pub allow_insecure_tls: bool,
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Resources below an address, as OPA's APIs have them.
    #[default]
    Rest,
    /// Images, as registries of containers have them: bundles come from there, and nothing goes there.
    Oci,
}

/// How the other side is verified.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceTls {
    /// The file with certificates of authorities, PEM; without it, those that the system trusts.
    pub ca_cert: Option<String>,
    /// The authorities that the system trusts count besides those of the file.
    pub system_ca_required: bool,
}

impl Service {
    /// Whether requests can be sent with this.
    ///
    /// # Errors
    /// What keeps them from it.
    pub(super) fn check(&self, keys: &BTreeMap<String, KeyConfig>) -> Result<(), String> {
        self.credentials.check(self, keys)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        match name.as_str() {
            "" => Ok(Self::Rest),
            "oci" => Ok(Self::Oci),
            _ => Err(D::Error::custom(format!(
                "type: expected none or \"oci\", found {name:?}"
            ))),
        }
    }
}

/// Members of services.
const MEMBERS: &[&str] = &[
    "name",
    "url",
    "type",
    "headers",
    "credentials",
    "response_header_timeout_seconds",
    "tls",
    "allow_insecure_tls",
];

/// The places of members of services that mean nothing, such as `services.acme.credential`.
pub(super) fn unknown(services: &Value) -> Vec<String> {
    let by_place: Vec<(String, &Value)> = match services {
        Value::Object(services) => services
            .iter()
            .map(|(name, service)| (name.clone(), service))
            .collect(),
        Value::Array(services) => (0_usize..)
            .zip(services)
            .map(|(index, service)| (index.to_string(), service))
            .collect(),
        _ => Vec::new(),
    };
    let mut unknown = Vec::new();
    for (place, service) in by_place {
        let names = service.as_object().into_iter().flat_map(Map::keys);
        let names = names.filter(|name| !MEMBERS.contains(&name.as_str()));
        unknown.extend(names.map(|name| format!("services.{place}.{name}")));
    }
    unknown
}

/// Services by name, or as a list of services with names.
pub(super) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Service>, D::Error> {
    let read = |name: &str, value: Value| {
        serde_path_to_error::deserialize::<_, Service>(value).map_err(|error| {
            let (place, message) = (error.path().to_string(), error.inner().to_string());
            // Members that are read by functions of their own are named by these.
            if place == "." || message.starts_with(&format!("{place}: ")) {
                D::Error::custom(format!("services.{name}: {message}"))
            } else {
                D::Error::custom(format!("services.{name}.{place}: {message}"))
            }
        })
    };
    match Value::deserialize(deserializer)? {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let service = read(&name, value)?;
                Ok((name, service))
            })
            .collect(),
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                let service = read(&index.to_string(), item)?;
                Ok((service.name.clone(), service))
            })
            .collect(),
        Value::Null => Ok(BTreeMap::new()),
        other => Err(D::Error::custom(format!(
            "services: expected an object or a list, found {other}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn refused(service: &Value) -> String {
        let services = json!({"acme": service});
        read(services).unwrap_err().to_string()
    }

    #[test]
    fn a_type_that_is_not_spoken_is_refused() {
        let error = refused(&json!({"type": "grpc"}));
        let expected = "services.acme: type: expected none or \"oci\", found \"grpc\"";
        assert_eq!(error, expected);
        let services = read(json!({"acme": {"type": ""}, "other": {"type": null}})).unwrap();
        assert!(services.values().all(|service| service.kind == Kind::Rest));
    }

    #[test]
    fn services_of_a_list_are_told_by_their_place() {
        let error = read(json!([{"name": "a"}, {"name": "b", "type": "ftp"}])).unwrap_err();
        assert!(error.to_string().starts_with("services.1: type: "));
    }

    #[test]
    fn members_that_mean_nothing_are_found() {
        let service = json!({"url": "https://acme", "credential": {}});
        let named = unknown(&json!({"acme": service, "other": {"type": "oci"}}));
        assert_eq!(named, ["services.acme.credential"]);
        let listed = unknown(&json!([{"name": "other"}, service]));
        assert_eq!(listed, ["services.1.credential"]);
    }

    #[test]
    fn unknown_members_of_tls_are_refused() {
        let error = refused(&json!({"tls": {"ca_certs": "ca.pem"}}));
        assert!(error.contains("unknown field `ca_certs`"), "{error}");
    }
}
