//! Base documents: read from JSON and YAML, put together into one tree.

use std::sync::Arc;

use precinct_runtime::arena::{Arena, Document};
use precinct_runtime::json::{Decoder, Encoding};
use precinct_runtime::value::{ObjectBuilder, Value};

/// A document and where in `data` it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// The file, for messages. Its ending says how it is read.
    pub file: String,
    /// The text.
    pub text: Vec<u8>,
}

/// Why documents can't be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// A text is not what its name says.
    #[error("{message}")]
    Text {
        /// The position of the part.
        part: usize,
        /// What is wrong.
        message: String,
    },
    /// A document that would be all of `data` is no object.
    #[error("root value must be object")]
    NoObject {
        /// The position of the part.
        part: usize,
    },
    /// Two documents define different values for one path.
    #[error("conflicting values at {}", reference(path))]
    Conflict {
        /// The position of the later part.
        part: usize,
        /// The position of the earliest part that has the value.
        earlier: Option<usize>,
        /// The keys that lead to the value.
        path: Vec<String>,
    },
}

/// Puts documents together: objects are joined, any other meeting of two values is a conflict.
///
/// # Errors
/// The first part that is wrong.
pub fn assemble(parts: &[Part]) -> Result<Document, AssembleError> {
    assemble_from(parts, |part| read(part).map(Arc::new))
}

/// Like [`assemble`], with what `read` makes of each part. No further part is read behind one that is wrong.
pub(crate) fn assemble_from(
    parts: &[Part],
    mut read: impl FnMut(&Part) -> Result<Arc<Document>, String>,
) -> Result<Document, AssembleError> {
    let mut documents = Vec::new();
    let mut failed = None;
    for part in parts {
        match read(part) {
            Ok(document) => documents.push(document),
            Err(message) => {
                failed = Some(message);
                break;
            }
        }
    }
    Document::over(documents, |values, arena| {
        let mut values = values.iter();
        joined(parts, arena, |_| match values.next() {
            Some(value) => Ok(*value),
            None => Err(failed.take().unwrap_or_default()),
        })
    })
}

/// The document of a part by itself.
pub(crate) fn read(part: &Part) -> Result<Document, String> {
    let document = if is_yaml(&part.file) {
        Document::from_json(yaml(&part.text)?.as_bytes())
    } else {
        Document::from_json(&part.text)
    };
    document.map_err(|error| error.to_string())
}

/// Puts the values of documents together, each asked for in its turn.
fn joined<'a>(
    parts: &[Part],
    arena: &'a Arena,
    mut value: impl FnMut(&Part) -> Result<Value<'a>, String>,
) -> Result<Value<'a>, AssembleError> {
    let mut whole = Value::EMPTY_OBJECT;
    let mut trees = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let value = value(part).map_err(|message| AssembleError::Text {
            part: number,
            message,
        })?;
        let tree = tree(&part.path, value, arena);
        if tree.as_object().is_none() {
            return Err(AssembleError::NoObject { part: number });
        }
        whole = join(whole, tree, arena).map_err(|path| AssembleError::Conflict {
            part: number,
            earlier: trees
                .iter()
                .position(|earlier: &Value<'_>| earlier.path(&path).is_some()),
            path,
        })?;
        trees.push(tree);
    }
    Ok(whole)
}

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

/// Whether the name of a file says that it holds YAML.
pub(crate) fn is_yaml(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    matches!(extension, "yaml" | "yml")
}

/// Reads a document: YAML when the name ends so, JSON otherwise.
///
/// # Errors
/// What is wrong with the text.
pub fn parse<'a>(path: &str, bytes: &[u8], arena: &'a Arena) -> Result<Value<'a>, String> {
    let decode = |bytes: &[u8]| {
        let decoded = Decoder::new(arena).decode_copied(bytes);
        decoded.map_err(|error| error.to_string())
    };
    if is_yaml(path) {
        decode(yaml(bytes)?.as_bytes())
    } else {
        decode(bytes)
    }
}

/// The JSON text that a YAML text stands for: keys are strings.
///
/// # Errors
/// What is wrong with the text.
pub fn yaml(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    precinct_runtime::builtins::yaml::to_json(text)
}

