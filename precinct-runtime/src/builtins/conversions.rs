//! Values to numbers.

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::value::Value;

/// Values to numbers.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("to_number", "(value: any<null, boolean, number, string>) => num: number", "Converts value of type string, null or boolean to number. Numeric strings converts to the corresponding number when possible. Null and boolean `false` converts to 0 and boolean `true` to 1. Numbers are returned without conversion.", to_number).categories(&["conversions"]).documented(&["value to convert"], "the numeric representation of `value`"),
];

fn to_number<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(match operand::at(args, 1) {
        Value::Null | Value::Bool(false) => Value::int(0),
        Value::Bool(true) => Value::int(1),
        number @ Value::Number(_) => number,
        Value::String(text) => Value::Number(of_text(context, text)?),
        other => {
            return Err(operand::wrong_type(
                1,
                other,
                &["null", "boolean", "number", "string"],
            ));
        }
    }))
}

/// A text that is a number as JSON or as Go's `ParseFloat` writes it, its literal kept.
fn of_text<'a>(context: &mut Context<'a>, text: &'a str) -> Result<Number<'a>, BuiltinError> {
    let refuse = |reason: &str| {
        let mut quoted = String::new();
        // Writing to a string can't fail.
        let _ = crate::json::quote_go(text, &mut quoted);
        BuiltinError::new(format!("strconv.ParseFloat: parsing {quoted}: {reason}"))
    };
    let no_number = || refuse("invalid syntax");
    let too_large = || refuse("value out of range");
    if let Some(number) = Number::parse(context.arena(), text) {
        if number.to_f64().is_infinite() {
            return Err(too_large());
        }
        return Ok(number);
    }
    let bare = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if matches!(bare.as_str(), "inf" | "infinity" | "nan") {
        return Err(operand::wrong_type(
            1,
            Value::String(text),
            &["valid number string"],
        ));
    }
    // Go reads forms that JSON does not have: a leading plus, a bare point, zeros in front.
    let plain = text.strip_prefix('+').unwrap_or(text);
    let digits = plain.strip_prefix('-').unwrap_or(plain);
    let decimal = !digits.is_empty()
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.bytes().any(|b| b.is_ascii_digit());
    let value: f64 = if decimal {
        plain.parse().map_err(|_| no_number())?
    } else {
        return Err(no_number());
    };
    Number::from_f64(context.arena(), value).ok_or_else(too_large)
}
