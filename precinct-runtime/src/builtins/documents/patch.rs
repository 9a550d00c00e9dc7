//! One operation of a JSON patch (RFC 6902), over sets and any keys too.

use crate::arena::Arena;
use crate::error::BuiltinError;
use crate::json::Limits;
use crate::value::{Object, Set, Value};

/// So many values may be put into a document at once, parts that are shared counted each time.
const LARGEST: usize = 4_000_000;

/// The parts of an operation that are looked at first.
pub(super) struct Operation<'a> {
    object: Object<'a>,
    pub(super) op: &'a str,
    pub(super) path: Vec<Value<'a>>,
}

impl<'a> Operation<'a> {
    pub(super) fn of(operation: Value<'a>, arena: &'a Arena) -> Result<Self, BuiltinError> {
        let Value::Object(object) = operation else {
            return refuse(
                "must be an array of JSON-Patch objects, but at least one element is not an object",
            );
        };
        let at = attribute(object, "path")?;
        let op = attribute(object, "op")?;
        let Some(op) = op.as_str() else {
            return refuse(format!(
                "attribute 'op' must be a string but found: {}",
                op.type_name()
            ));
        };
        let path = super::path(at, arena)?;
        Ok(Self { object, op, path })
    }

    pub(super) fn value(&self) -> Result<Value<'a>, BuiltinError> {
        attribute(self.object, "value")
    }

    pub(super) fn from(&self, arena: &'a Arena) -> Result<Vec<Value<'a>>, BuiltinError> {
        super::path(attribute(self.object, "from")?, arena)
    }

    /// Compares what is at the path.
    pub(super) fn test(&self, there: Value<'a>) -> Result<(), BuiltinError> {
        let value = self.value()?;
        if there.equals(value) {
            return Ok(());
        }
        refuse(format!(
            "value from EditTree != patch value.\n\nExpected: {value}\n\nFound: {there}"
        ))
    }
}

fn attribute<'a>(object: Object<'a>, name: &str) -> Result<Value<'a>, BuiltinError> {
    object
        .get_str(name)
        .ok_or_else(|| BuiltinError::new(format!("missing required attribute '{name}'")))
}

/// The document after the operation.
///
/// # Errors
/// The operation is none, a place is not there, or a test fails, in OPA's words.
pub(super) fn apply<'a>(
    document: Value<'a>,
    operation: Value<'a>,
    arena: &'a Arena,
) -> Result<Value<'a>, BuiltinError> {
    let operation = Operation::of(operation, arena)?;
    let path = &*operation.path;
    match operation.op {
        "add" => add(document, path, fits(path, operation.value()?)?, arena),
        "remove" => remove(document, path, arena).map(|(document, _)| document),
        "replace" => {
            let without = if path.is_empty() {
                document
            } else {
                remove(document, path, arena)?.0
            };
            add(without, path, fits(path, operation.value()?)?, arena)
        }
        "move" => {
            let (document, value) = remove(document, &operation.from(arena)?, arena)?;
            add(document, path, fits(path, value)?, arena)
        }
        "copy" => {
            let value = find(document, &operation.from(arena)?)?;
            add(document, path, fits(path, value)?, arena)
        }
        "test" => {
            operation.test(find(document, path)?)?;
            Ok(document)
        }
        other => refuse(format!("unrecognized op: '{other}'")),
    }
}

pub(super) fn refuse<T>(message: impl Into<String>) -> Result<T, BuiltinError> {
    Err(BuiltinError::new(message.into()))
}

/// A value that may stand below a path. Copying a document into itself doubles it with each operation: a few dozen
/// would make one that nobody can walk through.
pub(super) fn fits<'a>(path: &[Value<'a>], value: Value<'a>) -> Result<Value<'a>, BuiltinError> {
    let depth = Limits::DEFAULT.depth.saturating_sub(path.len());
    let mut nodes = LARGEST;
    if value.is_within(depth, &mut nodes) {
        Ok(value)
    } else {
        Err(BuiltinError::new("the patched document is too large"))
    }
}

/// The position that a key names in an array of this length; `-` is behind its end.
pub(super) fn index(key: Value<'_>, length: usize) -> Result<usize, BuiltinError> {
    match key {
        Value::String("-") => Ok(length),
        Value::String(text) => match text.parse::<i64>() {
            Err(_) => refuse("invalid string for indexing"),
            Ok(_) if text != "0" && text.starts_with('0') => {
                refuse("leading zeros are not allowed in JSON paths")
            }
            // What is negative is beyond every array.
            Ok(at) => Ok(usize::try_from(at).unwrap_or(usize::MAX)),
        },
        Value::Number(number) => match number.to_i64() {
            Some(at) => Ok(usize::try_from(at).unwrap_or(usize::MAX)),
            None => match number.to_index() {
                Some(at) => Ok(at),
                None => refuse("invalid number type for indexing"),
            },
        },
        _ => refuse("invalid type for indexing"),
    }
}

