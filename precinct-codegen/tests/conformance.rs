//! Native answers to evaluation cases that a real OPA answered, held against the recorded answers and against the
//! interpreter's.
//!
//! Every tenth case is turned into Rust, in crates of many cases that are built with cargo and run. The cases are read
//! from `$PRECINCT_SHARED`, or from the folder `shared` beside the workspace; without them the test passes and says
//! that it was skipped. `PRECINCT_EVERY` and `PRECINCT_FROM` choose other cases, `PRECINCT_CASE` only those whose id
//! contains it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use precinct_codegen::batch::{self, Batch};
use precinct_conformance::{Answer, Case, Version, files, judge};
use precinct_interpreter::policy::{Failure, Policy, PolicyOptions, Query, Row, Text};
use precinct_rego::ast::{RegoVersion, Term, TermValue};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_term};
use precinct_runtime::json::{Decoder, to_string};
use precinct_runtime::{Arena, EvalError, Number, Value};

/// Cases in one crate: rustc's time grows with them, cargo's with the number of crates.
const IN_ONE: usize = 120;

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if !path.exists() {
        println!("skipped: {} does not exist", path.display());
        return None;
    }
    Some(path)
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

fn version(version: Version) -> RegoVersion {
    match version {
        Version::V0 => RegoVersion::V0,
        Version::V0CompatV1 => RegoVersion::V0CompatV1,
        Version::V1 => RegoVersion::V1,
        Version::V2 => RegoVersion::V2,
    }
}

fn ground<'a>(arena: &'a Arena, term: &Term) -> Value<'a> {
    let all = |terms: &[Term]| {
        terms
            .iter()
            .map(|term| ground(arena, term))
            .collect::<Vec<_>>()
    };
    match &term.value {
        TermValue::Null => Value::Null,
        TermValue::Boolean(value) => Value::Bool(*value),
        TermValue::Number(text) => Value::Number(Number::copied(arena, text)),
        TermValue::String(text) => Value::string(arena, text),
        TermValue::Array(items) => Value::array(arena, &all(items)),
        TermValue::Set(items) => Value::set(arena, all(items)),
        TermValue::Object(entries) => Value::object(
            arena,
            entries
                .iter()
                .map(|(key, value)| (ground(arena, key), ground(arena, value))),
        ),
        other => panic!("{other:?} is not ground"),
    }
}

fn json<'a>(arena: &'a Arena, value: &serde_json::Value) -> Value<'a> {
    Decoder::new(arena)
        .decode_copied(value.to_string().as_bytes())
        .unwrap()
}

fn input<'a>(arena: &'a Arena, case: &Case) -> Option<Value<'a>> {
    match &case.input_term {
        Some(text) => {
            let mut sources = Sources::default();
            let id = sources.add("input", text.as_str());
            let term = parse_term(&sources, id, &ParseOptions::default()).unwrap();
            Some(ground(arena, &term))
        }
        None => case.input.as_ref().map(|input| json(arena, input)),
    }
}

fn compiled(case: &Case) -> Result<(Policy, Query), Failure> {
    let options = PolicyOptions {
        version: version(case.version),
        ..PolicyOptions::default()
    };
    let texts = case.modules.iter().enumerate().map(|(number, text)| Text {
        name: format!("test-{number}.rego"),
        text: text.clone(),
        version: None,
    });
    let policy = Policy::compile(texts.collect(), options)?;
    let query = policy.query(&case.query, None, &[])?;
    Ok((policy, query))
}

fn failed(error: &EvalError) -> Answer {
    Answer::Error {
        code: error.code.to_string(),
        text: error.to_string(),
    }
}

fn answer(query: &Query, rows: &[Row<'_>]) -> Answer {
    Answer::Rows(
        rows.iter()
            .filter(|row| row.expressions.iter().all(|value| value.is_truthy()))
            .map(|row| {
                query
                    .variables
                    .iter()
                    .zip(&row.variables)
                    .map(|(name, value)| {
                        let value = serde_json::from_str(&to_string(*value)).unwrap();
                        (name.to_string(), value)
                    })
                    .collect()
            })
            .collect(),
    )
}

fn interpreted(case: &Case, query: &Query) -> Answer {
    let arena = Arena::new();
    let data = json(&arena, &serde_json::Value::Object(case.data.clone()));
    let mut context = query
        .context(&arena)
        .with_input(input(&arena, case))
        .with_data(data);
    context.strict_builtin_errors = case.strict_errors;
    context.time_ns = i64::try_from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos(),
    )
    .unwrap();
    let env = serde_json::json!({ "env": case.env });
    context.runtime = Some(json(&arena, &env));
    match query.answers(&mut context) {
        Ok(rows) => answer(query, &rows),
        Err(error) => failed(&error),
    }
}

