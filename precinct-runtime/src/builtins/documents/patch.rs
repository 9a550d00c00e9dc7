//! One operation of a JSON patch (RFC 6902), over sets and any keys too.

use crate::arena::Arena;
use crate::builtin::operand;
use crate::error::BuiltinError;
use crate::json::Limits;
use crate::value::{Set, Value};

/// So many values may be put into a document at once, parts that are shared counted each time.
const LARGEST: usize = 4_000_000;

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
        "add" => add(document, &path, fits(&path, value()?)?, arena),
        "remove" => remove(document, &path, arena).map(|(document, _)| document),
        "replace" => {
            let value = fits(&path, value()?)?;
            if path.is_empty() {
                Some(value)
            } else {
                remove(document, &path, arena)
                    .and_then(|(document, _)| add(document, &path, value, arena))
            }
        }
        "move" => {
            let from = place("from")?;
            match remove(document, &from, arena) {
                Some((document, value)) => add(document, &path, fits(&path, value)?, arena),
                None => None,
            }
        }
        "copy" => {
            let from = place("from")?;
            match find(document, &from) {
                Some(value) => add(document, &path, fits(&path, value)?, arena),
                None => None,
            }
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

/// A value that may stand below a path. Copying a document into itself doubles it with each operation: a few dozen
/// would make one that nobody can walk through.
fn fits<'a>(path: &[Value<'a>], value: Value<'a>) -> Result<Value<'a>, BuiltinError> {
    let depth = Limits::DEFAULT.depth.saturating_sub(path.len());
    let mut nodes = LARGEST;
    if value.is_within(depth, &mut nodes) {
        Ok(value)
    } else {
        Err(BuiltinError::new("the patched document is too large"))
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn documents_that_are_copied_into_themselves_end_with_an_error() {
        let arena = Arena::new();
        let text = |text| Value::String(text);
        let copy = |path: &str| {
            Value::object(
                &arena,
                [
                    (text("op"), text("copy")),
                    (text("from"), text("/a")),
                    (text("path"), Value::string(&arena, path)),
                ],
            )
        };
        let inner = Value::object(&arena, [(text("leaf"), Value::TRUE)]);
        let start = Value::object(&arena, [(text("a"), inner)]);
        // Twice as deep each time, then twice as wide.
        for place in [
            |n: usize| "/a".to_owned() + &"/x".repeat(1 << n),
            |n: usize| format!("/a/{n}"),
        ] {
            let mut document = start;
            let error = (0..64)
                .find_map(|n| match apply(document, copy(&place(n)), &arena) {
                    Ok(patched) => {
                        document = patched.unwrap();
                        None
                    }
                    Err(error) => Some(error),
                })
                .unwrap();
            assert_eq!(error.message, "the patched document is too large");
        }
    }
}
