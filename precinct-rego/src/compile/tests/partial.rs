//! What remains of queries. The expected texts are those of `opa eval --partial --unknowns input --format source`.

use super::{compiled, options};
use crate::ast::RegoVersion;
use crate::ast::display::body_text;
use crate::compile::QueryOptions;
use crate::compile::partial::{Refused, partial};
use crate::source::Sources;
use crate::syntax::{ParseOptions, parse_query};

const POLICY: &str = r#"package p
allow if { input.x == 1; input.y > 2 }
allow if { some r in input.roles; r == "admin" }
neg if { not input.z; input.a }
m := {"a": 1, "b": 2}
viam if { m[input.k] == 2 }
both if { neg; input.q }
inv if { y := input.v; y }
never if { 1 > 2; input.x }
always if { not 1 > 2 }
s contains "a" if { input.x }
s contains "b" if { input.y > 3 }
member if { s["b"] }
open if { x := input.v }
d := 1 if { input.x }
default d := 2
usesd if { d == 1 }
replaced if { neg with input.a as 1 }
f(x) := x
called if { f(1) == 1 }
"#;

fn parsed(text: &str) -> crate::ast::Body {
    let mut sources = Sources::default();
    let id = sources.add("", text);
    parse_query(&sources, id, &ParseOptions::new(RegoVersion::V1)).unwrap()
}

fn remains(text: &str) -> Result<Vec<String>, Refused> {
    let compiled = compiled(&[POLICY], &options()).unwrap();
    let query = compiled
        .query(parsed(text), &QueryOptions::default())
        .unwrap();
    let queries = partial(&compiled, &query)?;
    Ok(queries.iter().map(body_text).collect())
}

fn check(text: &str, expected: &[&str]) {
    let expected: Vec<String> = expected
        .iter()
        .map(|text| {
            if text.is_empty() {
                String::new()
            } else {
                body_text(&parsed(text))
            }
        })
        .collect();
    assert_eq!(remains(text).unwrap(), expected, "{text}");
}

#[test]
fn rules_are_inlined() {
    check("data.p.neg", &["not input.z; input.a"]);
    check("data.p.both", &["not input.z; input.a; input.q"]);
    check("data.p.inv", &["input.v"]);
    check("data.p.viam", &[r#""b" = input.k"#]);
    check("data.p.never", &[]);
    check("data.p.always", &[""]);
    check("data.p.member", &["input.y > 3"]);
    check(
        "input.x > 1; data.p.neg",
        &["input.x > 1; not input.z; input.a"],
    );
}

#[test]
fn each_way_is_a_query() {
    check(
        "data.p.allow",
        &[
            "input.x = 1; input.y > 2",
            r#""admin" = input.roles[__local1__2]"#,
        ],
    );
}

#[test]
fn what_must_be_defined_stays() {
    assert_eq!(remains("data.p.open").unwrap().len(), 1);
    assert!(remains("data.p.open").unwrap()[0].ends_with("= input.v"));
}

#[test]
fn what_is_not_covered_is_refused() {
    for query in [
        "data.p.usesd",
        "data.p.replaced",
        "data.p.called",
        "data.p",
        "data.q",
        "data.p.s",
    ] {
        assert!(remains(query).is_err(), "{query}");
    }
}
