//! Whom a client believes, how long it waits, and what it says besides.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::certificates::Authority;
use crate::listener::Listener;
use crate::{client, fetch};

fn ok() -> (u16, String) {
    (200, "bundle".to_owned())
}

#[test]
fn only_servers_that_the_authority_knows_are_believed() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let own = file("own.pem", authority.pem());
    let other = file("other.pem", Authority::new().pem());
    let nothing = file("nothing.pem", "nothing".to_owned());
    let listener = Listener::tls(authority.server(false), |_| ok());
    let fetched = |members: Value| {
        let mut service = json!({"url": listener.url});
        let members = members.as_object().unwrap().clone();
        service.as_object_mut().unwrap().extend(members);
        fetch(&client(&service)).map_err(|error| error.message)
    };
    fetched(json!({"tls": {"ca_cert": own}})).unwrap();
    fetched(json!({"tls": {"ca_cert": own, "system_ca_required": true}})).unwrap();
    fetched(json!({"allow_insecure_tls": true})).unwrap();
    assert_eq!(listener.received().len(), 3);
    for members in [
        json!({}),
        json!({"allow_insecure_tls": false}),
        json!({"tls": {"ca_cert": other}}),
        json!({"tls": {"system_ca_required": true}}),
    ] {
        let error = fetched(members).unwrap_err();
        assert!(error.contains("certificate"), "{error}");
    }
    let error = fetched(json!({"tls": {"ca_cert": nothing}})).unwrap_err();
    assert!(error.ends_with("expected certificates (PEM), found none"));
    assert_eq!(listener.received().len(), 3);
}

#[test]
fn a_file_with_authorities_may_come_later() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let path = folder.path().join("ca.pem");
    let listener = Listener::tls(authority.server(false), |_| ok());
    let client = client(&json!({"url": listener.url, "tls": {"ca_cert": path}}));
    fetch(&client).unwrap_err();
    std::fs::write(&path, authority.pem()).unwrap();
    fetch(&client).unwrap();
}

#[test]
fn a_clear_connection_that_is_sent_to_tls_is_verified_as_well() {
    let authority = Authority::new();
    let elsewhere = Listener::tls(authority.server(false), |_| ok());
    let place = elsewhere.url.clone();
    let listener = Listener::plain(move |_| (302, place.clone()));
    let service = json!({"url": listener.url, "allow_insecure_tls": true});
    let error = fetch(&client(&service)).unwrap_err();
    assert!(error.message.contains("certificate"), "{error:?}");
    assert!(elsewhere.received().is_empty());
}

#[test]
fn an_answer_that_does_not_begin_in_time_is_none() {
    let listener = Listener::plain(|_| {
        thread::sleep(Duration::from_secs(3));
        ok()
    });
    let service = json!({"url": listener.url, "response_header_timeout_seconds": 1});
    let error = fetch(&client(&service)).unwrap_err();
    assert!(error.message.contains("timeout"), "{error:?}");
}

#[test]
fn headers_of_the_configuration_are_sent() {
    let listener = Listener::plain(|_| ok());
    let service = json!({"url": listener.url, "headers": {"X-Tenant": "acme"}});
    let client = client(&service);
    fetch(&client).unwrap();
    client.post_json("/status", b"{}").unwrap();
    for request in listener.received() {
        assert_eq!(request.header("x-tenant"), Some("acme"));
    }
}
