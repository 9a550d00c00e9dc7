//! Help for errors that leave people puzzled.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests"
)]

use std::sync::Arc;

use precinct_rego::advice::advise;
use precinct_rego::ast::RegoVersion;
use precinct_rego::capabilities::Capabilities;
use precinct_rego::compile::{CompileOptions, compile};
use precinct_rego::render::render;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};

const CAPABILITIES: &str = r#"{
    "builtins": [
        {"name": "startswith", "decl": {"args": [{"type": "string"}, {"type": "string"}], "result": {"type": "boolean"}, "type": "function"}},
        {"name": "net.cidr_contains", "decl": {"args": [{"type": "string"}, {"type": "string"}], "result": {"type": "boolean"}, "type": "function"}},
        {"name": "gt", "infix": ">", "decl": {"args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}, "type": "function"}},
        {"name": "eq", "infix": "=", "decl": {"args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}, "type": "function"}},
        {"name": "equal", "infix": "==", "decl": {"args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}, "type": "function"}},
        {"name": "assign", "infix": ":=", "decl": {"args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}, "type": "function"}},
        {"name": "internal.member_2", "infix": "in", "decl": {"args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}, "type": "function"}}
    ],
    "features": ["rego_v1"]
}"#;

/// The help of the first error of these modules.
fn help(modules: &[&str]) -> Option<String> {
    let capabilities = Arc::new(Capabilities::from_json(CAPABILITIES).unwrap());
    let mut sources = Sources::default();
    let options = ParseOptions::new(RegoVersion::V1);
    let parsed: Vec<_> = modules
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let id = sources.add(format!("m{number}.rego"), *text);
            parse_module(&sources, id, &options).unwrap()
        })
        .collect();
    let compile_options = CompileOptions::new(Arc::clone(&capabilities));
    let mut errors = compile(parsed.clone(), &sources, &compile_options).unwrap_err();
    advise(&mut errors, &parsed, &capabilities);
    let help = errors.first().unwrap().help.clone();
    if let Some(help) = &help {
        assert!(render(&errors, &sources, false).contains(&format!("help: {help}")));
    }
    help
}

#[test]
fn unknown_functions_name_their_nearest() {
    let cases = [
        ("package p\na if startwith(input.x, \"y\")", "`startswith`"),
        (
            "package p\na if cidr_contains(input.x, \"y\")",
            "`net.cidr_contains`",
        ),
        ("package p\nb := 1\na if b(1)", "without `()`"),
    ];
    for (module, part) in cases {
        let help = help(&[module]).unwrap_or_else(|| format!("none: {module}"));
        assert!(help.contains(part), "{module}: {help}");
    }
    let elsewhere = ["package lib\nfits(x) if x > 1", "package p\na if fits(1)"];
    assert!(help(&elsewhere).unwrap().contains("package lib"));
}

#[test]
fn unsafe_variables_say_where_they_would_be_bound() {
    let cases = [
        (
            "package p\na if {\n\tsome role in input.roles\n\trle == 1\n}",
            "`role`",
        ),
        (
            "package p\na contains x if input.y",
            "no expression of the body gives `x` a value",
        ),
        ("package p\na := x", "add `if { x := … }`"),
        (
            "package p\na if {\n\tcount := [y | some y in input.z]\n\tvolume > count\n}",
            "`volume := …`",
        ),
        (
            "package p\na if {\n\tb := [y | some y in input.z]\n\ty > b\n}",
            "the `y` of line 3",
        ),
        (
            "package p\na if not input.users[k].ok",
            "`not` gives no variable a value",
        ),
        ("package p\na if input.role == admin", "\"admin\""),
    ];
    for (module, part) in cases {
        let help = help(&[module]).unwrap_or_else(|| format!("none: {module}"));
        assert!(help.contains(part), "{module}: {help}");
    }
    let elsewhere = ["package lib\nusers := [1]", "package p\na if users[0] == 1"];
    assert!(help(&elsewhere).unwrap().contains("write `data.lib.users`"));
}

#[test]
fn unknown_parts_name_their_nearest() {
    let module = "package p\nb := {\"name\": 1, \"age\": 2}\na if b.nmae == 1";
    assert!(help(&[module]).unwrap().contains("`name`"));
    let module = "package p\nb := {\"name\": 1, \"age\": 2}\na if b.colour == 1";
    assert_eq!(help(&[module]).unwrap(), "what there is: age, name");
}
