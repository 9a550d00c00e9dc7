//! [`Float`]s of the default precision in machine words: what nearly all arithmetic on decimals is done with.
//!
//! Each operation gives what the one of [`Float`] gives, or `None` where more bits than a machine word pair has would be
//! needed.

use super::Number;
use super::decimal::Decimal;
use super::float::Float;
use super::format::Digits;

/// `mantissa * 2^power`; the mantissa has its highest bit set, unless it is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quick {
    negative: bool,
    mantissa: u64,
    power: i32,
}

/// 5^27 is the last one of 64 bits.
const MOST_FIVES: usize = 27;

const FIVES: [u64; MOST_FIVES + 1] = {
    let mut fives = [1; MOST_FIVES + 1];
    let mut at = 1;
    while at <= MOST_FIVES {
        fives[at] = fives[at - 1] * 5;
        at += 1;
    }
    fives
};

impl Quick {
    pub(super) const ZERO: Self = Self::zero(false);

    /// Reads a number as [`Float::of`] does.
    pub(super) fn of(number: Number<'_>) -> Option<Self> {
        let (negative, digits, power) = match number {
            Number::Int(int) => (int < 0, u128::from(int.unsigned_abs()), 0),
            Number::Literal(text) => Decimal::of(text).scaled_word()?,
        };
        if digits == 0 {
            return Some(Self::zero(negative));
        }
        let five = FIVES.get(usize::try_from(power.unsigned_abs()).ok()?)?;
        let power = i32::try_from(power).ok()?;
        if power >= 0 {
            let product = digits.checked_mul(u128::from(*five))?;
            return Some(Self::rounded(negative, product, power, false));
        }
        // The quotient of 128 bits and at most 63 has 65 or more: one more than the mantissa.
        let shift = digits.leading_zeros();
        let (dividend, five) = (digits << shift, u128::from(*five));
        Some(Self::rounded(
            negative,
            dividend / five,
            power - shift.cast_signed(),
            dividend % five != 0,
        ))
    }

    const fn zero(negative: bool) -> Self {
        Self {
            negative,
            mantissa: 0,
            power: 0,
        }
    }

    /// Rounds to the nearest, of two as near to the even one. `more` is whether anything is left behind the bits; there
    /// are 65 of them at least if so.
    #[expect(clippy::cast_possible_truncation, reason = "shifted to 64 bits before")]
    fn rounded(negative: bool, bits: u128, power: i32, more: bool) -> Self {
        let zeros = bits.leading_zeros();
        if bits == 0 {
            return Self::zero(negative);
        }
        // To the top, and then the upper half counts.
        let top = bits << zeros;
        let (kept, rest) = ((top >> 64) as u64, top as u64);
        let power = power + 64 - zeros.cast_signed();
        let half = 1 << 63;
        let up = rest > half || rest == half && (more || kept & 1 == 1);
        match kept.checked_add(u64::from(up)) {
            Some(mantissa) => Self {
                negative,
                mantissa,
                power,
            },
            None => Self {
                negative,
                mantissa: half,
                power: power + 1,
            },
        }
    }

    pub(super) const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub(super) const fn negate(self) -> Self {
        Self {
            negative: !self.negative,
            ..self
        }
    }

    pub(super) const fn abs(self) -> Self {
        Self {
            negative: false,
            ..self
        }
    }

    /// [`Float::add`]
    pub(super) fn add(self, other: Self) -> Option<Self> {
        if self.is_zero() && other.is_zero() {
            return Some(Self::zero(self.negative && other.negative));
        }
        if self.is_zero() {
            return Some(other);
        }
        if other.is_zero() {
            return Some(self);
        }
        let (high, low) = if self.power >= other.power {
            (self, other)
        } else {
            (other, self)
        };
        let shift = u32::try_from(high.power - low.power).ok()?;
        if shift > 63 {
            return None;
        }
        let (left, right) = (u128::from(high.mantissa) << shift, u128::from(low.mantissa));
        let (negative, bits) = if high.negative == low.negative {
            (high.negative, left + right)
        } else if left >= right {
            (high.negative, left - right)
        } else {
            (low.negative, right - left)
        };
        if bits == 0 {
            return Some(Self::ZERO);
        }
        Some(Self::rounded(negative, bits, low.power, false))
    }

