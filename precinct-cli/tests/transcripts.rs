//! Recorded command lines of a real OPA, replayed.
//!
//! The recordings are read from `$PRECINCT_SHARED`, or from the folder `shared` beside the workspace; without them the
//! test passes and says that it was skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use precinct_transcript::command;
use precinct_transcript::scenario::{self, Scenario};

/// How many steps of each scenario answer as recorded. A step more is a line to change here, a step fewer a defect.
const PASSING: &str = include_str!("transcripts.passing");

fn recordings() -> Option<PathBuf> {
    let root = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let folder = root.join("opa/cli");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} does not exist", folder.display());
    None
}

#[test]
fn recorded_command_lines_are_answered_as_recorded() {
    let Some(folder) = recordings() else { return };
    let binary = Path::new(env!("CARGO_BIN_EXE_precinct"));
    let known: BTreeMap<&str, usize> = PASSING
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, count)| (name, count.parse().unwrap()))
        .collect();
    let mut worse = Vec::new();
    let (mut passed, mut all) = (0, 0);
    for file in scenario::files(&folder).unwrap() {
        let scenario = Scenario::read(&file).unwrap();
        let Some(floor) = known.get(scenario.name.as_str()) else {
            continue;
        };
        let outcome = command::replay(&scenario, binary).unwrap();
        passed += outcome.passed;
        all += outcome.passed + outcome.failures.len();
        if outcome.passed < *floor {
            worse.push(format!(
                "{}: {} of at least {floor}: {:#?}",
                scenario.name, outcome.passed, outcome.failures
            ));
        }
    }
    println!("{passed} of {all} steps");
    assert!(worse.is_empty(), "{}", worse.join("\n"));
}
