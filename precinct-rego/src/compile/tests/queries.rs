//! Queries against compiled modules.

use super::{compiled, options};
use crate::ast::RegoVersion;
use crate::ast::display::body_text;
use crate::compile::{CompiledQuery, QueryOptions};
use crate::source::Sources;
use crate::syntax::{ParseOptions, parse_query, parse_ref};

fn query(text: &str, package: Option<&str>) -> Result<CompiledQuery, Vec<String>> {
    let module = "package p\nq := 1\nf(x) := x + 1";
    let compiled = compiled(&[module], &options()).unwrap();
    let parsing = ParseOptions::new(RegoVersion::V1);
    let mut sources = Sources::default();
    let id = sources.add("", text);
    let body = parse_query(&sources, id, &parsing).unwrap();
    let options = QueryOptions {
        package: package.map(|text| {
            let id = sources.add("", text);
            parse_ref(&sources, id, &parsing).unwrap()
        }),
        ..QueryOptions::default()
    };
    compiled.query(body, &options).map_err(|errors| {
        errors
            .iter()
            .map(|error| format!("{}: {}", error.code, error.message))
            .collect()
    })
}

#[test]
fn answers_show_the_variables_of_the_query() {
    let query = query("x := data.p.q; y = [z | z := x]; _ = x", None).unwrap();
    let shown: Vec<String> = query
        .variables
        .iter()
        .map(|(name, inside)| format!("{name} is {inside}"))
        .collect();
    assert_eq!(shown, ["x is __localq0__", "y is y"]);
}

#[test]
fn rules_of_the_package_need_no_path() {
    let query = query("q > 0", Some("data.p")).unwrap();
    assert_eq!(
        body_text(&query.body),
        "__localq0__ = data.p.q; gt(__localq0__, 0)"
    );
}

#[test]
fn comparisons_stay_comparisons() {
    let query = query("data.p.q == 1", None).unwrap();
    assert_eq!(
        body_text(&query.body),
        "__localq0__ = data.p.q; equal(__localq0__, 1)"
    );
}

#[test]
fn calls_know_the_rules_of_the_modules() {
    assert!(query("data.p.f(1, x)", None).is_ok());
    assert_eq!(
        query("data.p.f(1, 2, 3)", None).unwrap_err(),
        ["rego_type_error: data.p.f: arity mismatch"]
    );
}

#[test]
fn queries_are_checked_like_rules() {
    assert_eq!(
        query("x > 1", None).unwrap_err(),
        ["rego_unsafe_var_error: var x is unsafe"]
    );
    assert_eq!(
        query("data.p.q == \"a\"; data.p.q.r", None).unwrap_err(),
        ["rego_type_error: undefined ref: data.p.q.r"]
    );
}
