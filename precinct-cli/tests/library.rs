//! `build --target native`: bundles that carry their policies as a shared library, and the server that loads it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

mod bundles;
mod serving;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock};

use bundles::service;
use precinct_bundle::signature::token::{self, Signer};
use precinct_bundle::{Files, Limits, archive};
use precinct_jose::{Algorithm, Key};
use precinct_transcript::waiting::until;
use serde_json::{Value, json};
use serving::{Client, PRECINCT, Server};

/// Rules that give each kind of answer: constants, documents, collections, errors, nothing; and one that depends on the time.
const POLICY: &str = r#"package p

default allow := false

allow if input.user in data.users

names contains name if some name in input.names

by_number[number] := name if some number, name in input.names

late if time.now_ns() > 1700000000000000000

dice := rand.intn("dice", 6) < 6

word := "a" if input.a

word := "b" if input.b

ratio := input.number / 4

first := input.names[0]

helper(x) := x + 1

next := helper(input.number)
"#;

const MANIFEST: &str = r#"{"revision": "one", "roots": ["p"]}"#;

fn precinct(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PRECINCT)
        .args(arguments)
        .current_dir(folder)
        // Shared with `native.rs`, as is what they link.
        .env(
            "PRECINCT_CACHE",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("native"),
        )
        .env("PRECINCT_PROFILE", "dev")
        .env_remove("PRECINCT_WORKSPACE")
        .output()
        .unwrap()
}

/// The bytes of a signed bundle with a library. It is built once.
fn signed() -> &'static [u8] {
    static BUNDLE: OnceLock<Vec<u8>> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("source")).unwrap();
        fs::write(folder.path().join("source/p.rego"), POLICY).unwrap();
        fs::write(folder.path().join("source/.manifest"), MANIFEST).unwrap();
        let arguments = [
            "build",
            "--target",
            "native",
            "-b",
            "source",
            "--signing-key",
            "secret",
            "--signing-alg",
            "HS256",
        ];
        let built = precinct(folder.path(), &arguments);
        assert!(built.status.success(), "{built:?}");
        fs::read(folder.path().join("bundle.tar.gz")).unwrap()
    })
}

/// The bundle with some of its files changed.
fn changed(signs_again: bool, change: impl FnOnce(&mut Files)) -> Vec<u8> {
    let mut files = archive::read(signed(), &Limits::default()).unwrap();
    change(&mut files);
    if signs_again {
        files.remove(token::FILE);
        let signer = Signer {
            key: Key::Symmetric(b"secret".to_vec()),
            algorithm: Algorithm::HS256,
            key_id: "default".to_owned(),
            claims: None,
        };
        let all: Vec<(String, Vec<u8>)> = files
            .iter()
            .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
            .collect();
        let all = all.iter().map(|(path, bytes)| (path.clone(), &bytes[..]));
        let signature = token::sign(all, &signer).unwrap();
        put(&mut files, token::FILE, signature);
    }
    archive::write(&files).unwrap()
}

fn put(files: &mut Files, path: &str, bytes: Vec<u8>) {
    files.remove(path);
    files.add(path, bytes, &Limits::default()).unwrap();
}

fn library(files: &Files) -> String {
    let mut paths = files.iter().map(|(path, _)| path);
    let path = paths.find(|path| path.ends_with("/policies.so"));
    path.unwrap().to_owned()
}

const KEY: [&str; 4] = ["--verification-key", "secret", "--signing-alg", "HS256"];

/// A server of a bundle.
fn serve(folder: &Path, bundle: &[u8], arguments: &[&str]) -> Server {
    fs::write(folder.join("bundle.tar.gz"), bundle).unwrap();
    let all = [&["-b", "bundle.tar.gz"], arguments].concat();
    Server::start(folder, &all)
}

/// The number of a line of `/metrics`.
fn counted(client: &mut Client, name: &str) -> u64 {
    let (_, text) = client.ask("GET", "/metrics", "").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |number| number.trim().parse().unwrap())
}

const LOADED: &str = "precinct_native_libraries_total{outcome=\"loaded\"}";
const REFUSED: &str = "precinct_native_libraries_total{outcome=\"refused\"}";
const IDLE: &str = "precinct_native_libraries_total{outcome=\"idle\"}";
const BY_LIBRARY: &str = "precinct_decisions_total{engine=\"library\"}";
const BY_INTERPRETER: &str = "precinct_decisions_total{engine=\"interpreter\"}";

fn inputs() -> Vec<Value> {
    vec![
        json!({"user": "alice", "names": ["b", "a", "b"], "number": 10, "a": true}),
        json!({"user": "carol", "names": [1, null, "x"], "number": 1.50, "b": true}),
        json!({"names": {"k": "\u{e9}\u{1F600}"}, "number": 12_345_678_901_234_567_890_u64}),
        // Two values for one rule.
        json!({"a": true, "b": true}),
        json!("text"),
        json!(null),
    ]
}

