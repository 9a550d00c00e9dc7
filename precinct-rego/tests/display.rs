//! Syntax as text, in OPA's form: calls by name, sets and objects in Rego's order, wildcards as `_`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use precinct_rego::ast::RegoVersion;
use precinct_rego::ast::display::body_text;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module, parse_query};

fn shown(text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("test.rego", text);
    let body = parse_query(&sources, id, &ParseOptions::new(RegoVersion::V2)).unwrap();
    body_text(&body)
}

#[test]
fn expressions() {
    for (text, wanted) in [
        ("x = 1", "x = 1"),
        ("x := 1 + 2", "assign(x, plus(1, 2))"),
        ("a; b", "a; b"),
        ("x == {2, 1, 1}", "equal(x, {1, 2})"),
        (
            "x = {\"b\": 1, \"a\": [null, true]}",
            "x = {\"a\": [null, true], \"b\": 1}",
        ),
        ("x = {}; y = set()", "x = {}; y = set()"),
        ("data.a[\"b c\"][_].if.d", "data.a[\"b c\"][_][\"if\"].d"),
        ("x = \"a\\u0001\\n\"", "x = \"a\\x01\\n\""),
        (
            "x = [y | y := data.z[_]; y > 1]",
            "x = [y | assign(y, data.z[_]); gt(y, 1)]",
        ),
        ("x = {(a | b) | c}", "x = {(a | b) | c}"),
        ("some k, v in xs", "some k, v in xs"),
        ("some x, y", "some x, y"),
        (
            "every x in [1] { x > 0; true }",
            "every x in [1] { gt(x, 0); true }",
        ),
        (
            "f(x, 1) with input as {} with data.a as 1",
            "f(x, 1) with input as {} with data.a as 1",
        ),
        ("not x", "not x"),
        ("not { a; b }", "not {a; b}"),
        ("(a or b) and { c }", "(a or b) and { c }"),
        ("$\"a {x} \\{\"", "$\"a {x} \\{\""),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
    }
}

#[test]
fn rules() {
    let mut sources = Sources::default();
    let text = "package p\n\nimport data.a as b\n\ndefault f(_) := 1\n\np.q contains x if x := 1\n\ng(x) := x if { x > 1; true } else := 2\n";
    let id = sources.add("test.rego", text);
    let module = parse_module(&sources, id, &ParseOptions::default()).unwrap();
    assert_eq!(module.package.to_string(), "package p");
    let imports: Vec<String> = module.imports.iter().map(ToString::to_string).collect();
    assert_eq!(imports, ["import data.a as b"]);
    let rules: Vec<String> = module.rules.iter().map(ToString::to_string).collect();
    assert_eq!(
        rules,
        [
            "default f(_) := 1",
            "p.q contains x if { assign(x, 1) }",
            "g(x) := x if { gt(x, 1); true } else = 2 if { true }",
        ]
    );
}
