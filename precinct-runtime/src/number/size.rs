//! Numbers that are too large or too small to calculate with.

/// The largest binary exponent of a number, in both directions: what is beyond costs more to print than it is worth.
const MAX_EXPONENT: f64 = 100_000.0;
/// Binary exponents beyond this have no representation at all.
const REPRESENTABLE: f64 = 2_147_483_648.0;

/// From this power of ten on, its power of five has no representation.
const INVERSE: f64 = REPRESENTABLE / 2.321_928_094_887_362;

/// Whether one may calculate with the number, which is of JSON's grammar.
///
/// # Errors
/// OPA's words for what is wrong.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    let Some(at) = text.bytes().position(|b| matches!(b, b'e' | b'E')) else {
        return Ok(());
    };
    let (mantissa, exponent) = (&text[..at], &text[at + 1..]);
    let exponent: Option<i64> = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok();
    // A decimal digit takes at most four bits.
    let length = i64::try_from(at).unwrap_or(i64::MAX);
    if exponent.is_some_and(|exponent| length.saturating_add(exponent.saturating_abs()) <= 25_000) {
        return Ok(());
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || {
        whole
            .bytes()
            .chain(fraction.bytes())
            .filter(u8::is_ascii_digit)
            .skip_while(|b| *b == b'0')
    };
    let Some(exponent) = exponent else {
        return Err("invalid number: invalid float");
    };
    let count = digits().count();
    if count == 0 {
        return Ok(());
    }
    let leading: f64 = digits()
        .take(17)
        .enumerate()
        .map(|(place, digit)| {
            f64::from(digit - b'0') * 10_f64.powi(-i32::try_from(place).unwrap_or(0))
        })
        .sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "exponents that matter are small"
    )]
    let power = exponent as f64 - fraction.len() as f64 + count as f64 - 1.0;
    let binary = power
        .mul_add(std::f64::consts::LOG2_10, leading.log2())
        .floor()
        + 1.0;
    // The mantissa and the power of two are read before the power of five is multiplied in.
    if power.abs() >= REPRESENTABLE {
        Err("invalid number: invalid float")
    } else if power < -INVERSE {
        // Divided by a power of five that is infinite, it is zero.
        Ok(())
    } else if binary.abs() > MAX_EXPONENT {
        Err("invalid number: number too big")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn only_exponents_out_of_range_are_refused() {
        for fine in [
            "1",
            "1e100",
            "-1.5E-300",
            "1e30102",
            "0e99999999",
            "1e-30102",
            "1e-999999999",
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for big in ["1e30103", "1e-30110", "1e999999"] {
            assert_eq!(check(big), Err("invalid number: number too big"), "{big}");
        }
        for invalid in ["1e2147483648", "1e99999999999999999999"] {
            assert_eq!(
                check(invalid),
                Err("invalid number: invalid float"),
                "{invalid}"
            );
        }
    }
}