const PATHS: [&str; 14] = [
    "p",
    "p/allow",
    "p/names",
    "p/by_number",
    "p/late",
    "p/dice",
    "p/word",
    "p/ratio",
    "p/first",
    "p/next",
    "p/nothing",
    "users",
    "q",
    "",
];

fn answers(client: &mut Client) -> Vec<(String, u16, Value)> {
    let mut answers = Vec::new();
    for input in inputs() {
        for path in PATHS {
            let body = json!({ "input": input }).to_string();
            let place = format!("/v1/data/{path}").trim_end_matches('/').to_owned();
            let (status, text) = client.ask("POST", &place, &body).unwrap();
            let answer = serde_json::from_str(&text).unwrap();
            answers.push((format!("{path} {body}"), status, answer));
        }
        let (status, text) = client
            .ask("POST", "/v0/data/p/allow", &input.to_string())
            .unwrap();
        let answer = serde_json::from_str(&text).unwrap();
        answers.push(("v0".to_owned(), status, answer));
    }
    answers
}

#[test]
fn the_library_of_a_signed_bundle_answers_as_the_interpreter_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), signed(), &KEY);
    let mut client = Client::new(&server.address);
    until("a library", || counted(&mut client, LOADED) == 1);
    let other = tempfile::tempdir().unwrap();
    let interpreting = serve(other.path(), signed(), &["--skip-verify"]);
    let mut interpreter = Client::new(&interpreting.address);
    for client in [&mut client, &mut interpreter] {
        let (status, body) = client
            .ask("PUT", "/v1/data/users", r#"["alice", "bob"]"#)
            .unwrap();
        assert_eq!(status, 204, "{body}");
    }
    // The documents of the new state are on their way to the library.
    until("the documents", || {
        let before = counted(&mut client, BY_LIBRARY);
        let (_, body) = client
            .ask("POST", "/v1/data/p/allow", r#"{"input": {"user": "bob"}}"#)
            .unwrap();
        assert_eq!(body.trim(), r#"{"result":true}"#);
        counted(&mut client, BY_LIBRARY) > before
    });
    let before = [BY_LIBRARY, BY_INTERPRETER].map(|engine| counted(&mut client, engine));
    let answered = answers(&mut client);
    for (answer, expected) in answered.iter().zip(answers(&mut interpreter)) {
        assert_eq!(*answer, expected);
    }
    let after = [BY_LIBRARY, BY_INTERPRETER].map(|engine| counted(&mut client, engine));
    let by_library = after[0] - before[0];
    let by_interpreter = after[1] - before[1];
    // The library has no functions for `q`, `p/nothing` and base documents; and errors are the interpreter's.
    assert!(by_library > by_interpreter, "{by_library} {by_interpreter}");
    assert_eq!(
        usize::try_from(by_library + by_interpreter).unwrap(),
        answered.len()
    );
    assert_eq!(counted(&mut interpreter, BY_LIBRARY), 0);
}

#[test]
fn a_state_with_other_modules_is_interpreted_until_it_has_those_of_the_bundle_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), signed(), &KEY);
    let mut client = Client::new(&server.address);
    until("a library", || counted(&mut client, LOADED) == 1);
    let (status, _) = client
        .ask("PUT", "/v1/policies/q", "package q\n\none := 1\n")
        .unwrap();
    assert_eq!(status, 200);
    until("no library", || counted(&mut client, IDLE) == 1);
    let ask = |client: &mut Client| client.ask("GET", "/v1/data/p/allow", "").unwrap();
    let before = counted(&mut client, BY_LIBRARY);
    assert_eq!(ask(&mut client).1.trim(), r#"{"result":false}"#);
    assert_eq!(counted(&mut client, BY_LIBRARY), before);
    let (status, _) = client.ask("DELETE", "/v1/policies/q", "").unwrap();
    assert_eq!(status, 200);
    until("a library again", || {
        assert_eq!(ask(&mut client).1.trim(), r#"{"result":false}"#);
        counted(&mut client, BY_LIBRARY) > before
    });
}

#[test]
fn libraries_that_nobody_signed_or_that_are_for_others_are_not_loaded() {
    let replaced = |name: &'static str, from: &'static str, to: &'static str| {
        changed(true, move |files| {
            let path = library(files).replace("policies.so", name);
            let text = String::from_utf8(files.get(&path).unwrap().to_vec()).unwrap();
            assert!(text.contains(from));
            put(files, &path, text.replace(from, to).into_bytes());
        })
    };
    let policy = changed(true, |files| {
        let path = "source/p.rego";
        let text = String::from_utf8(files.get(path).unwrap().to_vec()).unwrap();
        let other = text.replace("default allow := false", "default allow := true");
        assert_ne!(other, text);
        put(files, path, other.into_bytes());
    });
    let unsigned = changed(false, |files| {
        files.remove(token::FILE);
    });
    let damaged = changed(true, |files| {
        put(files, &library(files), b"no library".to_vec());
    });
    let moved = changed(true, |files| {
        let path = library(files);
        let bytes = files.remove(&path).unwrap();
        put(files, "native/z80-none/policies.so", bytes);
    });
    for (what, bundle, arguments, allowed) in [
        (
            "signed, not verified",
            signed().to_vec(),
            &["--skip-verify"][..],
            false,
        ),
        ("unsigned", unsigned, &[][..], false),
        ("other policies", policy, &KEY[..], true),
        ("no library", damaged, &KEY[..], false),
        ("another machine", moved, &KEY[..], false),
        (
            "another version",
            replaced("handshake", "precinct 0", "precinct 9"),
            &KEY[..],
            false,
        ),
        (
            "another boundary",
            replaced("handshake", "boundary ", "boundary 0"),
            &KEY[..],
            false,
        ),
        (
            "another target",
            replaced("handshake", "-linux-", "-plan9-"),
            &KEY[..],
            false,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(folder.path(), &bundle, arguments);
        let mut client = Client::new(&server.address);
        until(what, || counted(&mut client, REFUSED) == 1);
        let (_, body) = client.ask("GET", "/v1/data/p/allow", "").unwrap();
        let expected = json!({ "result": allowed }).to_string();
        assert_eq!(body.trim(), expected, "{what}");
        assert_eq!(counted(&mut client, LOADED), 0, "{what}");
        assert_eq!(counted(&mut client, BY_LIBRARY), 0, "{what}");
    }
}

/// One bit of the library is another.
fn tampered() -> Vec<u8> {
    changed(false, |files| {
        let path = library(files);
        let mut bytes = files.get(&path).unwrap().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        put(files, &path, bytes);
    })
}

#[test]
fn a_bundle_with_a_tampered_library_is_refused_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bundle.tar.gz"), tampered()).unwrap();
    let arguments = [&["run", "--server", "-b", "bundle.tar.gz"], &KEY[..]].concat();
    let output = precinct(folder.path(), &arguments);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("policies.so: digest mismatch"), "{said}");
}

