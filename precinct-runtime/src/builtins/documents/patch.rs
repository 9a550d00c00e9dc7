//! One operation of a JSON patch (RFC 6902), over sets and any keys too.

use crate::arena::Arena;
use crate::builtin::operand;
use crate::error::BuiltinError;
use crate::value::{Set, Value};

/// The document after the operation; `None` when a place is not there or a test fails.
pub(super) fn apply<'a>(
    document: Value<'a>,
    operation: Value<'a>,
    arena: &'a Arena,
) -> Result<Option<Value<'a>>, BuiltinError> {
    let Value::Object(object) = operation else {
        return Err(operand::wrong(
            2,
            &format!(
                "must be an array of JSON-Patch objects, but at least one element is not an object, got {}",
                operation.type_name()
            ),
        ));
    };
    let missing = |name: &str| BuiltinError::operand(format!("missing '{name}' attribute"));
    let op = object.get_str("op").ok_or_else(|| missing("op"))?;
    let Some(op) = op.as_str() else {
        return Err(BuiltinError::operand("attribute 'op' must be a string"));
    };
    let place = |name: &str| {
        let value = object.get_str(name).ok_or_else(|| missing(name))?;
        super::path(value, arena)
    };
    let path = place("path")?;
    let value = || object.get_str("value").ok_or_else(|| missing("value"));
    Ok(match op {
        "add" => add(document, &path, value()?, arena),
        "remove" => remove(document, &path, arena).map(|(document, _)| document),
        "replace" => {
            let value = value()?;
            if path.is_empty() {
                Some(value)
            } else {
                remove(document, &path, arena)
                    .and_then(|(document, _)| add(document, &path, value, arena))
            }
        }
        "move" => {
            let from = place("from")?;
            remove(document, &from, arena)
                .and_then(|(document, value)| add(document, &path, value, arena))
        }
        "copy" => {
            let from = place("from")?;
            find(document, &from).and_then(|value| add(document, &path, value, arena))
        }
        "test" => {
            let value = value()?;
            find(document, &path)
                .filter(|there| there.equals(value))
                .map(|_| document)
        }
        other => {
            return Err(BuiltinError::operand(format!("unrecognized op '{other}'")));
        }
    })
}

/// The position that a key names in an array of this length; `-` is behind its end.
fn index(key: Value<'_>, length: usize) -> Option<usize> {
    match key {
        Value::String("-") => Some(length),
        Value::String(text) => {
            let canonical = text == "0" || !text.starts_with('0');
            text.parse()
                .ok()
                .filter(|_| canonical && !text.starts_with('+'))
        }
        Value::Number(number) => number.to_index(),
        _ => None,
    }
}

fn find<'a>(document: Value<'a>, path: &[Value<'a>]) -> Option<Value<'a>> {
    path.iter()
        .try_fold(document, |value, key| step(value, *key))
}

fn step<'a>(value: Value<'a>, key: Value<'a>) -> Option<Value<'a>> {
    match value {
        Value::Array(items) => items.get(index(key, items.len())?).copied(),
        Value::Object(object) => object.get(key),
        Value::Set(set) => set.get(key),
        _ => None,
    }
}

fn add<'a>(
    document: Value<'a>,
    path: &[Value<'a>],
    value: Value<'a>,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    let Some((key, rest)) = path.split_first() else {
        return Some(value);
    };
    if !rest.is_empty() {
        let inner = add(step(document, *key)?, rest, value, arena)?;
        return put(document, *key, inner, arena);
    }
    match document {
        Value::Array(items) => {
            let at = index(*key, items.len()).filter(|at| *at <= items.len())?;
            let mut items = items.to_vec();
            items.insert(at, value);
            Some(Value::array(arena, &items))
        }
        Value::Object(object) => Some(object.with(arena, *key, value)),
        Value::Set(set) => {
            if !key.equals(value) {
                return None;
            }
            Some(Value::set(
                arena,
                set.items().iter().copied().chain([value]),
            ))
        }
        _ => None,
    }
}

/// Replaces what is there.
fn put<'a>(
    document: Value<'a>,
    key: Value<'a>,
    value: Value<'a>,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    match document {
        Value::Array(items) => {
            let at = index(key, items.len())?;
            let mut items = items.to_vec();
            *items.get_mut(at)? = value;
            Some(Value::array(arena, &items))
        }
        Value::Object(object) => Some(object.with(arena, key, value)),
        Value::Set(set) => {
            let others = without(set, key);
            Some(Value::set(arena, others.into_iter().chain([value])))
        }
        _ => None,
    }
}

fn without<'a>(set: &Set<'a>, key: Value<'a>) -> Vec<Value<'a>> {
    set.items()
        .iter()
        .copied()
        .filter(|item| !item.equals(key))
        .collect()
}

/// The document without the value at the path, and that value.
fn remove<'a>(
    document: Value<'a>,
    path: &[Value<'a>],
    arena: &'a Arena,
) -> Option<(Value<'a>, Value<'a>)> {
    let (key, rest) = path.split_first()?;
    let there = step(document, *key)?;
    if !rest.is_empty() {
        let (inner, removed) = remove(there, rest, arena)?;
        return Some((put(document, *key, inner, arena)?, removed));
    }
    let left = match document {
        Value::Array(items) => {
            let mut items = items.to_vec();
            items.remove(index(*key, items.len())?);
            Value::array(arena, &items)
        }
        Value::Object(object) => {
            let others = object
                .entries()
                .iter()
                .map(|(key, value)| (*key, *value))
                .filter(|(name, _)| !name.equals(*key));
            Value::object(arena, others.collect::<Vec<_>>())
        }
        Value::Set(set) => Value::set(arena, without(set, *key)),
        _ => return None,
    };
    Some((left, there))
}
