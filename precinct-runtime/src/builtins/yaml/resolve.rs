//! What scalars stand for.

/// The tags of YAML's own that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    Bool,
    Str,
    Int,
    Float,
    Timestamp,
    Binary,
    Merge,
    Sequence,
    Mapping,
}

impl Tag {
    const ALL: [Self; 10] = [
        Self::Null,
        Self::Bool,
        Self::Str,
        Self::Int,
        Self::Float,
        Self::Timestamp,
        Self::Binary,
        Self::Merge,
        Self::Sequence,
        Self::Mapping,
    ];

    /// The short form.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool => "!!bool",
            Self::Str => "!!str",
            Self::Int => "!!int",
            Self::Float => "!!float",
            Self::Timestamp => "!!timestamp",
            Self::Binary => "!!binary",
            Self::Merge => "!!merge",
            Self::Sequence => "!!seq",
            Self::Mapping => "!!map",
        }
    }

    /// The tag of a short form.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.name() == name)
    }
}

/// `tag:yaml.org,2002:x` as `!!x`; other tags as they are.
pub(super) fn short(tag: &str) -> String {
    tag.strip_prefix("tag:yaml.org,2002:")
        .map_or_else(|| tag.to_owned(), |name| format!("!!{name}"))
}

/// What a scalar stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond 63 bits.
    Large(u64),
    Float(f64),
    /// A point in time as RFC 3339 writes it.
    Time(String),
    Text(String),
}

impl Scalar {
    /// The tag of its kind.
    pub(super) const fn tag(&self) -> Tag {
        match self {
            Self::Null => Tag::Null,
            Self::Bool(_) => Tag::Bool,
            Self::Int(_) | Self::Large(_) => Tag::Int,
            Self::Float(_) => Tag::Float,
            Self::Time(_) => Tag::Timestamp,
            Self::Text(_) => Tag::Str,
        }
    }
}

/// What a scalar without tag and quotes stands for.
pub(super) fn plain(text: &str) -> Scalar {
    resolve(text, true)
}

/// What a scalar of this tag stands for.
///
/// # Errors
/// It is not of its tag.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Scalar, String> {
    let Some(asked @ (Tag::Bool | Tag::Int | Tag::Float | Tag::Null | Tag::Timestamp)) =
        Tag::of(tag)
    else {
        return Ok(Scalar::Text(text.to_owned()));
    };
    let scalar = resolve(text, asked == Tag::Timestamp);
    match scalar {
        #[expect(clippy::cast_precision_loss, reason = "what Go's conversion does")]
        Scalar::Int(int) if asked == Tag::Float => Ok(Scalar::Float(int as f64)),
        scalar if scalar.tag() == asked => Ok(scalar),
        other => Err(format!(
            "yaml: cannot decode {} `{text}` as a {}",
            other.tag().name(),
            asked.name()
        )),
    }
}

fn resolve(text: &str, times: bool) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => go_float(text).map(Scalar::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            if times && let Some(time) = timestamp(text) {
                return Scalar::Time(time);
            }
            number(&text.replace('_', ""))
        }
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// A number that starts with a sign or a digit, its underscores taken out.
fn number(text: &str) -> Option<Scalar> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let based = |digits: &str, radix| {
        if digits.starts_with(['+', '-']) {
            return None;
        }
        let size = u128::from_str_radix(digits, radix).ok()?;
        let value = i128::try_from(size).ok()?;
        let value = if negative { -value } else { value };
        match i64::try_from(value) {
            Ok(int) => Some(Scalar::Int(int)),
            // Go reads large integers without a sign only.
            Err(_) if text.starts_with(['+', '-']) => None,
            Err(_) => u64::try_from(value).ok().map(Scalar::Large),
        }
    };
    let lower = digits.to_ascii_lowercase();
    let whole = match lower.as_bytes() {
        [b'0', b'x', ..] => based(&lower[2..], 16),
        [b'0', b'b', ..] => based(&lower[2..], 2),
        [b'0', b'o', ..] => based(&lower[2..], 8),
        [b'0', _, ..] => based(&lower[1..], 8),
        _ => based(digits, 10),
    };
    if whole.is_some() {
        return whole;
    }
    if is_float(digits) {
        return text
            .parse()
            .ok()
            .filter(|float: &f64| float.is_finite())
            .map(Scalar::Float);
    }
    None
}

/// Digits with an optional point, and an optional exponent.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_fits && exponent_fits
}

/// A float that starts with a point, as Go's `ParseFloat` reads it.
fn go_float(text: &str) -> Option<f64> {
    is_float(text)
        .then(|| text.parse().ok())
        .flatten()
        .filter(|float: &f64| float.is_finite())
}

/// A date, or a date and a time, as RFC 3339 writes it.
fn timestamp(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((bytes[at], &text[at + 1..]))),
        None => (text, None),
    };
    let part = |text: &str, longest: usize| -> Option<i8> {
        let fits =
            !text.is_empty() && text.len() <= longest && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten()
    };
    let mut parts = date.split('-');
    let year: i16 = parts.next()?.parse().ok()?;
    let month = part(parts.next()?, 2)?;
    let day = part(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    let day = jiff::civil::Date::new(year, month, day).ok()?;
    let Some((separator, time)) = rest else {
        return Some(format!("{day}T00:00:00Z"));
    };
    let (time, zone) = match time.find(['Z', '+', '-']) {
        Some(at) if separator != b' ' => time.split_at(at),
        None if separator == b' ' => (time, "Z"),
        _ => return None,
    };
    let zoned = zone == "Z"
        || (zone.len() == 6
            && zone.as_bytes()[3] == b':'
            && part(&zone[1..3], 2).is_some_and(|hours| hours <= 24)
            && part(&zone[4..], 2).is_some_and(|minutes| minutes < 60));
    if !zoned {
        return None;
    }
    let (clock, fraction) = match time.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (time, None),
    };
    let mut parts = clock.split(':');
    let hour = part(parts.next()?, 2)?;
    let minute = part(parts.next()?, 2)?;
    let second = part(parts.next()?, 2)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match fraction {
        Some(digits) if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) => {
            return None;
        }
        Some(digits) => digits.get(..9).unwrap_or(digits).trim_end_matches('0'),
        None => "",
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let zone = match zone {
        "+00:00" | "-00:00" => "Z",
        other => other,
    };
    Some(format!(
        "{day}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}"
    ))
}
