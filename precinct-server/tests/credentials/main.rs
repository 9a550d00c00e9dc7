//! What a service hears from a server that says who it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bearer;
mod certificates;
mod client_tls;
mod listener;
mod trust;

use precinct_server::configuration::Configuration;
use precinct_server::services::{Client, FetchError, Fetched};
use serde_json::{Value, json};

/// A client of a service that is configured like this.
fn client(service: &Value) -> Client {
    let document = json!({"services": {"acme": service}});
    let configuration = Configuration::of(document, "id".to_owned()).unwrap();
    Client::new(configuration.parts.services["acme"].clone())
}

/// What is wrong with a service that is configured like this.
fn refused(service: &Value) -> String {
    let document = json!({"services": {"acme": service}});
    let read = Configuration::of(document, "id".to_owned());
    read.unwrap_err().to_string()
}

/// Asks for a bundle.
fn fetch(client: &Client) -> Result<Fetched, FetchError> {
    client.fetch("bundles/authz", "", None, 1 << 20)
}
