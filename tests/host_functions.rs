//! Functions of the host program: what they answer and what happens without them, on both engines.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::collections::HashMap;
use std::sync::Arc;

use precinct_interpreter::capabilities::{capabilities, declared};
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_runtime::builtin::{Outcome, operand};
use precinct_runtime::context::{HostFunction, HostFunctions};
use precinct_runtime::{Arena, Context, Evaluator, Value, json};

#[allow(dead_code, reason = "one of many ways into the policy is called")]
mod policies {
    include!(concat!(env!("OUT_DIR"), "/host.rs"));
}

struct Balance;

impl HostFunction for Balance {
    fn call<'a>(&self, _: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
        let user = operand::string(args, 1)?;
        Ok((user == "alice").then(|| Value::int(40)))
    }
}

fn functions() -> HostFunctions {
    let balance: Arc<dyn HostFunction> = Arc::new(Balance);
    HashMap::from([("accounts.balance".to_owned(), balance)])
}

/// The answer to a path of the example's policy, or the error, from both engines.
fn answers(path: &str, input: &str, functions: Option<HostFunctions>) -> [String; 2] {
    let functions = functions.map(Arc::new);
    let mut evaluator = Evaluator::new();
    if let Some(functions) = &functions {
        evaluator = evaluator.with_functions(Arc::clone(functions));
    }
    let compiled = match policies::evaluate_with(&evaluator, path, input.as_bytes()) {
        Ok(answer) => answer.map_or("undefined".to_owned(), json::to_string),
        Err(error) => error.to_string(),
    };
    let mut known = capabilities().as_ref().clone();
    known.add(declared("accounts.balance", "(user: string) => number"));
    let options = PolicyOptions {
        capabilities: Arc::new(known),
        ..PolicyOptions::default()
    };
    let text = Text {
        name: "examples/host/quota.rego".to_owned(),
        text: include_str!("../examples/host/quota.rego").to_owned(),
        version: None,
    };
    let policy = Policy::compile(vec![text], options).unwrap();
    let arena = Arena::new();
    let input = json::Decoder::new(&arena).decode(input.as_bytes()).unwrap();
    let mut context = policy.context(&arena).with_input(Some(input));
    context.host = functions.as_deref();
    let interpreted = match policy.document(path, &mut context) {
        Ok(answer) => answer.map_or("undefined".to_owned(), json::to_string),
        Err(error) => error.to_string(),
    };
    [compiled, interpreted]
}

#[test]
fn both_engines_call_what_the_program_registered() {
    let input = r#"{"user": "alice", "cost": 30}"#;
    assert_eq!(
        answers("quota/allow", input, Some(functions())),
        ["true"; 2]
    );
    assert_eq!(
        answers("quota/unknown", input, Some(functions())),
        ["undefined"; 2]
    );
    let input = r#"{"user": "bob", "cost": 30}"#;
    assert_eq!(
        answers("quota/allow", input, Some(functions())),
        ["false"; 2]
    );
    assert_eq!(
        answers("quota/unknown", input, Some(functions())),
        ["true"; 2]
    );
}

#[test]
fn a_function_that_nobody_registered_ends_the_evaluation() {
    let input = r#"{"user": "alice", "cost": 30}"#;
    for error in answers("quota/allow", input, None) {
        assert!(
            error.contains("eval_internal_error: unsupported built-in: accounts.balance"),
            "{error}"
        );
        assert!(error.contains("quota.rego:6"), "{error}");
    }
}
