//! A server whose configuration changes while it serves (`--watch-config`).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod serving;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use precinct_bundle::{Files, Limits, archive};
use precinct_transcript::waiting::{until, until_equal};
use serde_json::{Value, json};
use serving::{Client, Server};

/// An archive with `data.NAME.answer`, and nothing asked whether it can be without others.
fn bundle(name: &str, answer: &str) -> Vec<u8> {
    let policy = format!("package {name}\n\nanswer := {answer}\n\ntwice(x) := 2 * x\n");
    let manifest = json!({"roots": [name], "revision": answer});
    let mut files = Files::default();
    for (place, text) in [("p.rego", policy), (".manifest", manifest.to_string())] {
        let added = files.add(place, text.into_bytes(), &Limits::default());
        added.unwrap();
    }
    archive::write(&files).unwrap()
}

/// What a service offers: archives by their names.
type Archives = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A service that offers archives under `/bundles/NAME`; its address.
fn offer(archives: Archives) -> String {
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
    archives: Archives,
    url: String,
}

impl Setup {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archives = [
            ("one", "\"first\""),
            ("two", "\"second\""),
            ("three", "\"third\""),
            ("needy", "data.one.twice(2)"),
        ]
        .map(|(name, answer)| (name.to_owned(), bundle(name, answer)));
        let archives: Archives = Arc::new(Mutex::new(archives.into()));
        let url = offer(Arc::clone(&archives));
        Self {
            folder,
            archives,
            url,
        }
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

/// What `/health?bundles` answers.
fn health(client: &mut Client) -> (u16, String) {
    client.ask("GET", "/health?bundles", "").unwrap()
}

#[test]
fn bundles_come_change_and_go_with_the_configuration() {
    let setup = Setup::new();
    setup.configure(&[("a", "one"), ("b", "two")], "first");
    let server = Server::start(setup.folder.path(), &ARGS);
    let data = || result(&server, "/v1/data");
    let id = result(&server, "/v1/config")["labels"]["id"].clone();
    until_equal(
        data,
        &json!({"one": {"answer": "first"}, "two": {"answer": "second"}}),
    );

    // One is gone, one comes, one stays.
    setup.configure(&[("b", "two"), ("c", "three")], "next");
    until_equal(
        data,
        &json!({"three": {"answer": "third"}, "two": {"answer": "second"}}),
    );
    let labels = result(&server, "/v1/config")["labels"].clone();
    assert_eq!((&labels["stage"], &labels["id"]), (&json!("next"), &id));

    // A name that comes from elsewhere now replaces what was active under it.
    setup.configure(&[("b", "one")], "next");
    until_equal(data, &json!({"one": {"answer": "first"}}));
    assert_eq!(health(&mut Client::new(&server.address)).0, 200);

    setup.configure(&[], "next");
    until_equal(data, &json!({}));
}

#[test]
fn a_configuration_that_cannot_be_followed_changes_nothing_but_the_log() {
    let setup = Setup::new();
    setup.configure(&[("a", "one")], "first");
    let (server, log) = Server::start_heard(setup.folder.path(), "error", &ARGS);
    let data = || result(&server, "/v1/data");
    until_equal(data, &json!({"one": {"answer": "first"}}));
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
    until_equal(data, &json!({"two": {"answer": "second"}}));
}

#[test]
fn a_bundle_that_another_needs_is_not_given_up() {
    let setup = Setup::new();
    setup.configure(&[("a", "one"), ("b", "needy"), ("c", "two")], "first");
    let (server, log) = Server::start_heard(setup.folder.path(), "error", &ARGS);
    let data = || result(&server, "/v1/data");
    let stage = || result(&server, "/v1/config")["labels"]["stage"].clone();
    let whole = json!({
        "one": {"answer": "first"},
        "needy": {"answer": 4},
        "two": {"answer": "second"},
    });
    until_equal(data, &whole);

    // What nobody needs would go as well, and what is new would come: none of it happens.
    setup.configure(&[("b", "needy"), ("d", "three")], "next");
    let mut lines = log.lines().map_while(Result::ok);
    let refusal = lines.find(|line| line.contains("Failed to reload the configuration."));
    assert!(
        refusal
            .as_ref()
            .is_some_and(|line| line.contains("(a, c)")
                && line.contains("undefined function data.one.twice")),
        "{refusal:?}"
    );
    assert_eq!(data(), whole);
    assert_eq!(stage(), json!("first"));
    assert_eq!(health(&mut Client::new(&server.address)).0, 200);

    // With the one that needs it, it goes.
    setup.configure(&[("c", "two"), ("d", "three")], "last");
    let rest = json!({"two": {"answer": "second"}, "three": {"answer": "third"}});
    until_equal(data, &rest);
    assert_eq!(stage(), json!("last"));
}

#[test]
fn a_server_whose_bundles_are_active_stays_ready_until_there_is_a_new_one() {
    let setup = Setup::new();
    setup.configure(&[("a", "one"), ("b", "two")], "0");
    let server = Server::start(setup.folder.path(), &ARGS);
    let stage = || result(&server, "/v1/config")["labels"]["stage"].clone();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut client = Client::new(&server.address);
            let mut answers = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                answers.push(health(&mut client));
            }
            answers
        });
        // The label is no part of a bundle; then one comes from elsewhere, and one goes.
        let (same, other, less) = (
            [("a", "one"), ("b", "two")],
            [("a", "one"), ("b", "three")],
            [("a", "one")],
        );
        let changes: [&[(&str, &str)]; 5] = [&same, &same, &other, &other, &less];
        for (number, bundles) in (1..).zip(changes) {
            let label = number.to_string();
            setup.configure(bundles, &label);
            until_equal(stage, &json!(label));
        }
        is_over.store(true, Ordering::Relaxed);
        let answers = asking.join().unwrap();
        let unready = answers.iter().filter(|(status, _)| *status != 200).count();
        assert_eq!(unready, 0, "of {}", answers.len());
    });

    setup.configure(&[("a", "one"), ("d", "late")], "late");
    let mut client = Client::new(&server.address);
    until("the new bundle is missed", || {
        let (status, body) = health(&mut client);
        status == 500 && body.contains("not activated: d")
    });
    let late = ("late".to_owned(), bundle("late", "true"));
    setup.archives.lock().unwrap().extend([late]);
    until("all are there", || health(&mut client).0 == 200);
    assert_eq!(
        result(&server, "/v1/data"),
        json!({"one": {"answer": "first"}, "late": {"answer": true}})
    );
}
