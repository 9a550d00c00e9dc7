//! The five policies as one decision: precinct, Rust by hand with the fastest JSON crate, and regorus' two engines.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "../../subjects/mod.rs"]
mod subjects;

use std::hint::black_box;

use precinct_runtime::{Arena, Evaluator};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use subjects::table::{Measure, run};
use subjects::{Call, entries, hand, inputs, interpreted, native_json, policy, sources};

const RULES: [&str; 5] = [
    "data.precinct.authz.allow",
    "data.precinct.authz.destination.allow",
    "data.precinct.authz.models.allow",
    "data.precinct.authz.ratelimit.allow",
    "data.precinct.authz.stepup.decision",
];

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.set_rego_v0(false);
    for (name, text) in sources() {
        engine.add_policy(name, text).unwrap();
    }
    engine
}

/// Regorus' machine, with one entry point for each rule.
fn machine() -> RegoVM {
    let compiled = engine()
        .compile_with_entrypoint(&Rc::from(RULES[0]))
        .unwrap();
    let program = Compiler::compile_from_policy(&compiled, &RULES).unwrap();
    let mut machine = RegoVM::new();
    machine.load_program(program);
    machine
}

fn on_machine(machine: &mut RegoVM, input: Value) -> [Value; 5] {
    machine.set_input(input);
    [0, 1, 2, 3, 4].map(|entry| machine.execute_entry_point_by_index(entry).unwrap())
}

fn main() {
    let policy = policy();
    let entries = entries(&policy);
    let mut engine = engine();
    let [mut machine, mut for_json] = [(); 2].map(|()| machine());
    for (name, json) in inputs() {
        let value = Value::from_json_str(&json).unwrap();
        engine.set_input(value.clone());
        let expected = RULES.map(|rule| engine.eval_rule(rule.to_owned()).unwrap());
        assert_eq!(on_machine(&mut machine, value.clone()), expected);
        let held = Arena::new();
        let input = precinct_runtime::json::Decoder::new(&held)
            .decode(json.as_bytes())
            .unwrap();
        let mut evaluator = Evaluator::new();
        let mut arena = Arena::new();
        let mut measures = Vec::new();
        if serde_json::from_str::<Call<'_>>(&json).is_ok() {
            measures.extend([
                Measure::new("json/hand", || {
                    let call: Call<'_> = serde_json::from_slice(black_box(json.as_bytes())).unwrap();
                    hand::decide(&call)
                }),
                Measure::new("json/hand-sonic", || {
                    let call: Call<'_> = sonic_rs::from_slice(black_box(json.as_bytes())).unwrap();
                    hand::decide(&call)
                }),
            ]);
        }
        measures.extend([
            Measure::new("json/native", || {
                let results = native_json(&evaluator, black_box(json.as_bytes()));
                evaluator.reset();
                results
            }),
            Measure::new("json/regorus", || {
                engine.set_input(Value::from_json_str(black_box(&json)).unwrap());
                RULES.map(|rule| engine.eval_rule(rule.to_owned()).unwrap())
            }),
            Measure::new("json/regorus-vm", || {
                let input = Value::from_json_str(black_box(&json)).unwrap();
                on_machine(&mut for_json, input)
            }),
            Measure::new("parsed/regorus-vm", || {
                on_machine(&mut machine, black_box(&value).clone())
            }),
            Measure::new("parsed/interpreter", || {
                let found = interpreted(&policy, &entries, &arena, black_box(input));
                arena.reset();
                found
            }),
        ]);
        run(&name, &mut measures);
    }
}
