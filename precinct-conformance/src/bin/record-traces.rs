//! `record-traces OPA SOURCE TARGET`: asks a real OPA for traces and coverage of our own policies.
//!
//! Each `SOURCE/x.yaml` is a list of cases: `note`, `modules` (files `policy-0.rego`, `policy-1.rego`, …), `query`, and if
//! need be `input`. `TARGET/x.json` holds the same with what OPA tells: `trace` and `coverage`.

use std::path::Path;

use anyhow::bail;
use precinct_conformance::recording::record;
use precinct_conformance::traces::{Evaluation, Told};
use serde_json::{Map, Value};

/// A case is written in the order of its members.
#[derive(serde::Serialize)]
struct Answered {
    #[serde(flatten)]
    case: Map<String, Value>,
    #[serde(flatten)]
    told: Told,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [opa, source, target] = &arguments[..] else {
        bail!("usage: record-traces OPA SOURCE TARGET");
    };
    let answer = |case: Map<String, Value>| {
        let evaluation: Evaluation = serde_json::from_value(Value::Object(case.clone()))?;
        let told = evaluation.run(opa, tempfile::tempdir()?.path())?;
        Ok(Answered { case, told })
    };
    record(Path::new(source), Path::new(target), answer, |answers| {
        Ok(serde_json::to_string_pretty(&answers)?)
    })
}
