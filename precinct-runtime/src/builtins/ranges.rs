//! Ranges of integers.

use num_bigint::{BigInt, Sign};

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::value::Value;

/// Ranges of integers.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("numbers.range", "(a: number, b: number) => range: array[number]", "Returns an array of numbers in the given (inclusive) range. If `a==b`, then `range == [a]`; if `a > b`, then `range` is in descending order.", numbers_range).documented(&["the start of the range", "the end of the range (inclusive)"], "the range between `a` and `b`"),
    Builtin::new("numbers.range_step", "(a: number, b: number, step: number) => range: array[number]", "Returns an array of numbers in the given (inclusive) range incremented by a positive step.\n\tIf \"a==b\", then \"range == [a]\"; if \"a > b\", then \"range\" is in descending order.\n\tIf the provided \"step\" is less then 1, an error will be thrown.\n\tIf \"b\" is not in the range of the provided \"step\", \"b\" won't be included in the result.\n\t", numbers_range_step).documented(&["the start of the range", "the end of the range (inclusive)", "the step between numbers in the range"], "the range between `a` and `b` in `step` increments"),
];

fn numbers_range<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (from, to) = (operand::big_int(args, 1)?, operand::big_int(args, 2)?);
    range(context, "numbers.range", from, &to, &BigInt::from(1))
}

fn numbers_range_step<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (from, to) = (operand::big_int(args, 1)?, operand::big_int(args, 2)?);
    let step = operand::big_int(args, 3)?;
    if step.sign() != Sign::Plus {
        return Err(BuiltinError::new(
            "numbers.range_step: step must be a positive integer",
        ));
    }
    range(context, "numbers.range_step", from, &to, &step)
}

fn range<'a>(
    context: &mut Context<'a>,
    name: &str,
    from: BigInt,
    to: &BigInt,
    step: &BigInt,
) -> Outcome<'a> {
    let mut items = Vec::new();
    let mut at = from;
    let up = at <= *to;
    while if up { at <= *to } else { at >= *to } {
        context
            .spend(1)
            .map_err(|error| error.while_builtin(name, "generating all numbers in range"))?;
        items.push(Value::from(Number::from_big(context.arena(), &at)));
        if up {
            at += step;
        } else {
            at -= step;
        }
    }
    Ok(Some(Value::array(context.arena(), &items)))
}
