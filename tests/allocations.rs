//! Decisions of generated code take no memory from the system once the evaluator is warm.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../benches/subjects/mod.rs"]
mod subjects;

use precinct_runtime::Evaluator;
use subjects::{Call, inputs, native, native_json};

fn allocations(mut decide: impl FnMut()) -> u64 {
    for _ in 0..3 {
        decide();
    }
    allocation_counter::measure(decide).count_total
}

#[test]
fn native_decisions_allocate_nothing() {
    for (name, json) in inputs() {
        let call: Call<'_> = serde_json::from_str(&json).unwrap();
        let mut evaluator = Evaluator::new();
        let typed = allocations(|| {
            assert!(native(&evaluator, &call).is_some());
            evaluator.reset();
        });
        let mut evaluator = Evaluator::new();
        let bytes = allocations(|| {
            assert!(native_json(&evaluator, json.as_bytes()).is_some());
            evaluator.reset();
        });
        assert_eq!((typed, bytes), (0, 0), "{name}");
    }
}
