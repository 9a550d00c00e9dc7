//! A case compiled, and the world in which it is asked.

use std::sync::{Arc, OnceLock};

use precinct_interpreter::capabilities::{capabilities, declared};
use precinct_interpreter::policy::{Failure, Policy, PolicyOptions, Query, Text};
use precinct_rego::ast::RegoVersion;
use precinct_rego::capabilities::Capabilities;
use precinct_rego::lower::Watch;
use precinct_runtime::json::Decoder;
use precinct_runtime::{Arena, Document, Value};

use crate::case::{Answer, Case, Version};

/// A case that compiles.
pub struct Prepared<'c> {
    /// The case.
    pub case: &'c Case,
    /// Its modules.
    pub policy: Policy,
    /// Its query.
    pub query: Query,
    /// Its input, which may hold sets and keys that are no strings.
    pub input: Option<Document>,
}

/// The language's version as the compiler names it.
pub fn version(version: Version) -> RegoVersion {
    match version {
        Version::V0 => RegoVersion::V0,
        Version::V0CompatV1 => RegoVersion::V0CompatV1,
        Version::V1 => RegoVersion::V1,
        Version::V2 => RegoVersion::V2,
    }
}

/// What cases can call: all builtins, and `test.sleep(duration)`, which OPA's own tests add.
fn known() -> Arc<Capabilities> {
    static KNOWN: OnceLock<Arc<Capabilities>> = OnceLock::new();
    Arc::clone(KNOWN.get_or_init(|| {
        let mut all = capabilities().as_ref().clone();
        all.add(declared("test.sleep", "(string)"));
        Arc::new(all)
    }))
}

fn refused(failure: &Failure) -> Answer {
    let code = failure.errors.first().map(|error| error.code.to_string());
    Answer::Error {
        code: code.unwrap_or_default(),
        text: failure.to_string(),
    }
}

pub(super) fn unreadable(error: &dyn std::fmt::Display) -> Answer {
    Answer::Error {
        code: "case".to_owned(),
        text: error.to_string(),
    }
}

/// Compiles a case.
///
/// # Errors
/// The answer of both engines to a case that does not compile.
pub fn prepare(case: &Case) -> Result<Prepared<'_>, Answer> {
    prepare_watched(case, None)
}

/// Compiles a case, to be watched if it is said how.
///
/// # Errors
/// As for [`prepare`].
pub fn prepare_watched(case: &Case, watch: Option<Watch>) -> Result<Prepared<'_>, Answer> {
    let options = PolicyOptions {
        watch,
        version: version(case.version),
        capabilities: known(),
        annotations: true,
        ..PolicyOptions::default()
    };
    let texts = case.modules.iter().enumerate().map(|(number, text)| Text {
        name: format!("test-{number}.rego"),
        text: text.clone(),
        version: None,
    });
    let policy = Policy::compile(texts.collect(), options).map_err(|failure| refused(&failure))?;
    let query = policy
        .query(&case.query, None, &[])
        .map_err(|failure| refused(&failure))?;
    Ok(Prepared {
        case,
        policy,
        query,
        input: input(case)?,
    })
}

fn input(case: &Case) -> Result<Option<Document>, Answer> {
    let Some(term) = &case.input_term else {
        let text = case.input.as_ref().map(ToString::to_string);
        let read = text.map(|text| Document::from_json(text.as_bytes()));
        return read.transpose().map_err(|error| unreadable(&error));
    };
    let empty = Policy::compile(Vec::new(), PolicyOptions::default())
        .map_err(|failure| refused(&failure))?;
    let query = empty
        .query(&format!("x = {term}"), None, &[])
        .map_err(|failure| refused(&failure))?;
    let arena = Arena::new();
    let mut context = query.context(&arena);
    let rows = query
        .answers(&mut context)
        .map_err(|error| super::failed(&error))?;
    let value = rows.first().and_then(|row| row.variables.first());
    Ok(value.map(|value| Document::copy_of(*value)))
}

/// The value is one that JSON has: without sets, and without keys that are no strings.
fn is_json(value: Value<'_>) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_json),
        Value::Object(object) => {
            object.keys().all(|key| key.as_str().is_some()) && object.values().all(is_json)
        }
        Value::Set(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

impl Prepared<'_> {
    /// The input as JSON text, if JSON can hold it.
    pub fn json(&self) -> Option<String> {
        let value = self.input.as_ref()?.value();
        is_json(value).then(|| precinct_runtime::json::to_string(value))
    }

    /// The base documents as JSON text.
    pub fn data(&self) -> String {
        serde_json::Value::Object(self.case.data.clone()).to_string()
    }

    /// What `opa.runtime()` gives, as JSON text, if the case says it.
    pub fn runtime(&self) -> Option<String> {
        let env = &self.case.env;
        (!env.is_empty()).then(|| serde_json::json!({ "env": env }).to_string())
    }
}

/// JSON text as a value in an arena.
pub(super) fn value<'a>(arena: &'a Arena, text: &str) -> Result<Value<'a>, Answer> {
    Decoder::new(arena)
        .decode_copied(text.as_bytes())
        .map_err(|error| unreadable(&error))
}
