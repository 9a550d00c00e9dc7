//! `precinct conformance --kind` on small records, and `check --format annotated`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn report(folder: &Path, kind: &str) -> serde_json::Value {
    let output = run(
        folder,
        &[
            "conformance",
            "--kind",
            kind,
            "--format",
            "json",
            "cases.jsonl",
        ],
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_kind_counts_what_is_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lines = [
        // A layout that is right, one that is wrong, and a source that does not parse.
        r#"{"id":"a","rego_version":"v1","source":"package p\nx:=1","formatted":"package p\n\nx := 1\n"}"#,
        r#"{"id":"b","rego_version":"v1","source":"package p\nx:=1","formatted":"package p\n"}"#,
        r#"{"id":"c","rego_version":"v1","source":"package p\nx := ","errors":[{"code":"rego_parse_error","row":2,"message":"unexpected eof token: expected rule value term (e.g., x := <VALUE> { ... })"}]}"#,
        // Modules that compile, and a variable that gets no value.
        r#"{"id":"d","rego_version":"v1","modules":[{"name":"m","source":"package p\nx := 1"}],"errors":[]}"#,
        r#"{"id":"e","rego_version":"v1","modules":[{"name":"m","source":"package p\nx := y"}],"errors":[{"code":"rego_unsafe_var_error","row":2,"message":"var y is unsafe"}]}"#,
        r#"{"id":"f","rego_version":"v1","modules":[{"name":"m","source":"package p\nx := y"}],"errors":[]}"#,
    ];
    fs::write(folder.join("cases.jsonl"), lines.join("\n")).unwrap();
    let format = report(folder, "format");
    assert_eq!(
        (format["passed"].as_u64(), format["failed"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(format["failures"][0]["case"], "cases/b");
    let diagnostics = report(folder, "diagnostics");
    assert_eq!(
        (
            diagnostics["passed"].as_u64(),
            diagnostics["failed"].as_u64()
        ),
        (Some(2), Some(1))
    );
    assert_eq!(diagnostics["failures"][0]["case"], "cases/f");
    assert_eq!(diagnostics["skipped"], 3);
    let parse = report(folder, "parse");
    assert_eq!(parse["passed"].as_u64(), Some(2), "{parse}");
}

#[test]
fn help_stands_in_the_annotated_form_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(
        folder.join("p.rego"),
        "package p\n\na if startwith(input.x, \"y\")\n",
    )
    .unwrap();
    let shown = |format: &str| {
        let output = run(folder, &["check", "p.rego", "--format", format]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(shown("annotated").contains("help: there is a function `startswith`"));
    for format in ["pretty", "json"] {
        assert!(!shown(format).contains("help"), "{format}");
    }
}