/// Joins two trees; the error holds the keys that lead to the conflict.
///
/// # Errors
/// When both have a value at one place and not both are objects.
pub fn join<'a>(
    one: Value<'a>,
    other: Value<'a>,
    arena: &'a Arena,
) -> Result<Value<'a>, Vec<String>> {
    let (Some(there), Some(more)) = (one.as_object(), other.as_object()) else {
        return Err(Vec::new());
    };
    if there.is_empty() {
        return Ok(other);
    }
    let mut builder = ObjectBuilder::new(arena);
    for (key, value) in there.entries() {
        builder.replace(key, value);
    }
    for (key, value) in more.entries() {
        let value = match there.get(key) {
            None => value,
            Some(known) => join(known, value, arena).map_err(|mut path| {
                path.insert(0, key.as_str().unwrap_or_default().to_owned());
                path
            })?,
        };
        builder.replace(key, value);
    }
    Ok(builder.finish())
}

/// The tree that has only this value, below these keys.
fn tree<'a>(path: &[String], value: Value<'a>, arena: &'a Arena) -> Value<'a> {
    path.iter().rev().fold(value, |value, key| {
        Value::object(arena, [(Value::string(arena, key), value)])
    })
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

/// The canonical text of a structured file: JSON with sorted keys, no spaces, numbers as written, and `<`, `>`, `&`
/// as they are.
///
/// # Errors
/// When the file does not parse.
pub fn canonical_text(path: &str, bytes: &[u8]) -> Result<String, String> {
    let arena = Arena::new();
    parse(path, bytes, &arena).map(|value| Encoding::PLAIN.encode(value))
}

/// A path as Rego writes it: `data.a["b c"]`.
pub fn reference(keys: &[String]) -> String {
    let mut text = String::from("data");
    for key in keys {
        let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !key.starts_with(|c: char| c.is_ascii_digit())
            && !key.is_empty();
        if plain {
            text.push('.');
            text.push_str(key);
        } else {
            text.push('[');
            text.push_str(&serde_json::Value::from(key.as_str()).to_string());
            text.push(']');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn part(path: &[&str], file: &str, text: &str) -> Part {
        Part {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            file: file.to_owned(),
            text: text.as_bytes().to_vec(),
        }
    }

    fn text(document: &Document) -> String {
        Encoding::PLAIN.encode(document.value())
    }

    #[test]
    fn objects_join_and_other_values_conflict() {
        let mut parts = vec![
            part(&[], "one.json", r#"{"a": {"b": 1}}"#),
            part(&["a"], "two.yaml", "c: 2"),
        ];
        assert_eq!(text(&assemble(&parts).unwrap()), r#"{"a":{"b":1,"c":2}}"#);
        parts.push(part(&[], "three.json", r#"{"a": {"c": 3}}"#));
        assert_eq!(
            assemble(&parts).unwrap_err(),
            AssembleError::Conflict {
                part: 2,
                earlier: Some(1),
                path: vec!["a".to_owned(), "c".to_owned()],
            }
        );
    }

    #[test]
    fn all_of_data_is_an_object() {
        assert_eq!(
            assemble(&[part(&[], "x.json", "[1]")]).unwrap_err(),
            AssembleError::NoObject { part: 0 }
        );
        assert_eq!(
            text(&assemble(&[part(&["a"], "x.json", "[1]")]).unwrap()),
            r#"{"a":[1]}"#
        );
    }

    #[test]
    fn canonical_text_sorts_keys_and_keeps_numbers_as_written() {
        let text = br#"{"b": 1.50, "a": "<\u2028\u0001>", "c": 1e2}"#;
        assert_eq!(
            canonical_text("data.json", text).unwrap(),
            r#"{"a":"<\u2028\u0001>","b":1.50,"c":1e2}"#
        );
    }

    #[test]
    fn yaml_becomes_the_json_it_stands_for() {
        assert_eq!(
            yaml(b"a: [1, yes, 2.5]\n3: x\n").unwrap(),
            r#"{"a":[1,"yes",2.5],"3":"x"}"#
        );
    }
}
