//! Base documents: read from JSON and YAML, put together into one tree.

use serde_json::{Map, Value};

/// A tree of base documents, as `data` shows it.
pub type Data = Map<String, Value>;

/// The file names that hold base documents in a bundle; their digests are taken from their meaning, not their bytes.
pub fn is_data_file(path: &str) -> bool {
    matches!(base_name(path), "data.json" | "data.yaml" | "data.yml")
}

/// Whether a signature covers the JSON value of a file and not its bytes: documents and the manifest.
pub fn is_structured(path: &str) -> bool {
    is_data_file(path) || base_name(path) == ".manifest"
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Reads a document: YAML when the name ends so, JSON otherwise.
pub fn parse(path: &str, bytes: &[u8]) -> Result<Value, String> {
    let extension = path.rsplit('.').next().unwrap_or_default();
    if matches!(extension, "yaml" | "yml") {
        yaml(bytes)
    } else {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }
}

/// Reads YAML as the JSON that it stands for: keys are strings, the first document of the stream counts.
pub fn yaml(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let value: serde_yaml::Value =
        serde_yaml::from_str(text).map_err(|error| format!("yaml: {error}"))?;
    to_json(value)
}

fn to_json(value: serde_yaml::Value) -> Result<Value, String> {
    Ok(match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(truth) => Value::Bool(truth),
        serde_yaml::Value::Number(number) => number_to_json(&number)?,
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(items) => {
            Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = match to_json(key)? {
                    Value::String(text) => text,
                    other @ (Value::Bool(_) | Value::Number(_)) => other.to_string(),
                    other => return Err(format!("yaml: the key {other} is not a string")),
                };
                object.insert(key, to_json(value)?);
            }
            Value::Object(object)
        }
        serde_yaml::Value::Tagged(tagged) => to_json(tagged.value)?,
    })
}

fn number_to_json(number: &serde_yaml::Number) -> Result<Value, String> {
    if let Some(whole) = number.as_i64() {
        return Ok(Value::from(whole));
    }
    if let Some(whole) = number.as_u64() {
        return Ok(Value::from(whole));
    }
    number
        .as_f64()
        .and_then(serde_json::Number::from_f64)
        .map(Value::Number)
        .ok_or_else(|| format!("yaml: {number} is no JSON number"))
}

/// Two documents define different values for one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The keys that lead to the value.
    pub path: Vec<String>,
}

/// Puts `more` into `data`: objects are joined, any other meeting of two values is a conflict, after which `data`
/// holds a part of `more`.
pub fn merge(data: &mut Data, more: Data) -> Result<(), Conflict> {
    for (key, value) in more {
        match data.get_mut(&key) {
            None => {
                data.insert(key, value);
            }
            Some(Value::Object(there)) => match value {
                Value::Object(value) => merge(there, value).map_err(|mut conflict| {
                    conflict.path.insert(0, key);
                    conflict
                })?,
                _ => return Err(Conflict { path: vec![key] }),
            },
            Some(_) => return Err(Conflict { path: vec![key] }),
        }
    }
    Ok(())
}

/// The tree that has only this value, below these keys. `None` when no key is given and the value is no object.
pub fn tree(path: &[String], value: Value) -> Option<Data> {
    let mut value = value;
    for key in path.iter().rev() {
        let mut object = Map::new();
        object.insert(key.clone(), value);
        value = Value::Object(object);
    }
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Where in `data` a bundle's data file belongs: the folders that hold it.
pub fn folders(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').collect();
    parts[..parts.len().saturating_sub(1)]
        .iter()
        .filter(|part| !part.is_empty() && **part != ".")
        .map(|part| (*part).to_owned())
        .collect()
}

/// The canonical text of a structured file.
///
/// # Errors
/// When the file does not parse.
pub fn canonical_text(path: &str, bytes: &[u8]) -> Result<String, String> {
    parse(path, bytes).map(|value| canonical(&value))
}

/// JSON text with sorted keys, no spaces, and `<`, `>`, `&` as they are: what structured files are hashed as.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write(&object[key], text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::String(string) => write_string(string, text),
        other => text.push_str(&other.to_string()),
    }
}

/// As Go's encoder writes strings: the line separators are escaped, control characters by their short forms.
fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            control if u32::from(control) < 0x20 => {
                text.push_str("\\u00");
                for nibble in [u32::from(control) >> 4, u32::from(control) & 15] {
                    text.extend(char::from_digit(nibble, 16));
                }
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Data {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn objects_join_and_other_values_conflict() {
        let mut data = object(json!({"a": {"b": 1}}));
        merge(&mut data, object(json!({"a": {"c": 2}}))).unwrap();
        assert_eq!(Value::Object(data.clone()), json!({"a": {"b": 1, "c": 2}}));
        let conflict = merge(&mut data, object(json!({"a": {"b": 3}}))).unwrap_err();
        assert_eq!(conflict.path, ["a", "b"]);
    }

    #[test]
    fn canonical_text_sorts_keys_and_keeps_numbers_as_written() {
        let value: Value = serde_json::from_str(r#"{"b": 1.50, "a": "<\u2028\u0001>"}"#).unwrap();
        assert_eq!(canonical(&value), r#"{"a":"<\u2028\u0001>","b":1.50}"#);
    }

    #[test]
    fn yaml_becomes_the_json_it_stands_for() {
        assert_eq!(
            yaml(b"a: [1, yes, 2.5]\n3: x\n").unwrap(),
            json!({"a": [1, "yes", 2.5], "3": "x"})
        );
    }
}
