//! What is not a policy, not an input or has no end: an error that says where, and nothing left behind.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::path::Path;
use std::process::{Command, Output};

fn precinct(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_policy_that_does_not_compile_is_placed_and_nothing_is_written() {
    for (text, place) in [
        ("package p\n\nallow if {\n\tinput.x ==\n}\n", "p.rego:5"),
        ("package p\n\nallow if x == 1\n", "p.rego:3"),
        ("package p\n\na := b\n\nb := a\n", "p.rego:3"),
    ] {
        let folder = folder(&[("p.rego", text)]);
        for arguments in [
            &["check", "p.rego"][..],
            &["build", "p.rego", "-o", "bundle.tar.gz"],
            &["compile", "--target", "rust", "p.rego"],
            &["compile", "p.rego"],
            &["test", "p.rego"],
        ] {
            let output = precinct(folder.path(), arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            assert!(
                said(&output).contains(place),
                "{arguments:?}: {}",
                said(&output)
            );
            assert_eq!(names(folder.path()), ["p.rego"], "{arguments:?}");
        }
    }
}

#[test]
fn an_evaluation_without_end_is_stopped_and_the_rule_is_named() {
    let folder = folder(&[(
        "p.rego",
        "package p\n\nxs := numbers.range(1, 1000)\n\nslow := count([1 | some x in xs; some y in xs; some z in xs; x * y * z == -1])\n\nallow if slow == 0\n",
    )]);
    let output = precinct(
        folder.path(),
        &["eval", "--timeout", "300ms", "-d", "p.rego", "data.p.allow"],
    );
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(said.contains("eval_cancel_error"), "{said}");
    assert!(said.contains("data.p.slow"), "{said}");
}

#[test]
fn what_is_no_input_is_refused() {
    let folder = folder(&[
        ("broken.json", "{\"a\": [1, 2}\n"),
        ("p.rego", "package p\n\na := input.a\n"),
    ]);
    let output = precinct(
        folder.path(),
        &["eval", "-i", "broken.json", "-d", "p.rego", "data.p.a"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("unable to parse input"),
        "{}",
        said(&output)
    );
}

#[test]
fn an_unknown_path_is_undefined() {
    let folder = folder(&[("p.rego", "package p\n\na := 1\n")]);
    let output = precinct(
        folder.path(),
        &["eval", "-d", "p.rego", "data.p.no_such_rule"],
    );
    assert!(output.status.success());
    assert_eq!(said(&output), "{}\n");
}

/// Constructs inside each other, ten thousand deep.
#[test]
fn deep_nesting_is_an_error() {
    let nested = |open: &str, inner: &str, close: &str| {
        format!(
            "package p\n\na := {}{inner}{}\n",
            open.repeat(10_000),
            close.repeat(10_000)
        )
    };
    for text in [
        nested("[", "1", "]"),
        nested("(", "1", ")"),
        nested("{\"k\": ", "1", "}"),
        nested("[x | x := ", "1", "]"),
        nested("count(", "1", ")"),
        nested("x[", "1", "]"),
        nested("1 + ", "1", ""),
        format!("package p\n\na if {}b\n", "not ".repeat(10_000)),
        format!(
            "package p\n\na if {{ {}true{} }}\n",
            "every x in [1] { ".repeat(10_000),
            " }".repeat(10_000)
        ),
        format!(
            "package p\n\na := {}1{}\n",
            "$\"{".repeat(10_000),
            "}\"".repeat(10_000)
        ),
    ] {
        let folder = folder(&[("p.rego", &text)]);
        for command in ["parse", "check", "fmt"] {
            let output = precinct(folder.path(), &[command, "p.rego"]);
            let code = output.status.code();
            assert!(
                matches!(code, Some(1 | 2)),
                "{command} of {}…: {code:?} {}",
                &text[..40],
                said(&output)
            );
        }
    }
}