    /// [`Float::subtract`]
    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negate())
    }

    /// [`Float::multiply`]
    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        let bits = u128::from(self.mantissa) * u128::from(other.mantissa);
        let power = self.power.checked_add(other.power)?;
        let negative = self.negative != other.negative;
        Some(Self::rounded(negative, bits, power, false))
    }

    /// [`Float::divide`]; the divisor must not be zero.
    pub(super) fn divide(self, other: Self) -> Option<Self> {
        let negative = self.negative != other.negative;
        let divisor = u128::from(other.mantissa);
        let dividend = u128::from(self.mantissa) << 64;
        if dividend == 0 {
            return Some(Self::zero(negative));
        }
        // 64 or 65 bits, and one more.
        let (quotient, rest) = (dividend.checked_div(divisor)?, dividend % divisor * 2);
        let last = u128::from(rest >= divisor);
        let power = self.power.checked_sub(other.power)?.checked_sub(65)?;
        let more = rest != last * divisor;
        Some(Self::rounded(negative, quotient << 1 | last, power, more))
    }

    fn is_integer(self) -> bool {
        self.is_zero()
            || self.mantissa.trailing_zeros() >= self.power.saturating_neg().max(0).unsigned_abs()
    }

    /// The text of [`super::format::float`].
    pub(super) fn text(self) -> Option<String> {
        if self.is_zero() {
            return Some(if self.negative { "-0" } else { "0" }.to_owned());
        }
        Some(self.digits()?.text(self.negative, self.is_integer()))
    }

    /// The fewest digits that still mean this float: those of [`Digits::shorten`], which looks at all digits of the
    /// float and of both midpoints to its neighbours. Here they are made until the first decision.
    fn digits(self) -> Option<Digits> {
        // With half a unit in the last place as the unit.
        let places = u32::try_from(1_i32.checked_sub(self.power)?).ok()?;
        if !(1..=Stream::MOST_PLACES).contains(&places) {
            return None;
        }
        let middle = u128::from(self.mantissa) << 1;
        let inclusive = self.mantissa & 1 == 0;
        let (digits, [mut own, mut lower, mut upper]) = Stream::shared(middle, places)
            .unwrap_or_else(|| {
                let (own, point) = Stream::of(middle, places);
                let [(lower, _), (upper, _)] =
                    [middle - 1, middle + 1].map(|bits| Stream::of(bits, places));
                (Digits::new(point), [own, lower, upper])
            });
        let mut digits = digits;
        while !own.is_done() {
            let lower_was_done = lower.is_done();
            let (middle, low, high) = (own.next(), lower.next(), upper.next());
            digits.push(middle);
            let down = low != middle || inclusive && !lower_was_done && lower.is_done();
            let up = middle != high && (inclusive || middle + 1 < high || !upper.is_done());
            match (down, up) {
                (true, true) if own.is_done() => {}
                (true, true) => {
                    let next = own.next();
                    let up = if next == 5 && own.is_done() {
                        middle % 2 == 1
                    } else {
                        next >= 5
                    };
                    digits.end(up);
                }
                (true, false) => digits.end(false),
                (false, true) => digits.end(true),
                (false, false) => continue,
            }
            return Some(digits);
        }
        Some(digits)
    }
}

impl From<Quick> for Float {
    fn from(quick: Quick) -> Self {
        Self::of_parts(quick.negative, quick.mantissa, quick.power.into())
    }
}

/// The decimal digits of a number, from the first that is not zero. They go on with zeros.
struct Stream {
    /// The digits before the point, from the last one.
    whole: u64,
    /// The power of ten of the next digit before the point.
    unit: u64,
    /// What is behind the point, in units of 2^-places.
    fraction: u128,
    places: u32,
}

impl Stream {
    /// Ten times the fraction has to fit.
    const MOST_PLACES: u32 = 124;

    /// The digits of `bits / 2^places`, which is not zero (65 bits, at least one place), and the place of the point before them.
    #[expect(clippy::cast_possible_truncation, reason = "64 bits are left")]
    fn of(bits: u128, places: u32) -> (Self, i64) {
        let whole = (bits >> places) as u64;
        let mut stream = Self {
            whole,
            unit: 0,
            fraction: bits & ((1 << places) - 1),
            places,
        };
        if let Some(power) = whole.checked_ilog10() {
            stream.unit = 10_u64.pow(power);
            return (stream, i64::from(power) + 1);
        }
        let mut point = 0;
        while !stream.is_done() && (stream.fraction * 10) >> places == 0 {
            stream.fraction *= 10;
            point -= 1;
        }
        (stream, point)
    }

