//! What an author of policies reads: formatted differences, trees, errors and traces, as OPA 1.22.2 prints them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Standard output, standard error and exit code of a command in a folder that holds one module.
fn ran(module: &str, args: &[&str], typed: &str) -> (String, String, i32) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.rego"), module).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_precinct"))
        .args(args)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(typed.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (text(output.stdout), text(output.stderr), code)
}

#[test]
fn errors_of_metadata_show_their_line() {
    let module = "package a\n\n# METADATA\n# title: a\n# title: b\nallow := true\n";
    let (_, stderr, code) = ran(module, &["check", "p.rego"], "");
    assert_eq!(code, 1);
    assert!(stderr.ends_with("\n\t# title: b\n\t^\n"), "{stderr}");
}

#[test]
fn a_difference_ends_its_colours_at_the_end_of_a_line() {
    let module = "package a\n\np if { input.x }\n\nq if { input.y }\n";
    let (stdout, _, _) = ran(module, &["fmt", "-d", "p.rego"], "");
    let marked = stdout.replace("\u{1b}[31m", "<").replace("\u{1b}[0m", ">");
    let want = "package a\n\np if <{ >input.x< }>\n\nq if <{ >input.y< }>\n\n";
    assert_eq!(marked, want);
}

#[test]
fn the_tree_names_negation_first() {
    let module =
        "package a\n\np if {\n\tnot input.x\n\tsprintf(\"%d\", [1]) == $\"{input.y}\"\n}\n";
    let (stdout, _, _) = ran(module, &["parse", "p.rego"], "");
    assert!(stdout.contains("expr negated index=0\n"), "{stdout}");
    assert!(stdout.contains("\"%!d(MISSING)\"\n"), "{stdout}");
    assert!(stdout.trim_end().ends_with("templatestring"), "{stdout}");
}

#[test]
fn inspect_does_not_apply_schemas() {
    let module = "# METADATA\n# schemas:\n# - input: {type: object, properties: {a: {type: string}}}\npackage a\n\np if input.b\n";
    for args in [
        &["inspect", "p.rego"][..],
        &["deps", "-d", "p.rego", "data.a.p"],
    ] {
        let (_, stderr, code) = ran(module, args, "");
        assert_eq!((stderr.as_str(), code), ("", 0), "{args:?}");
    }
}

#[test]
fn a_failing_test_leaves_no_coverage() {
    let module = "package a\n\ntest_x if 1 == 2\n\ntest_y if true\n";
    let (stdout, stderr, code) = ran(module, &["test", "--coverage", "-f", "json", "p.rego"], "");
    assert_eq!(code, 1);
    assert!(stderr.starts_with("data.a.test_x: FAIL ("), "{stderr}");
    assert!(stdout.ends_with("\nFAIL: 1/1\n"), "{stdout}");
}

#[test]
fn every_is_traced_member_by_member() {
    let module = "package e\n\np if {\n\tevery c in [1, 5] { c < 3 }\n}\n";
    let args = [
        "eval",
        "-d",
        "p.rego",
        "--explain",
        "full",
        "-f",
        "pretty",
        "data.e.p",
    ];
    let (stdout, _, _) = ran(module, &args, "");
    let steps: Vec<&str> = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("p.rego:4"))
        .map(str::trim_start)
        .collect();
    let every = "every c in __local2__ { lt(c, 3) }";
    let want = [
        "| | Eval __local2__ = [1, 5]".to_owned(),
        format!("| | Eval {every}"),
        format!("| | Enter {every}"),
        "| | | Eval __local2__[__local0__] = c".to_owned(),
        "| | | Enter lt(c, 3)".to_owned(),
        "| | | | Eval lt(c, 3)".to_owned(),
        "| | | | Exit lt(c, 3) early".to_owned(),
        "| | | Redo lt(c, 3)".to_owned(),
        "| | | | Redo lt(c, 3)".to_owned(),
        format!("| | | Redo {every}"),
        "| | | Redo __local2__[__local0__] = c".to_owned(),
        "| | | Enter lt(c, 3)".to_owned(),
        "| | | | Eval lt(c, 3)".to_owned(),
        "| | | | Fail lt(c, 3)".to_owned(),
        format!("| | | Redo {every}"),
        "| | | Redo __local2__[__local0__] = c".to_owned(),
        format!("| | | Fail {every}"),
        format!("| | Fail {every}"),
        "| | Redo __local2__ = [1, 5]".to_owned(),
    ];
    assert_eq!(steps, want);
}

