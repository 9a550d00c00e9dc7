//! `precinct registry`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod serving;

use std::path::Path;
use std::process::{Command, Output};

use precinct_transcript::waiting;
use serving::{Client, Server};

const REGISTRY: &str = "capabilities:
  - id: web-search
    description: Searches the web
    adapter: mcp
    protocol: stdio
    tools:
      allow: [web_search, arxiv_search]
    authorization: {action: tools/call, resource: mcp/*}
    rate_limit: {requests_per_minute: 60}
  - id: shell
    adapter: cli
    protocol: exec
    tools:
      allow: [execute_shell]
    step_up: true
    step_up_method: human_approval
";

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .arg("registry")
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn folder(registry: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("capabilities.yaml"), registry).unwrap();
    folder
}

#[test]
fn a_tool_is_explained() {
    let folder = folder(REGISTRY);
    let output = run(folder.path(), &["explain", "web_search"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for part in [
        "web-search",
        "mcp over stdio",
        "tools/call on mcp/*",
        "60 requests per minute",
        "arxiv_search",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let output = run(folder.path(), &["explain", "execute_shell", "-f", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["step_up_method"], "human_approval");
}

#[test]
fn an_unknown_tool_is_denied_and_the_nearest_is_named() {
    let folder = folder(REGISTRY);
    let output = run(folder.path(), &["explain", "web_serach"]);
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(
        message.contains("denied") && message.contains("\"web_search\""),
        "{message}"
    );
}

#[test]
fn a_registry_is_listed_and_checked() {
    let folder = folder(REGISTRY);
    let list = text(&run(folder.path(), &["list"]).stdout);
    assert!(
        list.contains("human_approval") && list.contains("arxiv_search"),
        "{list}"
    );
    let check = run(folder.path(), &["check"]);
    assert_eq!(
        text(&check.stdout),
        "capabilities.yaml: 2 capabilities, 3 tools\n"
    );
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let folder = folder(&REGISTRY.replace("step_up: true", "stepup: true"));
    let output = run(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(
        message.contains("capabilities.yaml:15:") && message.contains("stepup"),
        "{message}"
    );
}

#[test]
fn each_mistake_is_named_with_its_place() {
    for (right, wrong, said) in [
        (
            "step_up: true",
            "stepup: true",
            "15:5: a capability has no field \"stepup\"",
        ),
        (
            "id: shell",
            "id: web-search",
            "10:5: capability \"web-search\" is already defined in line 2",
        ),
        (
            "[execute_shell]",
            "[execute_shell, web_search]",
            "14:30: tool \"web_search\" is already in capability \"web-search\"",
        ),
        (
            "protocol: exec",
            "protocol: exec\n    endpoint: ftp://x",
            "13:15: \"endpoint\" must be an http or https address, found \"ftp://x\"",
        ),
        (
            "adapter: cli",
            "adapter: cli\n    adapter: mcp",
            "10:5: capabilities[1]: duplicate entry with key \"adapter\"",
        ),
        (
            "adapter: cli",
            "description: x",
            "the capability lacks the field \"adapter\"",
        ),
        (
            "requests_per_minute: 60",
            "requests_per_minute: 0",
            "must be a whole number from 1",
        ),
        (
            "step_up: true",
            "step_up: perhaps",
            "\"step_up\" must be true or false",
        ),
        (
            "{action: tools/call, resource: mcp/*}",
            "{action: tools/call}",
            "lacks the field \"resource\"",
        ),
    ] {
        assert!(REGISTRY.contains(right), "{right}");
        let folder = folder(&REGISTRY.replacen(right, wrong, 1));
        let output = run(folder.path(), &["check"]);
        assert_eq!(output.status.code(), Some(1), "{wrong}");
        let message = text(&output.stderr);
        assert!(
            message.contains("capabilities.yaml:") && message.contains(said),
            "{message} lacks {said}"
        );
    }
}

const POLICY: &str = "package p

adapter := capability.adapter if {
    some capability in data.capabilities
    input.tool in capability.tools.allow
}
";

fn asked(server: &Server) -> String {
    let (_, body) = Client::new(&server.address)
        .ask(
            "POST",
            "/v1/data/p/adapter",
            r#"{"input": {"tool": "arxiv_search"}}"#,
        )
        .unwrap();
    body.trim().to_owned()
}

#[test]
fn a_registry_is_exchanged_with_its_bundle_and_a_wrong_one_changes_nothing() {
    let folder = folder(REGISTRY);
    std::fs::write(folder.path().join("p.rego"), POLICY).unwrap();
    let server = Server::start(folder.path(), &["--watch", "-b", "."]);
    assert_eq!(asked(&server), r#"{"result":"mcp"}"#);
    let wait_for = |wanted: &str| waiting::until_equal(|| asked(&server), wanted);
    let give = |text: &str| std::fs::write(folder.path().join("capabilities.yaml"), text).unwrap();
    // The tool moves to another adapter by the registry alone.
    let moved = REGISTRY
        .replace("[web_search, arxiv_search]", "[web_search]")
        .replace("[execute_shell]", "[execute_shell, arxiv_search]");
    give(&moved);
    wait_for(r#"{"result":"cli"}"#);
    let failures = || {
        let (_, body) = Client::new(&server.address)
            .ask("GET", "/metrics", "")
            .unwrap();
        let rejected = body
            .lines()
            .find(|line| line.contains("outcome=\"rejected\""));
        rejected.map(str::to_owned)
    };
    let before = failures();
    give(&REGISTRY.replace("id: shell", "id: web-search"));
    waiting::until("the registry is refused", || failures() != before);
    assert_eq!(asked(&server), r#"{"result":"cli"}"#);
}

#[test]
fn a_bundle_is_built_with_its_registry_or_not_at_all() {
    let folder = folder(REGISTRY);
    std::fs::write(folder.path().join("p.rego"), POLICY).unwrap();
    let precinct = |args: &[&str]| {
        let mut command = Command::new(serving::PRECINCT);
        command
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let build = ["build", "-b", ".", "-o", "made.tar.gz"];
    assert!(precinct(&build).status.success());
    std::fs::rename(
        folder.path().join("made.tar.gz"),
        folder.path().join("first.tar.gz"),
    )
    .unwrap();
    let asked = [
        "eval",
        "-b",
        "first.tar.gz",
        "-f",
        "raw",
        "data.capabilities[1].step_up_method",
    ];
    assert_eq!(text(&precinct(&asked).stdout), "human_approval\n");
    let wrong = REGISTRY.replace("id: shell", "id: web-search");
    std::fs::write(folder.path().join("capabilities.yaml"), wrong).unwrap();
    let refused = text(&precinct(&build).stdout);
    assert!(
        refused.contains("capabilities.yaml:10:5: capability \"web-search\""),
        "{refused}"
    );
}

#[test]
fn a_wrong_registry_is_refused_by_whoever_reads_it() {
    let folder = folder(&REGISTRY.replace("id: shell", "id: web-search"));
    std::fs::write(folder.path().join("p.rego"), POLICY).unwrap();
    std::fs::write(folder.path().join("input.json"), "{}").unwrap();
    let said = "capabilities.yaml:10:5: capability \"web-search\" is already defined in line 2";
    for args in [
        &["check", "."][..],
        &["check", "-b", "."],
        &["check", "p.rego", "capabilities.yaml"],
        &["eval", "-d", ".", "data.p"],
        &["eval", "-b", ".", "data.p"],
        &["eval", "-d", "capabilities.yaml", "data.capabilities"],
        &["test", "."],
        &["build", "."],
        &["exec", "--decision", "p/adapter", "-b", ".", "input.json"],
        &["run", "--server", "--addr", "127.0.0.1:0", "."],
        &[
            "run",
            "--server",
            "--addr",
            "127.0.0.1:0",
            "p.rego",
            "capabilities.yaml",
        ],
        &["run", "--server", "--addr", "127.0.0.1:0", "-b", "."],
    ] {
        let output = Command::new(serving::PRECINCT)
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(!output.status.success(), "{args:?}: {shown}");
        assert!(shown.replace('\\', "").contains(said), "{args:?}: {shown}");
    }
    // Elsewhere among the documents it is a document as any other.
    let asked = [
        "eval",
        "-d",
        "x:capabilities.yaml",
        "-f",
        "raw",
        "data.x.capabilities[1].id",
    ];
    let output = Command::new(serving::PRECINCT)
        .args(asked)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "web-search\n");
}

#[test]
fn a_registry_beside_loose_policies_is_taken_up_when_it_changes_and_a_wrong_one_is_not() {
    let folder = folder(REGISTRY);
    std::fs::write(folder.path().join("p.rego"), POLICY).unwrap();
    let server = Server::start(folder.path(), &["--watch", "."]);
    assert_eq!(asked(&server), r#"{"result":"mcp"}"#);
    let give = |text: &str| std::fs::write(folder.path().join("capabilities.yaml"), text).unwrap();
    give(&REGISTRY.replace("adapter: mcp", "adapter: mpc\n    adaptor: x"));
    let refused = || {
        let (_, body) = Client::new(&server.address)
            .ask("GET", "/metrics", "")
            .unwrap();
        body.lines()
            .any(|line| line.contains("outcome=\"rejected\"") && !line.ends_with(" 0"))
    };
    waiting::until("the registry is refused", refused);
    assert_eq!(asked(&server), r#"{"result":"mcp"}"#);
    give(&REGISTRY.replace("adapter: mcp", "adapter: openai_compat"));
    waiting::until_equal(|| asked(&server), r#"{"result":"openai_compat"}"#);
}
