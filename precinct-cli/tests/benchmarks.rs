//! `precinct bench`, as a whole, in part and over HTTP; each measurement takes a second.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs `precinct bench` in a folder with one policy and an input.
fn bench(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let policy = "package shop\n\nallow if input.user in data.users\n\nbroken := {\"a\": x | some x in input.many}\n";
    fs::write(folder.path().join("shop.rego"), policy).unwrap();
    fs::write(folder.path().join("data.json"), r#"{"users": ["alice"]}"#).unwrap();
    let input = r#"{"user": "alice", "many": [1, 2]}"#;
    fs::write(folder.path().join("input.json"), input).unwrap();
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .current_dir(folder.path())
        .args([
            "bench",
            "-d",
            "shop.rego",
            "-d",
            "data.json",
            "-i",
            "input.json",
        ])
        .args(args)
        .output()
        .expect("the binary starts")
}

fn figures(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    serde_json::from_str(&text).expect("a report is JSON")
}

#[test]
fn a_partial_evaluation_is_timed_under_opas_name() {
    let output = bench(&["--partial", "--format", "json", "data.shop.allow"]);
    let report = figures(&output);
    let count = &report["Extra"]["histogram_timer_rego_partial_eval_ns_count"];
    assert_eq!(count.as_f64(), report["N"].as_f64());
    assert!(report["N"].as_u64().unwrap() > 10);
}

#[test]
fn a_partial_evaluation_that_leaves_nothing_fails() {
    let output = bench(&["--partial", "-u", "data.other", "data.shop.nosuch"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text, "1 error occurred: undefined result\n");
}

#[test]
fn a_server_is_asked_and_its_own_times_are_reported() {
    for query in ["data.shop.allow", "x := data.shop.allow"] {
        let output = bench(&["--e2e", "--format", "json", query]);
        let report = figures(&output);
        let extra = &report["Extra"];
        let of_server = extra["histogram_timer_server_handler_ns_median"].as_f64();
        let of_client = report["T"].as_f64().unwrap() / report["N"].as_f64().unwrap();
        assert!(of_server.unwrap() < of_client, "{query}: {report}");
    }
}

#[test]
fn a_server_is_asked_for_partial_evaluations() {
    let output = bench(&["--e2e", "--partial", "--format", "json", "data.shop.allow"]);
    let extra = &figures(&output)["Extra"];
    assert!(
        extra["histogram_timer_rego_partial_eval_ns_median"].is_number(),
        "{extra}"
    );
}

#[test]
fn what_a_server_refuses_is_told_as_it_tells_it() {
    for (args, wanted) in [
        (&["--e2e", "data.shop.broken"][..], "eval_conflict_error"),
        (&["--e2e", "data.shop.nosuch"], "undefined result"),
        (&["--e2e", "x :="], "error occurred while parsing query"),
        (
            &["--e2e", "-d", "nosuch.rego", "data.shop.allow"],
            "nosuch.rego",
        ),
    ] {
        let output = bench(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(wanted), "{args:?}: {text}");
    }
}
