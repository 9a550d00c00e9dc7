//! Sizes with units: `10G`, `5Mi`, `128KiB`.

use num_bigint::{BigInt, BigUint, Sign};

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::number::float::{Float, OutOfRange};
use crate::value::Value;

/// Sizes with units.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("units.parse", "(x: string) => y: number", "Converts strings like \"10G\", \"5K\", \"4M\", \"1500m\", and the like into a number.\nThis number can be a non-integer, such as 1.5, 0.22, etc. Scientific notation is supported,\nallowing values such as \"1e-3K\" (1) or \"2.5e6M\" (2.5 million M).\n\nSupports standard metric decimal and binary SI units (e.g., K, Ki, M, Mi, G, Gi, etc.) where\nm, K, M, G, T, P, and E are treated as decimal units and Ki, Mi, Gi, Ti, Pi, and Ei are treated as\nbinary units.\n\nNote that 'm' and 'M' are case-sensitive to allow distinguishing between \"milli\" and \"mega\" units\nrespectively. Other units are case-insensitive.", units_parse).documented(&["the unit to parse"], "the parsed number"),
    Builtin::new("units.parse_bytes", "(x: string) => y: number", "Converts strings like \"10GB\", \"5K\", \"4mb\", or \"1e6KB\" into an integer number of bytes.\n\nSupports standard byte units (e.g., KB, KiB, etc.) where KB, MB, GB, and TB are treated as decimal\nunits, and KiB, MiB, GiB, and TiB are treated as binary units. Scientific notation is supported,\nenabling values like \"1.5e3MB\" (1500MB) or \"2e6GiB\" (2 million GiB).\n\nThe bytes symbol (b/B) in the unit is optional; omitting it will yield the same result (e.g., \"Mi\"\nand \"MiB\" are equivalent).", units_parse_bytes).documented(&["the byte unit to parse"], "the parsed number"),
];

/// A number apart from its unit.
struct Amount<'t> {
    /// The number without its point.
    digits: BigInt,
    /// How many digits stand behind the point; negative when zeros are to follow.
    places: i64,
    unit: &'t str,
}

/// The largest power of ten that an amount may have: OPA's own bound would fill the memory.
const LARGEST_EXPONENT: i64 = 100_000;

/// Which of the two builtins is at work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parser {
    Units,
    Bytes,
}

impl Parser {
    /// OPA names the builtin in its message, before the name that every error of a builtin gets.
    fn refuse(self, message: &str) -> BuiltinError {
        let name = match self {
            Self::Units => "units.parse",
            Self::Bytes => "units.parse_bytes",
        };
        BuiltinError::new(format!("{name}: {message}"))
    }
}

fn apart(text: &str, parser: Parser) -> Result<Amount<'_>, BuiltinError> {
    let byte = if parser == Parser::Units { "" } else { "byte " };
    let refuse = |message: String| parser.refuse(&message);
    let unreadable = || refuse(format!("could not parse {byte}amount to a number"));
    let too_large = || refuse("exponent too large".to_owned());
    if text.contains(' ') {
        return Err(refuse("spaces not allowed in resource strings".to_owned()));
    }
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits_end = text[sign..]
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map_or(text.len(), |end| end + sign);
    let (number, mut unit) = text.split_at(digits_end);
    let mut exponent = 0_i64;
    if let Some(rest) = unit.strip_prefix(['e', 'E']) {
        let signed = usize::from(rest.starts_with(['-', '+']));
        let end = rest[signed..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(rest.len(), |end| end + signed);
        if end > signed {
            exponent = rest[..end].parse().map_err(|_| too_large())?;
            if exponent.abs() > LARGEST_EXPONENT {
                return Err(too_large());
            }
            unit = &rest[end..];
        }
    }
    let plain = number.trim_start_matches(['-', '+']);
    if plain.is_empty() {
        return Err(refuse(format!("no {byte}amount provided")));
    }
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return Err(unreadable());
    }
    let digits: BigInt = format!("{whole}{fraction}")
        .parse()
        .map_err(|_| unreadable())?;
    let places = i64::try_from(fraction.len()).map_err(|_| unreadable())? - exponent;
    Ok(Amount {
        digits: if number.starts_with('-') {
            -digits
        } else {
            digits
        },
        places,
        unit,
    })
}

