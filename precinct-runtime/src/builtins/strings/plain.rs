//! Texts that are put together in the evaluation's memory: what `concat` and `sprintf` do nearly always. Whatever needs
//! more than that (wrong types, flags, numbers that are no small integers, bytes that are no UTF-8) is `None`, and for
//! the general ways.

use std::fmt::Write;

use bumpalo::collections::String;

use crate::arena::Arena;
use crate::number::Number;
use crate::octets;
use crate::value::{Array, Value};

/// The strings of an array or set with a delimiter between them.
pub(super) fn concat<'a>(arena: &'a Arena, delimiter: &str, parts: Value<'_>) -> Option<&'a str> {
    let parts = match parts {
        Value::Array(items) => items,
        Value::Set(set) => Array::new(set.items()),
        _ => return None,
    };
    let mut whole = String::new_in(arena);
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            whole.push_str(delimiter);
        }
        whole.push_str(part.as_str()?);
    }
    finished(whole)
}

/// A pattern whose verbs are `%s`, `%d` and `%v` alone, each for a value that it fits; and how many they are.
pub(super) fn sprintf<'a>(
    arena: &'a Arena,
    pattern: &str,
    values: Array<'_>,
) -> Option<(&'a str, u64)> {
    let mut whole = String::new_in(arena);
    let mut values_left = values.iter();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('%') {
        whole.push_str(before);
        let verb = behind.chars().next()?;
        match (verb, values_left.next()?) {
            ('s' | 'v', Value::String(text)) => whole.push_str(text),
            ('s' | 'v', Value::Bool(value)) => whole.push_str(if value { "true" } else { "false" }),
            ('d' | 'v', Value::Number(number)) => write!(whole, "{}", small(number)?).ok()?,
            _ => return None,
        }
        rest = &behind[verb.len_utf8()..];
    }
    whole.push_str(rest);
    if values_left.next().is_some() {
        return None;
    }
    Some((finished(whole)?, values.len() as u64))
}

/// A number that is written as an integer, and small.
fn small(number: Number<'_>) -> Option<i64> {
    match number {
        // A literal with a point or an exponent is a float to Go, whatever it is worth.
        Number::Literal(text) if text.contains(['.', 'e', 'E']) => None,
        number => number.to_i64(),
    }
}

/// Bytes that meet may make characters, which is not a matter of putting texts side by side.
fn finished(whole: String<'_>) -> Option<&str> {
    (!octets::has_marks(&whole)).then(|| whole.into_bump_str())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::context::Context;

    #[test]
    fn what_is_plain_is_formatted_as_the_general_way_formats_it() {
        let numbers = [0, 7, -12, i64::MAX, i64::MIN].map(Value::int);
        let mut values = vec![Value::String(""), Value::String("é%d"), Value::TRUE];
        values.extend(numbers);
        values.push(Value::Number(Number::Literal("-0")));
        let arena = Arena::new();
        let mut context = Context::new(&arena);
        let mut plain = 0;
        for verb in ["%s", "%d", "%v", "%q", "%5d", "%%", "%", "%t", "%é"] {
            for value in &values {
                for pattern in [
                    verb.to_owned(),
                    format!("a {verb} é"),
                    format!("{verb}{verb}"),
                ] {
                    let general =
                        super::super::format::sprintf(&mut context, &pattern, [*value][..].into());
                    if let Some((text, verbs)) = sprintf(&arena, &pattern, [*value][..].into()) {
                        plain += 1;
                        assert_eq!((text, verbs), (general.unwrap().as_str(), 1), "{pattern}");
                    }
                }
            }
        }
        assert!(plain > 20, "{plain}");
    }

    #[test]
    fn bytes_that_make_a_character_are_left_to_the_general_way() {
        let arena = Arena::new();
        let bytes = octets::text(&[0xc3]).into_owned();
        let parts = [Value::String("a"), Value::String(&bytes)];
        assert_eq!(concat(&arena, "", Value::Array(parts[..].into())), None);
        assert_eq!(
            concat(&arena, "-", Value::Array(parts[..1].into())),
            Some("a")
        );
        assert_eq!(concat(&arena, "-", Value::String("a")), None);
    }
}
