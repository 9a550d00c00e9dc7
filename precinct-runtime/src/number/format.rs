//! Floats as text.

use num_bigint::BigUint;

use super::float::{Float, OutOfRange};

/// More binary places than this are refused: writing them out takes too long.
const MOST_PLACES: i64 = 1_500_000;

/// Decimal digits and the place of the point: `0.DIGITS * 10^point`.
pub(super) struct Digits {
    digits: Vec<u8>,
    point: i64,
}

impl Digits {
    /// No digits yet.
    pub(super) fn new(point: i64) -> Self {
        Self {
            digits: Vec::with_capacity(24),
            point,
        }
    }

    /// Those of an integer, before the point.
    pub(super) fn whole(int: u64) -> Self {
        let mut digits = Self::new(0);
        if int > 0 {
            let mut buffer = itoa::Buffer::new();
            digits.digits.extend(buffer.format(int).bytes());
            digits.point = signed(digits.digits.len());
        }
        digits
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.digits.is_empty()
    }

    /// The next digit, of those behind the point if [`Digits::whole`] gave the others: zeros at first only move the point.
    pub(super) fn push(&mut self, digit: u8) {
        if digit == 0 && self.digits.is_empty() {
            self.point -= 1;
        } else {
            self.digits.push(b'0' + digit);
        }
    }

    /// These are all digits, with one more in the last place or not.
    pub(super) fn end(&mut self, up: bool) {
        if up {
            self.round_up(self.digits.len());
        } else {
            self.round_down(self.digits.len());
        }
    }

    /// The number as OPA prints it.
    pub(super) fn text(&self, negative: bool, is_integer: bool) -> String {
        if !is_integer && !PLAIN_POWERS.contains(&(self.point - 1)) {
            self.scientific(negative)
        } else {
            self.plain(negative)
        }
    }

    /// All digits of `mantissa * 2^power`.
    fn of(mantissa: &BigUint, power: i64) -> Self {
        let (digits, shift) = if power >= 0 {
            ((mantissa << power.unsigned_abs()).to_string(), 0)
        } else {
            let places = u32::try_from(power.unsigned_abs()).unwrap_or(u32::MAX);
            (
                (mantissa * BigUint::from(5_u32).pow(places)).to_string(),
                power,
            )
        };
        let mut digits = digits.into_bytes();
        let point = signed(digits.len()) + shift;
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        Self { digits, point }
    }

    fn at(&self, index: usize) -> u8 {
        self.digits.get(index).copied().unwrap_or(b'0')
    }

    fn round_down(&mut self, length: usize) {
        self.digits.truncate(length);
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
    }

    fn round_up(&mut self, length: usize) {
        self.digits.truncate(length);
        while self.digits.last() == Some(&b'9') {
            self.digits.pop();
        }
        if let Some(last) = self.digits.last_mut() {
            *last += 1;
        } else {
            self.digits.push(b'1');
            self.point += 1;
        }
    }

    fn round(&mut self, length: usize) {
        let up = match self.digits.get(length) {
            None => return,
            Some(b'5') if length + 1 == self.digits.len() => {
                length > 0 && (self.digits[length - 1] - b'0') % 2 == 1
            }
            Some(digit) => *digit >= b'5',
        };
        if up {
            self.round_up(length);
        } else {
            self.round_down(length);
        }
    }

    /// As few digits as still mean this float: Steele and White's method over the two neighbours' midpoints.
    fn shorten(&mut self, float: &Float) {
        let bits = float.mantissa().bits();
        let wanted = float.precision() + 1;
        // One bit more than the precision, so that half a unit in the last place is one.
        let mut mantissa = float.mantissa().clone();
        let mut power = float.power();
        if bits > wanted {
            mantissa >>= bits - wanted;
            power += signed64(bits - wanted);
        } else {
            mantissa <<= wanted - bits;
            power -= signed64(wanted - bits);
        }
        let inclusive = !mantissa.bit(1);
        let lower = Self::of(&(&mantissa - 1_u32), power);
        let upper = Self::of(&(&mantissa + 1_u32), power);
        for index in 0..self.digits.len() {
            let middle = self.digits[index];
            let low = lower.at(index);
            let high = upper.at(index);
            let down = low != middle || inclusive && index + 1 == lower.digits.len();
            let up = middle != high
                && (inclusive || middle + 1 < high || index + 1 < upper.digits.len());
            match (down, up) {
                (true, true) => return self.round(index + 1),
                (true, false) => return self.round_down(index + 1),
                (false, true) => return self.round_up(index + 1),
                (false, false) => {}
            }
        }
    }

