//! Any text: reading, rendering errors, JSON and formatting must come to an end without a panic, and what was
//! formatted must be read again.
//!
//! `cargo +nightly fuzz run syntax` in `precinct-rego`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use precinct_rego::ast::RegoVersion;
use precinct_rego::ast::json::{JsonOptions, module_json};
use precinct_rego::format::{FormatOptions, format_module, format_source};
use precinct_rego::render::render;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module, parse_query};

fuzz_target!(|input: (u8, &str)| {
    let (version, text) = input;
    let version = match version % 4 {
        0 => RegoVersion::V0,
        1 => RegoVersion::V0CompatV1,
        2 => RegoVersion::V1,
        _ => RegoVersion::V2,
    };
    let mut sources = Sources::default();
    let id = sources.add("fuzz.rego", text);
    let options = ParseOptions::new(version).with_annotations();
    if let Err(errors) = parse_query(&sources, id, &options) {
        render(&errors, &sources, true);
    }
    let module = match parse_module(&sources, id, &options) {
        Ok(module) => module,
        Err(errors) => {
            render(&errors, &sources, true);
            return;
        }
    };
    for locations in [false, true] {
        let options = JsonOptions {
            locations,
            comments: true,
        };
        module_json(&module, &sources, options);
    }
    for rule in &module.rules {
        let _ = rule.to_string();
    }
    let options = FormatOptions::new(version);
    if let Ok(text) = format_module(&module, &sources, &options) {
        let _ = format_source("fuzz.rego", &text, &options);
    }
});
