//! Types as messages and reports show them, and as capabilities declare them.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{FunctionType, Parameter, Type};
use crate::ast::TermValue;
use crate::capabilities::Declaration;

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("???"),
            Self::Null => f.write_str("null"),
            Self::Boolean => f.write_str("boolean"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Array(it) => {
                f.write_str("array")?;
                if !it.items.is_empty() {
                    write!(f, "<{}>", joined(&it.items))?;
                }
                match &it.rest {
                    Some(rest) => write!(f, "[{rest}]"),
                    None => Ok(()),
                }
            }
            Self::Object(it) => {
                f.write_str("object")?;
                if !it.properties.is_empty() {
                    let list: Vec<String> = it
                        .properties
                        .iter()
                        .map(|(key, value)| format!("{}: {value}", key_text(key)))
                        .collect();
                    write!(f, "<{}>", list.join(", "))?;
                }
                match &it.rest {
                    Some((key, value)) => write!(f, "[{key}: {value}]"),
                    None => Ok(()),
                }
            }
            Self::Recursive(it) => write!(f, "recursive({})", it.name()),
            Self::Set(of) if of.is_unknown() => f.write_str("set"),
            Self::Set(of) => write!(f, "set[{of}]"),
            Self::Any(of) if of.is_empty() => f.write_str("any"),
            Self::Any(of) => write!(f, "any<{}>", joined(of)),
            Self::Function(it) => {
                let args: Vec<Type> = it.args.iter().map(|arg| arg.kind.clone()).collect();
                let result = it.result.as_ref().map_or(&Self::Unknown, |it| &it.kind);
                write!(f, "{} => {result}", arguments(&args, it.variadic.as_ref()))
            }
        }
    }
}

fn joined(types: &[Type]) -> String {
    let list: Vec<String> = types.iter().map(Type::to_string).collect();
    list.join(", ")
}

pub(super) fn key_text(key: &TermValue) -> String {
    match key {
        TermValue::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// The types of arguments in parentheses.
pub(super) fn arguments(args: &[Type], variadic: Option<&Type>) -> String {
    let mut list: Vec<String> = args.iter().map(Type::to_string).collect();
    list.extend(variadic.map(|it| format!("{it}...")));
    format!("({})", list.join(", "))
}

impl Display for Parameter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}: {}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

/// What a function wants, with the names of its parameters, and its result if that can be given as an argument.
pub(super) fn wanted(function: &FunctionType, with_result: bool) -> String {
    let mut list: Vec<String> = function.args.iter().map(Parameter::to_string).collect();
    if with_result {
        list.extend(function.result.as_ref().map(Parameter::to_string));
    }
    list.extend(function.variadic.as_ref().map(|it| format!("{it}...")));
    format!("({})", list.join(", "))
}

/// The same for reports.
pub(super) fn wanted_json(function: &FunctionType, with_result: bool) -> Value {
    let result = function.result.as_ref().filter(|_| with_result);
    let mut wanted = json!({
        "args": function.args.iter().chain(result).map(Parameter::to_json).collect::<Vec<_>>(),
    });
    if let Some(variadic) = &function.variadic {
        wanted["variadic"] = variadic.to_json();
    }
    wanted
}

impl Parameter {
    fn to_json(&self) -> Value {
        let mut value = self.kind.to_json();
        if let Some(name) = &self.name {
            value["name"] = json!(name.as_ref());
        }
        if let Some(about) = &self.about {
            value["description"] = json!(about.as_ref());
        }
        value
    }
}

impl Type {
    /// The type in the form of OPA's reports and capabilities.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Unknown => Value::Null,
            Self::Recursive(it) => json!({"name": it.name()}),
            Self::Null | Self::Boolean | Self::Number | Self::String => {
                json!({"type": self.to_string()})
            }
            Self::Array(it) => {
                let mut value = json!({"type": "array"});
                if !it.items.is_empty() {
                    value["static"] = it.items.iter().map(Self::to_json).collect();
                }
                if let Some(rest) = &it.rest {
                    value["dynamic"] = rest.to_json();
                }
                value
            }
            Self::Object(it) => {
                let mut value = json!({"type": "object"});
                if !it.properties.is_empty() {
                    value["static"] = it
                        .properties
                        .iter()
                        .map(|(key, kind)| json!({"key": key_json(key), "value": kind.to_json()}))
                        .collect();
                }
                if let Some((key, kind)) = &it.rest {
                    value["dynamic"] = json!({"key": key.to_json(), "value": kind.to_json()});
                }
                value
            }
            Self::Set(of) if of.is_unknown() => json!({"type": "set"}),
            Self::Set(of) => json!({"type": "set", "of": of.to_json()}),
            Self::Any(of) if of.is_empty() => json!({"type": "any"}),
            Self::Any(of) => {
                json!({"type": "any", "of": of.iter().map(Self::to_json).collect::<Vec<_>>()})
            }
            Self::Function(it) => {
                let mut value = wanted_json(it, false);
                value["type"] = json!("function");
                if let Some(result) = &it.result {
                    value["result"] = result.to_json();
                }
                value
            }
        }
    }

    /// Reads the form of OPA's capabilities. What is not understood counts as any value.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let list = |name: &str| -> Vec<&Value> {
            let items = value.get(name).and_then(Value::as_array);
            items.into_iter().flatten().collect()
        };
        match value.get("type").and_then(Value::as_str) {
            Some("null") => Self::Null,
            Some("boolean") => Self::Boolean,
            Some("number") => Self::Number,
            Some("string") => Self::String,
            Some("array") => Self::array(
                list("static").into_iter().map(Self::from_json).collect(),
                value.get("dynamic").map(Self::from_json),
            ),
            Some("object") => Self::object(
                list("static")
                    .into_iter()
                    .filter_map(|it| {
                        Some((constant(it.get("key")?), Self::from_json(it.get("value")?)))
                    })
                    .collect(),
                value.get("dynamic").and_then(|it| {
                    Some((
                        Self::from_json(it.get("key")?),
                        Self::from_json(it.get("value")?),
                    ))
                }),
            ),
            Some("set") => Self::set(value.get("of").map_or(Self::Unknown, Self::from_json)),
            Some("any") => Self::any_of(list("of").into_iter().map(Self::from_json).collect()),
            _ => Self::any(),
        }
    }

    /// The type of a builtin.
    #[must_use]
    pub fn of_builtin(declaration: &Declaration) -> Self {
        let parameter = |value: &Value| Parameter {
            name: value.get("name").and_then(Value::as_str).map(Arc::from),
            about: value
                .get("description")
                .and_then(Value::as_str)
                .map(Arc::from),
            kind: Self::from_json(value),
        };
        Self::Function(Arc::new(FunctionType {
            args: declaration.args.iter().map(parameter).collect(),
            variadic: declaration.variadic.as_ref().map(Self::from_json),
            result: declaration.result.as_ref().map(parameter),
        }))
    }
}

fn constant(value: &Value) -> TermValue {
    match value {
        Value::Bool(it) => TermValue::Boolean(*it),
        Value::Number(it) => TermValue::Number(it.to_string().into()),
        Value::String(it) => TermValue::String(it.as_str().into()),
        _ => TermValue::Null,
    }
}

/// A key for reports.
pub(super) fn key_json(key: &TermValue) -> Value {
    match key {
        TermValue::Null => Value::Null,
        TermValue::Boolean(it) => json!(it),
        TermValue::Number(text) => {
            serde_json::from_str(text).unwrap_or_else(|_| json!(text.as_ref()))
        }
        TermValue::String(text) => json!(text.as_ref()),
        other => json!(other.to_string()),
    }
}
