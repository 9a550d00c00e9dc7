//! Any text as a module: the whole front end and the evaluation of everything in it must come to an end within their
//! bounds, without a panic, and the optimiser must not change what comes out.
//!
//! `cargo +nightly fuzz run evaluation` in `precinct-interpreter`.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_runtime::context::Bounds;
use precinct_runtime::json::Encoding;
use precinct_runtime::{Arena, Document};

const INPUT: &[u8] = br#"{"n": 3, "s": "abc", "b": true, "ns": [1, 2, 2.5], "o": {"a": 1, "b": {"c": [null]}}}"#;

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    // What talks to the network or tells the time has no place in a reproducible run.
    if ["http.", "net.", "time.now", "rand", "uuid", "opa.", "aws"]
        .iter()
        .any(|name| text.contains(name))
    {
        return;
    }
    let version = match choice % 4 {
        0 => RegoVersion::V0,
        1 => RegoVersion::V0CompatV1,
        2 => RegoVersion::V1,
        _ => RegoVersion::V2,
    };
    let answers = [false, true].map(|unoptimised| {
        let texts = vec![Text {
            name: "fuzz.rego".to_owned(),
            text: text.to_owned(),
            version: None,
        }];
        let options = PolicyOptions {
            version,
            strict: choice & 4 != 0,
            unoptimised,
            ..PolicyOptions::default()
        };
        let policy = match Policy::compile(texts, options) {
            Ok(policy) => policy,
            Err(failure) => return Some(failure.to_string()),
        };
        let document = Document::from_json(INPUT).ok()?;
        let arena = Arena::new();
        let mut context = policy
            .context(&arena)
            .with_input(Some(document.value()))
            .with_bounds(Bounds {
                fuel: Some(100_000),
                memory: 64 << 20,
                deadline: Some(Instant::now() + Duration::from_secs(5)),
                ..Bounds::default()
            });
        match policy.document("", &mut context) {
            Ok(answer) => answer.map(|value| Encoding::PLAIN.encode(value)),
            // The two spend steps and memory differently, and meet errors in different orders.
            Err(_) => None,
        }
    });
    if let [Some(one), Some(other)] = answers {
        assert_eq!(one, other, "the optimiser changed the answer");
    }
});
