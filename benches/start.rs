//! From the bytes of a bundle to a decision: the five policies, in a process that has done it before and in its first
//! time.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

mod subjects;

use std::hint::black_box;
use std::time::Instant;

use precinct_bundle::{Bundle, Files, Limits, archive};
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_runtime::Arena;
use precinct_runtime::json::Decoder;
use subjects::table::{Measure, run};
use subjects::{entries, inputs, interpreted, sources};

fn packed() -> Vec<u8> {
    let mut files = Files::default();
    for (name, text) in sources() {
        let path = format!("precinct/authz/{name}");
        files
            .add(&path, text.into_bytes(), &Limits::default())
            .unwrap();
    }
    archive::write(&files).unwrap()
}

fn unpacked(archive: &[u8]) -> Bundle {
    Bundle::read(&archive::read(archive, &Limits::default()).unwrap()).unwrap()
}

fn compiled(bundle: &Bundle) -> Policy {
    let texts = bundle.modules.iter().map(|module| Text {
        name: module.path.clone(),
        text: module.text.clone(),
        version: None,
    });
    Policy::compile(texts.collect(), PolicyOptions::default()).unwrap()
}

/// Unpacks, compiles and decides once, so that nothing is left for the first request.
fn ready(archive: &[u8], input: &[u8]) -> usize {
    let bundle = unpacked(archive);
    let policy = compiled(&bundle);
    let arena = Arena::new();
    let input = Decoder::new(&arena).decode(input).unwrap();
    interpreted(&policy, &entries(&policy), &arena, input)
}

fn main() {
    let archive = packed();
    let (_, input) = inputs().into_iter().next().unwrap();
    let start = Instant::now();
    let defined = ready(black_box(&archive), input.as_bytes());
    let first = start.elapsed();
    assert_eq!(defined, 5);
    if std::env::args().all(|argument| argument != "--only") {
        println!(
            "start                first                {} ns",
            first.as_nanos()
        );
    }
    let bundle = unpacked(&archive);
    run(
        "start",
        &mut [
            Measure::new("unpack", || unpacked(black_box(&archive))),
            Measure::new("compile", || compiled(black_box(&bundle))),
            Measure::new("ready", || ready(black_box(&archive), input.as_bytes())),
        ],
    );
}
