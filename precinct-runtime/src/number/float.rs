//! Binary floating point of chosen precision, rounding to nearest, ties to even: Go's `math/big.Float`.
//!
//! OPA leaves the integers only for this type, at its default precision of 64 bits, so that the last digit of a
//! quotient depends on it.

use num_bigint::{BigInt, BigUint, Sign};

use super::Number;
use super::decimal::Decimal;

/// The precision that Go gives a float that is read from text.
pub const DEFAULT_PRECISION: u64 = 64;

/// Larger and smaller numbers than this power of two are refused: spelling them out takes too long.
const LARGEST_POWER: i64 = 400_000;

/// A floating point number that is neither infinite nor "not a number".
#[derive(Clone, Debug)]
pub struct Float {
    negative: bool,
    /// The value is `mantissa * 2^power`.
    mantissa: BigUint,
    power: i64,
    /// Bits of the mantissa that count.
    precision: u64,
}

/// A number whose exponent is too large or too small to compute with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl Float {
    /// Reads a number at the default precision.
    pub fn of(number: Number<'_>) -> Result<Self, OutOfRange> {
        let mut buffer = itoa::Buffer::new();
        let (negative, digits, power) = Decimal::of(number.text(&mut buffer)).scaled();
        let mantissa = BigUint::parse_bytes(&digits, 10).unwrap_or_default();
        if mantissa == BigUint::ZERO {
            return Ok(Self::zero(negative));
        }
        if power.abs() > LARGEST_POWER || digits.len() > 1_000_000 {
            return Err(OutOfRange);
        }
        // Go reads the digits without their trailing point, so that the same text gives the same power of five.
        let exact = Self {
            negative,
            mantissa,
            power,
            precision: DEFAULT_PRECISION,
        };
        if power == 0 {
            return Ok(exact.round());
        }
        let five = pow5(power.unsigned_abs(), DEFAULT_PRECISION + 64);
        Ok(if power < 0 {
            exact.divide_at(&five, DEFAULT_PRECISION)
        } else {
            exact.multiply_at(&five, DEFAULT_PRECISION)
        })
    }

    /// An integer, as precise as it needs (64 bits at least).
    #[must_use]
    pub fn from_big(int: &BigInt) -> Self {
        Self {
            negative: int.sign() == Sign::Minus,
            mantissa: int.magnitude().clone(),
            power: 0,
            precision: int.bits().max(DEFAULT_PRECISION),
        }
    }

    /// `mantissa * 2^power` at the default precision.
    pub(super) fn of_parts(negative: bool, mantissa: u64, power: i64) -> Self {
        Self {
            negative,
            mantissa: BigUint::from(mantissa),
            power,
            precision: DEFAULT_PRECISION,
        }
    }

    /// The product, at this number's precision.
    #[must_use]
    pub fn scale(&self, other: &Self) -> Self {
        self.multiply_at(other, self.precision)
    }

    /// The same number with the mantissa of a Go `float64`.
    #[must_use]
    pub fn double(mut self) -> Self {
        self.precision = 53;
        self.round()
    }

    const fn zero(negative: bool) -> Self {
        Self {
            negative,
            mantissa: BigUint::ZERO,
            power: 0,
            precision: DEFAULT_PRECISION,
        }
    }

    /// It is zero, of either sign.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.mantissa == BigUint::ZERO
    }

    /// The sign bit, which zero has too.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The bits of the mantissa that count.
    #[must_use]
    pub const fn precision(&self) -> u64 {
        self.precision
    }

    pub(super) fn mantissa(&self) -> &BigUint {
        &self.mantissa
    }

    pub(super) const fn power(&self) -> i64 {
        self.power
    }

    /// Nothing is left behind the point.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.is_zero()
            || self.power >= 0
            || i64::try_from(self.mantissa.trailing_zeros().unwrap_or(0)).unwrap_or(i64::MAX)
                >= -self.power
    }

    /// The integer part; `None` for numbers that nobody wants to spell out.
    #[must_use]
    pub fn truncate(&self) -> Option<BigInt> {
        let size = if self.power >= 0 {
            if self.power > LARGEST_POWER * 4 {
                return None;
            }
            &self.mantissa << self.power.unsigned_abs()
        } else {
            &self.mantissa >> self.power.unsigned_abs()
        };
        let sign = if self.negative {
            Sign::Minus
        } else {
            Sign::Plus
        };
        Some(BigInt::from_biguint(sign, size))
    }

    /// The same number without its sign.
    #[must_use]
    pub fn abs(mut self) -> Self {
        self.negative = false;
        self
    }

    /// The same number with the other sign.
    #[must_use]
    pub fn negate(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    /// The sum, at the higher of both precisions.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let precision = self.precision.max(other.precision);
        if self.is_zero() && other.is_zero() {
            return Self::zero(self.negative && other.negative);
        }
        if self.is_zero() || other.is_zero() {
            let mut sum = if self.is_zero() { other } else { self }.clone();
            sum.precision = precision;
            return sum.round();
        }
        let power = self.power.min(other.power);
        let align = |float: &Self| &float.mantissa << (float.power - power).unsigned_abs();
        let (left, right) = (align(self), align(other));
        let (negative, mantissa) = if self.negative == other.negative {
            (self.negative, left + right)
        } else if left >= right {
            (self.negative, left - right)
        } else {
            (other.negative, right - left)
        };
        if mantissa == BigUint::ZERO {
            return Self {
                precision,
                ..Self::zero(false)
            };
        }
        Self {
            negative,
            mantissa,
            power,
            precision,
        }
        .round()
    }

    /// The difference, at the higher of both precisions.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        self.add(&other.clone().negate())
    }

    /// The product, at the higher of both precisions.
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        self.multiply_at(other, self.precision.max(other.precision))
    }

    fn multiply_at(&self, other: &Self, precision: u64) -> Self {
        Self {
            negative: self.negative != other.negative,
            mantissa: &self.mantissa * &other.mantissa,
            power: self.power + other.power,
            precision,
        }
        .round()
    }

    /// The quotient, at the higher of both precisions. The divisor must not be zero.
    #[must_use]
    pub fn divide(&self, other: &Self) -> Self {
        self.divide_at(other, self.precision.max(other.precision))
    }

    fn divide_at(&self, other: &Self, precision: u64) -> Self {
        let negative = self.negative != other.negative;
        if self.is_zero() || other.is_zero() {
            return Self {
                precision,
                ..Self::zero(negative)
            };
        }
        // Two bits more than the result has, and one that tells whether anything is left behind them.
        let shift = (precision + 2 + other.mantissa.bits()).saturating_sub(self.mantissa.bits());
        let dividend = &self.mantissa << shift;
        let quotient = &dividend / &other.mantissa;
        let exact = &quotient * &other.mantissa == dividend;
        Self {
            negative,
            mantissa: (quotient << 1_u32) | BigUint::from(u8::from(!exact)),
            power: self.power - other.power - i64::try_from(shift).unwrap_or(i64::MAX) - 1,
            precision,
        }
        .round()
    }

    /// Cuts the mantissa to the precision: to the nearest, of two as near to the even one.
    fn round(mut self) -> Self {
        let excess = self.mantissa.bits().saturating_sub(self.precision);
        if excess == 0 {
            return self;
        }
        let half = self.mantissa.bit(excess - 1);
        let below = self.mantissa.trailing_zeros().unwrap_or(0) < excess - 1;
        self.mantissa >>= excess;
        self.power += i64::try_from(excess).unwrap_or(0);
        if half && (below || self.mantissa.bit(0)) {
            self.mantissa += 1_u32;
        }
        self
    }
}

/// `5^n` at a precision, rounded where Go rounds it.
fn pow5(n: u64, precision: u64) -> Float {
    const IN_ONE_STEP: u64 = 27;
    let power_of_five = |n: u64| {
        let n = u32::try_from(n).unwrap_or(0);
        BigUint::from(5_u32).pow(n)
    };
    let float = |mantissa, precision| Float {
        negative: false,
        mantissa,
        power: 0,
        precision,
    };
    if n <= IN_ONE_STEP {
        return float(power_of_five(n), precision);
    }
    let mut product = float(power_of_five(IN_ONE_STEP), precision);
    let mut square = float(BigUint::from(5_u32), precision + 64);
    let mut left = n - IN_ONE_STEP;
    while left > 0 {
        if left & 1 == 1 {
            product = product.multiply_at(&square, precision);
        }
        square = square.multiply_at(&square.clone(), precision + 64);
        left >>= 1;
    }
    product
}
