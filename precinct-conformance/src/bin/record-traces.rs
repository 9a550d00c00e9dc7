//! `record-traces OPA SOURCE TARGET`: asks a real OPA for traces and coverage of our own policies.
//!
//! Each `SOURCE/x.yaml` is a list of cases: `note`, `modules` (files `policy-0.rego`, `policy-1.rego`, …), `query`, and if
//! need be `input`. `TARGET/x.json` holds the same with what OPA tells: `trace` and `coverage`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use precinct_conformance::traces::{Evaluation, Told};
use serde_json::{Map, Value};

/// A case is written in the order of its members.
#[derive(serde::Serialize)]
struct Answered<'a> {
    #[serde(flatten)]
    case: &'a Map<String, Value>,
    #[serde(flatten)]
    told: Told,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [opa, source, target] = &arguments[..] else {
        bail!("usage: record-traces OPA SOURCE TARGET");
    };
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let cases: Vec<Map<String, Value>> =
            serde_yaml::from_str(&text).with_context(|| path.display().to_string())?;
        let mut answered = Vec::new();
        for case in &cases {
            let note = case.get("note").map(Value::to_string).unwrap_or_default();
            let evaluation: Evaluation = serde_json::from_value(Value::Object(case.clone()))?;
            let folder = tempfile::tempdir()?;
            let told = evaluation
                .run(opa, folder.path())
                .with_context(|| format!("{}: {note}", path.display()))?;
            answered.push(Answered { case, told });
        }
        let stem = path.file_stem().unwrap_or_default();
        let file = Path::new(target).join(stem).with_extension("json");
        fs::write(file, serde_json::to_string_pretty(&answered)? + "\n")?;
    }
    Ok(())
}
