//! `record-plans OPA SOURCE TARGET`: asks a real OPA for the plans of our own policies.
//!
//! Each `SOURCE/x.yaml` is a list of cases: `note`, `modules` (files `policy-0.rego`, `policy-1.rego`, …), and if need be
//! `entrypoints`, `prune_unused`, `unplanned_rules`, `rego_version`. `TARGET/x.json` holds the same, one case a line, with
//! the text of `plan.json` as `plan`, or what OPA says instead as `error`.

use std::path::Path;
use std::process::Command;

use anyhow::bail;
use precinct_conformance::plans::Build;
use precinct_conformance::recording::record;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A case is written in the order of its members, and the plan as OPA has it.
#[derive(serde::Serialize)]
struct Answered {
    #[serde(flatten)]
    case: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [opa, source, target] = &arguments[..] else {
        bail!("usage: record-plans OPA SOURCE TARGET");
    };
    let answered = |case| Ok(serde_json::to_string(&answer(opa, case)?)?);
    record(Path::new(source), Path::new(target), answered, |lines| {
        Ok(format!("[\n{}\n]", lines.join(",\n")))
    })
}

fn answer(opa: &str, case: Map<String, Value>) -> anyhow::Result<Answered> {
    let build: Build = serde_json::from_value(Value::Object(case.clone()))?;
    let folder = tempfile::tempdir()?;
    if let Err(error) = build.run(opa, folder.path())? {
        return Ok(Answered {
            case,
            plan: None,
            error: Some(error),
        });
    }
    let bundle = folder.path().join("bundle.tar.gz");
    let plan = Command::new("tar")
        .args(["--extract", "--gzip", "--to-stdout", "--file"])
        .arg(bundle)
        .arg("/plan.json")
        .output()?;
    Ok(Answered {
        case,
        plan: Some(RawValue::from_string(String::from_utf8(plan.stdout)?)?),
        error: None,
    })
}
