//! What becomes active: the bytes that were verified, and nothing older than what was active before.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod serving;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

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
    let since = Instant::now();
    while reloads() == before {
        assert!(since.elapsed() < Duration::from_secs(20), "{before:?}");
        thread::sleep(Duration::from_millis(10));
    }
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
