//! What remains of queries is what OPA leaves of them, in its words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use precinct_interpreter::{PartialQuery, Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_rego::format::format_body;
use precinct_runtime::Document;

const DATA: &str = r#"{"roles": {"bob": ["admin", "dev"], "eve": ["dev"]}, "limit": 4}"#;

const POLICY: &str = r#"package a

default allow := false

allow if input.x == 1

admin if data.roles[input.user][_] == "admin"

above if input.n > data.limit

names contains name if some name in input.names

images if {
    names[name]
    not startswith(name.image, "a/")
}

parts[key] := value if some key, value in input.parts

parts.fixed := 7 if input.fixed

fixed if parts.fixed == 7
"#;

/// What remains of a query when `input` is not known.
fn remains(query: &str) -> Vec<String> {
    let texts = vec![Text {
        name: "a.rego".to_owned(),
        text: POLICY.to_owned(),
        version: None,
    }];
    let policy = Policy::compile(texts, PolicyOptions::default()).unwrap();
    let data = Document::from_json(DATA.as_bytes()).unwrap();
    let question = PartialQuery {
        query,
        package: None,
        imports: &[],
        unknowns: &["input".to_owned()],
        disable_inlining: &[],
        shallow_inlining: false,
        truths: false,
        nondeterministic_builtins: false,
        data: &data,
        input: None,
        prepare: &|context| context,
    };
    let found = policy.partial(&question).unwrap();
    let lines = |body| format_body(body, RegoVersion::V1).unwrap();
    found.queries.iter().map(lines).collect()
}

#[test]
fn known_documents_are_read() {
    assert_eq!(remains("data.a.admin"), ["\"bob\" = input.user\n"]);
    assert_eq!(remains("data.a.above"), ["input.n > 4\n"]);
}

#[test]
fn comparisons_of_queries_are_equations() {
    assert_eq!(remains("data.a.allow == true"), ["input.x = 1\n"]);
    assert_eq!(remains("input.x == 1"), ["input.x = 1\n"]);
}

#[test]
fn members_of_unknown_elements_are_kept() {
    let found = remains("data.a.images");
    let [only] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert!(only.contains("startswith("), "{only}");
    assert!(only.contains(".image\n"), "{only}");
}

#[test]
fn rules_below_a_reference_with_variables_define_parts() {
    assert_eq!(
        remains("data.a.fixed"),
        ["7 = input.parts.fixed\n", "input.fixed\n"]
    );
}
