//! JSON as Go's encoder writes it: members in the order of the report, keys of policy values sorted.

use precinct_rego::ast::json::indented;
use precinct_runtime::json::{Encoding, quote};
use precinct_runtime::value::Value;

/// A JSON document that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it is to be written.
    Number(String),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// Members in this order.
    Object(Vec<(String, Json)>),
    /// JSON text on one line.
    Raw(String),
}

impl Json {
    /// A list of members; those that are `None` are left out.
    pub fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect(),
        )
    }

    /// Several lines, two spaces a level, a newline at the end.
    pub fn pretty(&self) -> String {
        let mut text = String::new();
        self.write(Some(0), &mut text);
        text.push('\n');
        text
    }

    /// One line without spaces.
    pub fn compact(&self) -> String {
        let mut text = String::new();
        self.write(None, &mut text);
        text
    }

    /// `indent` is the level in the form of several lines, `None` on one line.
    fn write(&self, indent: Option<usize>, text: &mut String) {
        let inner = indent.map(|level| level + 1);
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
            Self::Number(number) => text.push_str(number),
            Self::String(string) => write_string(string, text),
            Self::Raw(json) => match indent {
                None => text.push_str(json),
                Some(level) => {
                    let line = format!("\n{}", "  ".repeat(level));
                    text.push_str(&indented(json).replace('\n', &line));
                }
            },
            Self::Object(members) if members.is_empty() => text.push_str("{}"),
            Self::Object(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    separate(index, inner, text);
                    write_string(name, text);
                    text.push_str(if indent.is_some() { ": " } else { ":" });
                    value.write(inner, text);
                }
                line(indent, text);
                text.push('}');
            }
            Self::Array(items) if items.is_empty() => text.push_str("[]"),
            Self::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    separate(index, inner, text);
                    item.write(inner, text);
                }
                line(indent, text);
                text.push(']');
            }
        }
    }
}

fn separate(index: usize, inner: Option<usize>, text: &mut String) {
    if index > 0 {
        text.push(',');
    }
    line(inner, text);
}

fn line(indent: Option<usize>, text: &mut String) {
    if let Some(level) = indent {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", level));
    }
}

fn write_string(string: &str, text: &mut String) {
    // Writing to a string can't fail.
    let _ = quote(string, true, text);
}

impl From<bool> for Json {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<u32> for Json {
    fn from(number: u32) -> Self {
        Self::Number(number.to_string())
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(number.to_string())
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::Array(items)
    }
}

/// A value as JSON shows it: sets are lists, keys are texts.
impl From<Value<'_>> for Json {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(truth),
            Value::Number(_) => Self::Number(Encoding::PLAIN.encode(value)),
            Value::String(text) => Self::String(text.to_owned()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Set(set) => Self::Array(set.items().iter().copied().map(Self::from).collect()),
            Value::Object(object) => {
                let mut members: Vec<(String, Self)> = object
                    .entries()
                    .iter()
                    .map(|(key, value)| {
                        let name = match key.as_str() {
                            Some(text) => text.to_owned(),
                            None => Encoding::PLAIN.encode(key),
                        };
                        (name, Self::from(value))
                    })
                    .collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                Self::Object(members)
            }
        }
    }
}

/// A document of `serde_json`, its keys in their order there.
impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(number) => Self::Number(number.to_string()),
            serde_json::Value::String(text) => Self::String(text.clone()),
            serde_json::Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_collections_stay_on_their_line() {
        let json = Json::object([
            ("b", Some(Json::Array(Vec::new()))),
            ("gone", None),
            ("a", Some(Json::Array(vec![Json::from(1_u32)]))),
        ]);
        assert_eq!(
            json.pretty(),
            "{\n  \"b\": [],\n  \"a\": [\n    1\n  ]\n}\n"
        );
    }

    #[test]
    fn html_characters_are_escaped() {
        let json = Json::from("<&\u{1}>");
        assert_eq!(json.compact(), r#""\u003c\u0026\u0001\u003e""#);
    }
}
