//! `precinct audit` over a store that was written by the library.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::process::{Command, Output};

use precinct_audit::{Bundles, Decision, Metrics, Options, Outcome, Store};
use precinct_bundle::{Files, Limits, archive};
use serde_json::value::RawValue;

const POLICY: &str = r#"package authz

allow := input.tool_name == "search"

when := time.now_ns()

chosen := rand.intn("x", 1000)
"#;

fn raw(value: &serde_json::Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

/// A store of four decisions, made by one bundle.
fn store(folder: &Path) {
    let mut files = Files::default();
    let limits = Limits::default();
    files
        .add("authz.rego", POLICY.as_bytes().to_vec(), &limits)
        .unwrap();
    let digest = Bundles::beside(folder)
        .unwrap()
        .keep(&archive::write(&files).unwrap())
        .unwrap();
    let store = Store::open(folder, Options::default()).unwrap();
    let rows = [
        (
            "dec-1",
            "spiffe://a/agents/x/dev",
            "search",
            "authz/allow",
            "true",
        ),
        (
            "dec-2",
            "spiffe://a/agents/y/dev",
            "shell",
            "authz/allow",
            "false",
        ),
        (
            "dec-3",
            "spiffe://a/agents/y/dev",
            "shell",
            "authz/allow",
            "true",
        ),
        ("dec-4", "spiffe://a/gateway", "shell", "authz/chosen", "7"),
    ];
    for (number, (id, caller, tool, path, value)) in rows.into_iter().enumerate() {
        let result = if tool == "search" {
            Outcome::Allow
        } else {
            Outcome::Deny
        };
        let decision = Decision {
            decision_id: id.into(),
            timestamp: format!("2026-02-2{number}T10:00:00.000Z"),
            bundle_digest: digest.to_string(),
            path: path.into(),
            query: String::new(),
            result,
            reason: (result == Outcome::Deny).then(|| "not_in_catalog".into()),
            input: Some(raw(&serde_json::json!({
                "caller_spiffe_id": caller, "tool_name": tool, "session_id": "s1"
            }))),
            value: Some(raw(&serde_json::from_str(value).unwrap())),
            nd_builtin_cache: (path == "authz/chosen")
                .then(|| raw(&serde_json::json!({"rand.intn": {"[\"x\",1000]": 7}}))),
            strict_builtin_errors: false,
            partial: None,
            erased: Vec::new(),
            metrics: Metrics::default(),
        };
        store.append(&decision).unwrap();
    }
    store.flush().unwrap();
}

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .arg("audit")
        .args(args)
        .arg("--store")
        .arg(folder)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn ids(folder: &Path, args: &[&str]) -> Vec<String> {
    let mut all = vec!["query", "--format", "jsonl"];
    all.extend(args);
    stdout(&run(folder, &all))
        .lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["decision_id"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn records_are_found_by_each_of_their_properties() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    store(folder);
    let cases: [(&[&str], &[&str]); 15] = [
        (&[], &["dec-1", "dec-2", "dec-3", "dec-4"]),
        (&["--spiffe-id", "spiffe://a/gateway"], &["dec-4"]),
        (
            &["--spiffe-id", "spiffe://a/agents/*/dev"],
            &["dec-1", "dec-2", "dec-3"],
        ),
        (&["--since", "2026-02-22"], &["dec-3", "dec-4"]),
        (&["--until", "2026-02-21T10:00:00Z"], &["dec-1"]),
        (&["--result", "allow"], &["dec-1"]),
        (&["--reason", "not_in_catalog", "--limit", "1"], &["dec-4"]),
        (&["--tool", "search"], &["dec-1"]),
        (&["--decision-id", "dec-2"], &["dec-2"]),
        (&["--session", "s2"], &[]),
        (&["--session", "s1", "--limit", "2"], &["dec-3", "dec-4"]),
        (&["--spiffe-id", "spiffe://a/agents/*"], &[]),
        (
            &["--spiffe-id", "spiffe://a/**"],
            &["dec-1", "dec-2", "dec-3", "dec-4"],
        ),
        (&["--reason", "not_in"], &[]),
        (
            &[
                "--tool",
                "shell",
                "--until",
                "2026-02-22",
                "--result",
                "deny",
            ],
            &["dec-2"],
        ),
    ];
    for (args, want) in cases {
        assert_eq!(ids(folder, args), want, "{args:?}");
    }
    let digest = stdout(&run(folder, &["query", "--format", "csv"]));
    let digest = digest.trim_end().rsplit(',').next().unwrap().to_owned();
    let start = digest.get(..20).unwrap();
    assert_eq!(ids(folder, &["--bundle-digest", start]).len(), 4);
}

#[test]
fn results_and_reasons_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let table = stdout(&run(folder.path(), &["query"]));
    assert!(table.contains("4 decisions: 1 allow, 3 deny"), "{table}");
    for (caller, shown) in [
        ("spiffe://a/gateway", "1 decision: 1 deny"),
        ("spiffe://b", "0 decisions"),
    ] {
        let table = stdout(&run(folder.path(), &["query", "--spiffe-id", caller]));
        assert!(table.contains(shown), "{table}");
    }
    let counts = stdout(&run(folder.path(), &["query", "-c", "--format", "jsonl"]));
    assert_eq!(
        counts.trim_end(),
        r#"{"total":4,"results":{"allow":1,"deny":3},"reasons":{"not_in_catalog":3}}"#
    );
    let csv = stdout(&run(
        folder.path(),
        &["query", "--count", "--format", "csv"],
    ));
    assert!(csv.contains("reason,not_in_catalog,3\r\n"), "{csv}");
}

#[test]
fn what_can_not_be_asked_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let cases: [(&[&str], &str); 7] = [
        (
            &["--since", "2026-02-22", "--until", "2026-02-22"],
            "--since 2026-02-22T00:00:00Z is not before --until 2026-02-22T00:00:00Z",
        ),
        (
            &["--since", "yesterday"],
            "expected a date (2026-02-21) or RFC 3339",
        ),
        (
            &["--until", "2026-02-30"],
            "expected a date (2026-02-21) or RFC 3339",
        ),
        (
            &["--bundle-digest", "sha256:xyz"],
            "expected `sha256:` and up to 64 of 0-9a-f",
        ),
        (&["--result", "maybe"], "expected allow, deny or step_up"),
        (&["--limit=-1"], "--limit"),
        (&["--format", "xml"], "must be one of {table,jsonl,csv}"),
    ];
    for (args, expected) in cases {
        let output = run(folder.path(), &[&["query"], args].concat());
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "{args:?}: {message}");
    }
    let output = run(&folder.path().join("elsewhere"), &["query"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("elsewhere: No such file or directory"),
        "{message}"
    );
}

