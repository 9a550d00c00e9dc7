//! What becomes active: the bytes that were verified, and nothing older than what was active before.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod serving;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use precinct_transcript::waiting;
use serde_json::json;
use serving::{Client, PRECINCT, Server};

const KEY: [&str; 4] = ["--verification-key", "secret", "--signing-alg", "HS256"];

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(PRECINCT)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Builds a bundle with an answer, signed or not.
fn build(folder: &Path, name: &str, revision: &str, answer: &str, is_signed: bool) -> Vec<u8> {
    fs::create_dir_all(folder.join("src")).unwrap();
    let policy = format!("package p\n\nallow := {answer}\n");
    fs::write(folder.join("src/p.rego"), policy).unwrap();
    let mut args = vec!["build", "-b", "src", "-o", name, "-r", revision];
    if is_signed {
        args.extend(["--signing-key", "secret", "--signing-alg", "HS256"]);
    }
    let built = run(folder, &args);
    assert!(built.status.success(), "{built:?}");
    fs::read(folder.join(name)).unwrap()
}

/// A file that changes between the first reading and the second; whether there was a second.
fn changing(path: &Path, first: Vec<u8>, second: Vec<u8>) -> Arc<AtomicBool> {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let was_read_again = Arc::new(AtomicBool::new(false));
    let (path, noted) = (path.to_owned(), Arc::clone(&was_read_again));
    thread::spawn(move || {
        fs::write(&path, first).unwrap();
        // The first reader must see the end of the file before it is opened again.
        thread::sleep(Duration::from_millis(300));
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        noted.store(true, Ordering::SeqCst);
        drop(file);
        fs::write(&path, second).unwrap();
    });
    was_read_again
}

#[test]
fn the_bytes_that_were_verified_are_the_bytes_that_answer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let signed = build(folder, "signed.tar.gz", "1", "\"signed\"", true);
    let forged = build(folder, "forged.tar.gz", "1", "\"forged\"", false);

    let again = changing(&folder.join("eval.tar.gz"), signed.clone(), forged.clone());
    let eval = ["eval", "-b", "eval.tar.gz", "data.p.allow", "-f", "raw"];
    let output = run(folder, &[&eval[..], &KEY].concat());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "signed\n",
        "{output:?}"
    );
    assert!(!again.load(Ordering::SeqCst), "eval read the bundle twice");

    let again = changing(&folder.join("run.tar.gz"), signed, forged);
    let server = Server::start(folder, &[&["-b", "run.tar.gz"][..], &KEY].concat());
    let (_, body) = Client::new(&server.address)
        .ask("GET", "/v1/data/p/allow", "")
        .unwrap();
    assert!(body.contains("\"signed\""), "{body}");
    thread::sleep(Duration::from_millis(400));
    assert!(!again.load(Ordering::SeqCst), "run read the bundle twice");
}

const SERVED: [&str; 4] = ["-b", "given.tar.gz", "--activation-record", "active.json"];

fn answer(server: &Server) -> String {
    let (_, body) = Client::new(&server.address)
        .ask("GET", "/v1/data/p/allow", "")
        .unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    body["result"].as_str().unwrap_or_default().to_owned()
}

/// Has the server read its files again; what it answers once that was tried.
fn reloaded(server: &Server) -> String {
    let reloads = || {
        let (_, body) = Client::new(&server.address)
            .ask("GET", "/metrics", "")
            .unwrap();
        let counted = |line: &&str| line.starts_with("precinct_reloads_total");
        body.lines()
            .filter(counted)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = reloads();
    let pid = server.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-HUP", &pid])
            .status()
            .unwrap()
            .success()
    );
    waiting::until("the files are read again", || reloads() != before);
    answer(server)
}

