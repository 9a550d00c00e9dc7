//! Policies that are compiled into the server: their answers are the interpreter's.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

mod serving;

use serde_json::{Value, json};
use serving::{Client, Server};

/// Requests that are allowed, denied, stepped up, incomplete, and of wrong types.
fn inputs() -> Vec<Value> {
    let call = json!({
        "caller_spiffe_id": "spiffe://poc.local/agents/researcher/r-1/dev",
        "tool_name": "web_search",
        "destination_host": "api.openai.com",
        "model_provider": "openai",
        "session_request_count": 7,
        "step_up_verified": false,
    });
    let mut inputs = vec![
        call.clone(),
        json!({}),
        json!(null),
        json!("text"),
        json!([1, 2]),
    ];
    for (name, others) in [
        (
            "caller_spiffe_id",
            json!([
                "spiffe://poc.local/agents/mcp-client/a/dev",
                "spiffe://poc.local/gateways/mcp-security-gateway/dev",
                "/a/b/c/monitor",
                7
            ]),
        ),
        ("tool_name", json!(["execute_shell", "arxiv_search", null])),
        ("destination_host", json!(["evil.example", 443])),
        ("model_provider", json!(["anthropic", ["openai"]])),
        ("session_request_count", json!([99, 100, 1e3, "7", -1])),
        ("step_up_verified", json!([true, null, "yes"])),
    ] {
        for other in others.as_array().unwrap() {
            let mut changed = call.clone();
            changed[name] = other.clone();
            inputs.push(changed);
        }
        let mut without = call.clone();
        without.as_object_mut().unwrap().remove(name);
        inputs.push(without);
    }
    inputs
}

/// Answers without their identifiers.
fn answers(client: &mut Client) -> Vec<(String, u16, Value)> {
    let mut answers = Vec::new();
    for input in inputs() {
        let body = json!({"input": input}).to_string();
        for path in [
            "precinct/authz/allow",
            "precinct/authz/destination",
            "precinct/authz/destination/approved_destinations",
            "precinct/authz/models/allow",
            "precinct/authz/models/deny_reason",
            "precinct/authz/models/extract_class",
            "precinct/authz/ratelimit/allow",
            "precinct/authz/ratelimit/deny_reason",
            "precinct/authz/stepup/decision",
            "precinct/authz",
            "precinct/authz/nothing",
            "precinct",
            "capabilities",
            "no/such/package",
        ] {
            let (status, text) = client
                .ask("POST", &format!("/v1/data/{path}"), &body)
                .unwrap();
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            answer.as_object_mut().unwrap().remove("decision_id");
            answers.push((format!("{path} {body}"), status, answer));
        }
    }
    answers
}

/// How many decisions an engine has made.
fn decisions(client: &mut Client, engine: &str) -> u64 {
    let (_, text) = client.ask("GET", "/metrics", "").unwrap();
    let label = format!("engine=\"{engine}\"");
    text.lines()
        .filter(|line| line.contains("decisions") && line.contains(&label))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

#[test]
fn compiled_policies_answer_as_the_interpreter_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--compiled"]);
    let mut client = Client::new(&server.address);
    let native = answers(&mut client);
    assert!(decisions(&mut client, "native") > 0);
    // Another module makes the state one that is not compiled in.
    let (status, body) = client
        .ask(
            "PUT",
            "/v1/policies/more.rego",
            "package more\n\none := 1\n",
        )
        .unwrap();
    assert_eq!(status, 200, "{body}");
    let before = decisions(&mut client, "native");
    let interpreted = answers(&mut client);
    assert_eq!(decisions(&mut client, "native"), before);
    for (native, interpreted) in native.iter().zip(&interpreted) {
        assert_eq!(native, interpreted);
    }
    // Without it they are again.
    let (status, _) = client.ask("DELETE", "/v1/policies/more.rego", "").unwrap();
    assert_eq!(status, 200);
    answers(&mut client);
    assert!(decisions(&mut client, "native") > before);
}

#[test]
fn documents_that_are_written_are_seen_by_compiled_policies() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--compiled"]);
    let mut client = Client::new(&server.address);
    let ask = |client: &mut Client, path: &str| -> Value {
        let (status, text) = client.ask("GET", &format!("/v1/data/{path}"), "").unwrap();
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()["result"].clone()
    };
    assert!(ask(&mut client, "capabilities").is_array());
    let (status, body) = client
        .ask(
            "PUT",
            "/v1/data/precinct/authz/notes",
            "{\"by\": \"operator\"}",
        )
        .unwrap();
    assert_eq!(status, 204, "{body}");
    assert_eq!(
        ask(&mut client, "precinct/authz")["notes"]["by"],
        "operator"
    );
    assert!(decisions(&mut client, "native") > 0);
}

#[test]
fn files_with_the_same_policies_are_served_by_compiled_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let server = Server::start(folder.as_ref(), &["policies", "--ignore", "*_test.rego"]);
    let mut client = Client::new(&server.address);
    let (status, text) = client
        .ask("GET", "/v1/data/precinct/authz/allow", "")
        .unwrap();
    assert_eq!((status, text.contains("false")), (200, true), "{text}");
    assert_eq!(decisions(&mut client, "native"), 1);
}
