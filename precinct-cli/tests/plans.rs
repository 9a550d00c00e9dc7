//! `build --target plan` gives the plans that a real OPA gives, byte for byte: `tests/plans`, recorded by `just record-plans`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use precinct_bundle::{Limits, archive};
use precinct_conformance::files;
use precinct_conformance::plans::Build;
use serde_json::value::RawValue;

/// What OPA answered: the text of the plan, or what it said instead.
fn wanted(mut case: HashMap<String, Box<RawValue>>) -> Result<String, String> {
    let plan = case.remove("plan").map(|plan| plan.get().to_owned());
    plan.ok_or_else(|| serde_json::from_str(case["error"].get()).unwrap())
}

/// The text of `plan.json`, or what is said instead.
fn planned(build: &Build) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    build
        .run(env!("CARGO_BIN_EXE_precinct"), folder.path())
        .unwrap()?;
    let bytes = fs::read(folder.path().join("bundle.tar.gz")).unwrap();
    let files = archive::read(&bytes, &Limits::default()).unwrap();
    Ok(String::from_utf8(files.get("plan.json").unwrap().to_vec()).unwrap())
}

#[test]
fn plans_are_those_of_opa() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/plans");
    let mut count = 0;
    let mut different = Vec::new();
    for path in files::list(&folder).unwrap() {
        let text = fs::read_to_string(&path).unwrap();
        let builds: Vec<Build> = serde_json::from_str(&text).unwrap();
        let cases: Vec<HashMap<String, Box<RawValue>>> = serde_json::from_str(&text).unwrap();
        for (build, case) in builds.iter().zip(cases) {
            count += 1;
            let note = case["note"].to_string();
            let (wanted, found) = (wanted(case), planned(build));
            if found != wanted {
                different.push(format!("{note}\n  wanted {wanted:?}\n  found  {found:?}"));
            }
        }
    }
    assert!(count > 0);
    assert!(different.is_empty(), "{}", different.join("\n"));
}
