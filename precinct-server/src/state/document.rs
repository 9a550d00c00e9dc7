//! Base documents with one part changed.
//!
//! What was there stays as it is: requests that began before go on reading it.

use std::sync::Arc;

use precinct_interpreter::policy::{Failure, Step};
use precinct_runtime::value::{Array, Object};
use precinct_runtime::{Arena, Document, Value};

use super::Policies;

/// What a write does at the end of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'v> {
    /// Sets a member, inserts into an array.
    Add(Value<'v>),
    /// Exchanges what is there.
    Replace(Value<'v>),
    /// Takes away what is there.
    Remove,
}

/// Why a write can't be done, in OPA's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// There is no such place.
    #[error("storage_not_found_error: {0}")]
    NotFound(String),
    /// The path leads through something that has no members.
    #[error("storage_write_conflict_error: {0}")]
    Conflict(String),
    /// The change is not one that can be made there.
    #[error("storage_invalid_patch_error: {0}")]
    Invalid(String),
}

const MISSING: &str = "document does not exist";

impl WriteError {
    fn missing() -> Self {
        Self::NotFound(MISSING.to_owned())
    }

    fn missing_at(path: &[String], hint: &str) -> Self {
        Self::NotFound(format!("{}: {hint}", slashed(path)))
    }
}

/// `/a/b`, each part escaped.
#[must_use]
pub fn slashed(path: &[String]) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    // What Go's url.PathEscape leaves alone.
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b'$')
        .remove(b'&')
        .remove(b'+')
        .remove(b':')
        .remove(b'=')
        .remove(b'@');
    if path.is_empty() {
        return "/".to_owned();
    }
    path.iter().fold(String::new(), |text, part| {
        text + "/" + &utf8_percent_encode(part, ESCAPED).to_string()
    })
}

/// Whether no base document stands where a rule is.
///
/// # Errors
/// The rules that would be hidden, as OPA's compiler reports them.
pub fn check_rules(policies: &Policies, data: &Document) -> Result<(), String> {
    match conflicts(policies, data) {
        Some(failure) => Err(failure.to_string()),
        None => Ok(()),
    }
}

/// The rules that base documents would hide, as errors of the compiler; `None` if there are none.
#[must_use]
pub fn conflicts(policies: &Policies, data: &Document) -> Option<Failure> {
    let errors = policies.policy().path_conflicts(&|path: &[Arc<str>]| {
        let mut value = data.value();
        for key in path {
            match value {
                Value::Object(object) => match object.get_str(key) {
                    Some(inner) => value = inner,
                    None => return false,
                },
                // A value that is no object leaves no room for rules below it.
                _ => return true,
            }
        }
        value
            .as_object()
            .is_none_or(|object| !object.entries().is_empty())
    });
    (!errors.is_empty()).then(|| Failure {
        step: Step::Compile,
        errors,
        sources: policies.policy().sources().clone(),
    })
}

/// What is at a path.
///
/// # Errors
/// When nothing is there.
pub fn read<'a>(data: Value<'a>, path: &[String]) -> Result<Value<'a>, WriteError> {
    let mut value = data;
    for (depth, key) in path.iter().enumerate() {
        value = match value {
            Value::Array(items) => {
                let index = index(items, key, path)?;
                items.get(index).ok_or_else(WriteError::missing)?
            }
            Value::Object(object) => object.get_str(key).ok_or_else(|| {
                WriteError::missing_at(path.get(..=depth).unwrap_or(path), MISSING)
            })?,
            _ => return Err(WriteError::missing_at(path, MISSING)),
        };
    }
    Ok(value)
}

/// The data after a change.
///
/// # Errors
/// When the change can't be made; nothing has changed then.
pub fn write<'a>(
    data: Value<'a>,
    path: &[String],
    change: Change<'a>,
    arena: &'a Arena,
) -> Result<Value<'a>, WriteError> {
    if path.is_empty() {
        return match change {
            Change::Remove => Err(WriteError::Invalid("root cannot be removed".to_owned())),
            Change::Add(value) | Change::Replace(value) => match value {
                Value::Object(_) => Ok(value),
                _ => Err(WriteError::Invalid("root must be object".to_owned())),
            },
        };
    }
    Writer {
        path,
        change,
        arena,
    }
    .at(data, 0)
}

/// The data with objects made for all but the last part of a path.
///
/// # Errors
/// When something that is no object is in the way.
pub fn make_way<'a>(
    data: Value<'a>,
    path: &[String],
    arena: &'a Arena,
) -> Result<Value<'a>, WriteError> {
    match path.split_last() {
        Some((_, parents)) => folder(data, parents, arena),
        None => Ok(data),
    }
}

/// The data with an object at a path.
fn folder<'a>(data: Value<'a>, path: &[String], arena: &'a Arena) -> Result<Value<'a>, WriteError> {
    match read(data, path) {
        Ok(Value::Object(_)) => Ok(data),
        Ok(_) => Err(WriteError::Conflict(slashed(path))),
        Err(WriteError::NotFound(_)) => {
            let data = make_way(data, path, arena)?;
            write(data, path, Change::Add(Value::EMPTY_OBJECT), arena)
        }
        Err(other) => Err(other),
    }
}

struct Writer<'p, 'a> {
    path: &'p [String],
    change: Change<'a>,
    arena: &'a Arena,
}