#[test]
fn what_is_older_than_what_was_active_is_refused_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let give = |revision: &str, answer: &str| {
        build(
            folder,
            "given.tar.gz",
            revision,
            &format!("{answer:?}"),
            false,
        );
    };
    let refused = || {
        let args = [&["run", "--server", "--addr", "127.0.0.1:0"][..], &SERVED].concat();
        let output = run(folder, &args);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };

    give("v2", "two");
    let server = Server::start(folder, &SERVED);
    assert_eq!(answer(&server), "two");
    give("v1", "one");
    assert_eq!(reloaded(&server), "two", "while it serves");
    give("v2", "another two");
    assert_eq!(reloaded(&server), "two", "one revision, two contents");
    give("v3", "three");
    assert_eq!(reloaded(&server), "three");
    drop(server);

    give("v2", "two");
    let said = refused();
    assert!(
        said.contains("revision \"v2\" is older than \"v3\""),
        "{said}"
    );
    give("", "none");
    assert!(refused().contains("has no revision"));
    give("v3", "three");
    assert_eq!(
        answer(&Server::start(folder, &SERVED)),
        "three",
        "the same again"
    );
    fs::write(folder.join("active.json"), "{").unwrap();
    assert!(
        refused().contains("active.json"),
        "a record that can't be read"
    );
}

/// A service that offers one archive under every path; its address.
fn offer(archive: Arc<Mutex<Vec<u8>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while reader.read_line(&mut head).is_ok_and(|length| length > 2) {}
            let body = archive.lock().unwrap().clone();
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

#[test]
fn a_configuration_that_was_discovered_does_not_go_back_either() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("found")).unwrap();
    let discovered = |revision: &str, label: &str| {
        let found = json!({"config": {"labels": {"from": label}}});
        fs::write(folder.join("found/data.json"), found.to_string()).unwrap();
        let built = run(
            folder,
            &["build", "-b", "found", "-o", "found.tar.gz", "-r", revision],
        );
        assert!(built.status.success(), "{built:?}");
        fs::read(folder.join("found.tar.gz")).unwrap()
    };
    let offered = Arc::new(Mutex::new(discovered("v2", "two")));
    let configuration = json!({
        "services": {"acme": {"url": offer(Arc::clone(&offered))}},
        "discovery": {
            "name": "found",
            "decision": "config",
            "polling": {"min_delay_seconds": 0, "max_delay_seconds": 0},
        },
    });
    fs::write(folder.join("config.json"), configuration.to_string()).unwrap();
    let args = [
        "--config-file",
        "config.json",
        "--activation-record",
        "active.json",
    ];
    let (server, log) = Server::start_heard(folder, "error", &args);
    let label = || {
        let (_, body) = Client::new(&server.address)
            .ask("GET", "/v1/config", "")
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["result"]["labels"]["from"].as_str().map(str::to_owned)
    };
    waiting::until_equal(label, &Some("two".to_owned()));
    *offered.lock().unwrap() = discovered("v1", "one");
    let refusal = log
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("is older than"));
    assert!(refusal.is_some_and(|line| line.contains("Discovery failed")));
    assert_eq!(label().as_deref(), Some("two"));
    *offered.lock().unwrap() = discovered("v3", "three");
    waiting::until_equal(label, &Some("three".to_owned()));
    let noted = fs::read_to_string(folder.join("active.json")).unwrap();
    assert!(noted.contains("discovery:found"), "{noted}");
}

#[test]
fn keys_alone_ask_for_no_signature_but_verify_those_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let unsigned = build(folder, "one.tar.gz", "1", "\"unsigned\"", false);
    let signed = build(folder, "two.tar.gz", "2", "\"signed\"", true);
    let args = ["build", "-b", "src", "-o", "forged.tar.gz", "-r", "3"];
    let other_key = ["--signing-key", "guess", "--signing-alg", "HS256"];
    assert!(
        run(folder, &[&args[..], &other_key].concat())
            .status
            .success()
    );
    let forged = fs::read(folder.join("forged.tar.gz")).unwrap();

    let offered = Arc::new(Mutex::new(unsigned));
    let configuration = json!({
        "services": {"acme": {"url": offer(Arc::clone(&offered))}},
        "keys": {"default": {"key": "secret", "algorithm": "HS256"}},
        "bundles": {"p": {"polling": {"min_delay_seconds": 0, "max_delay_seconds": 0}}},
    });
    fs::write(folder.join("config.json"), configuration.to_string()).unwrap();
    let args = ["--config-file", "config.json"];
    let (server, log) = Server::start_heard(folder, "error", &args);
    let wait_for = |wanted: &str| waiting::until_equal(|| answer(&server), wanted);
    wait_for("unsigned");
    *offered.lock().unwrap() = forged;
    let refusal = log
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("was not activated"));
    assert!(refusal.is_some_and(|line| line.contains("signature")));
    assert_eq!(answer(&server), "unsigned");
    *offered.lock().unwrap() = signed;
    wait_for("signed");
}
