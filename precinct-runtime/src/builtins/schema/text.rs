//! How values are compared and shown.

use std::fmt::Write;

use num_bigint::BigInt;

use crate::json::encode::quote;
use crate::number::Number;
use crate::number::format::json_f64;
use crate::value::Value;

/// JSON text that is equal for equal values: numbers as 64-bit floats, as OPA compares constants.
pub fn canonical(value: Value<'_>) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: Value<'_>, out: &mut String) {
    let text = |text: &str, out: &mut String| {
        // Writing to a string cannot fail.
        let _ = quote(text, true, out);
    };
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&json_f64(number.to_f64())),
        Value::String(string) => text(string, out),
        Value::Array(items) => write_items(items.iter(), out),
        Value::Set(set) => write_items(set.items().iter().copied(), out),
        Value::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.entries().iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                match key {
                    Value::String(key) => text(key, out),
                    other => text(&canonical(other), out),
                }
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
    }
}

fn write_items<'a>(items: impl Iterator<Item = Value<'a>>, out: &mut String) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_canonical(item, out);
    }
    out.push(']');
}

/// A bound in a message: shortest digits, with an exponent below 1e-4 and from 1e6 on, as Go's `%v` shows floats of
/// arbitrary precision.
pub fn bound(number: Number<'_>) -> String {
    let scientific = format!("{:e}", number.to_f64());
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return number.to_f64().to_string();
    }
    let mut out = mantissa.to_owned();
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.abs());
    out
}

/// So many digits may be needed to tell whether one number is a multiple of another.
const MAX_SCALE: i64 = 5_000;

/// Is the number a multiple of the other, exactly?
pub fn is_multiple(number: Number<'_>, of: Number<'_>) -> bool {
    let (Some((value, value_scale)), Some((step, step_scale))) = (scaled(number), scaled(of))
    else {
        // Numbers of such size are not told apart from floats anywhere else either.
        return (number.to_f64() / of.to_f64()).fract() == 0.0;
    };
    if step == BigInt::ZERO {
        return false;
    }
    let scale = value_scale.max(step_scale);
    let up = |number: BigInt, own: i64| {
        number * BigInt::from(10).pow(u32::try_from(scale - own).unwrap_or(0))
    };
    up(value, value_scale) % up(step, step_scale) == BigInt::ZERO
}

/// The number as an integer and the digits of it that stand behind the point.
fn scaled(number: Number<'_>) -> Option<(BigInt, i64)> {
    let mut buffer = itoa::Buffer::new();
    let text = number.text(&mut buffer);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            exponent.trim_start_matches('+').parse::<i64>().ok()?,
        ),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    if scale.abs() > MAX_SCALE {
        return None;
    }
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    Some(if scale < 0 {
        (
            digits * BigInt::from(10).pow(u32::try_from(-scale).ok()?),
            0,
        )
    } else {
        (digits, scale)
    })
}
