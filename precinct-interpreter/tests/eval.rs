//! The interpreter's answers to the evaluation cases that a real OPA answered.
//!
//! The cases are read from `$PRECINCT_SHARED`, or from the folder `shared` beside the workspace; without them the test
//! passes and says that it was skipped. `PRECINCT_CASE` runs only the cases whose id contains it, and prints all of
//! their failures.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod corpus;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use corpus::shared;
use precinct_conformance::engines::interpreter;
use precinct_conformance::engines::prepared::{prepare, prepare_watched};
use precinct_conformance::{Case, files, judge};
use precinct_rego::lower::Watch;

/// How many failures are printed for each family of cases.
const SHOWN: usize = 3;

/// What is wrong with the answers to a case: with its input and documents as they are, packed as large ones are, watched
/// as for a trace, and with as much of the input as the query can read.
fn answered_in_all_ways(case: &Case) -> (Asked, Result<(), (String, String)>) {
    let prepared = match prepare(case) {
        Ok(prepared) => prepared,
        Err(refused) => return (Asked::Once, judge(case, &refused)),
    };
    let packed = judge(case, &interpreter::evaluated_packed(&prepared))
        .map_err(|(want, got)| (want, format!("{got}, with packed documents")));
    let watched = match prepare_watched(case, Some(Watch::default())) {
        Ok(prepared) => interpreter::evaluated(&prepared),
        Err(refused) => refused,
    };
    let watched =
        judge(case, &watched).map_err(|(want, got)| (want, format!("{got}, while it is watched")));
    let whole = judge(case, &interpreter::evaluated(&prepared))
        .and(packed)
        .and(watched);
    let Some(projected) = interpreter::evaluated_projected(&prepared) else {
        return (Asked::Once, whole);
    };
    let projected = judge(case, &projected)
        .map_err(|(want, got)| (want, format!("{got}, with a projected input")));
    (Asked::Twice, whole.and(projected))
}

/// Whether a case could be asked with a projected input, too.
#[derive(PartialEq, Eq)]
enum Asked {
    Once,
    Twice,
}

/// The case passes, or what was wanted and what came.
type Verdict = (String, Asked, Result<(), (String, String)>);

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
                        .map(|case| {
                            let (asked, verdict) = answered_in_all_ways(case);
                            (case.id.clone(), asked, verdict)
                        })
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
    let (mut passed, mut projected) = (0, 0);
    for (id, asked, verdict) in verdicts(&cases) {
        projected += usize::from(asked == Asked::Twice);
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
    println!(
        "{}: {passed} of {} passed, {projected} with a projected input, too",
        path.display(),
        cases.len()
    );
    assert!(
        only.is_some() || projected > 0,
        "no case could be asked with a projected input"
    );
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
