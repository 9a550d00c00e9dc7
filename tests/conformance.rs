//! Recorded answers of a real OPA, on both engines.
//!
//! The project's own cases (`tests/cases`) always run, natively too. Those of `$PRECINCT_SHARED`, or of the folder
//! `shared` beside the workspace, run on the interpreter as a whole in the tests of that crate; here a fixed tenth of
//! them runs natively, and the engines must agree. `just conformance` runs everything on both.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::path::{Path, PathBuf};

use precinct_codegen::workshop::Workshop;
use precinct_conformance::engines::native::Native;
use precinct_conformance::{Answer, Case, engines, files, judge};

/// One case in so many runs natively here.
const EVERY: usize = 10;

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if !path.exists() {
        println!("skipped: {} does not exist", path.display());
        return None;
    }
    Some(path)
}

fn differ(one: &Answer, other: &Answer) -> bool {
    match (one, other) {
        (Answer::Error { code: one, .. }, Answer::Error { code: other, .. }) => one != other,
        (one, other) => one != other,
    }
}

/// Every answer of native code is the recorded one.
fn run(path: &Path, every: usize) {
    let mut cases = files::read(path).unwrap();
    cases.sort_by(|one, other| one.id.cmp(&other.id));
    let chosen: Vec<&Case> = cases.iter().step_by(every).collect();
    assert!(!chosen.is_empty(), "{} holds no case", path.display());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("native");
    let workshop = Workshop::new(Path::new(env!("CARGO_MANIFEST_DIR")), cache).unwrap();
    let answers = Native::new(workshop).answers(&chosen, |_| ()).unwrap();
    let mut failures = Vec::new();
    for (case, native) in chosen.iter().zip(&answers) {
        let Err((want, got)) = judge(case, native) else {
            continue;
        };
        let interpreted = engines::interpreter::answer(case);
        let note = if differ(native, &interpreted) {
            "the engines differ"
        } else {
            "the engines agree"
        };
        failures.push(format!("{} ({note})\n  want {want}\n  got  {got}", case.id));
    }
    println!("{}: {} cases", path.display(), chosen.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn own_cases_are_answered_natively() {
    run(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"),
        1,
    );
}

#[test]
fn published_cases_are_answered_natively() {
    for path in ["opa/eval/v1", "opa/eval/v0", "opa/captured/eval.jsonl"] {
        if let Some(path) = shared(path) {
            let every = if path.extension().is_some() {
                10 * EVERY
            } else {
                EVERY
            };
            run(&path, every);
        }
    }
}