    /// The digits that `bits / 2^places` has in common with what is one unit less and one more, as far as neither of
    /// these ends there; and the three of them from there on. `None` if there are no such digits.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "64 bits are left, and one digit"
    )]
    fn shared(bits: u128, places: u32) -> Option<(Digits, [Self; 3])> {
        let one = 1 << places;
        let are_shared = |fraction: u128, unit: u128| fraction > unit && fraction + unit < one;
        let (whole, mut fraction, mut unit) = ((bits >> places) as u64, bits & (one - 1), 1);
        if !are_shared(fraction, unit) {
            return None;
        }
        let mut digits = Digits::whole(whole);
        loop {
            let (ten, tenfold) = (fraction * 10, unit * 10);
            if !are_shared(ten & (one - 1), tenfold) {
                break;
            }
            (fraction, unit) = (ten & (one - 1), tenfold);
            digits.push((ten >> places) as u8);
        }
        let rest = |fraction| Self {
            whole: 0,
            unit: 0,
            fraction,
            places,
        };
        let rests = [fraction, fraction - unit, fraction + unit].map(rest);
        (!digits.is_empty()).then_some((digits, rests))
    }

    const fn is_done(&self) -> bool {
        self.fraction == 0 && self.whole == 0
    }

    #[expect(clippy::cast_possible_truncation, reason = "one digit")]
    fn next(&mut self) -> u8 {
        if let Some(digit) = self.whole.checked_div(self.unit) {
            self.whole %= self.unit;
            self.unit /= 10;
            return digit as u8;
        }
        let ten = self.fraction * 10;
        self.fraction = ten & ((1 << self.places) - 1);
        (ten >> self.places) as u8
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::format;
    use super::*;

    type Both = (Quick, Float);

    fn same((quick, float): &Both) {
        let wanted = format::float(float).unwrap();
        assert_eq!(format::float(&Float::from(*quick)).unwrap(), wanted);
        if let Some(text) = quick.text() {
            assert_eq!(text, wanted, "{quick:?}");
        }
    }

    fn texts() -> Vec<String> {
        let mut seed = 1_u64;
        let mut roll = |sides: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % sides
        };
        let mut texts: Vec<String> = [
            "0",
            "-0",
            "1",
            "-1",
            "0.5",
            "0.1",
            "0.3",
            "1e22",
            "1e-22",
            "5e-324",
            "1.5e27",
            "0.0625",
            "1e-18",
            "9223372036854775808",
            "-18446744073709551615",
            "18446744073709551616",
            "18446744073709551617",
            "0.6666666666666666667",
            "142857.14285714285714",
            "36893488147419103233",
            "999999.9999999999999",
            "9.999999999999999999",
            "0.9999999999999999999",
            "0.99999999999999999999999",
            "1e5",
            "1e6",
            "1e-4",
            "0.00001",
            "4503599627370496.5",
            "9007199254740993.5",
            "0.000244140625",
            "1e20",
            "1e21",
            "123456789012345678.25",
        ]
        .map(str::to_owned)
        .to_vec();
        for _ in 0..400 {
            let digits: String = (0..=roll(22))
                .map(|_| char::from(b'0' + u8::try_from(roll(10)).unwrap()))
                .collect();
            let digits = digits.trim_start_matches('0');
            let sign = ["", "-"][usize::try_from(roll(2)).unwrap()];
            let power = i64::try_from(roll(40)).unwrap() - 25;
            texts.push(format!(
                "{sign}{}e{power}",
                if digits.is_empty() { "7" } else { digits }
            ));
            texts.push(format!(
                "{sign}{}.{}",
                roll(1000),
                digits.len() + 3 * usize::try_from(roll(99)).unwrap()
            ));
            // Powers of two and what is beside them.
            texts.push(format!(
                "{sign}{}",
                (1_u128 << roll(90)) + u128::from(roll(3))
            ));
            texts.push(format!(
                "{sign}{}e-{}",
                5_u64.pow(u32::try_from(roll(26)).unwrap()),
                roll(26)
            ));
        }
        texts
    }

    #[test]
    fn machine_words_compute_as_the_general_way_does() {
        let texts = texts();
        let both = |text: &String| -> Option<Both> {
            let number = Number::from_text(text);
            Some((Quick::of(number)?, Float::of(number).unwrap()))
        };
        let read: Vec<Both> = texts.iter().filter_map(both).collect();
        assert!(
            read.len() * 10 > texts.len() * 8,
            "{} of {}",
            read.len(),
            texts.len()
        );
        read.iter().for_each(same);
        let mut done = 0;
        for (at, (quick, float)) in read.iter().enumerate() {
            for (other, other_float) in read.iter().skip(at % 7).step_by(31).chain(&read[..20]) {
                let mut results = vec![
                    (quick.add(*other), float.add(other_float)),
                    (quick.subtract(*other), float.subtract(other_float)),
                    (quick.multiply(*other), float.multiply(other_float)),
                ];
                if !other.is_zero() {
                    results.push((quick.divide(*other), float.divide(other_float)));
                }
                for (quick, float) in results {
                    if let Some(quick) = quick {
                        same(&(quick, float));
                        done += 1;
                    }
                }
            }
        }
        assert!(done > 100_000, "{done}");
    }
}