impl<'a> Writer<'_, 'a> {
    fn at(&self, value: Value<'a>, depth: usize) -> Result<Value<'a>, WriteError> {
        match value {
            Value::Object(object) => self.in_object(object, depth),
            Value::Array(items) => self.in_array(items, depth),
            _ => Err(WriteError::missing()),
        }
    }

    fn in_object(&self, object: Object<'a>, depth: usize) -> Result<Value<'a>, WriteError> {
        let key = self.path.get(depth).map_or("", String::as_str);
        let there = object.get_str(key);
        let set = |value| object.with(self.arena, Value::string(self.arena, key), value);
        if depth + 1 < self.path.len() {
            let inner = there.ok_or_else(WriteError::missing)?;
            return Ok(set(self.at(inner, depth + 1)?));
        }
        match self.change {
            Change::Add(value) => Ok(set(value)),
            Change::Replace(value) => there.map(|_| set(value)).ok_or_else(WriteError::missing),
            Change::Remove => {
                there.ok_or_else(WriteError::missing)?;
                let kept = object
                    .entries()
                    .iter()
                    .filter(|(name, _)| name.as_str() != Some(key));
                Ok(Value::object(self.arena, kept))
            }
        }
    }

    fn in_array(&self, items: Array<'a>, depth: usize) -> Result<Value<'a>, WriteError> {
        let key = self.path.get(depth).map_or("", String::as_str);
        let mut items_now = items.to_vec();
        let is_last = depth + 1 == self.path.len();
        if is_last && (key == "-" || key == items.len().to_string()) {
            let Change::Add(value) = self.change else {
                let shown = slashed(self.path);
                return Err(WriteError::Invalid(format!("{shown}: invalid patch path")));
            };
            items_now.push(value);
            return Ok(Value::array(self.arena, &items_now));
        }
        let index = index(items, key, self.path)?;
        match (self.change, items_now.get_mut(index)) {
            (_, None) => return Err(WriteError::missing()),
            (_, Some(inner)) if !is_last => *inner = self.at(*inner, depth + 1)?,
            (Change::Add(value), Some(_)) => items_now.insert(index, value),
            (Change::Replace(value), Some(inner)) => *inner = value,
            (Change::Remove, Some(_)) => {
                items_now.remove(index);
            }
        }
        Ok(Value::array(self.arena, &items_now))
    }
}

fn index(items: Array<'_>, key: &str, path: &[String]) -> Result<usize, WriteError> {
    let is_integer = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_digit())
        && (key == "0" || !key.starts_with('0'));
    if !is_integer {
        return Err(WriteError::missing_at(path, "array index must be integer"));
    }
    match key.parse() {
        Ok(index) if index < items.len() => Ok(index),
        _ => Err(WriteError::missing_at(path, "array index out of range")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use precinct_runtime::json::{Decoder, to_string};

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('/').map(str::to_owned).collect()
    }

    fn changed(data: &str, place: &str, change: &str) -> Result<String, String> {
        let arena = Arena::new();
        let parse = |text: &str| Decoder::new(&arena).decode_copied(text.as_bytes()).unwrap();
        let (op, value) = change.split_once(' ').unwrap_or((change, "null"));
        let change = match op {
            "add" => Change::Add(parse(value)),
            "replace" => Change::Replace(parse(value)),
            _ => Change::Remove,
        };
        write(parse(data), &path(place), change, &arena)
            .map(to_string)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn members_and_items_are_added_replaced_and_removed() {
        let changed = |data, place, change| changed(data, place, change).unwrap();
        assert_eq!(changed("{}", "a", "add 1"), r#"{"a":1}"#);
        assert_eq!(
            changed(r#"{"a":{"b":1}}"#, "a/b", "replace 2"),
            r#"{"a":{"b":2}}"#
        );
        assert_eq!(changed(r#"{"a":1,"b":2}"#, "a", "remove"), r#"{"b":2}"#);
        assert_eq!(
            changed(r#"{"a":[1,2]}"#, "a/0", "add 0"),
            r#"{"a":[0,1,2]}"#
        );
        assert_eq!(
            changed(r#"{"a":[1,2]}"#, "a/-", "add 3"),
            r#"{"a":[1,2,3]}"#
        );
        assert_eq!(changed(r#"{"a":[1,2]}"#, "a/1", "remove"), r#"{"a":[1]}"#);
    }

    #[test]
    fn impossible_changes_say_why() {
        let refused = |data, place, change| changed(data, place, change).unwrap_err();
        let missing = "storage_not_found_error: document does not exist";
        assert_eq!(refused("{}", "a", "remove"), missing);
        assert_eq!(refused("{}", "a/b", "add 1"), missing);
        assert_eq!(
            refused(r#"{"a":[]}"#, "a/x", "add 1"),
            "storage_not_found_error: /a/x: array index must be integer"
        );
        assert_eq!(
            refused(r#"{"a":[]}"#, "a/-", "replace 1"),
            "storage_invalid_patch_error: /a/-: invalid patch path"
        );
    }

    #[test]
    fn objects_are_made_on_the_way_and_nothing_else_is_passed_through() {
        let arena = Arena::new();
        let data = Decoder::new(&arena).decode_copied(br#"{"a":[1]}"#).unwrap();
        let made = make_way(data, &path("b/c/d"), &arena).unwrap();
        assert_eq!(to_string(made), r#"{"a":[1],"b":{"c":{}}}"#);
        let refused = make_way(data, &path("a/0"), &arena).unwrap_err();
        assert_eq!(refused.to_string(), "storage_write_conflict_error: /a");
    }
}
