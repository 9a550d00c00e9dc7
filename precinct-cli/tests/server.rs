//! The server under load: changed, killed, and told to end.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod serving;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serving::{Client, PRECINCT, Server};

fn policy(number: usize) -> String {
    format!("package p\n\none := {number}\n\nother := {number}\n\nboth := [one, other]\n")
}

#[test]
fn no_request_fails_or_mixes_policies_while_they_are_exchanged() {
    const RELOADS: usize = 1_000;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.rego"), policy(0)).unwrap();
    let server = Server::start(folder.path(), &["p.rego"]);
    let done = AtomicBool::new(false);
    let asked = thread::scope(|scope| {
        let ask = || {
            let mut client = Client::new(&server.address);
            let (mut count, mut newest) = (0_usize, 0_usize);
            while !done.load(Ordering::Relaxed) {
                let (status, body) = client.ask("POST", "/v1/data/p/both", "{}").unwrap();
                assert_eq!(status, 200, "{body}");
                let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
                let [one, other] = [0, 1]
                    .map(|at| usize::try_from(answer["result"][at].as_u64().unwrap()).unwrap());
                assert_eq!(one, other, "two policies in one answer");
                assert!(one >= newest, "an older policy came back");
                newest = one;
                count += 1;
            }
            count
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        let mut operator = Client::new(&server.address);
        for number in 1..=RELOADS {
            // Every tenth change is one that can't be activated: it must change nothing.
            if number % 10 == 0 {
                let (status, _) = operator
                    .ask("PUT", "/v1/policies/p.rego", "package p\n\none := two\n")
                    .unwrap();
                assert_eq!(status, 400);
            }
            let (status, body) = operator
                .ask("PUT", "/v1/policies/p.rego", &policy(number))
                .unwrap();
            assert_eq!(status, 200, "{body}");
        }
        done.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum::<usize>()
    });
    println!("{asked} decisions over {RELOADS} reloads");
    assert!(asked > 0);
}

#[test]
fn decisions_go_on_while_large_documents_are_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let text = "package p\n\nversion := data.version if input.user in data.users\n";
    std::fs::write(folder.path().join("p.rego"), text).unwrap();
    let documents = |version: usize| {
        let users: Vec<String> = (0..1_000_000).map(|n| format!("\"user {n}\"")).collect();
        format!(
            r#"{{"version": {version}, "users": [{}]}}"#,
            users.join(",")
        )
    };
    let file = folder.path().join("data.json");
    std::fs::write(&file, documents(1)).unwrap();
    let server = Server::start(folder.path(), &["--watch", "p.rego", "data.json"]);
    let mut client = Client::new(&server.address);
    let mut ask = || {
        let since = Instant::now();
        let body = r#"{"input": {"user": "user 7"}}"#;
        let (status, body) = client.ask("POST", "/v1/data/p/version", body).unwrap();
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        (answer["result"].as_u64().unwrap(), since.elapsed())
    };
    assert_eq!(ask().0, 1);
    let beside = folder.path().join("data.new");
    std::fs::write(&beside, documents(2)).unwrap();
    let changed = Instant::now();
    std::fs::rename(&beside, &file).unwrap();
    let mut waits = Vec::new();
    loop {
        let (version, wait) = ask();
        waits.push(wait);
        if version == 2 {
            break;
        }
        assert!(changed.elapsed() < Duration::from_mins(1), "never");
    }
    let (taken, longest) = (changed.elapsed(), *waits.iter().max().unwrap());
    println!(
        "{} decisions in {taken:?}, the longest {longest:?}",
        waits.len()
    );
    assert!(
        longest * 2 < taken,
        "a decision waited {longest:?} of {taken:?}"
    );
}