    /// `123.45`
    fn plain(&self, negative: bool) -> String {
        let mut text = String::with_capacity(self.digits.len() + 8);
        if negative {
            text.push('-');
        }
        let places = self.digits.len();
        if self.point <= 0 {
            text.push('0');
        }
        let before = usize::try_from(self.point).unwrap_or(0);
        let (whole, fraction) = self.digits.split_at(before.min(places));
        text.push_str(str::from_utf8(whole).unwrap_or_default());
        text.extend(std::iter::repeat_n('0', before - whole.len()));
        if signed(places) > self.point {
            text.push('.');
            for _ in self.point..0 {
                text.push('0');
            }
            text.push_str(str::from_utf8(fraction).unwrap_or_default());
        }
        text
    }

    /// `1.2345e+02`
    fn scientific(&self, negative: bool) -> String {
        let mut text = String::from(if negative { "-" } else { "" });
        text.push(self.at(0).into());
        if self.digits.len() > 1 {
            text.push('.');
            text.extend(self.digits[1..].iter().map(|digit| char::from(*digit)));
        }
        let exponent = if self.digits.is_empty() {
            0
        } else {
            self.point - 1
        };
        text.push('e');
        text.push(if exponent < 0 { '-' } else { '+' });
        if exponent.abs() < 10 {
            text.push('0');
        }
        text + &exponent.abs().to_string()
    }
}

/// A float as OPA prints it: integers in full, anything else in the shortest form that reads back as the same float.
pub fn float(float: &Float) -> Result<String, OutOfRange> {
    if float.is_zero() {
        return Ok(if float.is_negative() { "-0" } else { "0" }.to_owned());
    }
    if float.power().abs() > MOST_PLACES {
        return Err(OutOfRange);
    }
    let mut digits = Digits::of(float.mantissa(), float.power());
    digits.shorten(float);
    Ok(digits.text(float.is_negative(), float.is_integer()))
}

/// Numbers with other powers of ten than these have an exponent in Go's shortest form.
const PLAIN_POWERS: std::ops::Range<i64> = -4..6;

/// A float as Go's `%g` prints it with the fewest digits that tell it from its neighbours.
#[must_use]
pub fn general_f64(float: f64) -> String {
    general(&format!("{float:e}"))
}

/// The same for single precision.
#[must_use]
pub fn general_f32(float: f32) -> String {
    general(&format!("{float:e}"))
}

/// A number such as `-1.25e3` without its power of ten if that is small, otherwise with two digits of it.
fn general(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else {
        return text.to_owned();
    };
    let Ok(power) = power.parse::<i32>() else {
        return text.to_owned();
    };
    if !(-4..6).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", power.unsigned_abs());
    }
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    match usize::try_from(power) {
        Ok(power) if digits.len() <= power + 1 => format!("{sign}{digits:0<0$}", power + 1),
        Ok(power) => format!("{sign}{}.{}", &digits[..=power], &digits[power + 1..]),
        Err(_) => {
            let zeros = usize::try_from(power.unsigned_abs()).map_or(0, |zeros| zeros - 1);
            format!("{sign}0.{}{digits}", "0".repeat(zeros))
        }
    }
}

/// A 64-bit float as Go's JSON encoder writes it: exponents below 1e-6 and from 1e21 on, without leading zeros.
#[must_use]
pub fn json_f64(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{float:e}");
        // Rust writes 1e21, Go 1e+21; both write 1e-7.
        return match text.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => {
                format!("{mantissa}e+{exponent}")
            }
            _ => text,
        };
    }
    format!("{float}")
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn signed64(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
