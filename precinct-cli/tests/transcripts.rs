//! Recorded command lines of a real OPA, replayed.
//!
//! The recordings are read from `$PRECINCT_SHARED`, or from the folder `shared` beside the workspace; without them the
//! test passes and says that it was skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::{Path, PathBuf};

use precinct_transcript::{command, known};

/// The steps that are answered in another way, each with the reason.
const DIFFERENT: &str = include_str!("transcripts.different");

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
    let passed = known::replay_all(&folder, DIFFERENT, |scenario| {
        command::replay(scenario, binary)
    })
    .unwrap_or_else(|error| panic!("{error:#}"));
    println!("{passed} steps as recorded");
}
