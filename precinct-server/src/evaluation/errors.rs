//! Errors as the REST API writes them.

use axum::http::StatusCode;
use precinct_interpreter::policy::{Failure, Policy, Step};
use precinct_interpreter::stack::{Frame, Stack};
use precinct_rego::error::Diagnostic;
use precinct_rego::ir::Program;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseOptions};
use precinct_runtime::EvalError;
use serde_json::Value;

use crate::http::answer::{Refusal, code};
use crate::http::text::{ObjectText, list, quoted};

/// What the API says of errors in modules.
pub const MODULES: &str = "error(s) occurred while compiling module(s)";
/// What the API says of queries that do not parse.
pub const QUERY_PARSE: &str = "error(s) occurred while parsing query";
/// What the API says of queries that do not compile.
pub const QUERY_COMPILE: &str = "error(s) occurred while compiling query";
/// What the API says of evaluations that fail.
pub const EVALUATION: &str = "error(s) occurred while evaluating query";

/// The refusal of modules.
#[must_use]
pub fn modules(failure: &Failure) -> Refusal {
    Refusal::bad(MODULES).with_errors(diagnostics(failure))
}

/// The refusal of a query.
#[must_use]
pub fn query(failure: &Failure, text: &str) -> Refusal {
    match failure.step {
        Step::Parse => Refusal::bad(QUERY_PARSE).with_errors(statements(failure, text)),
        Step::Compile => Refusal::bad(QUERY_COMPILE).with_errors(diagnostics(failure)),
    }
}

/// The API reads queries as statements, so that what looks like a rule is also told what it lacks as one.
fn statements(failure: &Failure, text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let id = sources.add("", text);
    match syntax::check_statements(&sources, id, &ParseOptions::default()) {
        Err(errors) => {
            let one = |error: &Diagnostic| diagnostic(error, &sources);
            errors.iter().map(one).collect()
        }
        Ok(()) => diagnostics(failure),
    }
}

/// The refusal of a request whose evaluation failed.
#[must_use]
pub fn evaluation(failed: &Failed) -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        code::INTERNAL,
        EVALUATION,
    )
    .with_errors(vec![failed.json.clone()])
}

/// An evaluation that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The error on one line, as OPA writes it.
    pub text: String,
    /// The error as JSON, with the places that led to it.
    pub json: String,
}

impl Failed {
    /// An error and where the evaluation was, innermost first.
    #[must_use]
    pub fn new(error: &EvalError, frames: &[Frame], sources: &Sources) -> Self {
        let mut object = ObjectText::default()
            .with_string("code", &error.code)
            .with_string("message", &error.message);
        if let Some(location) = &error.location {
            let place = place(&location.file, location.row, location.col);
            object.put("location", &place);
        }
        if !frames.is_empty() {
            let frames = frames.iter().map(|frame| {
                let file = sources.get(frame.span.source);
                let file = file.map_or("", |source| source.name.as_ref());
                ObjectText::default()
                    .with("query_id", &frame.body.to_string())
                    .with("location", &place(file, frame.span.row, frame.span.col))
                    .finish()
            });
            object.put("stack_trace", &list(frames));
        }
        Self {
            text: error.to_string(),
            json: object.finish(),
        }
    }

    /// An error of an evaluation that a stack watched.
    #[must_use]
    pub fn watched(error: &EvalError, stack: &Stack, program: &Program, policy: &Policy) -> Self {
        let frames = stack.frames(program, policy.modules(), &[]);
        Self::new(error, &frames, policy.sources())
    }
}

/// A place as errors show it.
pub(crate) fn place(file: &str, row: u32, col: u32) -> String {
    ObjectText::default()
        .with_string("file", file)
        .with("row", &row.to_string())
        .with("col", &col.to_string())
        .finish()
}

/// The errors of modules or of a query, each as JSON.
#[must_use]
pub fn diagnostics(failure: &Failure) -> Vec<String> {
    let one = |error: &Diagnostic| diagnostic(error, &failure.sources);
    failure.errors.iter().map(one).collect()
}

fn diagnostic(error: &Diagnostic, sources: &Sources) -> String {
    let mut object = ObjectText::default()
        .with_string("code", error.code.as_str())
        .with_string("message", &error.message);
    if let Some(source) = sources.get(error.span.source)
        && error.span.row > 0
    {
        let place = place(&source.name, error.span.row, error.span.col);
        object.put("location", &place);
    }
    if let Some(details) = &error.data {
        object.put("details", &ordered(details));
    }
    object.finish()
}

/// The members of details in the order in which OPA writes them.
fn ordered(details: &Value) -> String {
    const ORDER: [&str; 7] = ["line", "idx", "ref", "pos", "have", "want", "oneOf"];
    let Value::Object(members) = details else {
        return text(details);
    };
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name));
    let object = members
        .into_iter()
        .fold(ObjectText::default(), |object, (name, value)| {
            object.with(name, &text(value))
        });
    object.finish()
}

/// JSON text with strings escaped as Go does.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => list(items.iter().map(text)),
        Value::Object(members) => members
            .iter()
            .fold(ObjectText::default(), |object, (name, value)| {
                object.with(name, &text(value))
            })
            .finish(),
        other => other.to_string(),
    }
}
