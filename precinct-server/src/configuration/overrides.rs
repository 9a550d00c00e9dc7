//! `--set a.b=1,c={x,y}` and `--set-file a.b=path`, in the notation of Helm.

use serde_json::{Map, Value, json};

/// Sets the members that a text names.
///
/// # Errors
/// What can't be understood.
pub fn set(document: &mut Value, text: &str) -> Result<(), String> {
    for (path, value) in pairs(text).map_err(|why| format!("--set data: {why}"))? {
        let value = match value
            .strip_prefix('{')
            .and_then(|list| list.strip_suffix('}'))
        {
            Some(list) => split(list, ',')
                .iter()
                .map(|item| typed(&plain(item)))
                .collect(),
            None => typed(&plain(&value)),
        };
        put(document, &path, value)?;
    }
    Ok(())
}

/// Sets the members that a text names to the contents of files, without white space at their ends.
///
/// # Errors
/// What can't be understood or read.
pub fn set_file(document: &mut Value, text: &str) -> Result<(), String> {
    let failed = |why: String| format!("--set-file data: {why}");
    for (path, file) in pairs(text).map_err(failed)? {
        let file = plain(&file);
        let content = std::fs::read_to_string(&file)
            .map_err(|error| failed(precinct_bundle::load::system("open", &file, &error)))?;
        put(document, &path, json!(content.trim()))?;
    }
    Ok(())
}

/// `a.b=1,c={x,y}` as paths and values. A backslash takes the meaning from the character behind it.
///
/// # Errors
/// In OPA's words, a path without a value.
pub fn pairs(text: &str) -> Result<Vec<(Vec<String>, String)>, String> {
    let pairs = split(text, ',');
    let last = pairs.len();
    (1..)
        .zip(pairs)
        .filter(|(_, pair)| !pair.is_empty())
        .map(|(number, pair)| {
            let Some((path, value)) = pair.split_once('=') else {
                let keys = split(&pair, '.');
                let key = |key: Option<&String>| plain(key.map_or("", String::as_str));
                return Err(if number < last {
                    format!(
                        "key {:?} has no value (cannot end with ,)",
                        key(keys.last())
                    )
                } else if keys.len() > 1 {
                    format!("key map {:?} has no value", key(keys.first()))
                } else {
                    format!("key {:?} has no value", key(keys.first()))
                });
            };
            let path = split(path, '.').iter().map(|part| plain(part)).collect();
            Ok((path, value.to_owned()))
        })
        .collect()
}

/// The parts of a text between separators that are neither escaped nor in braces.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                if let Some(part) = parts.last_mut() {
                    part.push(character);
                    part.extend(characters.next());
                }
                continue;
            }
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if character == separator && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

/// The text without the backslashes that took a meaning away.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            out.extend(characters.next());
        } else {
            out.push(character);
        }
    }
    out
}

fn typed(text: &str) -> Value {
    match text {
        "true" => json!(true),
        "false" => json!(false),
        "null" => Value::Null,
        "0" => json!(0),
        _ if text.starts_with('0') => json!(text),
        _ => text
            .parse::<i64>()
            .map_or_else(|_| json!(text), |number| json!(number)),
    }
}

fn put(document: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        *document = value;
        return Ok(());
    };
    let (name, index) = match first.split_once('[') {
        Some((name, index)) => {
            let index = index.strip_suffix(']').and_then(|index| index.parse().ok());
            let index: usize = index.ok_or_else(|| format!("error parsing index in {first:?}"))?;
            (name, Some(index))
        }
        None => (first.as_str(), None),
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Some(members) = document.as_object_mut() else {
        return Ok(());
    };
    let member = members.entry(name).or_insert(Value::Null);
    let Some(index) = index else {
        return put(member, rest, value);
    };
    // A list of a configuration is short; a larger index is a mistake.
    if index > 65_536 {
        return Err(format!(
            "index of {index} is greater than maximum supported index of 65536"
        ));
    }
    if !member.is_array() {
        *member = json!([]);
    }
    if let Some(items) = member.as_array_mut() {
        while items.len() <= index {
            items.push(Value::Null);
        }
        if let Some(item) = items.get_mut(index) {
            return put(item, rest, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn after(texts: &[&str]) -> Value {
        let mut document = json!({"kept": 1});
        for text in texts {
            set(&mut document, text).unwrap();
        }
        document
    }

    #[test]
    fn members_are_set_with_their_types() {
        let expected =
            json!({"kept": 1, "a": {"b": 2, "c": "x"}, "d": true, "e": [1, "y"], "f": "007"});
        assert_eq!(
            after(&["a.b=2,a.c=x", "d=true", "e={1,y}", "f=007"]),
            expected
        );
    }

    #[test]
    fn lists_grow_and_escapes_are_taken_away() {
        let expected = json!({"kept": 1, "l": [null, {"x": 1}], "a.b": "1,2"});
        assert_eq!(after(&["l[1].x=1", r"a\.b=1\,2"]), expected);
    }

    #[test]
    fn keys_need_values() {
        assert!(set(&mut json!({}), "a").is_err());
        assert!(set(&mut json!({}), "a[x]=1").is_err());
    }
}
