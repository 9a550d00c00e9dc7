//! What the benchmarks decide: the five policies as one decision, on inputs from a folder.
//!
//! * [`hand`]: the same by hand
//! * [`table`]: measures that alternate in one process
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each benchmark takes its part, and may panic"
)]

pub mod hand;
pub mod table;

use std::path::PathBuf;

use precinct_interpreter::{FunctionId, Policy, PolicyOptions, Text};
use precinct_policies::Fields;
use precinct_policies::precinct::authz;
use precinct_runtime::{Arena, Evaluator, Input, Value};
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

/// All five decisions by the generated code; `None` is an undefined one.
#[inline]
pub fn native<'e, I: Input<'e> + Copy>(evaluator: &'e Evaluator, input: I) -> Option<Results> {
    Some(Results {
        tool: authz::allow_with(evaluator, input).ok()?,
        destination: authz::destination::allow_with(evaluator, input).ok()?,
        model: authz::models::allow_with(evaluator, input).ok()?,
        budget: authz::ratelimit::allow_with(evaluator, input).ok()?,
        step_up: authz::stepup::decision_with(evaluator, input).ok()??,
    })
}

/// The same from bytes.
#[inline]
pub fn native_json(evaluator: &Evaluator, json: &[u8]) -> Option<Results> {
    native(evaluator, Fields::parse(evaluator, json).ok()?)
}

/// The names of the five decisions.
pub const PATHS: [&str; 5] = [
    "precinct/authz/allow",
    "precinct/authz/destination/allow",
    "precinct/authz/models/allow",
    "precinct/authz/ratelimit/allow",
    "precinct/authz/stepup/decision",
];

/// The numbers that the interpreter knows the five decisions under.
pub fn entries(policy: &Policy) -> [FunctionId; 5] {
    PATHS.map(|path| policy.engine().entrypoint(path).unwrap())
}

/// How many of the five are defined, by the interpreter.
pub fn interpreted<'a>(
    policy: &'a Policy,
    entries: &[FunctionId; 5],
    arena: &'a Arena,
    input: Value<'a>,
) -> usize {
    let engine = policy.engine();
    let mut context = engine.context(arena).with_input(Some(input));
    entries
        .iter()
        .filter(|entry| matches!(engine.evaluate(**entry, &mut context), Ok(Some(_))))
        .count()
}

fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.ancestors()
        .find(|folder| folder.join("policies/precinct").exists())
        .unwrap()
        .to_owned()
}

/// File names and texts of the five policies.
pub fn sources() -> Vec<(String, String)> {
    ["tools", "destination", "models", "ratelimit", "stepup"]
        .iter()
        .map(|name| {
            let path = root().join(format!("policies/precinct/authz/{name}.rego"));
            (
                format!("{name}.rego"),
                std::fs::read_to_string(path).unwrap(),
            )
        })
        .collect()
}

/// The five policies for the interpreter.
pub fn policy() -> Policy {
    let texts = sources()
        .into_iter()
        .map(|(name, text)| Text {
            name,
            text,
            version: None,
        })
        .collect();
    Policy::compile(texts, PolicyOptions::default()).unwrap()
}

/// Names and texts of the inputs: those of `benches/inputs`, or of the folder that `PRECINCT_INPUTS` names.
pub fn inputs() -> Vec<(String, String)> {
    let folder = std::env::var_os("PRECINCT_INPUTS")
        .map_or_else(|| root().join("benches/inputs"), PathBuf::from);
    let mut inputs: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (
                name,
                std::fs::read_to_string(path).unwrap().trim().to_owned(),
            )
        })
        .collect();
    inputs.sort();
    inputs
}
