//! Arithmetic. `minus` is in the family of sets too: it serves both.

use super::sets::difference;
use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::value::{Set, Value};

/// Arithmetic on numbers.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("plus", "(x: number, y: number) => z: number", "Plus adds two numbers together.", plus).categories(&["numbers"]).documented(&["", ""], "the sum of `x` and `y`")
    .infix("+")
    .categories(&["numbers"]),
    Builtin::new("minus", "(x: any<number, set[any]>, y: any<number, set[any]>) => z: any<number, set[any]>", "Minus subtracts the second number from the first number or computes the difference between two sets.", minus).categories(&["sets", "numbers"]).documented(&["", ""], "the difference of `x` and `y`")
    .infix("-")
    .categories(&["sets", "numbers"]),
    Builtin::new("mul", "(x: number, y: number) => z: number", "Multiplies two numbers.", mul).categories(&["numbers"]).documented(&["", ""], "the product of `x` and `y`")
    .infix("*")
    .categories(&["numbers"]),
    Builtin::new("div", "(x: number, y: number) => z: number", "Divides the first number by the second number.", div).categories(&["numbers"]).documented(&["the dividend", "the divisor"], "the result of `x` divided by `y`")
    .infix("/")
    .categories(&["numbers"]),
    Builtin::new("rem", "(x: number, y: number) => z: number", "Returns the remainder for of `x` divided by `y`, for `y != 0`.", rem).categories(&["numbers"]).documented(&["", ""], "the remainder")
    .infix("%")
    .categories(&["numbers"]),
    Builtin::new("abs", "(x: number) => y: number", "Returns the number without its sign.", abs).categories(&["numbers"]).documented(&["the number to take the absolute value of"], "the absolute value of `x`"),
    Builtin::new("round", "(x: number) => y: number", "Rounds the number to the nearest integer.", round).categories(&["numbers"]).documented(&["the number to round"], "the result of rounding `x`"),
    Builtin::new("ceil", "(x: number) => y: number", "Rounds the number _up_ to the nearest integer.", ceil).categories(&["numbers"]).documented(&["the number to round"], "the result of rounding `x` _up_"),
    Builtin::new("floor", "(x: number) => y: number", "Rounds the number _down_ to the nearest integer.", floor).categories(&["numbers"]).documented(&["the number to round"], "the result of rounding `x` _down_"),
];

fn both<'a>(args: &[Value<'a>]) -> Result<(Number<'a>, Number<'a>), BuiltinError> {
    Ok((operand::number(args, 1)?, operand::number(args, 2)?))
}

fn plus<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    Ok(Some(x.plus(y, context.arena())?.into()))
}

fn minus<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = (operand::at(args, 1), operand::at(args, 2));
    match (x, y) {
        (Value::Number(x), Value::Number(y)) => Ok(Some(x.minus(y, context.arena())?.into())),
        (Value::Set(x), Value::Set(y)) => {
            let left = difference(x, y);
            Ok(Some(Set::from_sorted(context.arena(), &left)))
        }
        (Value::Set(_), y @ Value::Number(_)) => Err(operand::wrong_type(2, y, &["set"])),
        (Value::Number(_) | Value::Set(_), y) => Err(operand::wrong_type(2, y, &["number"])),
        (x, _) => Err(operand::wrong_type(1, x, &["number", "set"])),
    }
}

fn mul<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    Ok(Some(x.times(y, context.arena())?.into()))
}

fn div<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    Ok(Some(x.divided_by(y, context.arena())?.into()))
}

fn rem<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    Ok(Some(x.remainder(y, context.arena())?.into()))
}

fn abs<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(
        operand::number(args, 1)?.absolute(context.arena())?.into(),
    ))
}

fn round<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(
        operand::number(args, 1)?.round(context.arena())?.into(),
    ))
}

fn ceil<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(
        operand::number(args, 1)?.ceil(context.arena())?.into(),
    ))
}

fn floor<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(
        operand::number(args, 1)?.floor(context.arena())?.into(),
    ))
}
