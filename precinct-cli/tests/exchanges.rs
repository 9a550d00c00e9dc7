//! Recorded exchanges with a real OPA's server, replayed.
//!
//! The recordings are read from `$PRECINCT_SHARED`, or from the folder `shared` beside the workspace; without them the
//! test passes and says that it was skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use precinct_transcript::scenario::{self, Scenario};
use precinct_transcript::server;

/// The steps that are answered in another way, each with the reason. A step that is answered as recorded has no place
/// here.
const DIFFERENT: &str = include_str!("exchanges.different");

fn recordings() -> Option<PathBuf> {
    let root = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let folder = root.join("opa/rest");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} does not exist", folder.display());
    None
}

/// `scenario step` of each line that gives a reason.
fn known() -> BTreeSet<(String, usize)> {
    DIFFERENT
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let name = words.next().unwrap().to_owned();
            let step = words.next().unwrap().parse().unwrap();
            let reason = words.next().unwrap_or_default();
            assert!(!reason.is_empty(), "expected a reason: {line}");
            (name, step)
        })
        .collect()
}

#[test]
fn recorded_exchanges_are_answered_as_recorded() {
    let Some(folder) = recordings() else { return };
    let binary = Path::new(env!("CARGO_BIN_EXE_precinct"));
    let known = known();
    let mut found = BTreeSet::new();
    let mut surprises = Vec::new();
    let mut passed = 0;
    for file in scenario::files(&folder).unwrap() {
        let scenario = Scenario::read(&file).unwrap();
        let outcome = server::replay(&scenario, binary).unwrap();
        passed += outcome.passed;
        for failure in outcome.failures {
            let step = (scenario.name.clone(), failure.step);
            if !known.contains(&step) {
                surprises.push(format!("{} {}: {failure:#?}", step.0, step.1));
            }
            found.insert(step);
        }
    }
    println!("{passed} steps as recorded, {} not", found.len());
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    let answered: Vec<_> = known.difference(&found).collect();
    assert!(answered.is_empty(), "answered as recorded: {answered:?}");
}
