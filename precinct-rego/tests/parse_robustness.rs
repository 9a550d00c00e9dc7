//! Broken texts: whatever is cut out of a module or put into it, reading and writing end without a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests"
)]

use precinct_rego::ast::RegoVersion;
use precinct_rego::ast::json::{JsonOptions, module_json};
use precinct_rego::format::{FormatOptions, format_module};
use precinct_rego::render::render;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module, parse_query};

const MODULE: &str = r#"# METADATA
# title: Everything
# scope: package
# authors:
#  - Jane Doe <jane@example.com>
package a.b["c d"]

import data.x.y as z
import rego.v1

default allow := false

# METADATA
# description: "a: b"
allow if {
	some k, v in input.roles # why
	not startswith(v, "é\u0041\n")
	every x in [1, -2.5e3, .5] { x > k; x != null }
	count({n | some n in data.names; n == `raw "text"`}) > 0
	object.get(input, ["a", {"b": 1 | 2}], set())[_].c["if"] with input as {"a": [1, {2}]} with data.x as 1
} else := $"{input.user} may { {"not": 1}.not } \{ {x}" if {
	input.a + 1 * 2 - -x == (3 % 4) / 5
} else := false

p.q[r].s contains {"k": v | v := [y | y := input[_]]} if data.a[i].b[j]

f(x, [y, {"z": w}]) := x | y & w if x, 1 in {1: 2}

f(_, _) := `multi
line`
"#;

/// What replaces or splits pieces of the module.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    ":=",
    "=",
    "==",
    "|",
    "&",
    ".",
    ";",
    "\n",
    "\"",
    "`",
    "$\"",
    "$`",
    "#",
    "\\",
    "\0",
    "\u{FEFF}",
    "\u{A0}",
    "é",
    "not ",
    "some ",
    "every ",
    " in ",
    " if ",
    " contains ",
    " with ",
    " as ",
    "else ",
    "default ",
    " and ",
    " or ",
    "-",
    "1e999999",
];

fn exercise(text: &str, version: RegoVersion) {
    let mut sources = Sources::default();
    let id = sources.add("test.rego", text);
    let options = ParseOptions::new(version).with_annotations();
    if let Err(errors) = parse_query(&sources, id, &options) {
        render(&errors, &sources, true);
    }
    match parse_module(&sources, id, &options) {
        Ok(module) => {
            let options = JsonOptions {
                locations: true,
                comments: true,
            };
            module_json(&module, &sources, options);
            for rule in &module.rules {
                let _ = rule.to_string();
            }
            let _ = format_module(&module, &sources, &FormatOptions::new(version));
        }
        Err(errors) => {
            assert!(
                !errors.is_empty(),
                "a text is rejected without an error: {text}"
            );
            render(&errors, &sources, false);
        }
    }
}

/// A sequence of numbers that is the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

const VERSIONS: [RegoVersion; 4] = [
    RegoVersion::V0,
    RegoVersion::V0CompatV1,
    RegoVersion::V1,
    RegoVersion::V2,
];

#[test]
fn every_prefix_is_read() {
    let mut sources = Sources::default();
    let id = sources.add("test.rego", MODULE);
    let options = ParseOptions::default().with_annotations();
    let errors = parse_module(&sources, id, &options).err();
    assert_eq!(errors, None);
    for (at, _) in MODULE.char_indices() {
        exercise(&MODULE[..at], VERSIONS[at % 4]);
    }
}

#[test]
fn every_mutation_is_read() {
    let mut numbers = Numbers(7);
    let places: Vec<usize> = MODULE.char_indices().map(|(at, _)| at).collect();
    for round in 0..500 {
        let mut text = MODULE.to_owned();
        for _ in 0..=numbers.below(3) {
            let from = places[numbers.below(places.len())];
            let to = places[numbers.below(places.len())];
            let piece = PIECES[numbers.below(PIECES.len())];
            if !text.is_char_boundary(from.min(text.len())) {
                continue;
            }
            let from = from.min(text.len());
            let to = if numbers.below(4) == 0 {
                to.clamp(from, text.len())
            } else {
                from
            };
            if text.is_char_boundary(to) {
                text.replace_range(from..to, piece);
            }
        }
        exercise(&text, VERSIONS[round % 4]);
    }
}
