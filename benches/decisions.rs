//! Decisions of the five policies: native from typed, parsed and JSON input, the interpreter, and Rust by hand.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

mod hand;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_policies::Fields;
use precinct_policies::precinct::authz;
use precinct_runtime::{Arena, Evaluator, Input};
use serde::Deserialize;

/// What the gateway knows of a call.
#[derive(Debug, Deserialize, Input)]
pub struct Call<'r> {
    pub caller_spiffe_id: &'r str,
    pub tool_name: &'r str,
    pub destination_host: &'r str,
    pub model_provider: &'r str,
    pub session_request_count: i64,
    pub step_up_verified: bool,
}

/// What the five policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Results {
    pub tool: bool,
    pub destination: bool,
    pub model: bool,
    pub budget: bool,
    pub step_up: &'static str,
}

#[inline]
fn native<'e, I: Input<'e> + Copy>(evaluator: &'e Evaluator, input: I) -> Option<Results> {
    Some(Results {
        tool: authz::allow_with(evaluator, input).ok()?,
        destination: authz::destination::allow_with(evaluator, input).ok()?,
        model: authz::models::allow_with(evaluator, input).ok()?,
        budget: authz::ratelimit::allow_with(evaluator, input).ok()?,
        step_up: authz::stepup::decision_with(evaluator, input).ok()??,
    })
}

const INPUTS: [(&str, &str); 3] = [
    (
        "allow",
        r#"{"caller_spiffe_id":"spiffe://poc.local/agents/researcher/r-1/dev","tool_name":"web_search","destination_host":"api.openai.com","action":"tools/call","session_id":"s-1","session_request_count":7,"session_risk_score":0.25,"model_provider":"openai","step_up_verified":false}"#,
    ),
    (
        "deny",
        r#"{"caller_spiffe_id":"spiffe://poc.local/agents/mcp-client/r-2/dev","tool_name":"http_get","destination_host":"files.example.net","action":"tools/call","session_id":"s-2","session_request_count":107,"session_risk_score":0.5,"model_provider":"groq","step_up_verified":false}"#,
    ),
    (
        "step_up",
        r#"{"caller_spiffe_id":"spiffe://poc.local/gateways/mcp-security-gateway/dev","tool_name":"database_write","destination_host":"api.anthropic.com","action":"tools/call","session_id":"s-3","session_request_count":3,"session_risk_score":0.1,"model_provider":"groq","step_up_verified":false}"#,
    ),
];

const PATHS: [&str; 5] = [
    "precinct/authz/allow",
    "precinct/authz/destination/allow",
    "precinct/authz/models/allow",
    "precinct/authz/ratelimit/allow",
    "precinct/authz/stepup/decision",
];

fn policy() -> Policy {
    let texts = ["tools", "destination", "models", "ratelimit", "stepup"].map(|name| Text {
        name: format!("{name}.rego"),
        text: std::fs::read_to_string(format!("policies/precinct/authz/{name}.rego")).unwrap(),
        version: None,
    });
    Policy::compile(texts.to_vec(), PolicyOptions::default()).unwrap()
}

fn decisions(criterion: &mut Criterion) {
    let policy = policy();
    for (name, json) in INPUTS {
        let call: Call<'_> = serde_json::from_str(json).unwrap();
        let mut evaluator = Evaluator::new();
        assert_eq!(native(&evaluator, &call), Some(hand::decide(&call)));
        let mut group = criterion.benchmark_group(name);
        group.bench_function("hand/typed", |b| b.iter(|| hand::decide(black_box(&call))));
        group.bench_function("native/typed", |b| {
            b.iter(|| {
                let results = native(&evaluator, black_box(&call));
                evaluator.reset();
                results
            });
        });
        group.bench_function("native/parsed", |b| {
            let evaluator = Evaluator::new();
            let input = evaluator.parse(json.as_bytes()).unwrap();
            b.iter(|| native(&evaluator, black_box(input)));
        });
        group.bench_function("hand/json", |b| {
            b.iter(|| {
                let call: Call<'_> = serde_json::from_str(black_box(json)).unwrap();
                hand::decide(&call)
            });
        });
        group.bench_function("native/json", |b| {
            b.iter(|| {
                let results = {
                    let fields = Fields::parse(&evaluator, black_box(json).as_bytes()).unwrap();
                    native(&evaluator, fields)
                };
                evaluator.reset();
                results
            });
        });
        group.bench_function("interpreter/parsed", |b| {
            let inputs = Arena::new();
            let input = precinct_runtime::json::Decoder::new(&inputs)
                .decode(json.as_bytes())
                .unwrap();
            let mut arena = Arena::new();
            b.iter(|| {
                let mut found = 0;
                for path in PATHS {
                    let mut context = policy
                        .engine()
                        .context(&arena)
                        .with_input(Some(black_box(input)));
                    found += usize::from(policy.document(path, &mut context).unwrap().is_some());
                }
                arena.reset();
                found
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