pub(super) fn find<'a>(document: Value<'a>, path: &[Value<'a>]) -> Result<Value<'a>, BuiltinError> {
    path.iter()
        .try_fold(document, |value, key| step(value, *key))
}

fn step<'a>(value: Value<'a>, key: Value<'a>) -> Result<Value<'a>, BuiltinError> {
    let (there, kind) = match value {
        Value::Array(items) => {
            let at = index(key, items.len())?;
            match items.get(at) {
                Some(item) => return Ok(item),
                None => {
                    return refuse(format!("path {at} does not exist in array term {value}"));
                }
            }
        }
        Value::Object(object) => (object.get(key), "object"),
        Value::Set(set) => (set.get(key), "set"),
        scalar => {
            return refuse(format!(
                "expected composite type for path {key}, found value: {scalar} (type: {})",
                go_type(scalar)
            ));
        }
    };
    match there {
        Some(there) => Ok(there),
        None if kind == "set" => refuse(format!("path [{key}] does not exist in set term {value}")),
        None => refuse(format!("path {key} does not exist in object term {value}")),
    }
}

/// The name of OPA's type of a scalar.
fn go_type(value: Value<'_>) -> &'static str {
    match value {
        Value::String(_) => "ast.String",
        Value::Number(_) => "ast.Number",
        Value::Bool(_) => "ast.Boolean",
        _ => "ast.Null",
    }
}

fn no_composite<T>(value: Value<'_>) -> Result<T, BuiltinError> {
    refuse(format!(
        "expected composite type, found value: {value} (type: {})",
        go_type(value)
    ))
}

pub(super) fn add<'a>(
    document: Value<'a>,
    path: &[Value<'a>],
    value: Value<'a>,
    arena: &'a Arena,
) -> Result<Value<'a>, BuiltinError> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(value);
    };
    if !rest.is_empty() {
        let inner = add(step(document, *key)?, rest, value, arena)?;
        return put(document, *key, inner, arena);
    }
    match document {
        Value::Array(items) => {
            let at = index(*key, items.len())?;
            if at > items.len() {
                return refuse("index for array insertion out of bounds");
            }
            let mut items = items.to_vec();
            items.insert(at, value);
            Ok(Value::array(arena, &items))
        }
        Value::Object(object) => Ok(object.with(arena, *key, value)),
        Value::Set(set) => {
            if !key.equals(value) {
                return refuse(format!(
                    "set key {key} does not equal value to be inserted {value}"
                ));
            }
            Ok(Value::set(
                arena,
                set.items().iter().copied().chain([value]),
            ))
        }
        scalar => no_composite(scalar),
    }
}

/// Replaces what is there.
fn put<'a>(
    document: Value<'a>,
    key: Value<'a>,
    value: Value<'a>,
    arena: &'a Arena,
) -> Result<Value<'a>, BuiltinError> {
    match document {
        Value::Array(items) => {
            let at = index(key, items.len())?;
            let mut items = items.to_vec();
            if let Some(item) = items.get_mut(at) {
                *item = value;
            }
            Ok(Value::array(arena, &items))
        }
        Value::Object(object) => Ok(object.with(arena, key, value)),
        Value::Set(set) => {
            let others = without(set, key);
            Ok(Value::set(arena, others.into_iter().chain([value])))
        }
        scalar => no_composite(scalar),
    }
}

fn without<'a>(set: &Set<'a>, key: Value<'a>) -> Vec<Value<'a>> {
    set.items()
        .iter()
        .copied()
        .filter(|item| !item.equals(key))
        .collect()
}

#[cold]
pub(super) fn no_child(key: Value<'_>) -> BuiltinError {
    BuiltinError::new(format!("cannot delete child key {key} that does not exist"))
}

/// The document without the value at the path, and that value.
pub(super) fn remove<'a>(
    document: Value<'a>,
    path: &[Value<'a>],
    arena: &'a Arena,
) -> Result<(Value<'a>, Value<'a>), BuiltinError> {
    let Some((key, rest)) = path.split_first() else {
        return Ok((Value::Null, document));
    };
    if !rest.is_empty() {
        let (inner, removed) = remove(step(document, *key)?, rest, arena)?;
        return Ok((put(document, *key, inner, arena)?, removed));
    }
    let missing = || no_child(*key);
    Ok(match document {
        Value::Array(items) => {
            let at = index(*key, items.len())?;
            if at >= items.len() {
                return refuse("index for array delete out of bounds");
            }
            let mut items = items.to_vec();
            let there = items.remove(at);
            (Value::array(arena, &items), there)
        }
        Value::Object(object) => {
            let there = object.get(*key).ok_or_else(missing)?;
            let others = object
                .entries()
                .iter()
                .filter(|(name, _)| !name.equals(*key));
            (Value::object(arena, others.collect::<Vec<_>>()), there)
        }
        Value::Set(set) => {
            let there = set.get(*key).ok_or_else(missing)?;
            (Value::set(arena, without(set, *key)), there)
        }
        scalar => return no_composite(scalar),
    })
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
                        document = patched;
                        None
                    }
                    Err(error) => Some(error),
                })
                .unwrap();
            assert_eq!(error.message, "the patched document is too large");
        }
    }
}
