//! `eval --explain full` and `eval --coverage` tell what a real OPA tells: `tests/traces`, recorded by `just record-traces`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::Path;

use precinct_conformance::files;
use precinct_conformance::traces::{Evaluation, Told};
use serde_json::Value;

#[test]
fn traces_and_coverage_are_those_of_opa() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces");
    let mut count = 0;
    let mut different = Vec::new();
    for path in files::list(&folder).unwrap() {
        let text = fs::read_to_string(&path).unwrap();
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
        for case in cases {
            count += 1;
            let evaluation: Evaluation = serde_json::from_value(case.clone()).unwrap();
            let wanted: Told = serde_json::from_value(case.clone()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let program = env!("CARGO_BIN_EXE_precinct");
            let found = evaluation.run(program, folder.path()).unwrap();
            if found.trace != wanted.trace {
                let (found, wanted) = (found.trace.join("\n"), wanted.trace.join("\n"));
                different.push(format!(
                    "{}\nwanted\n{wanted}\nfound\n{found}",
                    case["note"]
                ));
            }
            if found.coverage != wanted.coverage {
                let (found, wanted) = (found.coverage, wanted.coverage);
                different.push(format!(
                    "{}\n  wanted {wanted}\n  found  {found}",
                    case["note"]
                ));
            }
        }
    }
    assert!(count > 0);
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}
