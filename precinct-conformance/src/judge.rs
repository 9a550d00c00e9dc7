//! Whether an answer is the expected one.

use serde_json::{Map, Value};

use crate::case::{Answer, Case, Expected};

/// Compares an answer with what the case expects.
///
/// # Errors
/// What was wanted and what was got, each as text.
pub fn judge(case: &Case, answer: &Answer) -> Result<(), (String, String)> {
    match (&case.expected, answer) {
        (Expected::Anything, Answer::Rows(_)) => Ok(()),
        (Expected::Rows(want), Answer::Rows(got)) if equal(want, got, case.sort_bindings) => Ok(()),
        (
            Expected::Error { code, text },
            Answer::Error {
                code: got,
                text: message,
            },
        ) if code.as_ref().is_none_or(|code| code == got)
            && text
                .as_ref()
                .is_none_or(|text| unnamed(message).contains(&unnamed(text))) =>
        {
            Ok(())
        }
        (want, got) => Err((wanted(want), given(got))),
    }
}

/// The text without the names of files in the places it gives (`at p.rego:3` becomes `at :3`): a case holds texts of
/// modules, and not the names under which they were once read.
fn unnamed(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match line.rsplit_once(" at ") {
            Some((before, place)) => match place.rsplit_once(':') {
                Some((name, row)) if !name.contains(' ') && row.parse::<u32>().is_ok() => {
                    format!("{before} at :{row}")
                }
                _ => line.to_owned(),
            },
            None => line.to_owned(),
        })
        .collect();
    lines.join("\n")
}

fn wanted(expected: &Expected) -> String {
    match expected {
        Expected::Anything => "any result".to_owned(),
        Expected::Rows(rows) => rows_text(rows),
        Expected::Error { code, text } => format!(
            "error {}: {}",
            code.as_deref().unwrap_or("of any code"),
            text.as_deref().unwrap_or("of any text")
        ),
    }
}

fn given(answer: &Answer) -> String {
    match answer {
        Answer::Rows(rows) => rows_text(rows),
        Answer::Error { code, text } => format!("error {code}: {text}"),
    }
}

fn rows_text(rows: &[Map<String, Value>]) -> String {
    Value::Array(rows.iter().cloned().map(Value::Object).collect()).to_string()
}

/// The rows as two sets.
fn equal(want: &[Map<String, Value>], got: &[Map<String, Value>], sort: bool) -> bool {
    let canonical = |rows: &[Map<String, Value>]| {
        let mut keys: Vec<String> = rows
            .iter()
            .map(|row| {
                let mut text = String::new();
                write(&Value::Object(row.clone()), sort, &mut text);
                text
            })
            .collect();
        keys.sort_unstable();
        keys
    };
    canonical(want) == canonical(got)
}

/// A text that is the same for equal values: numbers by value, keys in order.
fn write(value: &Value, sort: bool, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for key in keys {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(&object[key], sort, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            let mut parts: Vec<String> = items
                .iter()
                .map(|item| {
                    let mut part = String::new();
                    write(item, sort, &mut part);
                    part
                })
                .collect();
            if sort {
                parts.sort_unstable();
            }
            text.push('[');
            for part in parts {
                text.push_str(&part);
                text.push(',');
            }
            text.push(']');
        }
        Value::Number(number) => text.push_str(&by_value(&number.to_string())),
        other => text.push_str(&other.to_string()),
    }
}

/// Decimal digits without needless zeros, and a power of ten: `1.50` and `15e-1` give the same text.
fn by_value(literal: &str) -> String {
    let (negative, rest) = match literal.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, literal),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().unwrap_or(0)),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let mut power = exponent - i64::try_from(fraction.len()).unwrap_or(0);
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    power += i64::try_from(digits.len() - short.len()).unwrap_or(0);
    if short.is_empty() {
        "0".to_owned()
    } else {
        format!("{}{short}e{power}", if negative { "-" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::case::Version;

    fn verdict(case: &Value, rows: &Value) -> bool {
        let case = Case::from_json(case, Version::V1).unwrap();
        let rows = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_object().unwrap().clone())
            .collect();
        judge(&case, &Answer::Rows(rows)).is_ok()
    }

    #[test]
    fn rows_are_a_set_and_numbers_count_by_value() {
        let case = json!({"note": "n", "query": "q", "want_result": [{"x": 1}, {"x": 2.5}]});
        assert!(verdict(&case, &json!([{"x": 2.50}, {"x": 1.0}])));
        assert!(!verdict(&case, &json!([{"x": 1}])));
        assert!(!verdict(&case, &json!([{"x": 1}, {"x": true}])));
    }

    #[test]
    fn an_error_needs_its_code_and_a_part_of_its_text() {
        let record =
            json!({"note": "n", "query": "q", "want_error_code": "c", "want_error": "part"});
        let case = Case::from_json(&record, Version::V1).unwrap();
        let answer = |code: &str, text: &str| Answer::Error {
            code: code.to_owned(),
            text: text.to_owned(),
        };
        assert!(judge(&case, &answer("c", "a part of it")).is_ok());
        assert!(judge(&case, &answer("d", "a part of it")).is_err());
        assert!(judge(&case, &answer("c", "nothing")).is_err());
        assert!(judge(&case, &Answer::Rows(Vec::new())).is_err());
    }

    #[test]
    fn names_of_files_are_no_part_of_a_case() {
        assert_eq!(unnamed("\"a\" at x/p.rego:3"), unnamed("\"a\" at q.rego:3"));
        assert_ne!(unnamed("\"a\" at p.rego:3"), unnamed("\"a\" at p.rego:4"));
        assert_eq!(unnamed("look at me: 3"), "look at me: 3");
    }

    #[test]
    fn literals_of_one_number_have_one_form() {
        assert_eq!(by_value("1.50"), by_value("15e-1"));
        assert_eq!(by_value("100"), by_value("1e2"));
        assert_eq!(by_value("-0"), by_value("0.0"));
        assert_ne!(
            by_value("12345678901234567890"),
            by_value("12345678901234567891")
        );
    }
}
