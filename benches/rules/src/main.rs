//! Decisions of policies with many rules: nanoseconds of both engines, for 10, 1,000 and 10,000 rules of a kind.
//!
//! `precinct-rules write FOLDER` writes the policies and inputs for `benches/peers/opa`, which measures the same on OPA.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_runtime::json::Decoder;
use precinct_runtime::{Arena, Evaluator, Value};

mod policies {
    include!("policies.rs");
}

/// A compiled policy.
type Native = for<'e> fn(&'e Evaluator, Value<'e>) -> bool;

include!(concat!(env!("OUT_DIR"), "/natives.rs"));

const ROUNDS: usize = 21;
const ROUND_NS: f64 = 4e6;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, folder] = &arguments[..]
        && command == "write"
    {
        write(Path::new(folder));
        return;
    }
    for (kind, size, native) in NATIVES {
        if arguments.get(1).is_some_and(|only| only != kind) {
            continue;
        }
        for (name, json) in policies::inputs(kind, *size) {
            measure(kind, *size, name, &json, *native);
        }
    }
}

fn write(folder: &Path) {
    for kind in policies::KINDS {
        for size in policies::SIZES {
            let folder = folder.join(format!("{kind}-{size}"));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("policy.rego"), policies::policy(kind, size)).unwrap();
            for (name, json) in policies::inputs(kind, size) {
                std::fs::write(folder.join(format!("{name}.json")), json).unwrap();
            }
        }
    }
}

fn measure(kind: &str, size: usize, name: &str, json: &str, native: Native) {
    let held = Arena::new();
    let input = Decoder::new(&held).decode(json.as_bytes()).unwrap();
    let text = Text {
        name: "policy.rego".to_owned(),
        text: policies::policy(kind, size),
        version: None,
    };
    let policy = Policy::compile(vec![text], PolicyOptions::default()).unwrap();
    let entry = policy.engine().entrypoint("rules/allow").unwrap();
    let mut arena = Arena::new();
    let mut evaluator = Evaluator::new();
    let expected = name == "last";
    let mut interpreted = || {
        let engine = policy.engine();
        let mut context = engine.context(&arena).with_input(Some(input));
        let found = engine.evaluate(entry, &mut context);
        let allowed = matches!(found, Ok(Some(Value::Bool(true))));
        drop(context);
        arena.reset();
        allowed
    };
    let mut compiled = || {
        let allowed = native(&evaluator, black_box(input));
        evaluator.reset();
        allowed
    };
    assert_eq!(interpreted(), expected, "{kind} {size} {name}, interpreter");
    assert_eq!(compiled(), expected, "{kind} {size} {name}, native");
    let of_native = least(&mut compiled);
    let of_interpreter = least(&mut interpreted);
    println!(
        "{kind:<10} {size:>6} {name:<5} native {of_native:>12.1} ns  interpreter {of_interpreter:>12.1} ns"
    );
}

/// The least time of some rounds.
fn least(decide: &mut dyn FnMut() -> bool) -> f64 {
    let mut times = 1;
    while taken(decide, times) < ROUND_NS / 4.0 && times < 1 << 20 {
        times *= 2;
    }
    (0..ROUNDS)
        .map(|_| taken(decide, times) / times as f64)
        .fold(f64::INFINITY, f64::min)
}

fn taken(decide: &mut dyn FnMut() -> bool, times: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        black_box(decide());
    }
    start.elapsed().as_nanos() as f64
}
