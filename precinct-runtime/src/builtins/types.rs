//! What kind of value something is.

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::Value;

/// What kind of value something is.
pub const FAMILY: &[Builtin] = &[
    Builtin::new(
        "is_null",
        "(x: any) => result: boolean",
        "Returns `true` if the input value is null.",
        is_null,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "`true` if `x` is null, `false` otherwise.",
    ),
    Builtin::new(
        "is_boolean",
        "(x: any) => result: boolean",
        "Returns `true` if the input value is a boolean.",
        is_boolean,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "`true` if `x` is an boolean, `false` otherwise.",
    ),
    Builtin::new(
        "is_number",
        "(x: any) => result: boolean",
        "Returns `true` if the input value is a number.",
        is_number,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "`true` if `x` is a number, `false` otherwise.",
    ),
    Builtin::new(
        "is_string",
        "(x: any) => result: boolean",
        "Returns `true` if the input value is a string.",
        is_string,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "`true` if `x` is a string, `false` otherwise.",
    ),
    Builtin::new(
        "is_array",
        "(x: any) => result: boolean",
        "Returns `true` if the input value is an array.",
        is_array,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "`true` if `x` is an array, `false` otherwise.",
    ),
    Builtin::new(
        "is_object",
        "(x: any) => result: boolean",
        "Returns true if the input value is an object",
        is_object,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "`true` if `x` is an object, `false` otherwise.",
    ),
    Builtin::new(
        "is_set",
        "(x: any) => result: boolean",
        "Returns `true` if the input value is a set.",
        is_set,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "`true` if `x` is a set, `false` otherwise.",
    ),
    Builtin::new(
        "type_name",
        "(x: any) => type: string",
        "Returns the type of its input value.",
        type_name,
    )
    .categories(&["types"])
    .documented(
        &["input value"],
        "one of \"null\", \"boolean\", \"number\", \"string\", \"array\", \"object\", \"set\"",
    ),
    Builtin::new("cast_null", "(any) => null", "", cast_null).deprecated(),
    Builtin::new("cast_boolean", "(any) => boolean", "", cast_boolean).deprecated(),
    Builtin::new("cast_string", "(any) => string", "", cast_string).deprecated(),
    Builtin::new("cast_array", "(any) => array[any]", "", cast_array).deprecated(),
    Builtin::new("cast_object", "(any) => object[any: any]", "", cast_object).deprecated(),
    Builtin::new("cast_set", "(any) => set[any]", "", cast_set).deprecated(),
];

macro_rules! tests {
    ($($name:ident => $pattern:pat,)*) => {
        $(fn $name<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
            Ok(Some(Value::Bool(matches!(operand::at(args, 1), $pattern))))
        })*
    };
}

tests! {
    is_null => Value::Null,
    is_boolean => Value::Bool(_),
    is_number => Value::Number(_),
    is_string => Value::String(_),
    is_array => Value::Array(_),
    is_object => Value::Object(_),
    is_set => Value::Set(_),
}

fn type_name<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(Value::String(operand::at(args, 1).type_name())))
}

fn only<'a>(
    args: &[Value<'a>],
    expected: &'static str,
    fits: bool,
) -> Result<Option<Value<'a>>, BuiltinError> {
    let value = operand::at(args, 1);
    if fits {
        Ok(Some(value))
    } else {
        Err(operand::wrong_type(1, value, &[expected]))
    }
}

fn cast_null<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    only(args, "null", matches!(operand::at(args, 1), Value::Null))
}

fn cast_boolean<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    only(args, "boolean", operand::at(args, 1).as_bool().is_some())
}

fn cast_string<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    only(args, "string", operand::at(args, 1).as_str().is_some())
}

fn cast_object<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    only(args, "object", operand::at(args, 1).as_object().is_some())
}

fn cast_array<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let items = operand::array_or_set(args, 1)?;
    Ok(Some(Value::Array(items)))
}

fn cast_set<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let items = operand::array_or_set(args, 1)?;
    Ok(Some(Value::set(context.arena(), items)))
}
