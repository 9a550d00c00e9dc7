//! A server whose configuration changes while it serves (`--watch-config`).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod serving;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serving::{Client, PRECINCT, Server};

/// An archive with `data.NAME.answer`.
fn bundle(folder: &Path, name: &str, answer: &str) -> Vec<u8> {
    let source = folder.join("src").join(name);
    fs::create_dir_all(&source).unwrap();
    let policy = format!("package {name}\n\nanswer := {answer:?}\n");
    fs::write(source.join("p.rego"), policy).unwrap();
    let manifest = json!({"roots": [name], "revision": answer});
    fs::write(source.join(".manifest"), manifest.to_string()).unwrap();
    let archive = folder.join(format!("{name}.tar.gz"));
    let built = Command::new(PRECINCT)
        .args(["build", "-b"])
        .args([&source, Path::new("-o"), &archive])
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    fs::read(archive).unwrap()
}

/// A service that offers archives under `/bundles/NAME`; its address.
fn offer(archives: Arc<Mutex<BTreeMap<String, Vec<u8>>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut first = String::new();
            let _ = reader.read_line(&mut first);
            let mut head = String::new();
            while reader.read_line(&mut head).is_ok_and(|length| length > 2) {}
            let name = first.split(' ').nth(1).unwrap_or_default();
            let name = name.trim_start_matches("/bundles/");
            let found = archives.lock().unwrap().get(name).cloned();
            let (status, body) =
                found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

/// How the server is started.
const ARGS: [&str; 4] = [
    "--config-file",
    "config.json",
    "--watch-config",
    "--ready-timeout=20",
];

struct Setup {
    folder: tempfile::TempDir,
    url: String,
}

impl Setup {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archives = [("one", "first"), ("two", "second"), ("three", "third")]
            .map(|(name, answer)| (name.to_owned(), bundle(folder.path(), name, answer)));
        let url = offer(Arc::new(Mutex::new(archives.into())));
        Self { folder, url }
    }

    /// Writes the configuration: each bundle by its name and what it is asked for as.
    fn configure(&self, bundles: &[(&str, &str)], label: &str) {
        let source = |(name, resource): &(&str, &str)| {
            let source = json!({
                "resource": format!("bundles/{resource}"),
                // Nothing that is seen soon comes from asking again.
                "polling": {"min_delay_seconds": 600, "max_delay_seconds": 600},
            });
            ((*name).to_owned(), source)
        };
        let bundles: serde_json::Map<String, Value> = bundles.iter().map(source).collect();
        let configuration = json!({
            "services": {"hub": {"url": self.url}},
            "bundles": bundles,
            "labels": {"stage": label},
        });
        self.write(&configuration.to_string());
    }

    fn write(&self, text: &str) {
        let place = self.folder.path().join("config.json");
        let beside = self.folder.path().join("config.json.new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, place).unwrap();
    }
}

fn result(server: &Server, path: &str) -> Value {
    let (_, body) = Client::new(&server.address).ask("GET", path, "").unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    body["result"].clone()
}

fn wait_for(what: impl Fn() -> Value, wanted: &Value) {
    let since = Instant::now();
    loop {
        let now = what();
        if now == *wanted {
            return;
        }
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "{now} is not {wanted}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn bundles_come_change_and_go_with_the_configuration() {
    let setup = Setup::new();
    setup.configure(&[("a", "one"), ("b", "two")], "first");
    let server = Server::start(setup.folder.path(), &ARGS);
    let data = || result(&server, "/v1/data");
    let id = result(&server, "/v1/config")["labels"]["id"].clone();
    wait_for(
        data,
        &json!({"one": {"answer": "first"}, "two": {"answer": "second"}}),
    );

    // One is gone, one comes, one stays.
    setup.configure(&[("b", "two"), ("c", "three")], "next");
    wait_for(
        data,
        &json!({"three": {"answer": "third"}, "two": {"answer": "second"}}),
    );
    let labels = result(&server, "/v1/config")["labels"].clone();
    assert_eq!((&labels["stage"], &labels["id"]), (&json!("next"), &id));

    // A name that comes from elsewhere now replaces what was active under it.
    setup.configure(&[("b", "one")], "next");
    wait_for(data, &json!({"one": {"answer": "first"}}));
    let (status, _) = Client::new(&server.address)
        .ask("GET", "/health?bundles", "")
        .unwrap();
    assert_eq!(status, 200);

    setup.configure(&[], "next");
    wait_for(data, &json!({}));
}

#[test]
fn a_configuration_that_cannot_be_followed_changes_nothing_but_the_log() {
    let setup = Setup::new();
    setup.configure(&[("a", "one")], "first");
    let (server, log) = Server::start_heard(setup.folder.path(), "error", &ARGS);
    let data = || result(&server, "/v1/data");
    wait_for(data, &json!({"one": {"answer": "first"}}));
    let mut lines = log.lines().map_while(Result::ok);
    for (text, wanted) in [
        ("{", "config error"),
        (r#"{"bundles": {"a": {"service": "nosuch"}}}"#, "nosuch"),
        (
            r#"{"services": {"hub": {"url": "http://127.0.0.1:1"}}, "decision_logs": {"reporting": {"trigger": "never"}}}"#,
            "trigger",
        ),
    ] {
        setup.write(text);
        let line = lines.find(|line| line.contains("Failed to reload the configuration."));
        assert!(
            line.as_ref().is_some_and(|line| line.contains(wanted)),
            "{text}: {line:?}"
        );
        assert_eq!(data(), json!({"one": {"answer": "first"}}), "{text}");
        assert_eq!(
            result(&server, "/v1/config")["labels"]["stage"],
            json!("first"),
            "{text}"
        );
    }
    setup.configure(&[("a", "two")], "second");
    wait_for(data, &json!({"two": {"answer": "second"}}));
}
