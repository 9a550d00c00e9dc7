//! `record-plans OPA SOURCE TARGET`: asks a real OPA for the plans of our own policies.
//!
//! Each `SOURCE/x.yaml` is a list of cases: `note`, `modules` (files `policy-0.rego`, `policy-1.rego`, …), and if need be
//! `entrypoints`, `prune_unused`, `unplanned_rules`, `rego_version`. `TARGET/x.json` holds the same, one case a line, with
//! the text of `plan.json` as `plan`, or what OPA says instead as `error`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use precinct_conformance::plans::Build;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A case is written in the order of its members, and the plan as OPA has it.
#[derive(serde::Serialize)]
struct Answered<'a> {
    #[serde(flatten)]
    case: &'a Map<String, Value>,
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
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let cases: Vec<Map<String, Value>> =
            serde_yaml::from_str(&text).with_context(|| path.display().to_string())?;
        let mut lines = Vec::new();
        for case in &cases {
            let note = case.get("note").map(Value::to_string).unwrap_or_default();
            let answered =
                answer(opa, case).with_context(|| format!("{}: {note}", path.display()))?;
            lines.push(serde_json::to_string(&answered)?);
        }
        let stem = path.file_stem().unwrap_or_default();
        let file = Path::new(target).join(stem).with_extension("json");
        fs::write(file, format!("[\n{}\n]\n", lines.join(",\n")))?;
    }
    Ok(())
}

fn answer<'a>(opa: &str, case: &'a Map<String, Value>) -> anyhow::Result<Answered<'a>> {
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
