//! A function of the host program, called by a policy: once by compiled Rust, once by the interpreter.
//!
//! `cargo run --example host_function`

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use precinct_interpreter::capabilities::{capabilities, declared};
use precinct_interpreter::{Policy, PolicyOptions, Text, hosts};
use precinct_runtime::builtin::{Outcome, operand};
use precinct_runtime::context::{HostFunction, HostFunctions};
use precinct_runtime::{Arena, Context, Evaluator, Value};

#[allow(dead_code, reason = "one of many ways into the policy is called")]
mod policies {
    include!(concat!(env!("OUT_DIR"), "/host.rs"));
}

/// `accounts.balance(user)`: undefined for users without an account.
struct Balance(HashMap<&'static str, i64>);

impl HostFunction for Balance {
    fn call<'a>(&self, _: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
        let user = operand::string(args, 1)?;
        Ok(self.0.get(user).map(|balance| Value::int(*balance)))
    }
}

const REQUESTS: [&str; 3] = [
    r#"{"user": "alice", "cost": 30}"#,
    r#"{"user": "bob", "cost": 30}"#,
    r#"{"user": "carol", "cost": 30}"#,
];

fn functions() -> HostFunctions {
    let balance: Arc<dyn HostFunction> =
        Arc::new(Balance(HashMap::from([("alice", 40), ("bob", 7)])));
    let mut functions = hosts().clone();
    functions.insert("accounts.balance".to_owned(), balance);
    functions
}

/// The answers of the Rust that the build script generated.
fn compiled(functions: HostFunctions) -> Result<Vec<bool>, Box<dyn Error>> {
    let mut evaluator = Evaluator::new().with_functions(Arc::new(functions));
    let mut answers = Vec::new();
    for request in REQUESTS {
        answers.push(policies::quota::allow_json_with(
            &evaluator,
            request.as_bytes(),
        )?);
        evaluator.reset();
    }
    Ok(answers)
}

/// The answers of the interpreter.
fn interpreted(functions: &HostFunctions) -> Result<Vec<bool>, Box<dyn Error>> {
    let mut known = capabilities().as_ref().clone();
    known.add(declared("accounts.balance", "(user: string) => number"));
    let options = PolicyOptions {
        capabilities: Arc::new(known),
        ..PolicyOptions::default()
    };
    let text = Text {
        name: "quota.rego".to_owned(),
        text: include_str!("host/quota.rego").to_owned(),
        version: None,
    };
    let policy = Policy::compile(vec![text], options)?;
    let mut answers = Vec::new();
    for request in REQUESTS {
        let arena = Arena::new();
        let input = precinct_runtime::json::Decoder::new(&arena).decode(request.as_bytes())?;
        let mut context = policy.context(&arena).with_input(Some(input));
        context.host = Some(functions);
        let answer = policy.document("quota/allow", &mut context)?;
        answers.push(answer.is_some_and(Value::is_truthy));
    }
    Ok(answers)
}

fn main() -> Result<(), Box<dyn Error>> {
    let functions = functions();
    let (one, other) = (interpreted(&functions)?, compiled(functions)?);
    assert_eq!(one, other, "both engines give the same answers");
    for (request, allowed) in REQUESTS.iter().zip(one) {
        println!("{request}: {}", if allowed { "allowed" } else { "refused" });
    }
    Ok(())
}
