//! The interpreter's answers to the evaluation cases that a real OPA answered.
//!
//! The cases are read from `$PRECINCT_SHARED`, or from the folder `shared` beside the workspace; without them the test
//! passes and says that it was skipped. `PRECINCT_CASE` runs only the cases whose id contains it, and prints all of
//! their failures.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use precinct_conformance::{Answer, Case, Version, files, judge};
use precinct_interpreter::capabilities::{capabilities, declared};
use precinct_interpreter::hosts;
use precinct_interpreter::policy::{Failure, Policy, PolicyOptions, Text};
use precinct_rego::ast::{RegoVersion, Term, TermValue};
use precinct_rego::capabilities::Capabilities;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_term};
use precinct_runtime::builtin::Outcome;
use precinct_runtime::context::{HostFunction, HostFunctions};
use precinct_runtime::json::{Decoder, to_string};
use precinct_runtime::{Arena, Context, Number, Value};

/// How many failures are printed for each family of cases.
const SHOWN: usize = 3;

/// Waits, for the two cases that want to see time pass.
struct Sleep;

impl HostFunction for Sleep {
    fn call<'a>(&self, _: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
        std::thread::sleep(Duration::from_millis(10));
        Ok(Some(Value::Null))
    }
}

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

fn version(version: Version) -> RegoVersion {
    match version {
        Version::V0 => RegoVersion::V0,
        Version::V0CompatV1 => RegoVersion::V0CompatV1,
        Version::V1 => RegoVersion::V1,
        Version::V2 => RegoVersion::V2,
    }
}

fn refused(failure: &Failure) -> Answer {
    Answer::Error {
        code: failure
            .errors
            .first()
            .map(|one| one.code.to_string())
            .unwrap_or_default(),
        text: failure.to_string(),
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

/// What the cases can call.
fn known() -> Arc<Capabilities> {
    static KNOWN: OnceLock<Arc<Capabilities>> = OnceLock::new();
    Arc::clone(KNOWN.get_or_init(|| {
        let mut all = capabilities().as_ref().clone();
        all.add(declared("test.sleep", "(string)"));
        Arc::new(all)
    }))
}

fn answer(case: &Case) -> Answer {
    let options = PolicyOptions {
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
    let policy = match Policy::compile(texts.collect(), options) {
        Ok(policy) => policy,
        Err(failure) => return refused(&failure),
    };
    let query = match policy.query(&case.query, None, &[]) {
        Ok(query) => query,
        Err(failure) => return refused(&failure),
    };
    let arena = Arena::new();
    let input = match &case.input_term {
        Some(text) => {
            let mut sources = Sources::default();
            let id = sources.add("input", text.as_str());
            let term = parse_term(&sources, id, &ParseOptions::default()).unwrap();
            Some(ground(&arena, &term))
        }
        None => case.input.as_ref().map(|input| json(&arena, input)),
    };
    let data = json(&arena, &serde_json::Value::Object(case.data.clone()));
    let mut functions: HostFunctions = hosts().clone();
    functions.insert("test.sleep".to_owned(), Arc::new(Sleep));
    let mut context = query.context(&arena).with_input(input).with_data(data);
    context.host = Some(&functions);
    context.strict_builtin_errors = case.strict_errors;
    context.time_ns = i64::try_from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos(),
    )
    .unwrap();
    if !case.env.is_empty() {
        let env = serde_json::json!({ "env": case.env });
        context.runtime = Some(json(&arena, &env));
    }
    match query.answers(&mut context) {
        Ok(rows) => Answer::Rows(
            rows.iter()
                .filter(|row| row.expressions.iter().all(|value| value.is_truthy()))
                .map(|row| {
                    query
                        .variables
                        .iter()
                        .zip(&row.variables)
                        .map(|(name, value)| {
                            let text = to_string(*value);
                            // A number can be too large for the test's own JSON.
                            let value = serde_json::from_str(&text)
                                .unwrap_or(serde_json::Value::String(text));
                            (name.to_string(), value)
                        })
                        .collect()
                })
                .collect(),
        ),
        Err(error) => Answer::Error {
            code: error.code.to_string(),
            text: error.to_string(),
        },
    }
}

/// The case passes, or what was wanted and what came.
type Verdict = (String, Result<(), (String, String)>);

fn verdicts(cases: &[Case]) -> Vec<Verdict> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let share = cases.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = cases
            .chunks(share)
            .map(|cases| {
                scope.spawn(move || {
                    cases
                        .iter()
                        .map(|case| (case.id.clone(), judge(case, &answer(case))))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    })
}

/// Every case must pass.
fn check(path: &str) {
    if let Some(path) = shared(path) {
        run(&path);
    }
}

fn run(path: &Path) {
    let mut cases = files::read(path).unwrap();
    let only = std::env::var("PRECINCT_CASE").ok();
    if let Some(only) = &only {
        cases.retain(|case| case.id.contains(only));
    }
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut passed = 0;
    for (id, verdict) in verdicts(&cases) {
        match verdict {
            Ok(()) => passed += 1,
            Err((want, got)) => {
                let family = id.split('/').next().unwrap_or_default().to_owned();
                families
                    .entry(family)
                    .or_default()
                    .push(format!("{id}\n    want {want}\n    got  {got}"));
            }
        }
    }
    for (family, failures) in &families {
        println!("{family}: {} failed", failures.len());
        let shown = if only.is_some() { usize::MAX } else { SHOWN };
        for failure in failures.iter().take(shown) {
            let failure: String = failure.chars().take(600).collect();
            println!("  {failure}");
        }
    }
    println!("{}: {passed} of {} passed", path.display(), cases.len());
    assert!(
        only.is_some() || passed == cases.len(),
        "{passed} of {} cases passed",
        cases.len()
    );
}

#[test]
fn our_own_cases_are_answered_as_recorded() {
    run(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/cases"));
}

#[test]
fn published_cases_v1() {
    check("opa/eval/v1");
}

#[test]
fn published_cases_v0() {
    check("opa/eval/v0");
}

#[test]
fn captured_cases() {
    check("opa/captured/eval.jsonl");
}
