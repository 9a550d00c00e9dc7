//! Lookup, membership, tests, literals, builders with their conflicts.

use crate::arena::Arena;
use crate::error::EvalError;
use crate::value::{DocumentBuilder, Inserted, ObjectBuilder, Value};

/// What two different values for one place mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// `rule data.p.q produced conflicting values`
    CompleteRule,
    /// `function data.p.f produced conflicting values for the same inputs`
    Function,
    /// `object keys must be unique`
    ObjectKey,
    /// The later value replaces the earlier one.
    Replace,
}

/// The error of a conflict in the document or function of this path (`data.p.q`).
#[must_use]
#[cold]
pub fn conflict(conflict: Conflict, path: &str) -> EvalError {
    match conflict {
        Conflict::CompleteRule => EvalError::complete_rule_conflict(path),
        Conflict::Function => EvalError::function_conflict(path),
        Conflict::ObjectKey | Conflict::Replace => EvalError::object_key_conflict(),
    }
}

/// `value in collection`: as element, object value or member.
#[must_use]
pub fn member(value: Value<'_>, collection: Value<'_>) -> bool {
    match collection {
        Value::Array(items) => items
            .indexed(value)
            .unwrap_or_else(|| items.iter().any(|item| item.equals(value))),
        Value::Object(object) => object.values().any(|item| item.equals(value)),
        Value::Set(set) => set.contains(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The value is an array of this length.
#[must_use]
#[inline]
pub fn is_array_of(value: Value<'_>, length: usize) -> bool {
    matches!(value, Value::Array(items) if items.len() == length)
}

/// The value is an object of this many keys.
#[must_use]
#[inline]
pub fn is_object_of(value: Value<'_>, length: usize) -> bool {
    matches!(value, Value::Object(object) if object.len() == length)
}

/// The value is an array, object or set.
#[must_use]
#[inline]
pub const fn is_collection(value: Value<'_>) -> bool {
    value.is_collection()
}

/// Makes an object; of two values for one key the later one counts.
pub fn object<'a>(
    arena: &'a Arena,
    entries: impl IntoIterator<Item = (Value<'a>, Value<'a>)>,
) -> Value<'a> {
    let mut builder = ObjectBuilder::new(arena);
    for (key, value) in entries {
        builder.replace(key, value);
    }
    builder.finish()
}

/// Sets a key of a builder.
#[inline]
pub fn insert<'a>(
    builder: &mut ObjectBuilder<'a>,
    key: Value<'a>,
    value: Value<'a>,
    on_conflict: Conflict,
) -> Result<(), EvalError> {
    if on_conflict == Conflict::Replace {
        builder.replace(key, value);
        return Ok(());
    }
    match builder.insert(key, value) {
        Inserted::Fine => Ok(()),
        Inserted::Conflict => Err(conflict(on_conflict, "")),
    }
}

/// Lays an object over a builder: its entries replace those of the same keys; where both are objects, they are merged
/// in the same way. Not an object: nothing happens.
pub fn extend<'a>(arena: &'a Arena, builder: &mut ObjectBuilder<'a>, source: Value<'a>) {
    if let Value::Object(object) = source {
        for (key, value) in object.entries() {
            let value = match builder.get(key) {
                Some(under) => lay_over(arena, under, value),
                None => value,
            };
            builder.replace(key, value);
        }
    }
}

fn lay_over<'a>(arena: &'a Arena, under: Value<'a>, over: Value<'a>) -> Value<'a> {
    let (Value::Object(below), Value::Object(_)) = (under, over) else {
        return over;
    };
    let mut builder = ObjectBuilder::new(arena);
    for (key, value) in below.entries() {
        builder.replace(key, value);
    }
    extend(arena, &mut builder, over);
    builder.finish()
}

/// Puts a leaf below a path of a document.
pub fn put_at<'a>(
    builder: &mut DocumentBuilder<'a>,
    path: &[Value<'a>],
    value: Value<'a>,
) -> Result<(), EvalError> {
    builder
        .put(path, value)
        .map_err(|_| EvalError::object_key_conflict())
}

/// Adds a member to the set below a path of a document; no member only makes the place.
pub fn add_at<'a>(
    builder: &mut DocumentBuilder<'a>,
    path: &[Value<'a>],
    member: Option<Value<'a>>,
) -> Result<(), EvalError> {
    builder
        .add(path, member)
        .map_err(|_| EvalError::object_key_conflict())
}

/// Sets what is not set; `false` when it is set to a different value.
#[inline]
#[must_use]
pub fn assign_once<'a>(target: &mut Option<Value<'a>>, value: Value<'a>) -> bool {
    if let Some(have) = target {
        return have.equals(value);
    }
    *target = Some(value);
    true
}
