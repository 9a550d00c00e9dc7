//! `+ - * / %`, `abs`, `round`, `ceil`, `floor`.
//!
//! Integers stay integers, however large; a quotient that is none, and everything else, is computed on floats with
//! 64 bits of mantissa.

use num_bigint::BigInt;

use super::float::{Float, OutOfRange};
use super::quick::Quick;
use super::{Number, format};
use crate::arena::Arena;
use crate::error::BuiltinError;

/// Integers within these bounds divide as machine integers; OPA has the same window, and beyond it other rules.
const SMALL: std::ops::RangeInclusive<i64> = -(1 << 31)..=(1 << 31) - 1;

type Outcome<'a> = Result<Number<'a>, BuiltinError>;

impl From<OutOfRange> for BuiltinError {
    fn from(_: OutOfRange) -> Self {
        BuiltinError::new("number out of range")
    }
}

fn small(number: Number<'_>) -> Option<i64> {
    number.to_i64().filter(|int| SMALL.contains(int))
}

fn from_float<'a>(arena: &'a Arena, float: &Float) -> Outcome<'a> {
    Ok(Number::copied(arena, &format::float(float)?))
}

fn from_quick(arena: &Arena, quick: Quick) -> Outcome<'_> {
    match quick.text() {
        Some(text) => Ok(Number::copied(arena, &text)),
        None => from_float(arena, &quick.into()),
    }
}

fn both_quick(left: Number<'_>, right: Number<'_>) -> Option<(Quick, Quick)> {
    Some((Quick::of(left)?, Quick::of(right)?))
}

/// The ways to compute one thing: with integers of 128 bits and of any size, with floats in machine words and of any
/// size.
struct Ways<W, B, Q, F> {
    wide: W,
    big: B,
    quick: Q,
    float: F,
}

impl<W, B, Q, F> Ways<W, B, Q, F>
where
    W: FnOnce(i128, i128) -> Option<i128>,
    B: FnOnce(BigInt, BigInt) -> BigInt,
    Q: FnOnce(Quick, Quick) -> Option<Quick>,
    F: FnOnce(&Float, &Float) -> Float,
{
    fn compute<'a>(self, arena: &'a Arena, left: Number<'a>, right: Number<'a>) -> Outcome<'a> {
        if let (Some(a), Some(b)) = (left.to_wide(), right.to_wide())
            && let Some(int) = (self.wide)(a, b)
        {
            return Ok(Number::from_wide(arena, int));
        }
        if left.is_integer() && right.is_integer() {
            if let (Some(left), Some(right)) = (left.to_big(), right.to_big()) {
                return Ok(Number::from_big(arena, &(self.big)(left, right)));
            }
        } else if let Some((a, b)) = both_quick(left, right)
            && let Some(quick) = (self.quick)(a, b)
        {
            return from_quick(arena, quick);
        }
        from_float(arena, &(self.float)(&Float::of(left)?, &Float::of(right)?))
    }
}

/// The sum of many: exact if all are integers, otherwise of floats from the first on.
pub fn sum<'a>(numbers: &[Number<'a>], arena: &'a Arena) -> Outcome<'a> {
    if numbers.iter().all(|number| number.is_integer()) {
        let mut numbers = numbers.iter();
        return numbers.try_fold(Number::Int(0), |sum, number| sum.plus(*number, arena));
    }
    let quick = numbers
        .iter()
        .try_fold(Quick::ZERO, |sum, number| sum.add(Quick::of(*number)?));
    if let Some(sum) = quick {
        return from_quick(arena, sum);
    }
    let mut sum = Float::of(Number::Int(0))?;
    for number in numbers {
        sum = sum.add(&Float::of(*number)?);
    }
    from_float(arena, &sum)
}

/// The product of many: exact if all are integers, otherwise of floats with the 53 bits of the 1 that OPA begins with.
pub fn product<'a>(numbers: &[Number<'a>], arena: &'a Arena) -> Outcome<'a> {
    if numbers.iter().all(|number| number.is_integer()) {
        let mut numbers = numbers.iter();
        return numbers.try_fold(Number::Int(1), |product, number| {
            product.times(*number, arena)
        });
    }
    let mut product = Float::of(Number::Int(1))?.double();
    for number in numbers {
        product = product.scale(&Float::of(*number)?);
    }
    from_float(arena, &product)
}

