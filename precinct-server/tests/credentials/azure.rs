//! Tokens of Azure's machines and applications.

use serde_json::json;

use crate::listener::{Listener, fields};
use crate::{fetch, with_variables, within};

fn given() -> (u16, String) {
    let token = json!({"access_token": "t", "expires_in": "3599", "token_type": "Bearer"});
    (200, token.to_string())
}

fn service() -> Listener {
    Listener::plain(|_| (200, "bundle".to_owned()))
}

fn query(path: &str) -> Vec<(String, String)> {
    fields(path.split_once('?').unwrap().1)
}

fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_machine_gets_a_token() {
    let (service, metadata) = (service(), Listener::plain(|_| given()));
    let form = json!({
        "endpoint": format!("{}/token", metadata.url),
        "object_id": "o",
        "client_id": "c",
        "mi_res_id": "/subscriptions/s",
    });
    let configuration =
        json!({"url": service.url, "credentials": {"azure_managed_identity": form}});
    fetch(&within(&configuration, &json!({}), with_variables(&[]))).unwrap();
    let request = metadata.only();
    assert_eq!(request.header("metadata"), Some("true"));
    let expected = [
        ("api-version", "2018-02-01"),
        ("resource", "https://storage.azure.com/"),
        ("object_id", "o"),
        ("client_id", "c"),
        ("mi_res_id", "/subscriptions/s"),
    ];
    assert!(request.path.starts_with("/token?"));
    assert_eq!(query(&request.path), owned(&expected));
    assert_eq!(service.only().header("authorization"), Some("Bearer t"));
}

#[test]
fn an_application_finds_its_endpoint_in_the_environment() {
    let (service, endpoint) = (service(), Listener::plain(|_| given()));
    let form = json!({"resource": "https://vault.azure.net"});
    let configuration =
        json!({"url": service.url, "credentials": {"azure_managed_identity": form}});
    let variables = [
        ("IDENTITY_ENDPOINT", endpoint.url.as_str()),
        ("IDENTITY_HEADER", "proof"),
    ];
    fetch(&within(
        &configuration,
        &json!({}),
        with_variables(&variables),
    ))
    .unwrap();
    let request = endpoint.only();
    assert_eq!(request.header("x-identity-header"), Some("proof"));
    assert_eq!(request.header("metadata"), None);
    let expected = [
        ("api-version", "2019-08-01"),
        ("resource", "https://vault.azure.net"),
    ];
    assert_eq!(query(&request.path), owned(&expected));
    assert_eq!(service.only().header("authorization"), Some("Bearer t"));
    let client = within(&configuration, &json!({}), with_variables(&variables[..1]));
    let error = fetch(&client).unwrap_err();
    let expected = "azure managed identities auth: IDENTITY_HEADER env var not found";
    assert_eq!(error.message, expected);
}

#[test]
fn nothing_is_sent_without_a_token() {
    let refusal = json!({"error": "invalid_request", "error_description": "Identity not found"});
    for (status, answer, expected) in [
        (400, refusal, ": Identity not found"),
        (502, json!("bad gateway"), "502  retrieving azure token"),
        (200, json!({}), "missing field `access_token`"),
        (
            200,
            json!({"access_token": ""}),
            "expected access_token, found none",
        ),
    ] {
        let service = service();
        let metadata = Listener::plain(move |_| (status, answer.to_string()));
        let form = json!({"endpoint": metadata.url});
        let configuration =
            json!({"url": service.url, "credentials": {"azure_managed_identity": form}});
        let client = within(&configuration, &json!({}), with_variables(&[]));
        let error = fetch(&client).unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
        assert!(service.received().is_empty());
    }
}
