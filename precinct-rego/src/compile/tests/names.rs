//! Names of rules, imports and variables.

use super::{compiled, errors, errors_with, options, rules, strict};
use crate::ast::display::body_text;

#[test]
fn names_of_rules_and_imports_become_references() {
    let compiled = compiled(
        &["package a.b\nimport data.foo.bar\np if bar[_] = q.x\nq := {\"x\": 1}"],
        &options(),
    )
    .unwrap();
    let body = body_text(&compiled.modules[0].rules[0].body);
    assert_eq!(body, "data.foo.bar[_] = data.a.b.q.x");
}

#[test]
fn an_alias_is_the_name_of_an_import() {
    let text = "package p\nimport data.foo.bar as baz\nq if baz";
    let compiled = compiled(&[text], &options()).unwrap();
    assert_eq!(
        body_text(&compiled.modules[0].rules[0].body),
        "data.foo.bar"
    );
}

#[test]
fn what_a_body_declares_hides_rules() {
    assert_eq!(
        rules("q := 1\nr if { q := 2; q > 1 }")[1],
        "r = true if __local0__ = 2; gt(__local0__, 1)"
    );
}

#[test]
fn assignments_in_comprehensions_are_scopes_of_their_own() {
    assert_eq!(
        rules("q if { x := 2; [x | x := 1] = [1]; x > 1 }"),
        ["q = true if __local0__ = 2; [__local1__ | __local1__ = 1] = [1]; gt(__local0__, 1)"]
    );
}

#[test]
fn arguments_get_names_that_else_branches_share() {
    assert_eq!(
        rules("f(x) := 1 if x > 1\nelse := x"),
        [
            "f(__local0__) := 1 if gt(__local0__, 1)",
            "f(__local0__) := __local0__ if true"
        ]
    );
}

#[test]
fn some_in_iterates_by_a_reference() {
    assert_eq!(
        rules("q contains x if some x in input.xs"),
        ["q contains __local2__ if __local2__ = input.xs[__local1__]"]
    );
}

#[test]
fn variables_named_like_builtins_are_renamed() {
    assert_eq!(
        rules("q contains count if count = input.x"),
        ["q contains __local0__ if __local0__ = input.x"]
    );
}

#[test]
fn variables_are_declared_once_and_before_their_use() {
    assert_eq!(
        errors("q if { x := 1; x := 2 }"),
        ["1: rego_compile_error: var x assigned above"]
    );
    assert_eq!(
        errors("q if { input.a[x]; x := 2 }"),
        ["1: rego_compile_error: var x referenced above"]
    );
    assert_eq!(
        errors("f(x) if { x := 2; x > 1 }"),
        ["1: rego_compile_error: arg x redeclared"]
    );
}

#[test]
fn only_variables_and_patterns_can_be_assigned_to() {
    assert_eq!(
        errors("q if { input.x := 2 }"),
        ["1: rego_compile_error: cannot assign to ref"]
    );
    assert_eq!(
        errors("q if not x := 2"),
        ["1: rego_compile_error: cannot assign vars inside negated expression"]
    );
}

#[test]
fn declared_variables_have_to_be_read() {
    assert_eq!(
        errors("q if {\n  some x\n  true\n}"),
        ["2: rego_compile_error: declared var x unused"]
    );
}

#[test]
fn strict_mode_refuses_what_nothing_reads() {
    assert_eq!(
        errors_with("import data.foo\nq if { x := 1 }\nf(y) := 1", &strict()),
        [
            "1: rego_compile_error: import data.foo unused",
            "2: rego_compile_error: assigned var x unused",
            "3: rego_compile_error: unused argument y. (hint: use _ (wildcard variable) instead)"
        ]
    );
}

#[test]
fn root_documents_cannot_be_hidden() {
    assert_eq!(
        errors("f(input) := 1"),
        ["1: rego_compile_error: args must not shadow input (use a different variable name)"]
    );
    assert_eq!(
        errors("q if { input := 1; input > 0 }"),
        ["1: rego_compile_error: variables must not shadow input (use a different variable name)"]
    );
    assert_eq!(
        errors("import data.a.x\nimport data.b.x\nq if x"),
        ["2: rego_compile_error: import must not shadow import data.a.x"]
    );
}

#[test]
fn a_called_name_must_not_be_a_variable() {
    assert_eq!(
        errors("f(x) := x\nq if { f := 1; y := f(f) + 1; y > 0 }"),
        ["2: rego_compile_error: called function f shadowed"]
    );
}
