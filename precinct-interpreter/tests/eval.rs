//! Recorded evaluations of a real OPA, answered by the interpreter.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use precinct_conformance::{Answer, Case, Report, Version, files, judge};
use precinct_interpreter::policy::{Failure, Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_runtime::json::Encoding;
use precinct_runtime::{Arena, Document, EvalError, Value};
use serde_json::Map;

/// How many cases must pass; raised as the language is completed, never lowered.
const FLOORS: &[(&str, usize)] = &[("eval/v1", 0), ("eval/v0", 0), ("captured/eval.jsonl", 0)];

fn shared() -> PathBuf {
    env::var_os("PRECINCT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    )
}

#[test]
fn our_own_cases_are_answered_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let report = run(&folder);
    eprintln!("{}", report.text());
}

#[test]
fn recorded_cases_are_answered_as_recorded() {
    for (path, floor) in FLOORS {
        let place = shared().join("opa").join(path);
        if !place.exists() {
            eprintln!("skipped: {} is not there", place.display());
            continue;
        }
        let report = run(&place);
        if env::var_os("PRECINCT_FAILURES").is_some() {
            for failure in &report.failures {
                println!(
                    "FAIL {} | want {} | got {}",
                    failure.case,
                    cut(&failure.want),
                    cut(&failure.got)
                );
            }
        }
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for failure in &report.failures {
            let group = failure.case.split('/').next().unwrap_or_default();
            *groups.entry(group).or_default() += 1;
        }
        println!(
            "{path}: {} passed, {} failed: {groups:?}",
            report.passed, report.failed
        );
        assert!(
            report.passed >= *floor,
            "{path}: {} passed, {floor} did before",
            report.passed
        );
    }
}

fn cut(text: &str) -> String {
    text.replace('\n', "\\n").chars().take(200).collect()
}

fn run(place: &Path) -> Report {
    let mut report = Report::default();
    for case in files::read(place).unwrap() {
        let verdict = judge(&case, &answer(&case));
        report.count(&case.id, "interpreter", verdict);
    }
    report
}

fn answer(case: &Case) -> Answer {
    match evaluate(case) {
        Ok(rows) => Answer::Rows(rows),
        Err((code, text)) => Answer::Error { code, text },
    }
}

type Failed = (String, String);

fn evaluate(case: &Case) -> Result<Vec<Map<String, serde_json::Value>>, Failed> {
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
        ..PolicyOptions::default()
    };
    let policy = Policy::compile(texts.collect(), options.clone()).map_err(refused)?;
    let query = policy.query(&case.query, None, &[]).map_err(refused)?;
    let data = serde_json::to_string(&case.data).unwrap();
    let data = Document::from_json(data.as_bytes()).unwrap();
    let input = input(case, options)?;
    let arena = Arena::new();
    let mut context = query
        .context(&arena)
        .with_data(data.value())
        .with_input(input.as_ref().map(Document::value));
    context.strict_builtin_errors = case.strict_errors;
    let rows = query.answers(&mut context).map_err(ended)?;
    Ok(rows
        .iter()
        .filter(|row| row.expressions.iter().all(|value| value.is_truthy()))
        .map(|row| {
            query
                .variables
                .iter()
                .zip(&row.variables)
                .map(|(name, value)| (name.to_string(), json(*value)))
                .collect()
        })
        .collect())
}

fn input(case: &Case, options: PolicyOptions) -> Result<Option<Document>, Failed> {
    let Some(term) = &case.input_term else {
        return Ok(case
            .input
            .as_ref()
            .map(|input| Document::from_json(input.to_string().as_bytes()).unwrap()));
    };
    let empty = Policy::compile(Vec::new(), options).map_err(refused)?;
    let query = empty
        .query(&format!("x = {term}"), None, &[])
        .map_err(refused)?;
    let arena = Arena::new();
    let mut context = query.context(&arena);
    let rows = query.answers(&mut context).map_err(ended)?;
    Ok(rows.first().map(|row| Document::copy_of(row.variables[0])))
}

fn json(value: Value<'_>) -> serde_json::Value {
    serde_json::from_str(&Encoding::PLAIN.encode(value)).unwrap()
}

fn refused(failure: Failure) -> Failed {
    let error = failure.errors.first().expect("a failure has an error");
    let lines: Vec<String> = failure
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.code, error.message))
        .collect();
    (error.code.to_string(), lines.join("\n"))
}

fn ended(error: EvalError) -> Failed {
    (error.code.to_string(), error.to_string())
}
