//! Decisions on record: one for each evaluation, whatever way it came by, with all that is needed to make it again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod serving;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use serving::{Client, PRECINCT, Server, precinct};

const POLICY: &str = r#"package authz

default allow := {"result": "deny", "reason": "not_in_catalog"}

allow := {"result": "allow"} if input.tool_name == "search"

allow := {"result": "step_up"} if input.tool_name == "shell"

chosen := rand.intn("x", 1000000)

when := time.now_ns()

draws := [rand.intn("<x>", 1000000), uuid.rfc4122("a&b")]

divided := 1 / 0
"#;

const MAIN: &str = "package system\n\nmain := data.authz.allow.result\n";

fn audit(folder: &Path, args: &[&str]) -> Output {
    Command::new(PRECINCT)
        .arg("audit")
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn records(folder: &Path) -> Vec<Value> {
    let output = audit(folder, &["query", "--format", "jsonl"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Method, path and body of a request, and the results of the records that it leaves.
type Way = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const ALLOW: (&str, &str) = ("allow", "");
const DENY: (&str, &str) = ("deny", "not_in_catalog");
const STEP_UP: (&str, &str) = ("step_up", "step_up_required");

#[rustfmt::skip]
const WAYS: &[Way] = &[
    ("POST", "/v1/data/authz/allow", r#"{"input": {"tool_name": "search", "caller_spiffe_id": "spiffe://a/b", "session_id": "s1"}}"#, &[ALLOW]),
    ("POST", "/v1/data/authz/allow", r#"{"input": {"tool_name": "shell"}}"#, &[STEP_UP]),
    ("GET", "/v1/data/authz/allow", "", &[DENY]),
    ("POST", "/v0/data/authz/allow", r#"{"tool_name": "search"}"#, &[ALLOW]),
    ("POST", "/", r#"{"tool_name": "search"}"#, &[ALLOW]),
    ("GET", "/v1/query?q=data.authz.allow%3Dx", "", &[("deny", "policy_result_malformed")]),
    ("POST", "/v1/query", r#"{"query": "data.authz.allow.result = x", "input": {"tool_name": "search"}}"#, &[("deny", "policy_result_malformed")]),
    ("POST", "/v1/batch/data/authz/allow", r#"{"inputs": {"1": {"tool_name": "search"}, "2": {"tool_name": "none"}}}"#, &[ALLOW, DENY]),
    ("POST", "/v1/data/authz/chosen", "", &[("deny", "policy_result_malformed")]),
    ("POST", "/v1/data/authz/when", "", &[("deny", "policy_result_malformed")]),
    ("POST", "/v1/data/authz/draws", "", &[("deny", "policy_result_malformed")]),
    ("POST", "/v0/data/authz/draws", "", &[("deny", "policy_result_malformed")]),
    ("POST", "/v1/data/authz/divided", "", &[("deny", "policy_undefined")]),
    ("POST", "/v1/compile", r#"{"query": "data.authz.allow.result == \"allow\""}"#, &[("deny", "policy_result_partial")]),
    ("POST", "/v1/compile", r#"{"query": "data.authz.allow.result == \"allow\"", "input": {"a": 1}, "unknowns": ["input.tool_name"]}"#, &[("deny", "policy_result_partial")]),
    ("POST", "/v1/data/authz/nothing", "", &[("deny", "policy_undefined")]),
];

#[test]
fn each_evaluation_is_on_record_and_is_made_again_by_the_bundle_that_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/authz.rego"), POLICY).unwrap();
    fs::write(folder.join("src/main.rego"), MAIN).unwrap();
    let build = || {
        precinct(folder, &["build", "-b", "src", "-o", "bundle.tar.gz"]);
        let digest = precinct(folder, &["digest", "bundle.tar.gz"]);
        String::from_utf8(digest.stdout).unwrap().trim().to_owned()
    };
    let first = build();
    let args = ["-b", "bundle.tar.gz", "--durable-decisions"];
    let server = Server::start(folder, &args);
    let mut client = Client::new(&server.address);
    let mut want: Vec<(&str, &str)> = Vec::new();
    for (method, path, body, left) in WAYS {
        let (status, answer) = client.ask(method, path, body).unwrap();
        assert_eq!(status, 200, "{method} {path}: {answer}");
        want.extend(*left);
        let found = records(folder);
        assert_eq!(found.len(), want.len(), "{method} {path}");
    }
    let found = records(folder);
    for (record, (result, reason)) in found.iter().zip(&want) {
        assert_eq!(record["result"], *result, "{record}");
        assert_eq!(
            record["reason"].as_str().unwrap_or_default(),
            *reason,
            "{record}"
        );
        let id = record["decision_id"].as_str().unwrap();
        assert!(id.starts_with("dec-") && id.len() == 40, "{record}");
        let moment = record["timestamp"].as_str().unwrap();
        assert!(moment.len() == 24 && moment.ends_with('Z'), "{record}");
        assert_eq!(record["bundle_digest"], first, "{record}");
        assert!(
            record["metrics"]["evaluation_duration_ns"]
                .as_u64()
                .unwrap()
                > 0,
            "{record}"
        );
        // What is evaluated in part enters no rule as a whole.
        let asks_rule = record["path"] != "authz/nothing" && record["partial"].is_null();
        let rules = record["metrics"]["policy_rules_evaluated"]
            .as_u64()
            .unwrap();
        assert_eq!(rules > 0, asks_rule, "{record}");
    }
    let input =
        json!({"tool_name": "search", "caller_spiffe_id": "spiffe://a/b", "session_id": "s1"});
    assert_eq!(found[0]["input"], input);
    assert_eq!(found[0]["value"], json!({"result": "allow"}));

    // Another bundle decides from now on; what was decided before is still made again by the first.
    let changed = POLICY.replace("\"search\"", "\"find\"");
    fs::write(folder.join("src/authz.rego"), changed).unwrap();
    let second = build();
    assert_ne!(first, second);
    drop(server);
    let server = Server::start(folder, &args);
    let mut client = Client::new(&server.address);
    client.ask("GET", "/v1/data/authz/allow", "").unwrap();
    drop(server);
    let found = records(folder);
    assert_eq!(found.last().unwrap()["bundle_digest"], second);
    for record in &found {
        let id = record["decision_id"].as_str().unwrap();
        let output = audit(folder, &["replay", id]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{record}: {said}");
    }
    let intact = audit(folder, &["verify"]);
    assert!(
        String::from_utf8(intact.stdout)
            .unwrap()
            .starts_with("intact")
    );
}

/// The error of an evaluation, then and now.
const CONFLICT: &str = "package authz\n\nallow := x if some x in [1, 2]\n";

#[test]
fn an_evaluation_that_fails_is_a_deny_on_record_and_fails_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("p.rego"), CONFLICT).unwrap();
    let server = Server::start(folder, &["p.rego", "--durable-decisions"]);
    let (status, _) = Client::new(&server.address)
        .ask("GET", "/v1/data/authz/allow", "")
        .unwrap();
    assert_eq!(status, 500);
    drop(server);
    let [record] = &records(folder)[..] else {
        panic!("one record");
    };
    assert_eq!(
        (&record["result"], &record["reason"]),
        (&json!("deny"), &json!("policy_failed"))
    );
    let replayed = audit(folder, &["replay", record["decision_id"].as_str().unwrap()]);
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
}

#[test]
fn the_first_record_that_was_changed_removed_or_inserted_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("p.rego"), POLICY).unwrap();
    let mut server = Server::start(folder, &["p.rego", "--records", "decisions"]);
    let mut client = Client::new(&server.address);
    for _ in 0..4 {
        client.ask("POST", "/v1/data/authz/allow", "{}").unwrap();
    }
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    // What is buffered is written when it ends by itself.
    assert!(server.child.wait().unwrap().success());
    let found = records(folder);
    let id = |number: usize| found[number]["decision_id"].as_str().unwrap();
    let segment = fs::read_dir(folder.join("decisions"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|it| it == "jsonl"))
        .unwrap();
    let text = fs::read_to_string(&segment).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let forged = lines[2].replace("not_in_catalog", "something_else");
    for (lines, said) in [
        (
            vec![lines[0], lines[1], &forged, lines[3]],
            format!("record 2 ({}) was changed", id(2)),
        ),
        (
            vec![lines[0], lines[2], lines[3]],
            "record 1 was removed".to_owned(),
        ),
        (
            vec![lines[0], lines[1], &forged, lines[2], lines[3]],
            format!("record 2 ({}) was inserted", id(2)),
        ),
    ] {
        fs::write(&segment, lines.join("\n") + "\n").unwrap();
        let output = audit(folder, &["verify"]);
        assert_eq!(output.status.code(), Some(1));
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains(&said), "{shown} lacks {said}");
    }
}

/// What let a request in or kept it out, and what would let others in if it were on record.
const AUTHZ: &str = r#"package system.authz

default allow := {"allowed": false, "reason": "who are you?"}

allow := {"allowed": true} if input.identity == "secret"

allow := {"allowed": true} if input.path == ["health"]
"#;

#[test]
fn what_lets_requests_in_is_on_record_without_the_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("authz.rego"), AUTHZ).unwrap();
    let args = [
        "authz.rego",
        "--durable-decisions",
        "--authorization=basic",
        "--authentication=token",
    ];
    let server = Server::start(folder, &args);
    let mut client = Client::new(&server.address);
    assert_eq!(client.ask("GET", "/health", "").unwrap().0, 200);
    assert_eq!(client.ask("GET", "/v1/policies", "").unwrap().0, 401);
    let token = "Authorization: Bearer secret\r\n";
    let asked = client.ask_with(token, "GET", "/v1/policies", "").unwrap();
    assert_eq!(asked.0, 200);
    drop(server);
    let found = records(folder);
    let told: Vec<_> = found
        .iter()
        .map(|it| {
            (
                it["path"].clone(),
                it["result"].clone(),
                it["reason"].clone(),
            )
        })
        .collect();
    let path = json!("system/authz/allow");
    assert_eq!(
        told,
        [
            (path.clone(), json!("allow"), json!(null)),
            (path.clone(), json!("deny"), json!("who are you?")),
            (path, json!("allow"), json!(null)),
        ]
    );
    let replayed = |number: usize| {
        let id = found[number]["decision_id"].as_str().unwrap();
        audit(folder, &["replay", id])
    };
    assert_eq!(replayed(1).status.code(), Some(0));
    assert!(!found[2].to_string().contains("secret"), "{}", found[2]);
    assert_eq!(
        found[2]["erased"],
        json!(["/headers/Authorization", "/identity"])
    );
    let refused = replayed(2);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("it lacks /headers/Authorization"), "{said}");
}

#[test]
fn an_error_of_a_builtin_that_counted_counts_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("p.rego"), POLICY).unwrap();
    let server = Server::start(folder, &["p.rego", "--durable-decisions"]);
    let path = "/v1/data/authz/divided?strict-builtin-errors";
    let (status, _) = Client::new(&server.address).ask("POST", path, "").unwrap();
    assert_eq!(status, 500);
    drop(server);
    let [record] = &records(folder)[..] else {
        panic!("one record");
    };
    assert_eq!(record["strict_builtin_errors"], json!(true));
    let replayed = audit(folder, &["replay", record["decision_id"].as_str().unwrap()]);
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
}
