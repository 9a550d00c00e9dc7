//! `build --target plan` gives the plans that a real OPA gives, byte for byte: `tests/plans`, recorded by `just record-plans`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use precinct_bundle::{Limits, archive};
use serde_json::Value;
use serde_json::value::RawValue;

/// A recorded case; the plan keeps its text.
struct Case(HashMap<String, Box<RawValue>>);

impl Case {
    fn get(&self, member: &str) -> Value {
        let text = self.0.get(member).map(|value| value.get());
        text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    }

    fn texts(&self, member: &str) -> Vec<String> {
        let list = self.get(member);
        let texts = list.as_array().into_iter().flatten();
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    }

    /// The text of the plan, or what OPA said instead.
    fn wanted(&self) -> Result<String, String> {
        let plan = self.0.get("plan").map(|plan| plan.get().to_owned());
        plan.ok_or_else(|| self.get("error").as_str().unwrap().to_owned())
    }
}

/// The text of `plan.json`, or what is said instead.
fn planned(case: &Case) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_precinct"));
    command.current_dir(folder.path()).args([
        "build",
        "--target",
        "plan",
        "--output",
        "bundle.tar.gz",
    ]);
    for (number, module) in case.texts("modules").iter().enumerate() {
        let name = format!("policy-{number}.rego");
        fs::write(folder.path().join(&name), module).unwrap();
        command.arg(name);
    }
    for entrypoint in case.texts("entrypoints") {
        command.args(["--entrypoint", &entrypoint]);
    }
    if case.get("prune_unused") == true {
        command.arg("--prune-unused");
    }
    if case.get("unplanned_rules") == true {
        command.args(["--plan-addons", "unplanned_rules"]);
    }
    if case.get("rego_version") == "v0" {
        command.arg("--v0-compatible");
    }
    let output = command.output().unwrap();
    if !output.status.success() {
        let said = output
            .stderr
            .iter()
            .chain(&output.stdout)
            .copied()
            .collect();
        let said = String::from_utf8(said).unwrap();
        return Err(said.trim().trim_start_matches("error: ").to_owned());
    }
    let bytes = fs::read(folder.path().join("bundle.tar.gz")).unwrap();
    let files = archive::read(&bytes, &Limits::default()).unwrap();
    Ok(String::from_utf8(files.get("plan.json").unwrap().to_vec()).unwrap())
}

#[test]
fn plans_are_those_of_opa() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/plans");
    let mut count = 0;
    let mut different = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let cases: Vec<HashMap<String, Box<RawValue>>> = serde_json::from_str(&text).unwrap();
        for case in cases.into_iter().map(Case) {
            count += 1;
            let (wanted, found) = (case.wanted(), planned(&case));
            if found != wanted {
                different.push(format!(
                    "{}\n  wanted {wanted:?}\n  found  {found:?}",
                    case.get("note")
                ));
            }
        }
    }
    assert!(count > 0);
    assert!(different.is_empty(), "{}", different.join("\n"));
}
