//! `record-cases OPA SOURCE TARGET`: asks a real OPA for the answers of our own cases.
//!
//! Each `SOURCE/x.yaml` is a list of cases: `note`, `modules`, `query`, and if need be `data`, `input`,
//! `strict_error`, `rego_version`. `TARGET/x.json` holds the same with the answers.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use precinct_conformance::recording::record;
use serde_json::{Map, Value, json};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [opa, source, target] = &arguments[..] else {
        bail!("usage: record-cases OPA SOURCE TARGET");
    };
    let answered = |mut case: Map<String, Value>| {
        answer(opa, &mut case)?;
        Ok(Value::Object(case))
    };
    record(Path::new(source), Path::new(target), answered, |cases| {
        Ok(serde_json::to_string_pretty(&json!({"cases": cases}))?)
    })
}

/// Adds `want_result`, or `want_error_code` and `want_error`.
fn answer(opa: &str, case: &mut Map<String, Value>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(opa);
    command
        .current_dir(folder.path())
        .args(["eval", "--format", "json"]);
    let modules = case
        .get("modules")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for (number, module) in modules.iter().enumerate() {
        let name = format!("test-{number}.rego");
        fs::write(
            folder.path().join(&name),
            module.as_str().context("a module is a text")?,
        )?;
        command.args(["--data", &name]);
    }
    for (member, flag) in [("data", "--data"), ("input", "--input")] {
        if let Some(value) = case.get(member) {
            let name = format!("{member}.json");
            fs::write(folder.path().join(&name), value.to_string())?;
            command.args([flag, &name]);
        }
    }
    if case.get("strict_error") == Some(&json!(true)) {
        command.arg("--strict-builtin-errors");
    }
    if case.get("rego_version") == Some(&json!("v0")) {
        command.arg("--v0-compatible");
    }
    let query = case
        .get("query")
        .and_then(Value::as_str)
        .context("a case has a query")?;
    let output = command.arg(query).output()?;
    let text = String::from_utf8(output.stdout)?;
    let said: Value = serde_json::from_str(&text)
        .with_context(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)))?;
    if let Some(error) = said["errors"].get(0) {
        case.insert("want_error_code".to_owned(), error["code"].clone());
        case.insert("want_error".to_owned(), error["message"].clone());
        return Ok(());
    }
    let rows = said["result"].as_array().cloned().unwrap_or_default();
    let bindings = rows
        .iter()
        .map(|row| row.get("bindings").cloned().unwrap_or_else(|| json!({})));
    case.insert("want_result".to_owned(), bindings.collect());
    Ok(())
}
