//! Candidates that are tried out beside what is served: they change no answer.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

mod bundles;
mod serving;

use std::fs;
use std::io::{BufRead as _, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bundles::service;
use precinct_transcript::waiting;
use serde_json::{Value, json};
use serving::{Client, Server, precinct};

/// Lets in who is named, and asks for a random number and the time.
fn policy(user: &str) -> String {
    format!(
        "package p\n\ndefault allow := false\n\nallow if input.user == \"{user}\"\n\n\
         dice := [rand.intn(\"a\", 1000000), time.now_ns()]\n"
    )
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn result(client: &mut Client, path: &str, input: &Value) -> Value {
    let body = json!({ "input": input }).to_string();
    let (status, text) = client
        .ask("POST", &format!("/v1/data/{path}"), &body)
        .unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str::<Value>(&text).unwrap()["result"].clone()
}

fn shadow(client: &mut Client) -> Value {
    let (status, text) = client.ask("GET", "/v1/status", "").unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str::<Value>(&text).unwrap()["result"]["shadow"].clone()
}

/// Waits until the server says so of its candidates.
fn until(client: &mut Client, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    waiting::until(what, || {
        last = shadow(client);
        holds(&last)
    });
    last
}

/// A server of `p.rego` that tries `next` out.
fn trying_out(folder: &Path, more: &[&str]) -> (Server, Client) {
    let args = [
        "--shadow",
        "next",
        "--set",
        "status.prometheus=true",
        "p.rego",
    ];
    let server = Server::start(folder, &[more, &args].concat());
    let client = Client::new(&server.address);
    (server, client)
}

fn counted(shadow: &Value, outcome: &str) -> u64 {
    shadow["decisions"][outcome].as_u64().unwrap_or_default()
}

#[test]
fn a_candidate_is_asked_the_same_and_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "p.rego", &policy("alice"));
    write(folder.path(), "next/p.rego", &policy("carol"));
    let (_server, mut client) = trying_out(folder.path(), &[]);
    for (user, allowed) in [("alice", true), ("carol", false), ("bob", false)] {
        let input = json!({ "user": user });
        assert_eq!(result(&mut client, "p/allow", &input), json!(allowed));
    }
    // Time and randomness are those of the first evaluation.
    result(&mut client, "p/dice", &Value::Null);
    let (status, text) = client
        .ask("POST", "/v0/data/p/allow", r#"{"user": "alice"}"#)
        .unwrap();
    assert_eq!((status, text.trim()), (200, "true"));
    let shadow = until(&mut client, "five comparisons", |shadow| {
        counted(shadow, "same") + counted(shadow, "different") == 5
    });
    assert_eq!(counted(&shadow, "different"), 3, "{shadow}");
    assert!(shadow["bundles"]["next"]["last_successful_activation"].is_string());
    let (_, metrics) = client.ask("GET", "/metrics", "").unwrap();
    let line = "precinct_shadow_decisions_total{outcome=\"different\"} 3";
    assert!(metrics.contains(line), "{metrics}");
    // Only decisions that were given are counted as decisions.
    let line = "precinct_decisions_total{engine=\"interpreter\"} 5";
    assert!(metrics.contains(line), "{metrics}");
}

#[test]
fn a_candidate_sees_the_documents_of_the_active_state_as_they_are_now() {
    let folder = tempfile::tempdir().unwrap();
    let text = "package p\n\nusers := data.users\n";
    write(folder.path(), "p.rego", text);
    write(folder.path(), "next/p.rego", text);
    write(folder.path(), "next/.manifest", r#"{"roots": ["p"]}"#);
    let (_server, mut client) = trying_out(folder.path(), &[]);
    for number in 1..=20_u64 {
        let (status, _) = client
            .ask("PUT", "/v1/data/users", &format!("[{number}]"))
            .unwrap();
        assert_eq!(status, 204);
        let users = result(&mut client, "p/users", &Value::Null);
        assert_eq!(users, json!([number]));
    }
    let shadow = until(&mut client, "all the same", |shadow| {
        counted(shadow, "same") == 20
    });
    assert_eq!(counted(&shadow, "different"), 0, "{shadow}");
}

#[test]
fn a_candidate_that_can_not_be_tried_changes_only_the_status() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "p.rego", &policy("alice"));
    write(folder.path(), "next/p.rego", "package p\n\nallow if x\n");
    let (_server, mut client) = trying_out(folder.path(), &["--watch"]);
    let alice = json!({"user": "alice"});
    assert_eq!(result(&mut client, "p/allow", &alice), json!(true));
    let shadow = until(&mut client, "an error", |shadow| {
        shadow["bundles"]["next"]["errors"].is_array()
    });
    let error = &shadow["bundles"]["next"]["errors"][0];
    assert_eq!(error["code"], "rego_unsafe_var_error", "{shadow}");
    let (status, _) = client.ask("GET", "/health?bundles", "").unwrap();
    assert_eq!(status, 200);
    // One that can is taken up, and goes on when the next can not.
    write(folder.path(), "next/p.rego", &policy("carol"));
    until(&mut client, "no error", |shadow| {
        shadow["bundles"]["next"]["message"].is_null()
    });
    write(folder.path(), "next/p.rego", "package p\n\nallow if");
    until(&mut client, "an error again", |shadow| {
        shadow["bundles"]["next"]["message"].is_string()
    });
    assert_eq!(result(&mut client, "p/allow", &alice), json!(true));
    until(&mut client, "a difference", |shadow| {
        counted(shadow, "different") == 1
    });
}

