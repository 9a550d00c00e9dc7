//! Delta bundles: changes to the data of a bundle that is active.

use serde::Deserialize;
use serde_json::Value;

use crate::document::Data;
use crate::{Error, Manifest};

/// The changes of a delta bundle, in order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Patch {
    /// Changes to base documents.
    #[serde(default)]
    pub data: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Change {
    /// `upsert`, `replace` or `remove`.
    pub op: Operation,
    /// A JSON pointer (RFC 6901) into `data`.
    pub path: String,
    /// The new value; without meaning for `remove`.
    #[serde(default)]
    pub value: Value,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

    /// Applies all changes, or none.
    ///
    /// # Errors
    /// When a change names a place that is not there.
    pub fn apply(&self, data: &mut Data) -> Result<(), Error> {
        let mut next = data.clone();
        for change in &self.data {
            one(&mut next, change)?;
        }
        *data = next;
        Ok(())
    }
}

fn one(data: &mut Data, change: &Change) -> Result<(), Error> {
    let missing = || Error::Manifest(format!("patch path {:?} is not there", change.path));
    let keys: Vec<String> = change
        .path
        .trim_start_matches('/')
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    let Some((last, above)) = keys.split_last() else {
        return Err(missing());
    };
    let mut place = data;
    for key in above {
        if change.op == Operation::Upsert && !place.contains_key(key) {
            place.insert(key.clone(), Value::Object(Data::new()));
        }
        place = match place.get_mut(key) {
            Some(Value::Object(object)) => object,
            _ => return Err(missing()),
        };
    }
    match change.op {
        Operation::Upsert => {
            place.insert(last.clone(), change.value.clone());
        }
        Operation::Replace => match place.get_mut(last) {
            Some(value) => *value = change.value.clone(),
            None => return Err(missing()),
        },
        Operation::Remove => {
            place.remove(last).ok_or_else(missing)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn apply(patch: &Value, data: &Value) -> Result<Value, String> {
        let patch: Patch = serde_json::from_value(json!({"data": patch})).unwrap();
        let Value::Object(mut data) = data.clone() else {
            panic!("data is an object")
        };
        patch.apply(&mut data).map_err(|error| error.to_string())?;
        Ok(Value::Object(data))
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
