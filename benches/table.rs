//! The five policies as one decision, each way in turn: one line for each input and way.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

mod subjects;

use std::hint::black_box;

use precinct_runtime::{Arena, Evaluator};
use subjects::table::{Measure, run};
use subjects::{Call, entries, hand, inputs, interpreted, native, native_json, policy};

fn main() {
    let policy = policy();
    let entries = entries(&policy);
    for (name, json) in inputs() {
        let held = Arena::new();
        let input = precinct_runtime::json::Decoder::new(&held)
            .decode(json.as_bytes())
            .unwrap();
        let [mut for_typed, mut for_parsed, mut for_json] = [(); 3].map(|()| Evaluator::new());
        let mut arena = Arena::new();
        let call = serde_json::from_str::<Call<'_>>(&json).ok();
        let mut measures = Vec::new();
        if let Some(call) = &call {
            let expected = Some(hand::decide(call));
            assert_eq!(Some(hand::plain(call)), expected);
            assert_eq!(native(&for_typed, call), expected);
            assert_eq!(native_json(&for_json, json.as_bytes()), expected);
            measures.extend([
                Measure::new("typed/plain", move || hand::plain(black_box(call))),
                Measure::new("typed/hand", move || hand::decide(black_box(call))),
                Measure::new("typed/native", move || {
                    let results = native(&for_typed, black_box(call));
                    for_typed.reset();
                    results
                }),
                Measure::new("json/plain", || {
                    let call: Call<'_> =
                        serde_json::from_slice(black_box(json.as_bytes())).unwrap();
                    hand::plain(&call)
                }),
                Measure::new("json/hand", || {
                    let call: Call<'_> =
                        serde_json::from_slice(black_box(json.as_bytes())).unwrap();
                    hand::decide(&call)
                }),
            ]);
        }
        measures.push(Measure::new("json/native", || {
            let results = native_json(&for_json, black_box(json.as_bytes()));
            for_json.reset();
            results
        }));
        measures.push(Measure::new("parsed/native", move || {
            let results = native(&for_parsed, black_box(input));
            for_parsed.reset();
            results
        }));
        measures.push(Measure::new("parsed/interpreter", || {
            let found = interpreted(&policy, &entries, &arena, black_box(input));
            arena.reset();
            found
        }));
        run(&name, &mut measures);
    }
}
