//! Steps that run a command line.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::content;
use crate::matching::compare;
use crate::scenario::{Run, Scenario};

/// One step that did not answer as recorded.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The position of the step, from 0.
    pub step: usize,
    /// The command line.
    pub what: String,
    /// The difference.
    pub difference: String,
}

/// How a scenario went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many steps answered as recorded.
    pub passed: usize,
    /// Those that did not.
    pub failures: Vec<Failure>,
}

/// Runs all steps of a scenario in a fresh folder.
pub fn replay(scenario: &Scenario, binary: &Path) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let place = folder.path().canonicalize()?;
    let cwd = place.display().to_string();
    let fill = |text: &str| text.replace("<cwd>", &cwd);
    let unfill = |text: &str| text.replace(&cwd, "<cwd>");
    for (path, value) in &scenario.files {
        write(&place.join(path), &content::bytes(value, &fill)?)?;
    }
    let mut outcome = Outcome::default();
    for (number, step) in scenario.steps.iter().enumerate() {
        for (path, value) in &step.write {
            write(&place.join(path), &content::bytes(value, &fill)?)?;
        }
        let Some(run) = &step.run else { continue };
        let difference = match once(run, &step.expect, binary, &place, &fill, &unfill) {
            Ok(()) => {
                outcome.passed += 1;
                continue;
            }
            Err(error) => format!("{error:#}"),
        };
        outcome.failures.push(Failure {
            step: number,
            what: run.argv.join(" "),
            difference,
        });
    }
    Ok(outcome)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}

fn once(
    run: &Run,
    expect: &Value,
    binary: &Path,
    place: &Path,
    fill: &dyn Fn(&str) -> String,
    unfill: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    let before = snapshot(place)?;
    let home = tempfile::tempdir()?;
    let mut child = Command::new(binary)
        .args(run.argv.iter().map(|argument| fill(argument)))
        .current_dir(place)
        .env("HOME", home.path())
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| binary.display().to_string())?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    if let Some(given) = &run.stdin {
        let bytes = match given {
            Value::String(text) => fill(text).into_bytes(),
            content => content::bytes(content, fill)?,
        };
        // A command that does not read its input closes the pipe: no failure of the step.
        let _ = stdin.write_all(&bytes);
    }
    drop(stdin);
    let output = child.wait_with_output()?;
    let mut differences = Vec::new();
    let exit = output.status.code().map_or(Value::Null, Value::from);
    if let Err(difference) = compare(&expect["exit"], &exit) {
        differences.push(format!("exit: {difference}"));
    }
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if let Err(difference) = check(expect.get(name), bytes, unfill) {
            differences.push(format!("{name}: {difference}"));
        }
    }
    let after = snapshot(place)?;
    let empty = serde_json::Map::new();
    let written = expect
        .get("written")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    for (path, bytes) in &after {
        if before.get(path) == Some(bytes) {
            continue;
        }
        match written.get(path) {
            None => differences.push(format!("written: {path} was not expected")),
            want => {
                if let Err(difference) = check(want, bytes, unfill) {
                    differences.push(format!("written {path}: {difference}"));
                }
            }
        }
    }
    for path in written.keys() {
        if !after.contains_key(path) {
            differences.push(format!("written: {path} is missing"));
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        bail!("{}", differences.join("\n"))
    }
}

fn check(
    want: Option<&Value>,
    found: &[u8],
    unfill: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    match want {
        None if found.is_empty() => Ok(()),
        None => bail!(
            "expected nothing, found {:?}",
            String::from_utf8_lossy(found)
        ),
        Some(want) => {
            let got = content::like(want, found, unfill)?;
            compare(want, &got).map_err(|difference| anyhow::anyhow!(difference))
        }
    }
}

/// Every file of the folder with its bytes.
fn snapshot(place: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(place)?.display().to_string();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
