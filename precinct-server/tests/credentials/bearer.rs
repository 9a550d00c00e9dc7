//! Tokens.

use serde_json::json;

use crate::listener::Listener;
use crate::{client, fetch};

fn ok() -> (u16, String) {
    (200, "bundle".to_owned())
}

#[test]
fn a_token_is_sent_with_its_scheme() {
    for (bearer, expected) in [
        (json!({"token": "t"}), "Bearer t"),
        (json!({"token": "t", "scheme": "Basic"}), "Basic t"),
    ] {
        let listener = Listener::plain(|_| ok());
        let service = json!({"url": listener.url, "credentials": {"bearer": bearer}});
        fetch(&client(&service)).unwrap();
        assert_eq!(listener.only().header("authorization"), Some(expected));
    }
}

#[test]
fn decisions_and_status_are_sent_with_the_token() {
    let listener = Listener::plain(|_| ok());
    let service = json!({"url": listener.url, "credentials": {"bearer": {"token": "t"}}});
    let client = client(&service);
    client.post_json("/status", b"{}").unwrap();
    client.post_packed("/logs", b"packed").unwrap();
    let received = listener.received();
    let asked = |at: usize| (received[at].method.as_str(), received[at].path.as_str());
    assert_eq!(
        (asked(0), asked(1)),
        (("POST", "/status"), ("POST", "/logs"))
    );
    let authorized = |at: usize| received[at].header("authorization");
    assert_eq!(
        (authorized(0), authorized(1)),
        (Some("Bearer t"), Some("Bearer t"))
    );
    assert_eq!(received[1].header("content-encoding"), Some("gzip"));
    assert_eq!(received[1].body, b"packed");
}

#[test]
fn the_file_with_the_token_is_read_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let listener = Listener::plain(|_| ok());
    let service = json!({"url": listener.url, "credentials": {"bearer": {"token_path": path}}});
    let client = client(&service);
    let error = fetch(&client).unwrap_err();
    assert!(error.message.starts_with("failed to read token: "));
    for token in ["first\n", "second\n"] {
        std::fs::write(&path, token).unwrap();
        fetch(&client).unwrap();
    }
    std::fs::write(&path, "\n").unwrap();
    let error = fetch(&client).unwrap_err();
    assert!(error.message.ends_with("the file is empty"), "{error:?}");
    let tokens: Vec<String> = listener
        .received()
        .iter()
        .map(|request| request.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(tokens, ["Bearer first", "Bearer second"]);
}

#[test]
fn another_host_does_not_learn_the_token() {
    for (host, learned) in [("127.0.0.1", Some("Bearer t")), ("localhost", None)] {
        let elsewhere = Listener::plain(|_| ok());
        let place = elsewhere.url.replace("127.0.0.1", host);
        let listener = Listener::plain(move |_| (302, place.clone()));
        let service = json!({"url": listener.url, "credentials": {"bearer": {"token": "t"}}});
        fetch(&client(&service)).unwrap();
        assert_eq!(listener.only().header("authorization"), Some("Bearer t"));
        assert_eq!(elsewhere.only().header("authorization"), learned);
    }
}
