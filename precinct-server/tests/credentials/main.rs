//! What a service hears from a server that says who it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod aws;
mod azure;
mod bearer;
mod bundles;
mod certificates;
mod client_tls;
mod cloud_keys;
mod gcp;
mod listener;
mod oauth2;
mod oci;
mod trust;

use std::collections::BTreeMap;

use precinct_server::configuration::Configuration;
use precinct_server::services::{Client, FetchError, Fetched, Surroundings};
use serde_json::{Value, json};

/// A client of a service that is configured like this.
fn client(service: &Value) -> Client {
    with_keys(service, &json!({}))
}

/// A client of a service that is configured like this, with keys.
fn with_keys(service: &Value, keys: &Value) -> Client {
    within(service, keys, Surroundings::with_variables(|_| None))
}

/// A client of a service that is configured like this, with keys, in surroundings.
fn within(service: &Value, keys: &Value, surroundings: Surroundings) -> Client {
    let document = json!({"services": {"acme": service}, "keys": keys});
    let configuration = Configuration::of(document, "id".to_owned()).unwrap();
    let parts = configuration.parts;
    let service = parts.services["acme"].clone();
    Client::within(service, &parts.keys, surroundings).unwrap()
}

/// Surroundings with environment variables.
fn with_variables(variables: &[(&'static str, &str)]) -> Surroundings {
    let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
    let variables: BTreeMap<&str, String> = variables.iter().map(owned).collect();
    Surroundings::with_variables(move |name| variables.get(name).cloned())
}

/// What is wrong with a service that is configured like this.
fn refused(service: &Value, keys: &Value) -> String {
    let document = json!({"services": {"acme": service}, "keys": keys});
    let read = Configuration::of(document, "id".to_owned());
    read.unwrap_err().to_string()
}

/// Asks for a bundle.
fn fetch(client: &Client) -> Result<Fetched, FetchError> {
    client.fetch("bundles/authz", "", None, 1 << 20)
}
