//! Comparisons and membership. The engines do these themselves where the result decides over an expression; as
//! functions they are called where it is a value (`x := a == b`) or where a `with` names them.

use std::cmp::Ordering;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::ops::member;
use crate::value::Value;

/// Comparisons by Rego's order of values, and membership.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("equal", "(x: any, y: any) => result: boolean", "", equal)
        .categories(&["comparison"])
        .documented(&["", ""], "true if `x` is equal to `y`; false otherwise")
        .infix("==")
        .categories(&["comparison"]),
    Builtin::new("neq", "(x: any, y: any) => result: boolean", "", neq)
        .categories(&["comparison"])
        .documented(
            &["", ""],
            "true if `x` is not equal to `y`; false otherwise",
        )
        .infix("!=")
        .categories(&["comparison"]),
    Builtin::new("lt", "(x: any, y: any) => result: boolean", "", lt)
        .categories(&["comparison"])
        .documented(&["", ""], "true if `x` is less than `y`; false otherwise")
        .infix("<")
        .categories(&["comparison"]),
    Builtin::new("lte", "(x: any, y: any) => result: boolean", "", lte)
        .categories(&["comparison"])
        .documented(
            &["", ""],
            "true if `x` is less than or equal to `y`; false otherwise",
        )
        .infix("<=")
        .categories(&["comparison"]),
    Builtin::new("gt", "(x: any, y: any) => result: boolean", "", gt)
        .categories(&["comparison"])
        .documented(
            &["", ""],
            "true if `x` is greater than `y`; false otherwise",
        )
        .infix(">")
        .categories(&["comparison"]),
    Builtin::new("gte", "(x: any, y: any) => result: boolean", "", gte)
        .categories(&["comparison"])
        .documented(
            &["", ""],
            "true if `x` is greater or equal to `y`; false otherwise",
        )
        .infix(">=")
        .categories(&["comparison"]),
    Builtin::new("internal.member_2", "(any, any) => boolean", "", member_2).infix("in"),
    Builtin::new(
        "internal.member_3",
        "(any, any, any) => boolean",
        "",
        member_3,
    )
    .infix("in"),
];

fn compare(args: &[Value<'_>]) -> Ordering {
    operand::at(args, 1).compare(operand::at(args, 2))
}

fn boolean<'a>(value: bool) -> Outcome<'a> {
    Ok(Some(Value::Bool(value)))
}

fn equal<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    boolean(operand::at(args, 1).equals(operand::at(args, 2)))
}

fn neq<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    boolean(!operand::at(args, 1).equals(operand::at(args, 2)))
}

fn lt<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    boolean(compare(args) == Ordering::Less)
}

fn lte<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    boolean(compare(args) != Ordering::Greater)
}

fn gt<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    boolean(compare(args) == Ordering::Greater)
}

fn gte<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    boolean(compare(args) != Ordering::Less)
}

fn member_2<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    boolean(member(operand::at(args, 1), operand::at(args, 2)))
}

fn member_3<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (key, value, collection) = (
        operand::at(args, 1),
        operand::at(args, 2),
        operand::at(args, 3),
    );
    boolean(collection.get(key).is_some_and(|found| found.equals(value)))
}
