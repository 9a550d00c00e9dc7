//! What is asked and what is expected.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A version of the language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// `v0`
    V0,
    /// `v0v1`: v0 with the keywords of v1.
    V0CompatV1,
    /// `v1`
    #[default]
    V1,
    /// `v2`
    V2,
}

/// One evaluation.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The name, unique in its file.
    pub id: String,
    /// The modules, to be named `test-0.rego`, `test-1.rego`, and so on.
    pub modules: Vec<String>,
    /// The version of all modules.
    pub version: Version,
    /// A body.
    pub query: String,
    /// The base documents.
    pub data: Map<String, Value>,
    /// The input as JSON; `None` is no input.
    pub input: Option<Value>,
    /// The input as Rego text of a ground term, which wins over `input`.
    pub input_term: Option<String>,
    /// Variables of the environment that `opa.runtime()` shows.
    pub env: BTreeMap<String, String>,
    /// Errors of builtins stop the evaluation.
    pub strict_errors: bool,
    /// Arrays inside the rows are compared without regard to their order.
    pub sort_bindings: bool,
    /// What must come out.
    pub expected: Expected,
}

/// What must come out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Expected {
    /// Nothing is expected but that the case can be evaluated.
    #[default]
    Anything,
    /// These rows, in any order; none means undefined.
    Rows(Vec<Map<String, Value>>),
    /// An error.
    Error {
        /// Its code, if it is known.
        code: Option<String>,
        /// A part of its text, if it is known.
        text: Option<String>,
    },
}

/// What an engine said.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// One row for each way to satisfy the query: its named variables.
    Rows(Vec<Map<String, Value>>),
    /// An error: at compile time or in the evaluation.
    Error {
        /// OPA's code.
        code: String,
        /// The whole text.
        text: String,
    },
}

impl Case {
    /// Reads one record; `version` holds where the record names none.
    ///
    /// # Errors
    /// A sentence about the member that is not as expected.
    pub fn from_json(record: &Value, version: Version) -> Result<Self, String> {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let truth = |name: &str| {
            record
                .get(name)
                .and_then(Value::as_bool)
                .unwrap_or_default()
        };
        let id = text("id")
            .or_else(|| text("note"))
            .ok_or("a case has neither id nor note")?;
        let wrong = |member: &str| format!("{id}: {member} is not as expected");
        let modules = match record.get("modules") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|module| {
                    module
                        .as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| wrong("modules"))
                })
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(wrong("modules")),
        };
        let data = match record.get("data") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(data)) => data.clone(),
            Some(_) => return Err(wrong("data")),
        };
        let env = match record.get("env") {
            Some(Value::Object(env)) => env
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            _ => BTreeMap::new(),
        };
        let version = match record.get("rego_version").and_then(Value::as_str) {
            None => version,
            Some("v0") => Version::V0,
            Some("v0v1") => Version::V0CompatV1,
            Some("v1") => Version::V1,
            Some("v2") => Version::V2,
            Some(_) => return Err(wrong("rego_version")),
        };
        Ok(Self {
            query: text("query").ok_or_else(|| wrong("query"))?,
            modules,
            version,
            data,
            input: record.get("input").cloned(),
            input_term: text("input_term"),
            env,
            strict_errors: truth("strict_error"),
            sort_bindings: truth("sort_bindings"),
            expected: expected(record).map_err(|member| wrong(&member))?,
            id,
        })
    }
}

fn expected(record: &Value) -> Result<Expected, String> {
    let text = |name: &str| {
        record
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let (code, message) = (text("want_error_code"), text("want_error"));
    if code.is_some() || message.is_some() {
        return Ok(Expected::Error {
            code,
            text: message,
        });
    }
    if record.get("want_undefined").and_then(Value::as_bool) == Some(true) {
        return Ok(Expected::Rows(Vec::new()));
    }
    match record.get("want_result") {
        Some(Value::Array(rows)) => rows
            .iter()
            .map(|row| row.as_object().cloned().ok_or("want_result".to_owned()))
            .collect::<Result<_, _>>()
            .map(Expected::Rows),
        None | Some(Value::Null) => Ok(Expected::Anything),
        Some(_) => Err("want_result".to_owned()),
    }
}
