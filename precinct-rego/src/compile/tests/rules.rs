//! Rules beside each other.

use std::sync::Arc;

use super::{CompileOptions, compiled, errors, errors_with, options, strict};
use crate::compile::RuleId;

#[test]
fn rules_of_one_name_are_of_one_kind() {
    assert_eq!(
        errors("q := 1\nq contains 2"),
        ["1: rego_type_error: conflicting rules data.p.q found"]
    );
    assert_eq!(
        errors("f(x) := x\nf(x, y) := x + y"),
        ["1: rego_type_error: conflicting rules data.p.f found"]
    );
}

#[test]
fn a_rule_has_one_default() {
    assert_eq!(
        errors("default q := 1\ndefault q := 2"),
        ["0: rego_type_error: multiple default rules data.p.q found at a.rego:2, a.rego:3"]
    );
}

#[test]
fn nothing_stands_below_a_single_value() {
    assert_eq!(
        errors("q.r := 1\nq.r.s := 2"),
        ["1: rego_type_error: rule data.p.q.r conflicts with:\n  rule data.p.q.r.s at a.rego:3"]
    );
}

#[test]
fn a_rule_cannot_be_where_a_package_is() {
    let errors = compiled(&["package a\nb := 1", "package a.b\nc := 1"], &options()).unwrap_err();
    let message = "package a.b conflicts with rule b defined at a.rego:2";
    assert!(errors.iter().any(|error| error.message == message));
}

#[test]
fn a_rule_cannot_be_where_base_documents_are() {
    let options = CompileOptions {
        path_check: Some(Arc::new(|path| path.len() == 2 && &*path[1] == "q")),
        ..options()
    };
    assert_eq!(
        errors_with("q := 1\nr := 2", &options),
        ["1: rego_compile_error: conflicting rule for data path p/q found"]
    );
}

#[test]
fn functions_exist_and_get_the_right_number_of_arguments() {
    assert_eq!(
        errors("q if foo(1)"),
        ["1: rego_type_error: undefined function foo"]
    );
    assert_eq!(
        errors("f(x) := x\nq if f(1, 2, 3)"),
        ["2: rego_type_error: function data.p.f has arity 1, got 3 arguments"]
    );
    assert_eq!(
        errors("q if count(1, 2, 3)"),
        ["1: rego_type_error: count: arity mismatch"]
    );
}

#[test]
fn rules_do_not_read_themselves() {
    assert_eq!(
        errors("q if r\nr if q"),
        [
            "1: rego_recursion_error: rule data.p.q is recursive: data.p.q -> data.p.r -> data.p.q",
            "2: rego_recursion_error: rule data.p.r is recursive: data.p.r -> data.p.q -> data.p.r"
        ]
    );
}

#[test]
fn a_reference_that_only_may_close_a_circle_is_explained() {
    assert_eq!(
        errors("q if { x := input.name; data.p[x] }"),
        [
            "1: rego_recursion_error: rule data.p.q may be recursive: data.p.q -> data.p.q \
             (data.p[x] refers to data.p.q if x is \"q\" (x comes from input.name))"
        ]
    );
}

#[test]
fn known_values_narrow_what_a_reference_can_read() {
    let text = "package p\nq if { some x in [\"r\", \"s\"]; data.p[x] }\nr := 1\ns := 2";
    let compiled = compiled(&[text], &options()).unwrap();
    let read: Vec<RuleId> = compiled.graph.dependencies(RuleId(0)).collect();
    assert_eq!(read, [RuleId(1), RuleId(2)]);
}

#[test]
fn rules_are_sorted_behind_what_they_read() {
    let text = "package p\nq if r\nr if s\ns := true";
    let compiled = compiled(&[text], &options()).unwrap();
    assert_eq!(compiled.sorted_rules(), [RuleId(2), RuleId(1), RuleId(0)]);
}

#[test]
fn builtins_can_be_forbidden() {
    let mut options = options();
    options.unsafe_builtins.insert("count".to_owned());
    assert_eq!(
        errors_with("q if count([]) > 0", &options),
        ["1: rego_type_error: unsafe built-in function calls in expression: count"]
    );
    assert_eq!(
        errors_with("q if all([])", &strict()),
        ["1: rego_type_error: deprecated built-in function calls in expression: all"]
    );
}

#[test]
fn the_compiler_gives_up_after_ten_errors() {
    let text: Vec<String> = (0..12).map(|n| format!("q{n} if x{n} > 1")).collect();
    let errors = errors(&text.join("\n"));
    assert_eq!(errors.len(), 11);
    assert_eq!(errors[10], "-1: rego_compile_error: error limit reached");
}
