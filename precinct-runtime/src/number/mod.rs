//! Numbers as OPA computes with them.
//!
//! A number keeps its text for output and compares by what it is worth, whatever its size. Small integers are
//! machine integers; for everything else the text is kept and read again when somebody computes with it.
//!
//! * [`decimal`]: exact comparison and hashing of number texts
//! * [`float`]: binary floating point with a mantissa of 64 bits, as Go's `big.Float` has by default
//! * `quick`: most of them in machine words
//! * [`mod@format`]: such floats as the shortest text
//! * [`arithmetic`]: `+ - * / %`, rounding

pub mod arithmetic;
pub mod decimal;
pub mod float;
pub mod format;
mod quick;
pub(crate) mod size;

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;

use crate::arena::Arena;
use decimal::Decimal;

/// A number of Rego's data model.
#[derive(Clone, Copy, Debug)]
pub enum Number<'a> {
    /// An integer whose text is the one that Rust prints for it.
    Int(i64),
    /// Any other number, as JSON text (RFC 8259, section 6): `1.0`, `1e3`, `-0`, integers beyond 64 bits.
    Literal(&'a str),
}

impl<'a> Number<'a> {
    /// The number of a text that is a valid JSON number.
    #[must_use]
    pub fn from_text(text: &'a str) -> Self {
        match parse_int(text.as_bytes()) {
            Some(int) => Number::Int(int),
            None => Number::Literal(text),
        }
    }

    /// Like [`Number::from_text`], with the text copied into the arena if it has to be kept.
    #[must_use]
    pub fn copied(arena: &'a Arena, text: &str) -> Self {
        match parse_int(text.as_bytes()) {
            Some(int) => Number::Int(int),
            None => Number::Literal(arena.alloc_str(text)),
        }
    }

    /// The number of a text, if it is one that JSON allows.
    #[must_use]
    pub fn parse(arena: &'a Arena, text: &str) -> Option<Self> {
        is_json_number(text.as_bytes()).then(|| Self::copied(arena, text))
    }

    /// An integer of any size.
    #[must_use]
    pub fn from_big(arena: &'a Arena, int: &BigInt) -> Self {
        match i64::try_from(int) {
            Ok(int) => Number::Int(int),
            Err(_) => Number::Literal(arena.alloc_str(&int.to_string())),
        }
    }

    /// The same for 128 bits.
    fn from_wide(arena: &'a Arena, int: i128) -> Self {
        match i64::try_from(int) {
            Ok(int) => Number::Int(int),
            Err(_) => Number::Literal(arena.alloc_str(itoa::Buffer::new().format(int))),
        }
    }

    /// The integer, if the text is one of up to 38 digits.
    fn to_wide(self) -> Option<i128> {
        match self {
            Number::Int(int) => Some(int.into()),
            Number::Literal(text) if text.len() <= 38 => text.parse().ok(),
            Number::Literal(_) => None,
        }
    }

    /// The number of a Go `float64`: printed as Go's JSON encoder does. Not a number and infinities give `None`.
    #[must_use]
    pub fn from_f64(arena: &'a Arena, float: f64) -> Option<Self> {
        float
            .is_finite()
            .then(|| Self::copied(arena, &format::json_f64(float)))
    }

    /// The integer, if the text is one of 64 bits; as with OPA, zeros behind a point count (`1.0` is one), exponents do
    /// not (`1e0` is none), and there are no more than 19 digits and points.
    #[must_use]
    #[inline]
    pub fn to_i64(self) -> Option<i64> {
        match self {
            Number::Int(int) => Some(int),
            Number::Literal(text) => literal_int(text),
        }
    }

    /// The position in an array that the number names.
    #[must_use]
    #[inline]
    pub fn to_index(self) -> Option<usize> {
        usize::try_from(self.to_i64()?).ok()
    }

    /// The nearest `f64`; infinite if there is none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest one is asked for")]
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Int(int) => int as f64,
            Number::Literal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// The integer, if the number is worth one (`1.0` and `1e30` are) and has no more than a million digits.
    #[must_use]
    pub fn to_big(self) -> Option<BigInt> {
        match self {
            Number::Int(int) => Some(BigInt::from(int)),
            Number::Literal(text) => Decimal::of(text).to_big(),
        }
    }

    /// The number is worth an integer.
    #[must_use]
    pub fn is_integer(self) -> bool {
        match self {
            Number::Int(_) => true,
            Number::Literal(text) => Decimal::of(text).is_integer(),
        }
    }

    /// Order by worth.
    #[must_use]
    #[inline]
    pub fn compare(self, other: Number<'_>) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            (a, b) => a.compare_texts(b),
        }
    }

    #[cold]
    fn compare_texts(self, other: Number<'_>) -> Ordering {
        let (mut left, mut right) = (itoa::Buffer::new(), itoa::Buffer::new());
        Decimal::of(self.text(&mut left)).compare(&Decimal::of(other.text(&mut right)))
    }

    /// Equal worth.
    #[must_use]
    #[inline]
    pub fn equals(self, other: Number<'_>) -> bool {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a == b,
            (a, b) => a.compare_texts(b) == Ordering::Equal,
        }
    }

    /// A hash that numbers of equal worth share.
    #[must_use]
    #[inline]
    pub fn hash64(self) -> u64 {
        match self {
            Number::Int(int) => int.cast_unsigned(),
            Number::Literal(text) => Decimal::of(text).hash64(),
        }
    }

    /// The number's text; the buffer takes it if it has to be made.
    pub fn text<'b>(self, buffer: &'b mut itoa::Buffer) -> &'b str
    where
        'a: 'b,
    {
        match self {
            Number::Int(int) => buffer.format(int),
            Number::Literal(text) => text,
        }
    }
}

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(int) => write!(f, "{int}"),
            Number::Literal(text) => f.write_str(text),
        }
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.equals(*other)
    }
}

impl Eq for Number<'_> {}

impl From<i64> for Number<'_> {
    fn from(int: i64) -> Self {
        Number::Int(int)
    }
}

fn literal_int(text: &str) -> Option<i64> {
    let Some((whole, zeros)) = text.split_once('.') else {
        return text.parse().ok();
    };
    let length = text.len() - usize::from(text.starts_with('-'));
    (length <= 19 && zeros.bytes().all(|digit| digit == b'0'))
        .then(|| whole.parse().ok())
        .flatten()
}

/// The integer that prints as exactly this text.
#[inline]
pub(crate) fn parse_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [] | [b'0', _, ..] => return None,
        [b'0'] => return (!negative).then_some(0),
        _ if digits.len() > 19 => return None,
        _ => {}
    }
    let mut sum: i64 = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // Downwards, because there is one more negative integer than there are positive ones.
        sum = sum.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative {
        Some(sum)
    } else {
        sum.checked_neg()
    }
}

/// The text is a number by the grammar of JSON.
#[must_use]
pub fn is_json_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(after) = rest.strip_prefix(b".") {
        let fraction = digits(after);
        if fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    }
    if let [b'e' | b'E', after @ ..] = rest {
        let after = match after {
            [b'+' | b'-', after @ ..] | after => after,
        };
        let exponent = digits(after);
        if exponent == 0 {
            return false;
        }
        rest = &after[exponent..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests;
