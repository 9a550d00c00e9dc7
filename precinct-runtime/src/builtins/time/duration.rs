//! Durations as Go writes them, and with days, weeks and years of fixed length.

use crate::error::BuiltinError;

/// Nanoseconds of `-1h30m5.5s`, `1d12h`, `2w`, `1y`.
///
/// # Errors
/// In the words of Go's `time.ParseDuration`.
pub fn parse(text: &str) -> Result<i64, BuiltinError> {
    let mut quoted = String::new();
    // Writing to a string can't fail.
    let _ = crate::json::quote_go(text, &mut quoted);
    let invalid = || BuiltinError::new(format!("time: invalid duration {quoted}"));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(invalid());
        }
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let size = match unit {
            "" => {
                let text = format!("time: missing unit in duration {quoted}");
                return Err(BuiltinError::new(text));
            }
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 24 * 3_600_000_000_000,
            "w" => 7 * 24 * 3_600_000_000_000,
            "y" => 365 * 24 * 3_600_000_000_000_i128,
            other => {
                let mut unit = String::new();
                let _ = crate::json::quote_go(other, &mut unit);
                let text = format!("time: unknown unit {unit} in duration {quoted}");
                return Err(BuiltinError::new(text));
            }
        };
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| invalid())?
        };
        let digits = &fraction[..fraction.len().min(18)];
        let part: i128 = if digits.is_empty() {
            0
        } else {
            digits.parse().map_err(|_| invalid())?
        };
        let scale = 10_i128.pow(u32::try_from(digits.len()).unwrap_or_default());
        total = whole
            .checked_mul(size)
            .and_then(|ns| ns.checked_add(part * size / scale))
            .and_then(|ns| ns.checked_add(total))
            .ok_or_else(invalid)?;
        rest = next;
    }
    let signed = if negative { -total } else { total };
    i64::try_from(signed).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::parse;

    #[test]
    fn units_add_up() {
        assert_eq!(parse("1h30m").unwrap(), 5_400_000_000_000);
        assert_eq!(parse("-1.5s").unwrap(), -1_500_000_000);
        assert_eq!(parse("1d2h").unwrap(), 93_600_000_000_000);
        assert_eq!(parse("0").unwrap(), 0);
        assert_eq!(
            parse("1.").unwrap_err().message,
            "time: missing unit in duration \"1.\""
        );
        for text in ["", "h", "1x", "9999999999h", "--1s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
