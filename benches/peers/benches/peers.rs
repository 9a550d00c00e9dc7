//! The five policies from JSON: precinct's native code and regorus' interpreter.
#![allow(missing_docs, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use precinct_policies::Fields;
use precinct_policies::precinct::authz;
use precinct_runtime::Evaluator;
use regorus::{Engine, Value};

const INPUT: &str = r#"{"caller_spiffe_id":"spiffe://poc.local/agents/researcher/r-1/dev","tool_name":"web_search","destination_host":"api.openai.com","action":"tools/call","session_id":"s-1","session_request_count":7,"session_risk_score":0.25,"model_provider":"openai","step_up_verified":false}"#;

const RULES: [&str; 5] = [
    "data.precinct.authz.allow",
    "data.precinct.authz.destination.allow",
    "data.precinct.authz.models.allow",
    "data.precinct.authz.ratelimit.allow",
    "data.precinct.authz.stepup.decision",
];

fn native(evaluator: &Evaluator, input: &[u8]) -> Option<(bool, bool, bool, bool, &'static str)> {
    let fields = Fields::parse(evaluator, input).ok()?;
    Some((
        authz::allow_with(evaluator, &fields).ok()?,
        authz::destination::allow_with(evaluator, &fields).ok()?,
        authz::models::allow_with(evaluator, &fields).ok()?,
        authz::ratelimit::allow_with(evaluator, &fields).ok()?,
        authz::stepup::decision_with(evaluator, &fields).ok()??,
    ))
}

fn regorus() -> Engine {
    let mut engine = Engine::new();
    engine.set_rego_v0(false);
    for name in ["tools", "destination", "models", "ratelimit", "stepup"] {
        let path = format!("../../policies/precinct/authz/{name}.rego");
        let text = std::fs::read_to_string(&path).expect("a policy");
        engine.add_policy(path, text).expect("a valid policy");
    }
    engine
}

fn peers(criterion: &mut Criterion) {
    let mut evaluator = Evaluator::new();
    criterion.bench_function("json/native", |b| {
        b.iter(|| {
            let results = native(&evaluator, black_box(INPUT.as_bytes()));
            evaluator.reset();
            results
        });
    });
    let mut engine = regorus();
    criterion.bench_function("json/regorus", |b| {
        b.iter(|| {
            let input = Value::from_json_str(black_box(INPUT)).expect("JSON");
            engine.set_input(input);
            RULES.map(|rule| engine.eval_rule(rule.to_owned()).expect("a result"))
        });
    });
}

criterion_group!(benches, peers);
criterion_main!(benches);
