//! `precinct conformance`: recorded evaluations, answered again and compared.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum;
use precinct_conformance::{Answer, Case, Report, files, judge};
use precinct_interpreter::policy::{Failure, Policy, PolicyOptions, Text};
use precinct_runtime::context::Bounds;
use precinct_runtime::json::Encoding;
use precinct_runtime::{Arena, Document, Value};
use serde_json::Map;

use super::Outcome;
use super::front_end::{self, Kind};
use crate::host;

/// Recorded evaluations, answered again and compared.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder of cases, or a file of them.
    path: PathBuf,
    /// What is compared.
    #[arg(short, long, value_enum, default_value_t)]
    kind: Kind,
    /// The form of the report.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Only cases whose name contains this text.
    #[arg(long, default_value = "")]
    case: String,
}

/// The forms of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each failure, then totals.
    #[default]
    Pretty,
    /// `{passed, failed, skipped, failures}`
    Json,
}

/// How long one case may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Runs all cases; the exit code is 1 when one fails.
pub fn run(args: &Args) -> Outcome {
    let report = match args.kind {
        Kind::Eval => evaluations(args),
        kind => front_end::report(kind, &args.path, &args.case),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => return Outcome::failed(format!("{error:#}"), 1),
    };
    match args.format {
        Format::Pretty => print!("{}", report.text()),
        Format::Json => match serde_json::to_string(&report) {
            Ok(text) => println!("{text}"),
            Err(error) => return Outcome::failed(error.to_string(), 1),
        },
    }
    Outcome::Code(if report.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn evaluations(args: &Args) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let cases = files::read(&args.path)?;
    for case in cases.iter().filter(|case| case.id.contains(&args.case)) {
        let answer = answer(case).unwrap_or_else(|(code, text)| Answer::Error { code, text });
        report.count(&case.id, "interpreter", judge(case, &answer));
    }
    Ok(report)
}

type Failed = (String, String);

fn answer(case: &Case) -> Result<Answer, Failed> {
    let texts = case.modules.iter().enumerate().map(|(number, text)| Text {
        name: format!("test-{number}.rego"),
        text: text.clone(),
        version: None,
    });
    let options = PolicyOptions {
        version: front_end::version(case.version),
        ..PolicyOptions::default()
    };
    let policy =
        Policy::compile(texts.collect(), options.clone()).map_err(|failure| refused(&failure))?;
    let query = policy
        .query(&case.query, None, &[])
        .map_err(|failure| refused(&failure))?;
    let unreadable = |error: &dyn std::fmt::Display| ("case".to_owned(), error.to_string());
    let data = serde_json::to_string(&case.data).map_err(|error| unreadable(&error))?;
    let data = Document::from_json(data.as_bytes()).map_err(|error| unreadable(&error))?;
    let input = input(case, options)?;
    let arena = Arena::new();
    let mut context = host::prepare(query.context(&arena))
        .with_data(data.value())
        .with_input(input.as_ref().map(Document::value))
        .with_bounds(Bounds {
            deadline: Some(Instant::now() + PATIENCE),
            ..Bounds::default()
        });
    context.strict_builtin_errors = case.strict_errors;
    context.printer = None;
    let rows = query
        .answers(&mut context)
        .map_err(|error| (error.code.to_string(), error.to_string()))?;
    let rows = rows
        .iter()
        .filter(|row| row.expressions.iter().all(|value| value.is_truthy()))
        .map(|row| {
            let pairs = query.variables.iter().zip(&row.variables);
            pairs
                .map(|(name, value)| Ok((name.to_string(), json(*value)?)))
                .collect()
        })
        .collect::<Result<Vec<Map<String, serde_json::Value>>, Failed>>()?;
    Ok(Answer::Rows(rows))
}

fn input(case: &Case, options: PolicyOptions) -> Result<Option<Document>, Failed> {
    let unreadable = |error: &dyn std::fmt::Display| ("case".to_owned(), error.to_string());
    let Some(term) = &case.input_term else {
        let input = case.input.as_ref().map(ToString::to_string);
        let read = input.map(|text| Document::from_json(text.as_bytes()));
        return read.transpose().map_err(|error| unreadable(&error));
    };
    let empty = Policy::compile(Vec::new(), options).map_err(|failure| refused(&failure))?;
    let query = empty
        .query(&format!("x = {term}"), None, &[])
        .map_err(|failure| refused(&failure))?;
    let arena = Arena::new();
    let mut context = query.context(&arena);
    let rows = query
        .answers(&mut context)
        .map_err(|error| (error.code.to_string(), error.to_string()))?;
    let value = rows.first().and_then(|row| row.variables.first());
    Ok(value.map(|value| Document::copy_of(*value)))
}

fn json(value: Value<'_>) -> Result<serde_json::Value, Failed> {
    serde_json::from_str(&Encoding::PLAIN.encode(value))
        .map_err(|error| ("case".to_owned(), error.to_string()))
}

fn refused(failure: &Failure) -> Failed {
    let code = failure.errors.first().map(|error| error.code.to_string());
    (code.unwrap_or_default(), failure.to_string())
}
