//! What becomes of expressions, and their order.

use super::{CompileOptions, errors, errors_with, options, rules, rules_with};

#[test]
fn nested_calls_become_expressions() {
    assert_eq!(
        rules("q if count(input.x) + 1 > 2"),
        [
            "q = true if __local2__ = input.x; count(__local2__, __local0__); \
             plus(__local0__, 1, __local1__); gt(__local1__, 2)"
        ]
    );
}

#[test]
fn heads_hold_no_references() {
    assert_eq!(
        rules("q contains input.x[i] if { i > 1; i = 2 }"),
        ["q contains __local0__ if i = 2; __local0__ = input.x[i]; gt(i, 1)"]
    );
}

#[test]
fn comprehensions_collect_variables() {
    assert_eq!(
        rules("q := [x.a | some x in input.xs]"),
        [
            "q := __local4__ if __local4__ = [__local3__ | __local2__ = input.xs[__local1__]; \
             __local3__ = __local2__.a]"
        ]
    );
}

#[test]
fn values_are_indexed_through_variables() {
    assert_eq!(
        rules("q if [1, 2][i] = 2"),
        ["q = true if __local0__ = [1, 2]; __local0__[i] = 2"]
    );
}

#[test]
fn bodies_are_put_in_order() {
    assert_eq!(
        rules("q if { x > 1; x = input.a }"),
        ["q = true if x = input.a; gt(x, 1)"]
    );
    assert_eq!(
        rules("q if { not input.b[x]; x = input.a }"),
        ["q = true if x = input.a; not input.b[x]"]
    );
}

#[test]
fn comparison_binds_nothing_and_becomes_unification_in_the_end() {
    assert_eq!(rules("q if input.x == 1"), ["q = true if input.x = 1"]);
    assert_eq!(
        errors("q if x == 1"),
        ["1: rego_unsafe_var_error: var x is unsafe"]
    );
}

#[test]
fn the_left_side_of_an_assignment_only_receives() {
    assert_eq!(
        errors("q if { [1, 2] = x; y := [z, z] }"),
        ["1: rego_unsafe_var_error: var z is unsafe"]
    );
}

#[test]
fn unsafe_variables_are_reported_once() {
    assert_eq!(
        errors("q if { x > y; not y; x > 1 }"),
        [
            "1: rego_unsafe_var_error: var x is unsafe",
            "1: rego_unsafe_var_error: var y is unsafe"
        ]
    );
    assert_eq!(
        errors("q contains x if true"),
        ["1: rego_unsafe_var_error: var x is unsafe"]
    );
}

#[test]
fn values_of_modifiers_are_bound_before() {
    assert_eq!(
        rules("q if r with input as count(input.x)\nr if input"),
        [
            "q = true if __local1__ = input.x; count(__local1__, __local0__); \
             data.p.r with input as __local0__",
            "r = true if input"
        ]
    );
}

#[test]
fn modifiers_replace_only_what_exists() {
    assert_eq!(
        errors("q if r with foo as 1\nr if input"),
        [
            "1: rego_type_error: with keyword target must reference existing input, data, or a function"
        ]
    );
    assert_eq!(
        errors("q if r with data.p.r.x as 1\nr := {\"x\": 1}"),
        ["1: rego_compile_error: with keyword cannot partially replace virtual document(s)"]
    );
}

#[test]
fn template_strings_join_parts_that_may_be_undefined() {
    assert_eq!(
        rules("q := $\"a {input.x}\" if true"),
        [
            "q := __local1__ if __local2__ = {__local0__ | __local0__ = input.x}; \
             internal.template_string([\"a \", __local2__], __local1__)"
        ]
    );
    assert_eq!(
        errors("q := $\"{x}{x + 1}\" if true"),
        ["-1: rego_compile_error: var x is undeclared"]
    );
}

#[test]
fn prints_are_taken_out_unless_they_are_wanted() {
    assert_eq!(rules("q if { print(input.x) }"), ["q = true if true"]);
    let prints = CompileOptions {
        prints: true,
        ..options()
    };
    assert_eq!(
        rules_with("q if { print(input.x) }", &prints),
        [
            "q = true if __local1__ = {__local0__ | __local0__ = input.x}; \
             internal.print([__local1__])"
        ]
    );
    assert_eq!(
        errors_with("q if { print(x) }", &prints),
        ["1: rego_compile_error: var x is undeclared"]
    );
    assert_eq!(
        errors("q if { x := print(1); x }"),
        ["1: rego_type_error: print(1) used as value"]
    );
}

#[test]
fn metadata_calls_read_the_annotations_of_their_rule() {
    assert_eq!(
        rules("# METADATA\n# title: T\nq := rego.metadata.rule().title"),
        [
            "q := __local3__ if __local1__ = {\"scope\": \"rule\", \"title\": \"T\"}; \
             __local0__ = __local1__; __local3__ = __local0__.title"
        ]
        .map(|line| line.replace("__local3__", "__local2__"))
    );
}
