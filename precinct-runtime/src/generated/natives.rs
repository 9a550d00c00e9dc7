//! Builtins that are computed in place. `None` is undefined, as where the builtin itself fails.

use super::text::Table;
use crate::arena::Arena;
use crate::context::Context;
use crate::error::EvalError;
use crate::number::Number;
use crate::octets;
use crate::ops;
use crate::value::{Array, Set, Value};
use crate::words;

/// A value that is a string.
#[inline]
#[must_use]
pub fn text(value: Value<'_>) -> Option<&str> {
    value.as_str()
}

/// `startswith(text, part)`
#[inline]
#[must_use]
pub fn starts_with<'a>(text: Value<'_>, part: Value<'_>) -> Option<Value<'a>> {
    Some(Value::Bool(text.as_str()?.starts_with(part.as_str()?)))
}

/// `endswith(text, part)`
#[inline]
#[must_use]
pub fn ends_with<'a>(text: Value<'_>, part: Value<'_>) -> Option<Value<'a>> {
    Some(Value::Bool(text.as_str()?.ends_with(part.as_str()?)))
}

/// `contains(text, part)`
#[inline]
#[must_use]
pub fn contains<'a>(text: Value<'_>, part: Value<'_>) -> Option<Value<'a>> {
    Some(Value::Bool(text.as_str()?.contains(part.as_str()?)))
}

/// `count(value)`
#[inline]
#[must_use]
pub fn count<'a>(value: Value<'_>) -> Option<Value<'a>> {
    let count = match value {
        Value::String(text) => octets::length(text),
        other => other.collection_len()?,
    };
    Some(Value::int(i64::try_from(count).ok()?))
}

/// `split(text, separator)` with a separator that is not empty.
#[must_use]
pub fn split<'a>(arena: &'a Arena, text: Value<'a>, separator: &str) -> Option<Value<'a>> {
    let parts = text.as_str()?.split(separator).map(Value::String);
    let mut items = bumpalo::collections::Vec::new_in(arena);
    items.extend(parts);
    Some(Value::Array(Array::new(items.into_bump_slice())))
}

/// `count(split(text, separator))` with a separator that is not empty.
#[inline]
#[must_use]
pub fn count_parts<'a>(text: &str, separator: &str) -> Option<Value<'a>> {
    Some(Value::int(
        i64::try_from(text.split(separator).count()).ok()?,
    ))
}

/// `split(text, separator)[at]`
#[inline]
#[must_use]
pub fn part<'a>(text: &'a str, separator: &str, at: usize) -> Option<Value<'a>> {
    if let [separator] = separator.as_bytes()
        && separator.is_ascii()
    {
        return byte_part(text, *separator, at).map(Value::String);
    }
    text.split(separator).nth(at).map(Value::String)
}

/// The part behind `at` separators.
#[inline]
fn byte_part(text: &str, separator: u8, at: usize) -> Option<&str> {
    let (start, end) = words::part(text.as_bytes(), separator, at)?;
    text.get(start..end)
}

/// `glob.match(pattern, _, value)` for a pattern without wildcards.
#[inline]
#[must_use]
pub fn glob_exact<'a>(value: Value<'_>, text: &str) -> Option<Value<'a>> {
    Some(Value::Bool(value.as_str()? == text))
}

/// `glob.match(pattern, delimiters, value)` for a pattern with one wildcard.
#[inline]
#[must_use]
pub fn glob_between<'a>(
    value: Value<'_>,
    before: &str,
    after: &str,
    delimiters: &[char],
) -> Option<Value<'a>> {
    let text = value.as_str()?;
    Some(Value::Bool(super::between(text, before, after, delimiters)))
}

/// The integer that a number equals.
#[inline]
#[must_use]
pub fn integer(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Number(Number::Int(int)) => Some(int),
        Value::Number(number) => i64::try_from(number.to_big()?).ok(),
        _ => None,
    }
}

/// The position of a string in a table.
#[inline]
#[must_use]
pub fn position(table: &Table, value: Value<'_>) -> Option<usize> {
    table.find(value.as_str()?)
}

/// The value beside a string in a table.
#[inline]
#[must_use]
pub fn in_table(
    table: &Table,
    values: &[Value<'static>],
    key: Value<'_>,
) -> Option<Value<'static>> {
    values.get(table.find(key.as_str()?)?).copied()
}

/// What is below a value that a projection holds.
#[inline]
#[must_use]
pub fn below<'a>(value: Option<Value<'a>>, path: &[&str]) -> Option<Value<'a>> {
    if path.is_empty() {
        return value;
    }
    value?.path(path)
}

/// A set of these members, in any order, with any duplicates.
#[must_use]
pub fn literal_set<'a>(arena: &'a Arena, items: &mut [Value<'a>]) -> Value<'a> {
    items.sort();
    if items.is_sorted_by(|left, right| left < right) {
        return Set::from_sorted(arena, items);
    }
    Value::set(arena, items.iter().copied())
}

/// `value in collection`, at the price of looking through it.
#[inline]
pub fn member_within(
    context: &mut Context<'_>,
    value: Value<'_>,
    collection: Value<'_>,
) -> Result<bool, EvalError> {
    if let Value::Array(items) = collection {
        context.spend(items.len() as u64 / 8)?;
    }
    Ok(ops::member(value, collection))
}
