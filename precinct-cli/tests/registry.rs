//! `precinct registry`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::process::{Command, Output};

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
