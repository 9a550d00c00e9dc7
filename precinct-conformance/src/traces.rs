//! Cases of traces and coverage: what `eval` tells of an evaluation, OPA's or that of whoever has its command line.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is evaluated; other members of a case are left to others.
#[derive(Clone, Debug, Deserialize)]
pub struct Evaluation {
    /// The texts of `policy-0.rego`, `policy-1.rego`, …
    pub modules: Vec<String>,
    /// The query.
    pub query: String,
    /// The input, if there is one.
    pub input: Option<Value>,
}

/// What is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The lines of `--explain full`, with the answers behind them.
    pub trace: Vec<String>,
    /// The answers and the coverage.
    pub coverage: Value,
}

impl Evaluation {
    /// Has a program evaluate it in a folder, twice.
    ///
    /// # Errors
    /// The folder can't be written to, the program can't be run, or it fails.
    pub fn run(&self, program: impl AsRef<OsStr>, folder: &Path) -> io::Result<Told> {
        let trace = self.told(
            &program,
            folder,
            &["--explain", "full", "--format", "pretty"],
        )?;
        let coverage = self.told(&program, folder, &["--coverage", "--format", "json"])?;
        Ok(Told {
            trace: trace.lines().map(str::to_owned).collect(),
            coverage: serde_json::from_str(&coverage)?,
        })
    }

    fn told(
        &self,
        program: impl AsRef<OsStr>,
        folder: &Path,
        flags: &[&str],
    ) -> io::Result<String> {
        let mut command = Command::new(program);
        command.current_dir(folder).arg("eval").args(flags);
        for (number, module) in self.modules.iter().enumerate() {
            let name = format!("policy-{number}.rego");
            fs::write(folder.join(&name), module)?;
            command.args(["--data", &name]);
        }
        if let Some(input) = &self.input {
            fs::write(folder.join("input.json"), input.to_string())?;
            command.args(["--input", "input.json"]);
        }
        let output = command.arg(&self.query).output()?;
        if !output.status.success() {
            let said = [output.stderr, output.stdout].concat();
            return Err(io::Error::other(String::from_utf8_lossy(&said)));
        }
        String::from_utf8(output.stdout).map_err(io::Error::other)
    }
}
