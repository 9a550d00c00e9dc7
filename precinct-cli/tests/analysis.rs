//! `inspect`, `deps`, `oracle` and `refactor` beyond what the recordings show.
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

fn json(folder: &Path, args: &[&str]) -> serde_json::Value {
    let output = run(folder, args);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The paths of a list of references, as text.
fn paths(list: &serde_json::Value) -> Vec<String> {
    let part = |part: &serde_json::Value| part["value"].as_str().unwrap_or_default().to_owned();
    let path = |path: &serde_json::Value| {
        path.as_array()
            .unwrap()
            .iter()
            .map(part)
            .collect::<Vec<_>>()
            .join(".")
    };
    list.as_array().into_iter().flatten().map(path).collect()
}

#[test]
fn variables_stand_for_what_they_are_bound_to() {
    let policy = "package p

f(x) := x + input.k

allow if {
	y := data.base
	y.a.b == input.q
	some z in input.list
	z > data.limits[z].low
	f(z)
} else := 3 if input.other
";
    let folder = folder(&[("p.rego", policy)]);
    let found = json(
        folder.path(),
        &["deps", "-d", "p.rego", "-f", "json", "data.p.allow"],
    );
    assert_eq!(
        paths(&found["base"]),
        [
            "data.base.a.b",
            "data.limits",
            "input.k",
            "input.list",
            "input.other",
            "input.q"
        ]
    );
    assert_eq!(paths(&found["virtual"]), ["data.p.allow", "data.p.f"]);
}

#[test]
fn variables_that_are_bound_to_parts_of_each_other_come_to_an_end() {
    let policy = "package p\n\na if {\n\tx = data.a\n\ty = x.c\n\tx = y.b\n\tz = x\n}\n";
    let folder = folder(&[("p.rego", policy)]);
    let found = json(
        folder.path(),
        &["deps", "-d", "p.rego", "-f", "json", "data.p.a"],
    );
    assert!(paths(&found["base"]).contains(&"data.a".to_owned()));
}

#[test]
fn needs_name_builtins_keywords_and_features() {
    let policy = "package p\n\nimport future.keywords.not\n\na if {\n\tx := lower(input.x)\n\tx == $\"{input.y}\"\n}\n";
    let folder = folder(&[("p.rego", policy)]);
    let found = json(folder.path(), &["inspect", "-f", "json", "p.rego"]);
    let needs = &found["capabilities"];
    let names: Vec<&str> = needs["builtins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|builtin| builtin["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["assign", "eq", "equal", "internal.template_string", "lower"]
    );
    assert_eq!(needs["future_keywords"], serde_json::json!(["not"]));
    assert_eq!(
        needs["features"],
        serde_json::json!(["rego_v1", "template_strings"])
    );
}

#[test]
fn definitions_are_found_of_variables_rules_and_imports() {
    let policy = "package p

import data.lib.names

f(x) if {
	y := x
	y == names[0]
	g
}

g if true
";
    let folder = folder(&[("p.rego", policy)]);
    let find = |text: &str, nth: usize| {
        let offset = policy.match_indices(text).nth(nth).unwrap().0;
        let position = format!("p.rego:{offset}");
        let found = json(
            folder.path(),
            &["oracle", "find-definition", &position, "-b", "."],
        );
        found["result"]["row"].as_u64()
    };
    assert_eq!(find("x\n", 0), Some(5), "the parameter");
    assert_eq!(find("y ==", 0), Some(6), "the assignment");
    assert_eq!(find("names[0]", 0), Some(3), "the import");
    assert_eq!(find("g\n}", 0), Some(11), "the rule");
}

#[test]
fn moves_that_would_tear_a_document_apart_are_refused() {
    let policy = "package p\n\na := data.lib[input.x]\n";
    let folder = folder(&[("p.rego", policy)]);
    let output = run(
        folder.path(),
        &["refactor", "move", "-p", "data.lib.foo:data.new", "p.rego"],
    );
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("p.rego:3") && message.contains("is too short"),
        "{message}"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("p.rego")).unwrap(),
        policy
    );
}

#[test]
fn pruning_spares_modules_as_in_opa() {
    // OPA prunes what it plans, and no target of Rego; what the two options say is recorded from `opa build`.
    let folder = folder(&[
        ("a.rego", "package a\n\nallow if data.b.ok\n"),
        ("b.rego", "package b\n\nok if input.x\n"),
        ("c.rego", "package c\n\nunused := 1\n"),
    ]);
    for optimize in ["0", "1"] {
        let build = [
            "build",
            ".",
            "-e",
            "a/allow",
            "-O",
            optimize,
            "--prune-unused",
            "-o",
            "out.tar.gz",
        ];
        assert!(run(folder.path(), &build).status.success());
        let found = json(folder.path(), &["inspect", "-f", "json", "out.tar.gz"]);
        let names: Vec<&String> = found["namespaces"].as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            ["data", "data.a", "data.b", "data.c"],
            "-O {optimize}"
        );
        fs::remove_file(folder.path().join("out.tar.gz")).unwrap();
    }
}