#[test]
fn a_service_gives_libraries_and_what_is_wrong_with_one_is_in_the_status() {
    let bundles = Arc::new(Mutex::new(vec![("/b".to_owned(), signed().to_vec())]));
    let url = service(Arc::clone(&bundles));
    let folder = tempfile::tempdir().unwrap();
    let start = |exclude: Value| {
        let configuration = json!({
            "services": {"s": {"url": url}},
            "keys": {"default": {"key": "secret", "algorithm": "HS256"}},
            "bundles": {"b": {
                "resource": "b",
                "polling": {"min_delay_seconds": 0, "max_delay_seconds": 1},
                "signing": {"keyid": "default", "exclude_files": exclude},
            }},
            "status": {"prometheus": true},
        });
        fs::write(folder.path().join("c.json"), configuration.to_string()).unwrap();
        Server::start(folder.path(), &["--config-file", "c.json"])
    };
    let status = |client: &mut Client| -> Value {
        let (_, text) = client.ask("GET", "/v1/status", "").unwrap();
        let status: Value = serde_json::from_str(&text).unwrap();
        status["result"]["bundles"]["b"].clone()
    };
    let server = start(json!([]));
    let mut client = Client::new(&server.address);
    until("a library", || {
        status(&mut client)["library"]["state"] == "loaded"
    });
    bundles.lock().unwrap()[0].1 = tampered();
    until("an error", || status(&mut client)["message"].is_string());
    // What served before goes on.
    let before = counted(&mut client, BY_LIBRARY);
    let (_, body) = client.ask("GET", "/v1/data/p/allow", "").unwrap();
    assert_eq!(body.trim(), r#"{"result":false}"#);
    assert_eq!(counted(&mut client, BY_LIBRARY), before + 1);
    drop(server);
    // A library that needs no digest could be anybody's.
    bundles.lock().unwrap()[0].1 = tampered();
    let server = start(json!(["native/*/policies.so"]));
    let mut client = Client::new(&server.address);
    until("a refusal", || {
        status(&mut client)["library"]["state"] == "refused"
    });
    let message = status(&mut client)["library"]["message"].to_string();
    assert!(message.contains("not verified"), "{message}");
    assert_eq!(counted(&mut client, LOADED), 0);
}
