//! Decisions of generated code take no memory from the system once the evaluator is warm.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../benches/subjects/mod.rs"]
mod subjects;

use precinct_runtime::{Arena, Evaluator};
use subjects::{Call, entries, inputs, interpreted, native, native_json, policy};

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

#[test]
fn interpreted_decisions_allocate_nothing() {
    let policy = policy();
    let entries = entries(&policy);
    for (name, json) in inputs() {
        let held = Arena::new();
        let input = precinct_runtime::json::Decoder::new(&held)
            .decode(json.as_bytes())
            .unwrap();
        let mut arena = Arena::new();
        let count = allocations(|| {
            assert_eq!(interpreted(&policy, &entries, &arena, input), 5);
            arena.reset();
        });
        assert_eq!(count, 0, "{name}");
    }
}