/// A case that compiles, and its number in the crate.
struct Native<'c> {
    case: &'c Case,
    query: Query,
}

/// Builds and runs a crate; gives the line of each case.
fn lines(batch: &Batch, name: &str) -> BTreeMap<usize, serde_json::Value> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../precinct-runtime");
    batch
        .write(&folder, name, &runtime.canonicalize().unwrap())
        .unwrap();
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::copy(lock, folder.join("Cargo.lock")).unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet"])
        .env(
            "CARGO_TARGET_DIR",
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("native"),
        )
        .current_dir(&folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(
        built.status.success(),
        "{}",
        &errors[..errors.len().min(4000)]
    );
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("native/debug")
        .join(name);
    let ran = Command::new(program).output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout);
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|line| Some((usize::try_from(line["case"].as_u64()?).ok()?, line)))
        .collect();
    if !ran.status.success() {
        println!("{}", String::from_utf8_lossy(&ran.stderr));
    }
    lines
}

fn native(query: &Query, line: Option<&serde_json::Value>) -> Answer {
    let Some(line) = line else {
        return Answer::Error {
            code: "crash".to_owned(),
            text: "the program wrote no line".to_owned(),
        };
    };
    if let Some(error) = line.get("error") {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        return Answer::Error {
            code: text("code"),
            text: text("text"),
        };
    }
    let arena = Arena::new();
    let rows = json(&arena, &line["rows"]);
    let rows: Vec<Row<'_>> = rows
        .as_array()
        .unwrap_or_default()
        .iter()
        .filter_map(|row| row.as_array())
        .map(|row| query.row(row))
        .collect();
    answer(query, &rows)
}

/// Runs every so many cases natively: at least this share, in percent, must pass, and none may differ from the
/// interpreter's answer.
fn run(path: &Path, name: &str, at_least: usize) {
    let every = number("PRECINCT_EVERY", 10);
    let from = number("PRECINCT_FROM", 0);
    let only = std::env::var("PRECINCT_CASE").ok();
    let mut cases = files::read(path).unwrap();
    cases.sort_by(|left, right| left.id.cmp(&right.id));
    let chosen: Vec<&Case> = cases
        .iter()
        .enumerate()
        .filter(|(at, case)| match &only {
            Some(only) => case.id.contains(only.as_str()),
            None => at % every == from % every,
        })
        .map(|(_, case)| case)
        .collect();
    let mut passed = 0;
    let mut total = 0;
    let mut failures = Vec::new();
    let mut different = Vec::new();
    for (part, cases) in chosen.chunks(IN_ONE).enumerate() {
        let mut batch = Batch::new();
        let mut natives = Vec::new();
        for case in cases {
            // What the compiler refuses is the same for both engines.
            let Ok((policy, query)) = compiled(case) else {
                continue;
            };
            let arena = Arena::new();
            let data = serde_json::Value::Object(case.data.clone()).to_string();
            let runtime = serde_json::json!({ "env": case.env }).to_string();
            batch
                .add(batch::Case {
                    program: query.program(),
                    query: query.function(),
                    sources: Some(policy.sources()),
                    input: input(&arena, case),
                    data: Some(&data),
                    runtime: Some(&runtime),
                    strict_builtin_errors: case.strict_errors,
                })
                .unwrap_or_else(|error| panic!("{}: {error}", case.id));
            natives.push(Native { case, query });
        }
        let lines = lines(&batch, &format!("{name}-{part}"));
        for (at, Native { case, query }) in natives.iter().enumerate() {
            total += 1;
            let native = native(query, lines.get(&at));
            let interpreted = interpreted(case, query);
            let same = match (&native, &interpreted) {
                (Answer::Error { code: one, .. }, Answer::Error { code: other, .. }) => {
                    one == other
                }
                (one, other) => one == other,
            };
            match judge(case, &native) {
                Ok(()) => passed += 1,
                Err((want, got)) => {
                    failures.push(format!("{}\n  want {want}\n  got  {got}", case.id));
                    if !same && judge(case, &interpreted).is_ok() {
                        different.push(format!(
                            "{}\n  native      {native:?}\n  interpreted {interpreted:?}",
                            case.id
                        ));
                    }
                }
            }
        }
    }
    for failure in failures.iter().chain(&different).take(60) {
        println!("{}", failure.chars().take(900).collect::<String>());
    }
    println!(
        "{}: {passed} of {total} passed, {} differ from the interpreter",
        path.display(),
        different.len()
    );
    assert!(different.is_empty());
    assert!(passed * 100 >= total * at_least);
}

#[test]
fn published_cases_v1() {
    if let Some(path) = shared("opa/eval/v1") {
        run(&path, "published-v1", 80);
    }
}

#[test]
fn published_cases_v0() {
    if let Some(path) = shared("opa/eval/v0") {
        run(&path, "published-v0", 80);
    }
}