#[test]
fn a_candidate_whose_calls_others_would_notice_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "p.rego", "package p\n\none := 1\n");
    let text =
        "package p\n\none := http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1:1\"})\n";
    write(folder.path(), "next/p.rego", text);
    let (_server, mut client) = trying_out(folder.path(), &[]);
    assert_eq!(result(&mut client, "p/one", &Value::Null), json!(1));
    until(&mut client, "skipped", |shadow| {
        counted(shadow, "skipped") == 1
    });
}

#[test]
fn differences_are_logged_and_what_was_answered_only_for_those_who_debug() {
    for (level, shows_answers) in [("info", false), ("debug", true)] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "p.rego", &policy("alice"));
        write(folder.path(), "next/p.rego", &policy("carol"));
        let args = ["--shadow", "next", "p.rego"];
        let (mut server, log) = Server::start_heard(folder.path(), level, &args);
        let mut client = Client::new(&server.address);
        result(&mut client, "p/allow", &json!({"user": "alice"}));
        let line = log
            .lines()
            .map(|line| line.unwrap())
            .find(|line| line.contains("decides otherwise"))
            .unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["level"], "warning");
        assert_eq!(line["path"], "data.p.allow");
        assert_eq!(line["outcome"], "different");
        assert_eq!(line["active"] == json!(true), shows_answers, "{line}");
        assert_eq!(line["candidate"] == json!(false), shows_answers, "{line}");
        server.child.kill().unwrap();
    }
}

fn bundle(text: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "p.rego", text);
    precinct(folder.path(), &["build", "p.rego"]);
    let mut bytes = Vec::new();
    let mut file = fs::File::open(folder.path().join("bundle.tar.gz")).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_bundle_of_a_service_is_tried_out_where_the_configuration_says_so() {
    let bundles = Arc::new(Mutex::new(vec![(
        "/active".to_owned(),
        bundle(&policy("alice")),
    )]));
    let url = service(Arc::clone(&bundles));
    let folder = tempfile::tempdir().unwrap();
    let polling = json!({"min_delay_seconds": 0, "max_delay_seconds": 1});
    let configuration = json!({
        "services": {"s": {"url": url}},
        "bundles": {
            "active": {"resource": "active", "polling": polling},
            "next": {"resource": "next", "polling": polling, "shadow": true},
        },
        "status": {"prometheus": true},
    });
    write(folder.path(), "config.json", &configuration.to_string());
    let server = Server::start(folder.path(), &["--config-file", "config.json"]);
    let mut client = Client::new(&server.address);
    // The server is ready without its candidate.
    waiting::until("the server is ready", || {
        client.ask("GET", "/health?bundles", "").unwrap().0 == 200
    });
    until(&mut client, "no candidate", |shadow| {
        shadow["bundles"]["next"]["http_code"] == "404"
    });
    let carol = json!({"user": "carol"});
    assert_eq!(result(&mut client, "p/allow", &carol), json!(false));
    let next = ("/next".to_owned(), bundle(&policy("carol")));
    bundles.lock().unwrap().push(next);
    until(&mut client, "the candidate", |shadow| {
        shadow["bundles"]["next"]["last_successful_activation"].is_string()
    });
    assert_eq!(result(&mut client, "p/allow", &carol), json!(false));
    until(&mut client, "a difference", |shadow| {
        counted(shadow, "different") == 1
    });
    let (_, text) = client.ask("GET", "/v1/data/system/bundles", "").unwrap();
    assert!(!text.contains("next"), "{text}");
}
