//! What each stage makes of a policy, and what authors are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bodies;
mod names;
mod queries;
mod rules;
mod values;

use std::sync::Arc;

use super::{CompileOptions, Compiled, compile};
use crate::ast::RegoVersion;
use crate::ast::display::body_text;
use crate::capabilities::Capabilities;
use crate::error::Diagnostic;
use crate::source::Sources;
use crate::syntax::{ParseOptions, parse_module};

/// The builtins that the tests use.
const CAPABILITIES: &str = r#"{
  "features": ["rego_v1", "template_strings", "keywords_in_refs"],
  "builtins": [
    {"name": "eq", "decl": {"type": "function", "args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}}, "infix": "="},
    {"name": "assign", "decl": {"type": "function", "args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}}, "infix": ":="},
    {"name": "equal", "decl": {"type": "function", "args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}}, "infix": "=="},
    {"name": "gt", "decl": {"type": "function", "args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}}, "infix": ">"},
    {"name": "plus", "decl": {"type": "function", "args": [{"type": "number"}, {"type": "number"}], "result": {"type": "number"}}, "infix": "+"},
    {"name": "count", "decl": {"type": "function", "args": [{"type": "any", "of": [{"type": "string"}, {"type": "array", "dynamic": {"type": "any"}}, {"type": "set", "of": {"type": "any"}}]}], "result": {"type": "number", "name": "n"}}},
    {"name": "upper", "decl": {"type": "function", "args": [{"type": "string", "name": "x"}], "result": {"type": "string", "name": "y"}}},
    {"name": "walk", "decl": {"type": "function", "args": [{"type": "any"}], "result": {"type": "array", "static": [{"type": "array", "dynamic": {"type": "any"}}, {"type": "any"}]}}, "relation": true},
    {"name": "print", "decl": {"type": "function", "variadic": {"type": "any"}}},
    {"name": "internal.print", "decl": {"type": "function", "args": [{"type": "array", "dynamic": {"type": "set", "of": {"type": "any"}}}]}},
    {"name": "internal.template_string", "decl": {"type": "function", "args": [{"type": "array", "dynamic": {"type": "any"}}], "result": {"type": "string"}}},
    {"name": "internal.member_2", "decl": {"type": "function", "args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}}, "infix": "in"},
    {"name": "rego.metadata.rule", "decl": {"type": "function", "result": {"type": "any"}}},
    {"name": "rego.metadata.chain", "decl": {"type": "function", "result": {"type": "array", "dynamic": {"type": "any"}}}},
    {"name": "all", "decl": {"type": "function", "args": [{"type": "any"}], "result": {"type": "boolean"}}, "deprecated": true}
  ]
}"#;

fn options() -> CompileOptions {
    CompileOptions::new(Arc::new(Capabilities::from_json(CAPABILITIES).unwrap()))
}

fn strict() -> CompileOptions {
    CompileOptions {
        strict: true,
        ..options()
    }
}

/// Compiles modules named `a.rego`, `b.rego`, …
fn compiled(texts: &[&str], options: &CompileOptions) -> Result<Compiled, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let parsing = ParseOptions::new(RegoVersion::V1).with_annotations();
    let modules = ('a'..)
        .zip(texts)
        .map(|(name, text)| {
            let id = sources.add(format!("{name}.rego"), *text);
            parse_module(&sources, id, &parsing).unwrap()
        })
        .collect();
    compile(modules, &sources, options)
}

/// The rules of package `p` with these rules, compiled: head, then body.
fn rules_with(text: &str, options: &CompileOptions) -> Vec<String> {
    let compiled = compiled(&[&format!("package p\n{text}")], options).unwrap();
    compiled
        .rules
        .iter()
        .map(|id| {
            let rule = compiled.rule(id).unwrap();
            format!("{} if {}", rule.head, body_text(&rule.body))
        })
        .collect()
}

fn rules(text: &str) -> Vec<String> {
    rules_with(text, &options())
}

/// What is wrong with package `p` with these rules; rows count from the first of them.
fn errors_with(text: &str, options: &CompileOptions) -> Vec<String> {
    let errors = compiled(&[&format!("package p\n{text}")], options).unwrap_err();
    errors
        .iter()
        .map(|error| {
            let row = i64::from(error.span.row) - 1;
            format!("{row}: {}: {}", error.code, error.message)
        })
        .collect()
}

fn errors(text: &str) -> Vec<String> {
    errors_with(text, &options())
}
