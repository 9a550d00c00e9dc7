//! Commands that go through Rust: `new`, `compile --target rust`, `eval --engine native`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PRECINCT: &str = env!("CARGO_BIN_EXE_precinct");

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where compiled programs are kept between runs of the tests, those of `tests/conformance.rs` among them.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("native")
}

fn precinct(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PRECINCT)
        .args(arguments)
        .current_dir(folder)
        .env("PRECINCT_CACHE", cache())
        .env_remove("PRECINCT_WORKSPACE")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn cargo(folder: &Path, command: &str) -> Output {
    Command::new(env!("CARGO"))
        .args([command, "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", cache().join("target"))
        // As in the manifests of compiled programs: what both link is compiled once.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap()
}

#[test]
fn a_new_crate_builds_and_tests() {
    let folder = tempfile::tempdir().unwrap();
    let made = precinct(folder.path(), &["new", "door-policies"]);
    assert!(made.status.success(), "{}", err(&made));
    let made = folder.path().join("door-policies");
    // The versions of the dependencies are those that are there.
    std::fs::copy(workspace().join("Cargo.lock"), made.join("Cargo.lock")).unwrap();
    let tested = cargo(&made, "test");
    let (text, errors) = (out(&tested), err(&tested));
    assert!(tested.status.success(), "{text}\n{errors}");
    assert!(!errors.contains("warning"), "{errors}");
    for test in [
        "the_tests_of_the_policies_hold ... ok",
        "three_ways_in_have_one_meaning ... ok",
        "src/lib.rs - (line 3) ... ok",
    ] {
        assert!(text.contains(test), "{test}\n{text}");
    }
    let policies = precinct(&made, &["test", "policies"]);
    assert_eq!(out(&policies), "PASS: 4/4\n");
    let formatted = precinct(&made, &["fmt", "--list", "policies"]);
    assert_eq!(out(&formatted), "");
    let again = precinct(folder.path(), &["new", "door-policies"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(err(&again), "door-policies is not empty\n");

    // A policy that is added is seen, and one that is wrong stops the build at its place.
    let added = made.join("policies/added.rego");
    std::fs::write(&added, "package added\n\nallow if x == 1\n").unwrap();
    let refused = cargo(&made, "build");
    assert!(!refused.status.success());
    let place = "policies/added.rego:3: rego_unsafe_var_error: var x is unsafe";
    assert!(err(&refused).contains(place), "{}", err(&refused));
    std::fs::remove_file(&added).unwrap();
    let mended = cargo(&made, "build");
    assert!(mended.status.success(), "{}", err(&mended));
}

#[test]
fn a_builtin_whose_feature_is_off_stops_the_build_and_names_the_feature() {
    let folder = tempfile::tempdir().unwrap();
    // Not the name of the other test's crate: cargo would take what it built there, at the same time, for this one's.
    let made = precinct(folder.path(), &["new", "lean-policies"]);
    assert!(made.status.success(), "{}", err(&made));
    let made = folder.path().join("lean-policies");
    std::fs::copy(workspace().join("Cargo.lock"), made.join("Cargo.lock")).unwrap();
    let manifest = std::fs::read_to_string(made.join("Cargo.toml")).unwrap();
    let lean = manifest.replacen(
        "precinct-runtime = { ",
        "precinct-runtime = { default-features = false, ",
        1,
    );
    assert_ne!(lean, manifest);
    std::fs::write(made.join("Cargo.toml"), lean).unwrap();
    let rego = "package door\n\nsum := crypto.sha256(input.a)\n\nup := upper(input.a)\n";
    std::fs::write(made.join("policies/sum.rego"), rego).unwrap();
    let checked = cargo(&made, "check");
    let errors = err(&checked);
    assert!(!checked.status.success());
    let expected =
        "the policies call crypto.sha256: turn on the feature `crypto` of precinct-runtime";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn names_of_new_crates_are_those_that_cargo_takes() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["Doors", "7doors", "doors!", "self", "do\"ors"] {
        let made = precinct(folder.path(), &["new", name]);
        assert_eq!(made.status.code(), Some(1), "{name}");
        assert!(!folder.path().join(name).exists(), "{name}");
    }
}

const POLICY: &str = "package p\n\ndefault allow := false\n\nallow if {\n\tprint(\"asked\", input.user)\n\tinput.user in data.users\n}\n\nword := \"a\" if input.a\n\nword := \"b\" if input.b\n\nfirst contains input.list[0]\n";

#[test]
fn compiled_queries_answer_as_interpreted_ones() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("p.rego", POLICY);
    write("data.json", r#"{"users": ["alice"]}"#);
    write("alice.json", r#"{"user": "alice", "list": [{"a": 1.50}]}"#);
    write("carol.json", r#"{"user": "carol", "a": true, "b": true}"#);
    let inputs = ["alice.json", "carol.json"];
    for (input, format) in inputs
        .iter()
        .flat_map(|input| ["json", "pretty", "raw", "bindings"].map(|format| (*input, format)))
    {
        let asked = |engine: &str, query: &str| {
            let output = precinct(
                folder.path(),
                &[
                    "eval",
                    "-d",
                    "p.rego",
                    "-d",
                    "data.json",
                    "-i",
                    input,
                    "-f",
                    format,
                    "--engine",
                    engine,
                    query,
                ],
            );
            let place = |text: String| {
                let text = text.split("\n\nTraceback:").next().unwrap();
                text.trim_end().to_owned()
            };
            (out(&output), place(err(&output)), output.status.code())
        };
        let query = "x := data.p.allow; y = data.p.first";
        let native = asked("native", query);
        assert!(native.1.starts_with("asked "), "{native:?}");
        assert_eq!(native, asked("interpreter", query));
        if format != "json" {
            assert_eq!(asked("native", "data.p"), asked("interpreter", "data.p"));
        }
    }
}

#[test]
fn compiled_queries_are_not_traced() {
    let folder = tempfile::tempdir().unwrap();
    for flag in ["--coverage", "--profile", "--explain=full"] {
        let output = precinct(folder.path(), &["eval", "--engine", "native", flag, "1"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains("not traced"), "{}", err(&output));
    }
}

#[test]
fn the_rust_of_a_policy_is_shown_and_refusals_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "p.rego",
        "package p\n\nallow if input.user == \"alice\"\n\nother if input.x\n",
    );
    let rust = precinct(folder.path(), &["compile", "--target", "rust", "p.rego"]);
    let text = out(&rust);
    for part in [
        "/// allow if input.user == \"alice\"",
        "pub fn allow_json",
        "pub fn other_json",
        "DIGEST",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let one = precinct(
        folder.path(),
        &[
            "compile", "-t", "rust", "-e", "p/allow", "-o", "p.rs", "p.rego",
        ],
    );
    assert!(one.status.success(), "{}", err(&one));
    let one = std::fs::read_to_string(folder.path().join("p.rs")).unwrap();
    assert!(one.contains("pub fn allow_json") && !one.contains("other_json"));
    write("q.rego", "package q\n\nallow if x == 1\n");
    let refused = precinct(
        folder.path(),
        &["compile", "-t", "rust", "-o", "q.rs", "q.rego"],
    );
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("q.rego:3"), "{}", err(&refused));
    assert!(!folder.path().join("q.rs").exists());
}