#[test]
fn a_shell_evaluates_in_part_until_everything_is_known_again() {
    let typed = "unknown input\ninput.x == 1; y = 2\nunknown\n1 == 1\nunknown\n";
    let (stdout, stderr, _) = ran("package a\n", &["run"], typed);
    assert!(stdout.contains("│ Query 1 │ input.x = 1"), "{stdout}");
    let whole = stdout + &stderr;
    assert!(whole.contains("\ntrue\n"), "{whole}");
    assert!(
        whole.contains("usage: unknown <input/data reference>"),
        "{whole}"
    );
}

#[test]
fn the_shell_tells_types_of_references_then_of_variables() {
    let module = "package t\n\nc := {\"a\": [1, \"b\"]}\n\ns contains x if some x in [1, 2]\n";
    let typed = "types\ndata.t.c.a[i] = z\ninput.foo\ncount(data.t.s) > 1\ntypes\ndata.t.s\n";
    let (stdout, _, _) = ran(module, &["run", "p.rego"], typed);
    let (_, answers) = stdout.split_once("┌").unwrap();
    let told: Vec<&str> = answers
        .lines()
        .filter(|line| line.starts_with('#') || *line == "undefined")
        .collect();
    let want = [
        "# eq: (any, any) => boolean",
        "# data.t.c.a[i]: any<number, string>",
        "# i: number",
        "# z: any<number, string>",
        "undefined",
        "# input.foo: any",
        "# eq: (any, any) => boolean",
        "# data.t.s: set[number]",
        "# count: (any<string, array[any], object[any: any], set[any]>) => number",
        "# gt: (any, any) => boolean",
        "# __localq1__: set[number]",
        "# __localq0__: number",
    ];
    assert_eq!(told, want, "{stdout}");
}

#[test]
fn metadata_of_a_document_is_told_where_it_stands() {
    let module = "package a\n\ndefault p := 1\n\n# METADATA\n# scope: document\n# title: P\np := 2 if input.x\n";
    let (stdout, _, _) = ran(module, &["inspect", "-a", "p.rego"], "");
    assert!(stdout.contains("Location: p.rego:8\n"), "{stdout}");
}

#[test]
fn values_of_variables_behind_a_comprehension_are_their_own() {
    let module = "package a_test\n\ntest_a if {\n\txs := {y | some y in [1, 2]}\n\tz := 3\n\tw := 5\n\tz == w\n}\n";
    let (stdout, _, code) = ran(module, &["test", "--var-values", "p.rego"], "");
    assert_eq!(code, 2);
    let want = "  p.rego:7:\n    \tz == w\n    \t|    |\n    \t|    5\n    \t3\n";
    assert!(stdout.contains(want), "{stdout}");
}

#[test]
fn a_bundle_that_does_not_parse_is_named() {
    let wanted: [(&[&str], &str); 5] = [
        (
            &["check", "-b", "."],
            "bundle .: 1 error occurred: p.rego:4: ",
        ),
        (
            &["deps", "-b", ".", "data"],
            "bundle .: 1 error occurred: p.rego:4: ",
        ),
        (
            &["test", "-b", "."],
            "unable to load bundle .: bundle .: 1 error occurred: p.rego:4: ",
        ),
        (
            &["build", "-b", "."],
            "error: load error: bundle .: 1 error occurred: p.rego:4: ",
        ),
        (
            &["eval", "-b", ".", "data", "-f", "pretty"],
            "1 error occurred: loading error: bundle .: 1 error occurred: p.rego:4: ",
        ),
    ];
    for (args, beginning) in wanted {
        let (stdout, stderr, code) = ran("package a\n\nx if {\n", args, "");
        assert_ne!(code, 0, "{args:?}");
        let text = if stderr.is_empty() { stdout } else { stderr };
        assert!(text.starts_with(beginning), "{args:?}: {text}");
    }
}

#[test]
fn metadata_that_is_wrong_hides_no_dependencies() {
    let module = "# METADATA\n# scope: document\npackage a\n\nx if input.y\n";
    let (_, _, code) = ran(module, &["check", "p.rego"], "");
    assert_eq!(code, 1);
    let (stdout, _, code) = ran(module, &["deps", "-d", "p.rego", "data.a.x"], "");
    assert_eq!(code, 0);
    assert!(stdout.contains("input.y"), "{stdout}");
}
