//! precinct's answer to a case.

use std::time::{Duration, Instant};

use precinct_conformance::{Answer, Case, Version};
use precinct_interpreter::{Failure, Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_runtime::context::Bounds;
use precinct_runtime::json::Encoding;
use precinct_runtime::{Arena, Document, Value};
use serde_json::Map;

/// How long an evaluation may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much it may keep in memory.
const MEMORY: usize = 256 << 20;

type Failed = (String, String);

/// What the interpreter says.
pub fn interpret(case: &Case) -> Answer {
    evaluate(case, false).unwrap_or_else(|(code, text)| Answer::Error { code, text })
}

/// What the interpreter says of the program as it was lowered, without the optimiser.
pub fn interpret_unoptimised(case: &Case) -> Answer {
    evaluate(case, true).unwrap_or_else(|(code, text)| Answer::Error { code, text })
}

fn evaluate(case: &Case, unoptimised: bool) -> Result<Answer, Failed> {
    let texts = case.modules.iter().enumerate().map(|(number, text)| Text {
        name: format!("test-{number}.rego"),
        text: text.clone(),
        version: None,
    });
    let options = PolicyOptions {
        version: match case.version {
            Version::V0 => RegoVersion::V0,
            Version::V0CompatV1 => RegoVersion::V0CompatV1,
            Version::V1 => RegoVersion::V1,
            Version::V2 => RegoVersion::V2,
        },
        unoptimised,
        ..PolicyOptions::default()
    };
    let policy = Policy::compile(texts.collect(), options).map_err(|failure| refused(&failure))?;
    let query = policy
        .query(&case.query, None, &[])
        .map_err(|failure| refused(&failure))?;
    let unreadable = |error: &dyn std::fmt::Display| ("case".to_owned(), error.to_string());
    let data = serde_json::to_string(&case.data).map_err(|error| unreadable(&error))?;
    let data = Document::from_json(data.as_bytes()).map_err(|error| unreadable(&error))?;
    let input = case.input.as_ref().map(ToString::to_string);
    let input = input
        .map(|text| Document::from_json(text.as_bytes()))
        .transpose()
        .map_err(|error| unreadable(&error))?;
    let arena = Arena::new();
    let mut context = query
        .context(&arena)
        .with_data(data.value())
        .with_input(input.as_ref().map(Document::value))
        .with_bounds(Bounds {
            deadline: Some(Instant::now() + PATIENCE),
            memory: MEMORY,
            ..Bounds::default()
        });
    context.strict_builtin_errors = case.strict_errors;
    let rows = query
        .answers(&mut context)
        .map_err(|error| (error.code.to_string(), error.to_string()))?;
    rows.iter()
        .filter(|row| row.expressions.iter().all(|value| value.is_truthy()))
        .map(|row| {
            let pairs = query.variables.iter().zip(&row.variables);
            pairs
                .map(|(name, value)| Ok((name.to_string(), json(*value)?)))
                .collect()
        })
        .collect::<Result<Vec<Map<String, serde_json::Value>>, Failed>>()
        .map(Answer::Rows)
}

fn json(value: Value<'_>) -> Result<serde_json::Value, Failed> {
    serde_json::from_str(&Encoding::PLAIN.encode(value))
        .map_err(|error| ("case".to_owned(), error.to_string()))
}

fn refused(failure: &Failure) -> Failed {
    let code = failure.errors.first().map(|error| error.code.to_string());
    (code.unwrap_or_default(), failure.to_string())
}