/// `digits / 10^places * factor / divisor` as a number: whole where it can be, otherwise with ten places.
fn give<'a>(
    context: &Context<'a>,
    amount: Amount<'_>,
    factor: &BigInt,
    divisor: &BigInt,
) -> Outcome<'a> {
    let ten = BigInt::from(10);
    let exponent = u32::try_from(amount.places.unsigned_abs()).unwrap_or_default();
    let (above, below) = if amount.places < 0 {
        (amount.digits * factor * ten.pow(exponent), divisor.clone())
    } else {
        (amount.digits * factor, divisor * ten.pow(exponent))
    };
    if (&above % &below) == BigInt::ZERO {
        let whole = Number::from_big(context.arena(), &(above / below));
        return Ok(Some(whole.into()));
    }
    // Halves are rounded away from zero.
    let scaled = above.magnitude() * BigUint::from(10_u32).pow(10) * 2_u32 + below.magnitude();
    let digits = (scaled / (below.magnitude() * 2_u32)).to_string();
    let digits = format!("{digits:0>11}");
    let (whole, places) = digits.split_at(digits.len() - 10);
    let sign = if above.sign() == Sign::Minus { "-" } else { "" };
    let text = format!("{sign}{whole}.{places}");
    Ok(Some(Number::copied(context.arena(), &text).into()))
}

/// `10K` is 10,000, `10Ki` is 10,240, `10m` is a hundredth.
fn units_parse<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    if let Some(amount) = plain(operand::string(args, 1)?, plain_unit) {
        return Ok(Some(Value::int(amount)));
    }
    if let Some(amount) = thousandths(context, operand::string(args, 1)?) {
        return Ok(Some(amount.into()));
    }
    general(context, args)
}

/// The shares of processors: `250m`. A thousandth is the nearest `float64` to it, and results have ten places.
fn thousandths<'a>(context: &Context<'a>, text: &str) -> Option<Number<'a>> {
    const THOUSANDTH: u128 = 1_152_921_504_606_847;
    const ONE: u128 = 1 << 60;
    const PLACES: u128 = 10_000_000_000;
    let digits = text.strip_suffix('m')?;
    if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount = digits.parse::<u128>().ok().filter(|amount| *amount > 0)? * THOUSANDTH;
    if amount.is_multiple_of(ONE) {
        return None;
    }
    // Halves are rounded away from zero.
    let scaled = (amount * PLACES * 2 + ONE) / (ONE * 2);
    let (whole, places) = (scaled / PLACES, scaled % PLACES);
    let text = bumpalo::format!(in context.arena(), "{}.{:010}", whole, places);
    Some(Number::from_text(text.into_bump_str()))
}

fn general<'a>(context: &Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = operand::string(args, 1)?.replace('"', "");
    let amount = apart(&text, Parser::Units)?;
    let unit = amount.unit;
    let mut divisor = BigInt::from(1);
    let one = BigInt::from(1);
    let power = |base: u32, exponent: u32| BigInt::from(base).pow(exponent);
    // Only m and M differ by their case.
    let lower = if unit.len() == 1 && matches!(unit, "m" | "M") {
        unit.to_owned()
    } else {
        unit.to_ascii_lowercase()
    };
    let factor = match lower.as_str() {
        "" => one,
        "m" => {
            // The nearest `float64` to a thousandth.
            divisor = power(2, 60);
            BigInt::from(1_152_921_504_606_847_i64)
        }
        "k" => power(1000, 1),
        "M" => power(1000, 2),
        "g" => power(1000, 3),
        "t" => power(1000, 4),
        "p" => power(1000, 5),
        "e" => power(1000, 6),
        "ki" => power(1024, 1),
        "mi" => power(1024, 2),
        "gi" => power(1024, 3),
        "ti" => power(1024, 4),
        "pi" => power(1024, 5),
        "ei" => power(1024, 6),
        _ => {
            // OPA shows the first letter as it is, and the rest as it compares it.
            let mut letters = unit.chars();
            let first: String = letters.next().into_iter().collect();
            let shown = first + &letters.as_str().to_lowercase();
            return Err(Parser::Units.refuse(&format!("unit {shown} not recognized")));
        }
    };
    give(context, amount, &factor, &divisor)
}

