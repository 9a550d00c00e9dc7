//! Bits of integers of any size, negative ones in two's complement.

use num_bigint::{BigInt, Sign};

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::value::Value;

/// Bits of integers.
pub const FAMILY: &[Builtin] = &[
    Builtin::new(
        "bits.or",
        "(x: number, y: number) => z: number",
        "Returns the bitwise \"OR\" of two integers.",
        bits_or,
    )
    .documented(
        &["the first integer", "the second integer"],
        "the bitwise OR of `x` and `y`",
    ),
    Builtin::new(
        "bits.and",
        "(x: number, y: number) => z: number",
        "Returns the bitwise \"AND\" of two integers.",
        bits_and,
    )
    .documented(
        &["the first integer", "the second integer"],
        "the bitwise AND of `x` and `y`",
    ),
    Builtin::new(
        "bits.negate",
        "(x: number) => z: number",
        "Returns the bitwise negation (flip) of an integer.",
        bits_negate,
    )
    .documented(&["the integer to negate"], "the bitwise negation of `x`"),
    Builtin::new(
        "bits.xor",
        "(x: number, y: number) => z: number",
        "Returns the bitwise \"XOR\" (exclusive-or) of two integers.",
        bits_xor,
    )
    .documented(
        &["the first integer", "the second integer"],
        "the bitwise XOR of `x` and `y`",
    ),
    Builtin::new(
        "bits.lsh",
        "(x: number, s: number) => z: number",
        "Returns a new integer with its bits shifted `s` bits to the left.",
        bits_lsh,
    )
    .documented(
        &["the integer to shift", "the number of bits to shift"],
        "the result of shifting `x` `s` bits to the left",
    ),
    Builtin::new(
        "bits.rsh",
        "(x: number, s: number) => z: number",
        "Returns a new integer with its bits shifted `s` bits to the right.",
        bits_rsh,
    )
    .documented(
        &["the integer to shift", "the number of bits to shift"],
        "the result of shifting `x` `s` bits to the right",
    ),
];

/// How many bits a shift to the left may add: beyond it a number would fill the memory.
const LONGEST_SHIFT: u64 = 1 << 16;

fn both(args: &[Value<'_>]) -> Result<(BigInt, BigInt), BuiltinError> {
    Ok((operand::big_int(args, 1)?, operand::big_int(args, 2)?))
}

fn give<'a>(context: &Context<'a>, number: &BigInt) -> Outcome<'a> {
    Ok(Some(Number::from_big(context.arena(), number).into()))
}

fn bits_or<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    give(context, &(x | y))
}

fn bits_and<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    give(context, &(x & y))
}

fn bits_xor<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    give(context, &(x ^ y))
}

fn bits_negate<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    give(context, &!operand::big_int(args, 1)?)
}

fn shift(args: &[Value<'_>]) -> Result<(BigInt, u64), BuiltinError> {
    let (number, by) = both(args)?;
    if by.sign() == Sign::Minus {
        return Err(operand::wrong(
            2,
            "must be an unsigned integer number but got a negative integer",
        ));
    }
    // Of larger numbers OPA takes the low bits.
    Ok((number, by.iter_u64_digits().next().unwrap_or(0)))
}

fn bits_lsh<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (number, by) = shift(args)?;
    if by > LONGEST_SHIFT && number.sign() != Sign::NoSign {
        return Err(operand::wrong(2, "must be a smaller number of bits"));
    }
    give(context, &(number << by.min(LONGEST_SHIFT)))
}

fn bits_rsh<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (number, by) = shift(args)?;
    let by = by.min(number.bits().saturating_add(1));
    give(context, &(number >> by))
}
