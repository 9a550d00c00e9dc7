//! Decisions of the five policies: native from typed, parsed and JSON input, the interpreter, and Rust by hand.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

mod subjects;

use std::hint::black_box;
use std::num::NonZero;

use criterion::{Criterion, criterion_group, criterion_main};
use precinct_runtime::{Arena, Evaluator, evaluate_many};
use subjects::{Call, entries, hand, inputs, interpreted, native, native_json, policy};

fn decisions(criterion: &mut Criterion) {
    let policy = policy();
    let entries = entries(&policy);
    for (name, json) in inputs() {
        let Ok(call) = serde_json::from_str::<Call<'_>>(&json) else {
            println!("{name} is no call of the gateway: see the table");
            continue;
        };
        let mut evaluator = Evaluator::new();
        assert_eq!(native(&evaluator, &call), Some(hand::decide(&call)));
        let mut group = criterion.benchmark_group(&name);
        group.bench_function("hand/typed", |b| b.iter(|| hand::decide(black_box(&call))));
        group.bench_function("native/typed", |b| {
            b.iter(|| {
                let results = native(&evaluator, black_box(&call));
                evaluator.reset();
                results
            });
        });
        group.bench_function("native/parsed", |b| {
            let inputs = Arena::new();
            let input = precinct_runtime::json::Decoder::new(&inputs)
                .decode(json.as_bytes())
                .unwrap();
            let mut evaluator = Evaluator::new();
            b.iter(|| {
                let results = native(&evaluator, black_box(input));
                evaluator.reset();
                results
            });
        });
        group.bench_function("hand/json", |b| {
            b.iter(|| {
                let call: Call<'_> = serde_json::from_slice(black_box(json.as_bytes())).unwrap();
                hand::decide(&call)
            });
        });
        group.bench_function("native/json", |b| {
            b.iter(|| {
                let results = native_json(&evaluator, black_box(json.as_bytes()));
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
                let found = interpreted(&policy, &entries, &arena, black_box(input));
                arena.reset();
                found
            });
        });
        group.finish();
    }
}

/// Ten thousand calls from bytes, on one thread and on all.
fn batch(criterion: &mut Criterion) {
    let texts: Vec<String> = inputs()
        .into_iter()
        .map(|(_, json)| json)
        .cycle()
        .take(10_000)
        .collect();
    let all = std::thread::available_parallelism().unwrap();
    let mut group = criterion.benchmark_group("batch");
    group.throughput(criterion::Throughput::Elements(10_000));
    for threads in [NonZero::<usize>::MIN, all] {
        group.bench_function(format!("{threads} threads"), |b| {
            b.iter(|| {
                evaluate_many(&texts, threads, |evaluator, json| {
                    native_json(evaluator, json.as_bytes()).is_some()
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, batch);
criterion_main!(benches);
