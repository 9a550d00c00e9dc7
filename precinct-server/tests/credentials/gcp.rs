//! Tokens of Google's metadata service.

use serde_json::{Value, json};

use crate::listener::{Answer, Listener, Received};
use crate::{client, fetch, refused};

const ACCOUNT: &str = "/computeMetadata/v1/instance/service-accounts/default";

fn stage(answer: impl Fn(&Received) -> Answer + Send + 'static) -> (Listener, Listener) {
    let service = Listener::plain(|_| (200, "bundle".to_owned()));
    (service, Listener::plain(answer))
}

fn configuration(service: &Listener, metadata: &Listener, form: Value) -> Value {
    let Value::Object(mut form) = form else {
        panic!()
    };
    form.insert("endpoint".to_owned(), json!(metadata.url));
    json!({"url": service.url, "credentials": {"gcp_metadata": form}})
}

#[test]
fn an_access_token_is_got_for_scopes() {
    let (service, metadata) = stage(|_| {
        let token = json!({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"});
        (200, token.to_string())
    });
    let scopes = [
        "https://www.googleapis.com/auth/devstorage.read_only",
        "https://www.googleapis.com/auth/logging.write",
    ];
    let form = json!({"scopes": scopes});
    fetch(&client(&configuration(&service, &metadata, form))).unwrap();
    let request = metadata.only();
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.path,
        format!("{ACCOUNT}/token?scopes={}", scopes.join(","))
    );
    assert_eq!(request.header("metadata-flavor"), Some("Google"));
    assert_eq!(service.only().header("authorization"), Some("Bearer t"));
}

#[test]
fn an_identity_token_is_got_for_an_audience() {
    for (path, expected) in [
        (json!({}), format!("{ACCOUNT}/identity")),
        (json!({"identity_token_path": "/id"}), "/id".to_owned()),
        (json!({"id_token_path": "/id"}), "/id".to_owned()),
    ] {
        let (service, metadata) = stage(|_| (200, "a.b.c\n".to_owned()));
        let Value::Object(mut form) = path else {
            panic!()
        };
        form.insert("audience".to_owned(), json!("https://acme/?a&b"));
        let service_of = configuration(&service, &metadata, Value::Object(form));
        fetch(&client(&service_of)).unwrap();
        let path = format!("{expected}?audience=https://acme/?a%26b");
        assert_eq!(metadata.only().path, path);
        assert_eq!(service.only().header("authorization"), Some("Bearer a.b.c"));
    }
}

#[test]
fn nothing_is_sent_without_a_token() {
    for (status, answer, expected) in [
        (400, "", "400: invalid request"),
        (404, "", "404: not found"),
        (500, "", "500: unexpected error"),
        (200, "{}", "missing field `access_token`"),
        (
            200,
            "{\"access_token\": \"\"}",
            "expected a token, found none",
        ),
    ] {
        let (service, metadata) = stage(move |_| (status, answer.to_owned()));
        let form = json!({"scopes": ["s"]});
        let error = fetch(&client(&configuration(&service, &metadata, form))).unwrap_err();
        let place = "error retrieving access token from gcp metadata service: ";
        assert!(error.message.starts_with(place), "{error:?}");
        assert!(error.message.contains(expected), "{error:?}");
        assert!(service.received().is_empty());
    }
}

#[test]
fn it_must_be_clear_which_token_is_meant() {
    for (form, expected) in [
        (json!({}), "audience or scopes is required"),
        (
            json!({"audience": "a", "scopes": ["s"]}),
            "either audience or scopes",
        ),
        (json!({"audiance": "a"}), "unknown field `audiance`"),
    ] {
        let service = json!({"url": "https://acme", "credentials": {"gcp_metadata": form}});
        let error = refused(&service, &json!({}));
        let place = "config error: services.acme: credentials: gcp_metadata: ";
        assert!(error.starts_with(place), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
