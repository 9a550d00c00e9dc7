//! How the command answers arguments that do not fit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Output, Stdio};

fn precinct(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .args(args)
        .output()
        .expect("the binary starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

#[test]
fn version_names_the_build_and_the_language() {
    let output = precinct(&["version"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(&format!("Version: {}\n", env!("CARGO_PKG_VERSION"))));
    assert!(text.contains("\nRego Version: v1\n"));
}

#[test]
fn an_unknown_flag_is_named_and_ends_with_code_1() {
    for (args, wanted) in [
        (
            ["version", "-f"],
            "Error: unknown shorthand flag: 'f' in -f\nUsage:\n",
        ),
        (
            ["version", "--nosuch"],
            "Error: unknown flag: --nosuch\nUsage:\n",
        ),
    ] {
        let output = precinct(&args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr(&output).starts_with(wanted), "{}", stderr(&output));
    }
}

#[test]
fn an_unknown_command_ends_with_code_1() {
    let output = precinct(&["nosuch"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("Error: unknown command \"nosuch\" for \"precinct\"\n"));
}

#[test]
fn a_reader_that_has_enough_is_no_reason_to_panic() {
    // More than a pipe holds, so that some of it is written when nobody reads any more.
    let mut child = Command::new(env!("CARGO_BIN_EXE_precinct"))
        .args(["capabilities", "--current"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(141), "as for a signal");
}

#[test]
fn flags_that_are_not_given_are_taken_from_the_environment() {
    let eval = |args: &[&str], variable: (&str, &str)| {
        let output = Command::new(env!("CARGO_BIN_EXE_precinct"))
            .args(["eval"])
            .args(args)
            .env(variable.0, variable.1)
            .output()
            .expect("the binary starts");
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let format = "OPA_EVAL_FORMAT";
    assert_eq!(
        eval(&["1 + 1"], (format, "raw")),
        (Some(0), "2\n".to_owned())
    );
    // What is given counts, and an empty variable is none.
    let (_, given) = eval(&["-f", "bindings", "x := 2"], (format, "raw"));
    assert!(given.contains("\"x\": 2"), "{given}");
    let (_, empty) = eval(&["1 + 1"], (format, ""));
    assert!(empty.contains("\"result\""), "{empty}");
    let fails = eval(&["data.nosuch"], ("OPA_EVAL_FAIL", "true"));
    assert_eq!(fails.0, Some(1));
    // Those of other commands are not looked at.
    let others = eval(&["data.nosuch"], ("OPA_TEST_FAIL", "true"));
    assert_eq!(others.0, Some(0));
    let (code, _) = eval(&["1 + 1"], (format, "nosuch"));
    assert_eq!(code, Some(1));
}

#[test]
fn a_command_of_commands_alone_shows_what_it_can_do() {
    let output = precinct(&["refactor"]);
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("  move ")
    );
}