impl<'a> Number<'a> {
    /// `self + other`
    #[inline]
    pub fn plus(self, other: Number<'a>, arena: &'a Arena) -> Outcome<'a> {
        if let (Number::Int(a), Number::Int(b)) = (self, other)
            && let Some(sum) = a.checked_add(b)
        {
            return Ok(Number::Int(sum));
        }
        Ways {
            wide: i128::checked_add,
            big: |a, b| a + b,
            quick: Quick::add,
            float: Float::add,
        }
        .compute(arena, self, other)
    }

    /// `self - other`
    #[inline]
    pub fn minus(self, other: Number<'a>, arena: &'a Arena) -> Outcome<'a> {
        if let (Number::Int(a), Number::Int(b)) = (self, other)
            && let Some(difference) = a.checked_sub(b)
        {
            return Ok(Number::Int(difference));
        }
        Ways {
            wide: i128::checked_sub,
            big: |a, b| a - b,
            quick: Quick::subtract,
            float: Float::subtract,
        }
        .compute(arena, self, other)
    }

    /// `self * other`
    #[inline]
    pub fn times(self, other: Number<'a>, arena: &'a Arena) -> Outcome<'a> {
        if let (Number::Int(a), Number::Int(b)) = (self, other)
            && let Some(product) = a.checked_mul(b)
        {
            return Ok(Number::Int(product));
        }
        Ways {
            wide: i128::checked_mul,
            big: |a, b| a * b,
            quick: Quick::multiply,
            float: Float::multiply,
        }
        .compute(arena, self, other)
    }

    /// `self / other`
    pub fn divided_by(self, other: Number<'a>, arena: &'a Arena) -> Outcome<'a> {
        if let (Some(a), Some(b)) = (small(self), small(other)) {
            if b == 0 {
                return Err(BuiltinError::new("divide by zero"));
            }
            if a != 0 && a % b == 0 {
                return Ok(Number::Int(a / b));
            }
        }
        if let Some((dividend, divisor)) = both_quick(self, other)
            && !divisor.is_zero()
            && let Some(quotient) = dividend.divide(divisor)
        {
            return from_quick(arena, quotient);
        }
        let divisor = Float::of(other)?;
        if divisor.is_zero() {
            return Err(BuiltinError::new("divide by zero"));
        }
        from_float(arena, &Float::of(self)?.divide(&divisor))
    }

    /// `self % other`, with the sign of `self`
    pub fn remainder(self, other: Number<'a>, arena: &'a Arena) -> Outcome<'a> {
        if let (Number::Int(a), Number::Int(b)) = (self, other) {
            return match b {
                0 => Err(BuiltinError::new("modulo by zero")),
                b => Ok(Number::Int(a.wrapping_rem(b))),
            };
        }
        if let (Some(a), Some(b)) = (self.to_wide(), other.to_wide())
            && let Some(rest) = a.checked_rem(b)
        {
            return Ok(Number::from_wide(arena, rest));
        }
        match (self.to_big(), other.to_big()) {
            (_, Some(b)) if b == BigInt::ZERO && self.is_integer() => {
                Err(BuiltinError::new("modulo by zero"))
            }
            (Some(a), Some(b)) => Ok(Number::from_big(arena, &(a % b))),
            _ => Err(BuiltinError::new("modulo on floating-point number")),
        }
    }

    /// The number without its sign.
    pub fn absolute(self, arena: &'a Arena) -> Outcome<'a> {
        match small(self) {
            Some(int) => Ok(Number::Int(int.abs())),
            None => match Quick::of(self) {
                Some(quick) => from_quick(arena, quick.abs()),
                None => from_float(arena, &Float::of(self)?.abs()),
            },
        }
    }

    /// The nearest integer, halves away from zero.
    pub fn round(self, arena: &'a Arena) -> Outcome<'a> {
        self.to_whole(arena, |float, _| {
            let half = Float::of(Number::Literal("0.5"))?;
            let moved = if float.is_negative() {
                float.subtract(&half)
            } else {
                float.add(&half)
            };
            Ok(Float::from_big(&moved.truncate().ok_or(OutOfRange)?))
        })
    }

    /// The least integer that is not less.
    pub fn ceil(self, arena: &'a Arena) -> Outcome<'a> {
        self.to_whole(arena, |float, whole| {
            if whole.is_negative() || float.is_integer() {
                return Ok(whole);
            }
            // Truncating takes the sign off numbers in (-1, 0): OPA answers 1 for them.
            Ok(whole.add(&Float::of(Number::Int(1))?))
        })
    }

    /// The greatest integer that is not greater.
    pub fn floor(self, arena: &'a Arena) -> Outcome<'a> {
        self.to_whole(arena, |float, whole| {
            if !whole.is_negative() || float.is_integer() {
                return Ok(whole);
            }
            Ok(whole.subtract(&Float::of(Number::Int(1))?))
        })
    }

    fn to_whole(
        self,
        arena: &'a Arena,
        rule: impl FnOnce(&Float, Float) -> Result<Float, OutOfRange>,
    ) -> Outcome<'a> {
        if let Some(int) = small(self) {
            return Ok(Number::Int(int));
        }
        let float = Float::of(self)?;
        let whole = Float::from_big(&float.truncate().ok_or(OutOfRange)?);
        from_float(arena, &rule(&float, whole)?)
    }
}