#[test]
fn every_answered_decision_is_on_record_when_the_server_is_killed() {
    const RUNS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let text = "package p\n\nallow if input.user == \"alice\"\n";
    std::fs::write(folder.path().join("p.rego"), text).unwrap();
    let mut answered = BTreeSet::new();
    for run in 0..RUNS {
        let mut server = Server::start(folder.path(), &["--durable-decisions", "p.rego"]);
        let address = server.address.clone();
        let ids = thread::scope(|scope| {
            let ask = || {
                let mut client = Client::new(&address);
                let mut ids = Vec::new();
                let body = r#"{"input": {"user": "alice"}}"#;
                while let Some((status, body)) = client.ask("POST", "/v1/data/p/allow", body) {
                    assert_eq!(status, 200, "{body}");
                    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
                    ids.push(answer["decision_id"].as_str().unwrap().to_owned());
                }
                ids
            };
            let clients: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            let moment = u64::try_from(40 + run * 7).unwrap();
            thread::sleep(Duration::from_millis(moment));
            server.child.kill().unwrap();
            server.child.wait().unwrap();
            clients
                .into_iter()
                .flat_map(|client| client.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(!ids.is_empty(), "run {run}: nothing was answered");
        answered.extend(ids);
    }
    let audit = |args: &[&str]| {
        let output = Command::new(PRECINCT)
            .arg("audit")
            .args(args)
            .args(["--store", "decisions"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let recorded: BTreeSet<String> = audit(&["query", "--format", "jsonl"])
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|record| Some(record["decision_id"].as_str()?.to_owned()))
        .collect();
    let missing: Vec<_> = answered.difference(&recorded).collect();
    assert!(missing.is_empty(), "answered and not recorded: {missing:?}");
    assert!(audit(&["verify"]).starts_with("intact"));
    println!("{} answered, {} recorded", answered.len(), recorded.len());
}

#[test]
fn a_changed_file_is_taken_up_soon() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.rego");
    std::fs::write(&file, policy(0)).unwrap();
    let server = Server::start(folder.path(), &["--watch", "p.rego"]);
    let mut client = Client::new(&server.address);
    let mut times = Vec::new();
    for number in 1..=20 {
        let beside = folder.path().join("p.new");
        std::fs::write(&beside, policy(number)).unwrap();
        let changed = Instant::now();
        std::fs::rename(&beside, &file).unwrap();
        let want = format!("{{\"result\":{number}}}\n");
        loop {
            let (_, body) = client.ask("POST", "/v1/data/p/one", "{}").unwrap();
            if body.contains(&format!("\"result\":{number},")) || body == want {
                break;
            }
            assert!(changed.elapsed() < Duration::from_secs(10), "{body}");
        }
        times.push(changed.elapsed());
    }
    times.sort();
    println!("from a changed file to its first decision: {:?}", times[10]);
}

/// Takes about a second.
const SLOW: &str = "package slow

n := count([1 |
\tsome a in numbers.range(1, 3000)
\tsome b in numbers.range(1, 1000)
\ta * b == input.x
])
";

#[test]
fn a_server_that_is_told_to_end_answers_what_it_was_asked_before() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slow.rego"), SLOW).unwrap();
    let mut server = Server::start(folder.path(), &["slow.rego"]);
    let address = server.address.clone();
    let asked = thread::spawn(move || {
        let body = r#"{"input": {"x": 7}}"#;
        let answer = Client::new(&address).ask("POST", "/v1/data/slow/n", body);
        (answer, Instant::now())
    });
    thread::sleep(Duration::from_millis(200));
    let told = Instant::now();
    let pid = server.child.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(kill.unwrap().success());
    let (answer, answered) = asked.join().unwrap();
    assert!(answered > told, "it was answered too soon to tell");
    assert_eq!(answer, Some((200, "{\"result\":2}\n".to_owned())));
    assert!(server.child.wait().unwrap().success());
    assert!(TcpStream::connect(&server.address).is_err());
}

#[test]
fn a_request_that_is_known_to_take_long_keeps_no_other_waiting() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slow.rego"), SLOW).unwrap();
    std::fs::write(folder.path().join("p.rego"), policy(1)).unwrap();
    let args = ["--threads", "1", "slow.rego", "p.rego"];
    let server = Server::start(folder.path(), &args);
    let slow = || {
        let body = r#"{"input": {"x": 7}}"#;
        let answer = Client::new(&server.address).ask("POST", "/v1/data/slow/n", body);
        assert_eq!(answer, Some((200, "{\"result\":2}\n".to_owned())));
        Instant::now()
    };
    slow();
    thread::scope(|scope| {
        let asked = [scope.spawn(slow), scope.spawn(slow)];
        thread::sleep(Duration::from_millis(100));
        let (status, _) = Client::new(&server.address)
            .ask("POST", "/v1/data/p/one", "{}")
            .unwrap();
        let answered = Instant::now();
        assert_eq!(status, 200);
        for slow in asked {
            assert!(slow.join().unwrap() > answered, "it waited, or slow is not");
        }
    });
}

#[test]
fn a_socket_in_the_file_system_is_for_whom_its_mode_says_and_goes_with_its_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.rego"), policy(1)).unwrap();
    let args = [
        "--addr",
        "unix://here.sock",
        "--unix-socket-perm",
        "700",
        "p.rego",
    ];
    let mut server = Server::start(folder.path(), &args);
    let socket = folder.path().join("here.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let mut stream = UnixStream::connect(&socket).unwrap();
    let request = "GET /v1/data/p/one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("{\"result\":1}\n"), "{answer}");
    let pid = server.child.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(kill.unwrap().success());
    assert!(server.child.wait().unwrap().success());
    assert!(!socket.exists());
}

#[test]
fn a_path_below_a_document_does_not_fail_for_what_stands_at_other_keys() {
    let folder = tempfile::tempdir().unwrap();
    let module = r#"package p

r[k] := v if some k, v in {"a": 1, "b": [{"c": 2}]}

r.z := [1, 2][_]
"#;
    std::fs::write(folder.path().join("p.rego"), module).unwrap();
    let server = Server::start(folder.path(), &["p.rego"]);
    let mut client = Client::new(&server.address);
    let mut ask = |path: &str| {
        let (status, body) = client.ask("POST", path, "{}").unwrap();
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        (status, answer.get("result").cloned())
    };
    assert_eq!(ask("/v1/data/p/r/a"), (200, Some(1.into())));
    assert_eq!(ask("/v1/data/p/r/b/0/c"), (200, Some(2.into())));
    assert_eq!(ask("/v1/data/p/r/x"), (200, None));
    assert_eq!(ask("/v1/data/p/r/z"), (500, None));
    assert_eq!(ask("/v1/data/p/r"), (500, None));
}

#[test]
fn a_server_that_is_to_wait_for_its_bundles_does_not_start_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(PRECINCT)
        .args(["run", "--server", "--addr", "127.0.0.1:0"])
        .args(["--ready-timeout", "1", "--log-level", "error"])
        // Nobody listens at port 1.
        .args(["--set", "services.hub.url=http://127.0.0.1:1"])
        .args(["--set", "bundles.rules.service=hub"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("to be ready within 1 s, found bundle in state NOT_READY"),
        "{text}"
    );
}
