//! What the values of keywords must look like.

use serde_json::{Map, Number, Value};

use super::documents::Draft;
use super::read::wrong_type;

/// The text of a keyword.
pub(super) fn string<'m>(
    map: &'m Map<String, Value>,
    keyword: &str,
) -> Result<Option<&'m str>, String> {
    match map.get(keyword) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong_type("string", keyword)),
    }
}

/// The list of a keyword; an empty one if the keyword is missing.
pub(super) fn list<'m>(map: &'m Map<String, Value>, keyword: &str) -> Result<&'m [Value], String> {
    match map.get(keyword) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(format!("{keyword} must be of an array")),
    }
}

/// Checks the keywords that bound numbers, lengths and counts.
pub(super) fn limits(map: &Map<String, Value>, draft: Draft) -> Result<(), String> {
    match map.get("multipleOf") {
        None => {}
        Some(Value::Number(number)) if is_positive(number) => {}
        Some(Value::Number(_)) => return Err("multipleOf must be strictly greater than 0".into()),
        Some(_) => return Err(wrong_type("Number", "multipleOf")),
    }
    for (bound, exclusive) in [
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ] {
        if map.get(bound).is_some_and(|it| !it.is_number()) {
            return Err(format!("{bound} must be of a Number"));
        }
        let Some(value) = map.get(exclusive) else {
            continue;
        };
        match (value, draft) {
            (Value::Bool(_), Draft::Four | Draft::Mixed) => {
                if !map.contains_key(bound) {
                    return Err(format!("{exclusive} cannot be used without {bound}"));
                }
            }
            (Value::Number(_), Draft::Mixed | Draft::Six | Draft::Seven) => {}
            (_, Draft::Four) => return Err(wrong_type("boolean", exclusive)),
            (_, Draft::Mixed) => return Err(wrong_type("boolean/number", exclusive)),
            _ => return Err(wrong_type("number", exclusive)),
        }
    }
    range(map, "minLength", "maxLength")?;
    string(map, "pattern")?;
    string(map, "format")?;
    range(map, "minProperties", "maxProperties")?;
    let mut required: Vec<&str> = Vec::new();
    for name in list(map, "required")? {
        let name = name
            .as_str()
            .ok_or_else(|| wrong_type("string", "required"))?;
        required.push(name);
    }
    unique(required, "required")?;
    count(map, "minItems")?;
    count(map, "maxItems")?;
    match map.get("uniqueItems") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err("uniqueItems must be of a boolean".to_owned()),
    }
}

/// Checks `enum`.
pub(super) fn choices(map: &Map<String, Value>) -> Result<(), String> {
    let texts = list(map, "enum")?.iter().map(|it| plain(it).to_string());
    unique(texts.collect(), "enum")
}

/// The value with numbers of equal worth written alike.
fn plain(json: &Value) -> Value {
    match json {
        Value::Number(number) => number.as_f64().map_or_else(|| json.clone(), Value::from),
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        _ => json.clone(),
    }
}

fn unique<T: Ord>(mut items: Vec<T>, keyword: &str) -> Result<(), String> {
    items.sort();
    if items.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(format!("{keyword} items must be unique"));
    }
    Ok(())
}

fn range(map: &Map<String, Value>, least: &str, most: &str) -> Result<(), String> {
    match (count(map, least)?, count(map, most)?) {
        (Some(low), Some(high)) if low > high => {
            Err(format!("{least} cannot be greater than {most}"))
        }
        _ => Ok(()),
    }
}

fn count(map: &Map<String, Value>, keyword: &str) -> Result<Option<i64>, String> {
    let Some(value) = map.get(keyword) else {
        return Ok(None);
    };
    match value.as_i64() {
        Some(number) if number < 0 => Err(format!("{keyword} must be greater than or equal to 0")),
        Some(number) => Ok(Some(number)),
        None => Err(format!("{keyword} must be of an integer")),
    }
}

fn is_positive(number: &Number) -> bool {
    number.as_f64().is_some_and(|it| it > 0.0)
}
