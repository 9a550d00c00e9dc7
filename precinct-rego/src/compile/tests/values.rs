//! Types of values.

use super::{CompileOptions, compiled, errors, errors_with, options};
use crate::error::Diagnostic;

fn first(text: &str) -> Diagnostic {
    let errors = compiled(&[&format!("package p\n{text}")], &options()).unwrap_err();
    errors.into_iter().next().unwrap()
}

#[test]
fn sides_of_an_equation_have_a_value_in_common() {
    let error = first("q if { x := 1; x == \"a\" }");
    assert_eq!(error.message, "match error");
    assert_eq!(error.details, ["left  : number", "right : string"]);
}

#[test]
fn arguments_fit_what_a_builtin_wants() {
    let error = first("q := upper(1)");
    assert_eq!(error.message, "upper: invalid argument(s)");
    assert_eq!(
        error.details,
        ["have: (number, ???)", "want: (string, string)"]
    );
}

#[test]
fn references_lead_to_what_can_exist() {
    let error = first("r := {\"a\": 1}\nq if r.b");
    assert_eq!(error.message, "undefined ref: data.p.r.b");
    assert_eq!(
        error.details,
        [
            "data.p.r.b",
            "         ^",
            "         have: \"b\"",
            "         want (one of): [\"a\"]"
        ]
    );
}

#[test]
fn functions_are_called() {
    assert_eq!(
        errors("f(x) := x\nq := f"),
        ["2: rego_type_error: function data.p.f used as reference, not called"]
    );
}

#[test]
fn messages_show_what_the_author_wrote() {
    assert_eq!(
        errors("q if { x := {\"a\": 1}; x.b }"),
        ["1: rego_type_error: undefined ref: x.b"]
    );
}

#[test]
fn rules_have_the_types_of_their_values() {
    assert_eq!(
        errors("r := 1 if input.a\nr := \"b\" if input.b\nq if r == true"),
        ["3: rego_type_error: match error"]
    );
    assert!(compiled(&["package p\nr contains 1\nq if r[2]"], &options()).is_ok());
}

#[test]
fn a_replaced_document_can_have_the_type_of_its_replacement() {
    assert!(
        compiled(
            &["package p\nr := 1\nq if { r == \"a\" with data.p.r as \"a\" }"],
            &options()
        )
        .is_ok()
    );
}

#[test]
fn comprehensions_within_comprehensions_take_no_time() {
    let mut inner = "1".to_owned();
    for level in 0..24 {
        inner = format!("[x{level} | x{level} := {inner}]");
    }
    assert!(compiled(&[&format!("package p\nq := {inner}")], &options()).is_ok());
}

#[test]
fn schemas_of_input_are_heeded() {
    let mut options: CompileOptions = options();
    options.schemas.insert(
        Vec::new(),
        serde_json::json!({"properties": {"a": {"type": "string"}}}),
    );
    assert_eq!(
        errors_with("q if input.b", &options),
        ["1: rego_type_error: undefined ref: input.b"]
    );
}

#[test]
fn schemas_of_annotations_are_heeded() {
    assert_eq!(
        errors("# METADATA\n# schemas:\n# - input.a: {type: string}\nq if input.a == 1"),
        ["4: rego_type_error: match error"]
    );
}

#[test]
fn a_document_that_is_replaced_twice_has_the_type_of_its_own_and_of_the_last_replacement() {
    let error = first(
        "r contains 1 if 1 == 1\nq if { v := data.p.r with data.p.r as 1 with data.p.r as []; upper(v) == \"A\" }",
    );
    assert_eq!(error.message, "upper: invalid argument(s)");
    assert_eq!(error.details[0], "have: (any<array, set[number]>, ???)");
}
