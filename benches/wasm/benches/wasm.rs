//! The five policies as one decision: precinct from JSON bytes, and OPA's Wasm target in wasmtime.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "../../subjects/mod.rs"]
mod subjects;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use precinct_runtime::Evaluator;
use precinct_wasm_peer::{Policy, build};
use subjects::table::{Measure, run};
use subjects::{inputs, native_json};

fn main() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources: Vec<PathBuf> = ["tools", "destination", "models", "ratelimit", "stepup"]
        .map(|name| own.join(format!("../../policies/precinct/authz/{name}.rego")))
        .into();
    sources.push(own.join("all.rego"));
    let folder = tempfile::tempdir().unwrap();
    let mut policy = Policy::load(&build(&sources, folder.path()).unwrap()).unwrap();
    for (name, json) in inputs() {
        let mut evaluator = Evaluator::new();
        let ours = native_json(&evaluator, json.as_bytes()).unwrap();
        let theirs: serde_json::Value =
            serde_json::from_slice(policy.decide(json.as_bytes()).unwrap()).unwrap();
        let expected = serde_json::json!([{
            "result": [ours.tool, ours.destination, ours.model, ours.budget, ours.step_up]
        }]);
        assert_eq!(theirs, expected, "{name}");
        run(
            &name,
            &mut [
                Measure::new("json/native", || {
                    let results = native_json(&evaluator, black_box(json.as_bytes()));
                    evaluator.reset();
                    results
                }),
                Measure::new("json/wasm", || {
                    policy.decide(black_box(json.as_bytes())).unwrap().len()
                }),
            ],
        );
    }
}
