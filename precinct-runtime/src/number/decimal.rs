//! What a number text is worth, exactly and without doing arithmetic on it.
//!
//! `-12.50e3` becomes a sign, the digits `125` and the power of ten of the place before the first digit (5): two texts
//! compare by sign, then by that power, then by their digits. The exponent can be as large as it likes.

use std::cmp::Ordering;

use num_bigint::BigInt;

/// More digits than this are not spelled out (OPA stops at the same size).
const MOST_DIGITS: i64 = 1_000_000;

/// Beyond this power of ten a number is as good as zero to OPA, whose floats have exponents of 32 bits.
const VANISHING: i64 = -646_456_993;

/// The worth of a number text.
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    negative: bool,
    /// The digits before the point, without leading zeros.
    whole: &'a [u8],
    /// The digits behind the point, without trailing zeros; no leading zeros either if `whole` is empty.
    fraction: &'a [u8],
    /// The value is `0.DIGITS * 10^power`; zero for zero.
    power: i64,
}

impl<'a> Decimal<'a> {
    /// Reads a valid JSON number.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let (negative, text) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let end = text
            .iter()
            .position(|b| matches!(b, b'e' | b'E'))
            .unwrap_or(text.len());
        let exponent = exponent(text.get(end + 1..).unwrap_or_default());
        let mantissa = &text[..end];
        let point = mantissa
            .iter()
            .position(|b| *b == b'.')
            .unwrap_or(mantissa.len());
        let mut whole = trim_start(&mantissa[..point]);
        let mut fraction = trim_end(mantissa.get(point + 1..).unwrap_or_default());
        let mut power = exponent.saturating_add(count(whole));
        if whole.is_empty() {
            let kept = trim_start(fraction);
            power = power.saturating_sub(count(fraction) - count(kept));
            fraction = kept;
        } else if fraction.is_empty() {
            whole = trim_end(whole);
        }
        if power < VANISHING {
            (whole, fraction) = (&[], &[]);
        }
        if whole.is_empty() && fraction.is_empty() {
            power = 0;
        }
        Self {
            negative,
            whole,
            fraction,
            power,
        }
    }

    const fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.whole.iter().chain(self.fraction).copied()
    }

    fn len(&self) -> i64 {
        count(self.whole) + count(self.fraction)
    }

    /// Nothing is left behind the point.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.is_zero() || self.power >= self.len()
    }

    /// Order by worth.
    #[must_use]
    pub fn compare(&self, other: &Decimal<'_>) -> Ordering {
        let sign = |d: &Decimal<'_>| match (d.is_zero(), d.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let (left, right) = (sign(self), sign(other));
        if left != right || left == 0 {
            return left.cmp(&right);
        }
        let size = self
            .power
            .cmp(&other.power)
            .then_with(|| self.digits().cmp(other.digits()));
        if left < 0 { size.reverse() } else { size }
    }

    /// A hash by worth that agrees with the one of machine integers.
    #[must_use]
    pub fn hash64(&self) -> u64 {
        if self.is_integer()
            && self.power <= 19
            && let Some(int) = self.to_big().and_then(|big| i64::try_from(big).ok())
        {
            return int.cast_unsigned();
        }
        let mut hash = self.power.cast_unsigned() ^ (u64::from(self.negative) << 63);
        for digit in self.digits() {
            hash = (hash.rotate_left(5) ^ u64::from(digit)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        hash
    }

    /// The integer, if it is one of no more than a million digits.
    #[must_use]
    pub fn to_big(&self) -> Option<BigInt> {
        if self.is_zero() {
            return Some(BigInt::ZERO);
        }
        if !self.is_integer() || self.power > MOST_DIGITS {
            return None;
        }
        let zeros = usize::try_from(self.power - self.len()).ok()?;
        let mut digits: Vec<u8> = self.digits().collect();
        digits.resize(digits.len() + zeros, b'0');
        let size = BigInt::parse_bytes(&digits, 10)?;
        Some(if self.negative { -size } else { size })
    }

    /// The same as [`Decimal::scaled`], with the digits in a machine word; `None` if they are too many.
    pub(super) fn scaled_word(&self) -> Option<(bool, u128, i64)> {
        if self.len() > 38 {
            return None;
        }
        let mut digits = 0_u128;
        for part in self.whole.chunks(16).chain(self.fraction.chunks(16)) {
            let (mut sum, mut scale) = (0_u64, 1_u64);
            for digit in part {
                sum = sum * 10 + u64::from(digit.wrapping_sub(b'0'));
                scale *= 10;
            }
            digits = digits * u128::from(scale) + u128::from(sum);
        }
        Some((self.negative, digits, self.power.saturating_sub(self.len())))
    }

    /// Sign, digits as an integer and the power of ten to multiply it with.
    pub(super) fn scaled(&self) -> (bool, Vec<u8>, i64) {
        let digits: Vec<u8> = self.digits().collect();
        (self.negative, digits, self.power.saturating_sub(self.len()))
    }
}

fn exponent(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    // Far beyond everything that matters, and far from the ends of the type.
    let size = digits.iter().fold(0_i64, |sum, digit| {
        (sum * 10 + i64::from(digit.wrapping_sub(b'0'))).min(1 << 56)
    });
    if negative { -size } else { size }
}

fn count(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

fn trim_start(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    &digits[zeros..]
}

fn trim_end(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|b| **b == b'0').count();
    &digits[..digits.len() - zeros]
}