/// What most sizes are: digits and a unit. Anything else is for the general way.
fn plain(text: &str, unit: impl FnOnce(&str) -> Option<i64>) -> Option<i64> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(length);
    digits.parse::<i64>().ok()?.checked_mul(unit(rest)?)
}

/// The units of whole sizes that are spelled in the usual ways.
fn plain_unit(unit: &str) -> Option<i64> {
    Some(match unit {
        "" => 1,
        "k" | "K" => 1000,
        "M" => 1_000_000,
        "g" | "G" => 1_000_000_000,
        "t" | "T" => 1_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => return None,
    })
}

/// The same for bytes: the unit may name them.
fn plain_byte_unit(unit: &str) -> Option<i64> {
    let name = unit
        .strip_suffix(['b', 'B'])
        .filter(|name| !name.is_empty());
    plain_unit(name.unwrap_or(unit))
}

fn units_parse_bytes<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    if let Some(bytes) = plain(operand::string(args, 1)?, plain_byte_unit) {
        return Ok(Some(Value::int(bytes)));
    }
    general_bytes(context, args)
}

fn general_bytes<'a>(context: &Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = operand::string(args, 1)?.replace('"', "").to_lowercase();
    let Amount {
        digits,
        places,
        unit,
    } = apart(&text, Parser::Bytes)?;
    let power = |base: u32, exponent: u32| BigInt::from(base).pow(exponent);
    let factor = match unit {
        "" => BigInt::from(1),
        "kb" | "k" => power(1000, 1),
        "kib" | "ki" => power(1024, 1),
        "mb" | "m" => power(1000, 2),
        "mib" | "mi" => power(1024, 2),
        "gb" | "g" => power(1000, 3),
        "gib" | "gi" => power(1024, 3),
        "tb" | "t" => power(1000, 4),
        "tib" | "ti" => power(1024, 4),
        "pb" | "p" => power(1000, 5),
        "pib" | "pi" => power(1024, 5),
        "eb" | "e" => power(1000, 6),
        "eib" | "ei" => power(1024, 6),
        other => {
            let text = format!("byte unit {other} not recognized");
            return Err(Parser::Bytes.refuse(&text));
        }
    };
    let amount = format!("{digits}e{}", -places);
    let bytes = Float::of(Number::from_text(&amount))?.multiply(&Float::from_big(&factor));
    let bytes = bytes.truncate().ok_or(OutOfRange)?;
    Ok(Some(Number::from_big(context.arena(), &bytes).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;

    #[test]
    fn plain_sizes_are_what_the_general_way_makes_of_them() {
        let amounts = [
            "",
            "0",
            "00",
            "7",
            "007",
            "512",
            "9223372036854775807",
            "9223372036854775808",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "250",
            "999999999",
            "1234567890",
        ];
        let units = [
            "", "b", "B", "k", "K", "M", "m", "g", "G", "t", "T", "P", "Ki", "ki", "Mi", "Gi",
            "Ti", "Pi", "KB", "kb", "MB", "GiB", "TiB", "Mb", "BB", "x", "i", " M",
        ];
        let arena = Arena::new();
        let mut context = Context::new(&arena);
        let mut read = 0;
        for text in amounts
            .iter()
            .flat_map(|amount| units.map(|unit| format!("{amount}{unit}")))
        {
            let args = [Value::string(&arena, &text)];
            let told = |outcome: Outcome<'_>| {
                let value = outcome.map_err(|error| error.message)?;
                Ok::<_, String>(value.map(|value| value.to_string()))
            };
            assert_eq!(
                told(units_parse(&mut context, &args)),
                told(general(&context, &args)),
                "{text}"
            );
            let bytes = units_parse_bytes(&mut context, &args);
            assert_eq!(told(bytes), told(general_bytes(&context, &args)), "{text}");
            read += usize::from(plain(&text, plain_unit).is_some());
        }
        assert!(read > 40, "{read}");
    }
}
