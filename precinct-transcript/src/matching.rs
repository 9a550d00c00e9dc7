//! Comparison of an answer with a recorded one that holds placeholders.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

/// Compares; the error says where the first difference is.
pub fn compare(want: &Value, got: &Value) -> Result<(), String> {
    at("", want, got)
}

fn at(path: &str, want: &Value, got: &Value) -> Result<(), String> {
    if let Some((name, argument)) = placeholder(want) {
        return special(path, name, argument, got);
    }
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            for (key, value) in want {
                let inner = format!("{path}/{key}");
                let Some(found) = got.get(key) else {
                    return Err(format!("{inner}: missing, expected {value}"));
                };
                at(&inner, value, found)?;
            }
            match got.keys().find(|key| !want.contains_key(*key)) {
                Some(key) => Err(format!("{path}/{key}: not expected, found {}", got[key])),
                None => Ok(()),
            }
        }
        (Value::Array(want), Value::Array(got)) => {
            for (index, (want, got)) in want.iter().zip(got).enumerate() {
                at(&format!("{path}/{index}"), want, got)?;
            }
            if want.len() == got.len() {
                Ok(())
            } else {
                Err(format!(
                    "{path}: expected {} items, found {}",
                    want.len(),
                    got.len()
                ))
            }
        }
        (Value::String(want), Value::String(got)) => {
            text(want, got).map_err(|e| format!("{path}: {e}"))
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => Ok(()),
        _ if want == got => Ok(()),
        _ => Err(format!("{path}: expected {want}, found {got}")),
    }
}

/// `{"$any": …}` and its like: the name and what it holds.
fn placeholder(want: &Value) -> Option<(&str, &Value)> {
    let object = want.as_object()?;
    let (name, argument) = object.iter().next()?;
    (object.len() == 1 && name.starts_with('$')).then_some((name.as_str(), argument))
}

fn special(path: &str, name: &str, argument: &Value, got: &Value) -> Result<(), String> {
    match (name, argument) {
        ("$any", Value::String(kind)) => {
            if is_any(kind, got) {
                Ok(())
            } else {
                Err(format!("{path}: expected any {kind}, found {got}"))
            }
        }
        ("$at_least", Value::Object(want)) => {
            for (key, value) in want {
                let found = got
                    .get(key)
                    .ok_or_else(|| format!("{path}/{key}: missing, expected {value}"))?;
                at(&format!("{path}/{key}"), value, found)?;
            }
            Ok(())
        }
        ("$at_least", Value::Array(want)) => in_any_order(path, want, got, false),
        ("$unordered", Value::Array(want)) => in_any_order(path, want, got, true),
        _ => Err(format!("{path}: unknown placeholder {name}")),
    }
}

fn in_any_order(path: &str, want: &[Value], got: &Value, exactly: bool) -> Result<(), String> {
    let Value::Array(got) = got else {
        return Err(format!("{path}: expected a list, found {got}"));
    };
    let mut left: Vec<&Value> = got.iter().collect();
    for item in want {
        match left.iter().position(|found| at(path, item, found).is_ok()) {
            Some(position) => {
                left.remove(position);
            }
            None => return Err(format!("{path}: no item like {item} among {got:?}")),
        }
    }
    match left.first() {
        Some(item) if exactly => Err(format!("{path}: not expected, found {item}")),
        _ => Ok(()),
    }
}

fn is_any(kind: &str, got: &Value) -> bool {
    match kind {
        "string" => got.is_string(),
        "number" => got.is_number(),
        "uint" => got.as_u64().is_some(),
        "bool" => got.is_boolean(),
        "object" => got.is_object(),
        "array" => got.is_array(),
        _ => match (got.as_str(), pattern(kind)) {
            (Some(text), Some(pattern)) => {
                Regex::new(&format!("(?s)^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(text))
            }
            _ => false,
        },
    }
}

/// The texts that a placeholder of this type stands for.
fn pattern(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "uuid" => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "rfc3339" => r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)",
        "semver" => r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?",
        "duration" => r"-?(?:\d+(?:\.\d+)?(?:ns|µs|us|ms|s|m|h))+",
        "addr" => r"[^\s:]*:\d+|\[[^\]]*\]:\d+",
        "base64url" => "[A-Za-z0-9_-]+",
        "line" => r"[^\n]*",
        "text" | "string" => ".+",
        "uint" => r"\d+",
        "number" => r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
        "bool" => "true|false",
        "object" => r"\{.*\}",
        "array" => r"\[.*\]",
        _ => return None,
    })
}

/// Compares texts in which `<any:TYPE>` stands for a stretch of that type.
pub fn text(want: &str, got: &str) -> Result<(), String> {
    static ANY: OnceLock<Option<Regex>> = OnceLock::new();
    let Some(any) = ANY.get_or_init(|| Regex::new("<any:([a-z0-9]+)>").ok()) else {
        return Err("the placeholder pattern does not compile".into());
    };
    if want == got {
        return Ok(());
    }
    let mut whole = String::from("(?s)^");
    let mut last = 0;
    for found in any.captures_iter(want) {
        let (Some(range), Some(kind)) = (found.get(0), found.get(1)) else {
            continue;
        };
        whole.push_str(&regex::escape(&want[last..range.start()]));
        let pattern =
            pattern(kind.as_str()).ok_or_else(|| format!("unknown type {}", kind.as_str()))?;
        whole.extend(["(?:", pattern, ")"]);
        last = range.end();
    }
    whole.push_str(&regex::escape(&want[last..]));
    whole.push('$');
    let regex = Regex::new(&whole).map_err(|error| error.to_string())?;
    if regex.is_match(got) {
        Ok(())
    } else {
        Err(format!("expected {want:?}\n   found {got:?}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::compare;

    #[test]
    fn equal_values_match_whatever_the_form_of_numbers() {
        assert!(compare(&json!({"a": 1}), &json!({"a": 1.0})).is_ok());
        assert!(compare(&json!({"a": 1}), &json!({"a": true})).is_err());
        assert!(compare(&json!({"a": 1}), &json!({"a": 1, "b": 2})).is_err());
        assert!(compare(&json!([1, 2]), &json!([2, 1])).is_err());
    }

    #[test]
    fn placeholders_stand_for_their_type_only() {
        assert!(compare(&json!({"$any": "uint"}), &json!(7)).is_ok());
        assert!(compare(&json!({"$any": "uint"}), &json!(-7)).is_err());
        assert!(compare(&json!("took <any:duration>."), &json!("took 1.5µs.")).is_ok());
        assert!(compare(&json!("took <any:duration>."), &json!("took long.")).is_err());
        assert!(compare(&json!({"$unordered": [1, 2]}), &json!([2, 1])).is_ok());
        assert!(compare(&json!({"$unordered": [1, 2]}), &json!([2, 1, 3])).is_err());
        assert!(compare(&json!({"$at_least": {"a": 1}}), &json!({"a": 1, "b": 2})).is_ok());
    }
}