#[test]
fn a_line_that_is_no_record_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let segment = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|it| it == "jsonl"))
        .unwrap();
    let text = std::fs::read_to_string(&segment).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    std::fs::write(&segment, format!("{first}\nnonsense\n{rest}")).unwrap();
    for format in ["table", "jsonl", "csv"] {
        for limit in ["10", ""] {
            let mut args = vec!["query", "--format", format];
            if !limit.is_empty() {
                args.extend(["--limit", limit]);
            }
            let output = run(folder.path(), &args);
            assert_eq!(output.status.code(), Some(1), "{args:?}");
            let text = stdout(&output);
            for id in ["dec-1", "dec-2", "dec-3", "dec-4"] {
                assert!(text.contains(id), "{args:?}: {text}");
            }
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(
                message.contains(".jsonl:2: not a decision record")
                    && message.contains("1 line was passed over"),
                "{message}"
            );
        }
    }
    assert_eq!(
        run(folder.path(), &["replay", "dec-2"]).status.code(),
        Some(0)
    );
}

#[test]
fn a_decision_is_made_again_by_the_bundle_that_made_it() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let code = |id| run(folder.path(), &["replay", id]).status.code();
    assert_eq!(code("dec-1"), Some(0));
    assert_eq!(code("dec-2"), Some(0));
    assert_eq!(
        code("dec-3"),
        Some(1),
        "it was recorded with another answer"
    );
    assert_eq!(
        code("dec-4"),
        Some(0),
        "the noted answer takes the place of the call"
    );
    assert_eq!(code("dec-9"), Some(2));
    let bundles = folder.path().join("bundles");
    for entry in std::fs::read_dir(&bundles).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let output = run(folder.path(), &["replay", "dec-1"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("is not kept beside the records"),
        "{message}"
    );
}

#[test]
fn the_first_record_that_was_tampered_with_is_named() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let whole = run(folder.path(), &["verify"]);
    assert_eq!(whole.status.code(), Some(0));
    let text = stdout(&whole);
    let newest = text.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert!(text.starts_with("intact: 4 records"), "{text}");
    assert_eq!(
        run(folder.path(), &["verify", "--head", &newest])
            .status
            .code(),
        Some(0)
    );
    let other = format!("sha256:{}", "0".repeat(64));
    assert_eq!(
        run(folder.path(), &["verify", "--head", &other])
            .status
            .code(),
        Some(1)
    );
    let segment = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|it| it == "jsonl"))
        .unwrap();
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replacen("\"shell\"", "\"chess\"", 1)).unwrap();
    let broken = run(folder.path(), &["verify"]);
    assert_eq!(broken.status.code(), Some(1));
    let text = stdout(&broken);
    assert!(
        text.contains("dec-2") && text.contains("was changed"),
        "{text}"
    );
}
