//! OPA's answers, from the program in `oracle/`, which is built with Go when it is first needed.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use anyhow::{Context, bail};
use precinct_conformance::{Answer, Case, Version};
use serde_json::{Value, json};

/// A running oracle.
#[derive(Debug)]
pub struct Oracle {
    binary: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

/// Whether `go` can be run here.
pub fn available() -> bool {
    let status = Command::new("go")
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Builds the oracle into this directory.
///
/// # Errors
/// What `go build` said.
pub fn build(directory: &Path) -> anyhow::Result<PathBuf> {
    let binary = std::path::absolute(directory.join("oracle"))?;
    let status = Command::new("go")
        .args(["build", "-o"])
        .arg(&binary)
        .arg(".")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/oracle"))
        .status()
        .context("go cannot be started")?;
    if !status.success() {
        bail!("go build: {status}");
    }
    Ok(binary)
}

impl Oracle {
    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(binary: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(binary)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| binary.display().to_string())?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("no output")?;
        Ok(Self {
            binary: binary.to_owned(),
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    /// The answers to the cases, in their order; `None` where OPA could say nothing in time, or ended.
    ///
    /// # Errors
    /// The oracle cannot be started again.
    pub fn ask(&mut self, cases: &[Case]) -> anyhow::Result<Vec<Option<Answer>>> {
        if let Ok(answers) = self.ask_once(cases) {
            return Ok(answers);
        }
        // A case whose evaluation overflows OPA's stack takes the process and the answers behind it with it.
        *self = Self::start(&self.binary.clone())?;
        if cases.len() == 1 {
            return Ok(vec![None]);
        }
        let (front, back) = cases.split_at(cases.len() / 2);
        let mut answers = self.ask(front)?;
        answers.extend(self.ask(back)?);
        Ok(answers)
    }

    fn ask_once(&mut self, cases: &[Case]) -> anyhow::Result<Vec<Option<Answer>>> {
        let mut text = String::new();
        for case in cases {
            text.push_str(&request(case).to_string());
            text.push('\n');
        }
        let Self { stdin, stdout, .. } = self;
        let stdin = stdin.as_mut().context("the oracle has ended")?;
        thread::scope(|scope| {
            let writer = scope.spawn(move || {
                stdin.write_all(text.as_bytes())?;
                stdin.flush()
            });
            let mut answers = Vec::with_capacity(cases.len());
            for _ in cases {
                let mut line = String::new();
                if stdout.read_line(&mut line)? == 0 {
                    bail!("the oracle has ended");
                }
                // Not every number of an answer can be read here.
                let record: Option<Value> = serde_json::from_str(&line).ok();
                answers.push(record.as_ref().and_then(answer));
            }
            match writer.join() {
                Ok(result) => result?,
                Err(_) => bail!("the oracle cannot be written to"),
            }
            Ok(answers)
        })
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.wait();
    }
}

/// The case as the members of a record.
pub fn request(case: &Case) -> Value {
    let version = match case.version {
        Version::V0 => "v0",
        Version::V0CompatV1 => "v0v1",
        Version::V1 => "v1",
        Version::V2 => "v2",
    };
    let mut record = json!({
        "modules": case.modules,
        "rego_version": version,
        "query": case.query,
        "data": case.data,
    });
    if let Some(input) = &case.input {
        record["input"] = input.clone();
    }
    if case.strict_errors {
        record["strict_error"] = json!(true);
    }
    record
}

fn answer(record: &Value) -> Option<Answer> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    if !text("invalid").is_empty() {
        return None;
    }
    if !text("want_error_code").is_empty() {
        return Some(Answer::Error {
            code: text("want_error_code").to_owned(),
            text: text("want_error").to_owned(),
        });
    }
    let rows = record.get("want_result").and_then(Value::as_array);
    let rows = rows.into_iter().flatten();
    Some(Answer::Rows(
        rows.filter_map(|row| row.as_object().cloned()).collect(),
    ))
}
