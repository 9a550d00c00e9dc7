//! A server whose configuration names bundles that are files and folders (`resource: file:///…`).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod serving;

use std::fs;
use std::io::BufRead as _;
use std::path::Path;
use std::process::Command;

use precinct_transcript::waiting::until_equal;
use serde_json::{Value, json};
use serving::{Client, PRECINCT, Server, precinct};

/// Makes `FOLDER/one`, a bundle with `data.one.answer`, and `FOLDER/one.tar.gz`, the same.
fn write(folder: &Path, answer: &str) {
    let source = folder.join("one");
    fs::create_dir_all(&source).unwrap();
    let policy = format!("package one\n\nanswer := {answer:?}\n");
    fs::write(source.join("p.rego"), policy).unwrap();
    let manifest = json!({"roots": ["one"], "revision": answer});
    fs::write(source.join(".manifest"), manifest.to_string()).unwrap();
    precinct(folder, &["build", "-b", "one", "-o", "one.tar.gz"]);
}

/// The address of a file of a folder.
fn address(folder: &Path, name: &str) -> String {
    format!("file://{}/{name}", folder.display())
}

/// Writes a configuration with one bundle, and the status.
fn configure(folder: &Path, source: &Value, label: &str) {
    let configuration = json!({
        "bundles": {"a": source},
        "keys": {"key": {"key": "secret", "algorithm": "HS256"}},
        "labels": {"stage": label},
        "status": {"prometheus": true},
    });
    let beside = folder.join("config.json.new");
    fs::write(&beside, configuration.to_string()).unwrap();
    fs::rename(beside, folder.join("config.json")).unwrap();
}

const ARGS: [&str; 3] = ["--config-file", "config.json", "--watch-config"];

fn result(server: &Server, path: &str) -> Value {
    let (_, body) = Client::new(&server.address).ask("GET", path, "").unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    body["result"].clone()
}

fn status(server: &Server) -> Value {
    result(server, "/v1/status")["bundles"]["a"].clone()
}

#[test]
fn a_file_and_a_folder_are_read_once_for_each_configuration_that_names_them() {
    for name in ["one.tar.gz", "one", "%6Fne"] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write(folder, "first");
        let mut source = json!({
            "resource": address(folder, name),
            // No part of it makes it be read again, or needs to be there.
            "service": "nowhere",
            "trigger": "manual",
            "polling": {"min_delay_seconds": 0, "max_delay_seconds": 0},
        });
        configure(folder, &source, "first");
        let server = Server::start(folder, &ARGS);
        // It is active as soon as the server answers.
        let data = || result(&server, "/v1/data");
        assert_eq!(data(), json!({"one": {"answer": "first"}}), "{name}");
        let status = status(&server);
        assert_eq!(status["active_revision"], "first");
        assert_eq!(status["type"], "snapshot");
        let moments = [
            "last_request",
            "last_successful_request",
            "last_successful_download",
            "last_successful_activation",
        ];
        for member in moments {
            assert!(status[member].is_string(), "{member}: {status}");
        }
        let health = Client::new(&server.address).ask("GET", "/health?bundles", "");
        assert_eq!(health.unwrap().0, 200);

        write(folder, "second");
        configure(folder, &source, "second");
        let stage = || result(&server, "/v1/config")["labels"]["stage"].clone();
        until_equal(stage, &json!("second"));
        source["polling"]["max_delay_seconds"] = json!(1);
        configure(folder, &source, "third");
        until_equal(data, &json!({"one": {"answer": "second"}}));
    }
}

