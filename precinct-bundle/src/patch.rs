//! Delta bundles: changes to the data of a bundle that is active.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use precinct_runtime::arena::{Arena, Document};
use precinct_runtime::json::Decoder;
use precinct_runtime::value::{Object, Value as Rego};

use crate::{Error, Manifest};

/// The changes of a delta bundle, in order.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Patch {
    /// Changes to base documents.
    #[serde(default)]
    pub data: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Change {
    /// `upsert`, `replace` or `remove`.
    pub op: Operation,
    /// A JSON pointer (RFC 6901) into `data`.
    pub path: String,
    /// The new value as it was written; without meaning for `remove`.
    #[serde(default, deserialize_with = "written")]
    pub value: Option<Box<RawValue>>,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Sets a value, making the objects that lead to it.
    Upsert,
    /// Sets a value that is there.
    Replace,
    /// Takes a value that is there away.
    Remove,
}

impl Patch {
    /// Reads `patch.json`.
    ///
    /// # Errors
    /// When the text is not of this form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|error| {
            Error::Manifest(format!("bundle load failed on patch decode: {error}"))
        })
    }

    /// The text of `patch.json`.
    ///
    /// # Errors
    /// None: what was read can be written.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Manifest(error.to_string()))
    }

    /// Every change must stand at or below one of the roots.
    pub(crate) fn check(&self, manifest: &Manifest) -> Result<(), Error> {
        for change in &self.data {
            let path = change.path.trim_matches('/');
            if !manifest.owns(path) {
                return Err(Error::Manifest(format!(
                    "manifest roots [{}] do not permit data patch at path '{path}'",
                    manifest.roots().join(" ")
                )));
            }
        }
        Ok(())
    }

    /// The data after all changes; what was there stays as it is.
    ///
    /// # Errors
    /// When a change names a place that is not there.
    pub fn apply(&self, data: &Document) -> Result<Document, Error> {
        let arena = Arena::new();
        let mut changes = self.data.iter();
        let after = changes.try_fold(data.value(), |data, change| one(data, change, &arena))?;
        Ok(Document::copy_of(after))
    }
}

/// A `null` is a value, too.
fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

fn one<'a>(data: Rego<'a>, change: &Change, arena: &'a Arena) -> Result<Rego<'a>, Error> {
    let keys: Vec<String> = change
        .path
        .trim_start_matches('/')
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    let text = change.value.as_deref().map_or("null", RawValue::get);
    let value = Decoder::new(arena)
        .decode_copied(text.as_bytes())
        .map_err(|error| Error::Manifest(error.to_string()))?;
    below(data, &keys, change.op, value, arena)
        .ok_or_else(|| Error::Manifest(format!("patch path {:?} is not there", change.path)))
}

/// The value with the change made below these keys; `None` when there is no such place.
fn below<'a>(
    data: Rego<'a>,
    keys: &[String],
    op: Operation,
    value: Rego<'a>,
    arena: &'a Arena,
) -> Option<Rego<'a>> {
    let (key, rest) = keys.split_first()?;
    let object = data.as_object()?;
    let there = object.get_str(key);
    let name = Rego::string(arena, key);
    if rest.is_empty() {
        return match op {
            Operation::Upsert => Some(object.with(arena, name, value)),
            Operation::Replace => there.map(|_| object.with(arena, name, value)),
            Operation::Remove => there.map(|_| without(object, key, arena)),
        };
    }
    let inner = match (there, op) {
        (Some(inner), _) => inner,
        (None, Operation::Upsert) => Rego::EMPTY_OBJECT,
        (None, _) => return None,
    };
    let changed = below(inner, rest, op, value, arena)?;
    Some(object.with(arena, name, changed))
}

fn without<'a>(object: Object<'a>, name: &str, arena: &'a Arena) -> Rego<'a> {
    let entries = object.entries().iter();
    Rego::object(arena, entries.filter(|(key, _)| key.as_str() != Some(name)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn apply(patch: &Value, data: &Value) -> Result<Value, String> {
        let patch: Patch = serde_json::from_value(json!({"data": patch})).unwrap();
        let data = Document::from_json(data.to_string().as_bytes()).unwrap();
        let changed = patch.apply(&data).map_err(|error| error.to_string())?;
        let text = precinct_runtime::json::to_string(changed.value());
        Ok(serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn upsert_makes_the_way_to_its_place() {
        let patch = json!([{"op": "upsert", "path": "/a/b~1c", "value": 1}]);
        assert_eq!(apply(&patch, &json!({})), Ok(json!({"a": {"b/c": 1}})));
    }

    #[test]
    fn replace_and_remove_need_a_value_that_is_there() {
        let data = json!({"a": 1});
        let replace = json!([{"op": "replace", "path": "/a", "value": 2}]);
        assert_eq!(apply(&replace, &data), Ok(json!({"a": 2})));
        let remove = json!([{"op": "remove", "path": "/b"}]);
        assert!(apply(&remove, &data).is_err());
    }
}
