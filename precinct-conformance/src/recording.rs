//! Asking a real OPA for the answers of our own cases.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value};

/// Asks about each case of the files `SOURCE/x.yaml`, which hold lists of cases, and writes what `text` makes of the answers to
/// `TARGET/x.json`.
///
/// # Errors
/// A file can't be read or written, or a case can't be answered; which one is said.
pub fn record<T>(
    source: &Path,
    target: &Path,
    answer: impl Fn(Map<String, Value>) -> anyhow::Result<T>,
    text: impl Fn(Vec<T>) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        let cases: Vec<Map<String, Value>> = serde_yaml::from_str(&fs::read_to_string(&path)?)
            .with_context(|| path.display().to_string())?;
        let mut answers = Vec::new();
        for case in cases {
            let note = case.get("note").map(Value::to_string).unwrap_or_default();
            let answer = answer(case).with_context(|| format!("{}: {note}", path.display()))?;
            answers.push(answer);
        }
        let stem = path.file_stem().unwrap_or_default();
        let file = target.join(stem).with_extension("json");
        fs::write(file, text(answers)? + "\n")?;
    }
    Ok(())
}