#[test]
fn a_bundle_that_cannot_be_read_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "first");
    for (source, wanted) in [
        (
            json!({"resource": address(folder, "nosuch")}),
            "no such file or directory",
        ),
        (
            json!({"resource": address(folder, "one"), "size_limit_bytes": 10}),
            "10 bytes",
        ),
        (
            json!({"resource": address(folder, "one.tar.gz"), "size_limit_bytes": 10}),
            "10 bytes",
        ),
        (json!({"resource": address(folder, "config.json")}), "gzip"),
        (
            json!({"resource": "file:///dev/zero"}),
            "expected a file or a folder",
        ),
    ] {
        configure(folder, &source, "first");
        let (server, log) = Server::start_heard(folder, "error", &ARGS);
        let line = log.lines().map_while(Result::ok).next();
        let told = |text: &str| text.contains(wanted);
        assert!(line.as_deref().is_some_and(told), "{source}: {line:?}");
        let status = status(&server);
        assert_eq!(status["code"], "bundle_error");
        assert!(status["message"].as_str().is_some_and(told), "{status}");
        assert_eq!(result(&server, "/v1/data"), json!({}));
        let health = Client::new(&server.address).ask("GET", "/health?bundles", "");
        let (code, body) = health.unwrap();
        assert_eq!(code, 500);
        assert!(body.contains("one or more bundles are not activated: a"));
    }
}

#[test]
fn an_address_with_a_broken_escape_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &json!({"resource": "file:///%zz"}), "first");
    let ended = Command::new(PRECINCT)
        .args(["run", "--server", "--addr", "127.0.0.1:0"])
        .args(["--config-file", "config.json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(told.contains(r#"invalid URL for bundle "a""#), "{told}");
}

#[test]
fn what_must_be_signed_is_verified_as_what_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "first");
    let key = ["--signing-key", "secret", "--signing-alg", "HS256"];
    let build = ["build", "-b", "one", "-o", "signed.tar.gz"];
    precinct(folder, &[&build[..], &key].concat());
    let signed = folder.join("signed");
    fs::create_dir(&signed).unwrap();
    for name in ["p.rego", ".manifest"] {
        fs::copy(folder.join("one").join(name), signed.join(name)).unwrap();
    }
    precinct(&signed, &[&["sign", "-b", "."][..], &key].concat());
    let serve = |name: &str| {
        let signing = json!({"keyid": "key"});
        let source = json!({"resource": address(folder, name), "signing": signing});
        configure(folder, &source, "first");
        Server::start_heard(folder, "error", &ARGS).0
    };
    for name in ["signed.tar.gz", "signed"] {
        let data = result(&serve(name), "/v1/data");
        assert_eq!(data, json!({"one": {"answer": "first"}}), "{name}");
    }
    fs::write(signed.join("p.rego"), "package one\n\nanswer := 2\n").unwrap();
    for name in ["one.tar.gz", "one", "signed"] {
        let server = serve(name);
        assert_eq!(result(&server, "/v1/data"), json!({}), "{name}");
        let status = status(&server);
        let message = status["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("signature") || message.contains("digest"),
            "{name}: {status}"
        );
    }
}

#[test]
fn files_that_are_read_again_leave_the_bundles_of_the_configuration_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "first");
    let source = json!({"resource": address(folder, "one.tar.gz")});
    configure(folder, &source, "first");
    let loose = |n: u32| format!("package loose\n\nn := {n}\n\nseen := data.one.answer\n");
    fs::write(folder.join("loose.rego"), loose(1)).unwrap();
    fs::write(folder.join("data.json"), r#"{"limits": 1}"#).unwrap();
    let files = ["loose.rego", "data.json"];
    let server = Server::start(folder, &[&ARGS[..], &files].concat());
    let data = || result(&server, "/v1/data");
    let whole = |n: u32| {
        json!({
            "limits": n,
            "loose": {"n": n, "seen": "first"},
            "one": {"answer": "first"},
        })
    };
    assert_eq!(data(), whole(1));
    let described = result(&server, "/v1/query?q=x=data.system.bundles");
    fs::write(folder.join("loose.rego"), loose(2)).unwrap();
    fs::write(folder.join("data.json"), r#"{"limits": 2}"#).unwrap();
    let pid = server.child.id().to_string();
    let told = Command::new("kill").args(["-HUP", &pid]).status();
    assert!(told.unwrap().success());
    until_equal(data, &whole(2));
    assert_eq!(
        result(&server, "/v1/query?q=x=data.system.bundles"),
        described
    );
    let policies = result(&server, "/v1/policies");
    let ids: Vec<&Value> = policies
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, ["a/one/p.rego", "loose.rego"]);
}
