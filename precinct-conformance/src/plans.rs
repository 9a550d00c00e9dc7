//! Cases of plans: what is built, by OPA or by whoever has its command line.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use serde::Deserialize;

/// What is built into a bundle with a plan; other members of a case are left to others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Build {
    /// The texts of `policy-0.rego`, `policy-1.rego`, …
    pub modules: Vec<String>,
    /// Paths like `p/allow`.
    pub entrypoints: Vec<String>,
    /// Rules that no entry point needs are left out.
    pub prune_unused: bool,
    /// Rules that no entry point needs are listed.
    pub unplanned_rules: bool,
    /// `v0`, or the default.
    pub rego_version: String,
}

impl Build {
    /// Has a program make `bundle.tar.gz` in a folder; what it says instead, if it refuses.
    ///
    /// # Errors
    /// The folder can't be written to, or the program can't be run.
    pub fn run(&self, program: impl AsRef<OsStr>, folder: &Path) -> io::Result<Result<(), String>> {
        let mut command = Command::new(program);
        command.current_dir(folder).args([
            "build",
            "--target",
            "plan",
            "--output",
            "bundle.tar.gz",
        ]);
        for (number, module) in self.modules.iter().enumerate() {
            let name = format!("policy-{number}.rego");
            fs::write(folder.join(&name), module)?;
            command.arg(name);
        }
        for entrypoint in &self.entrypoints {
            command.args(["--entrypoint", entrypoint]);
        }
        if self.prune_unused {
            command.arg("--prune-unused");
        }
        if self.unplanned_rules {
            command.args(["--plan-addons", "unplanned_rules"]);
        }
        if self.rego_version == "v0" {
            command.arg("--v0-compatible");
        }
        let output = command.output()?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8(said).map_err(io::Error::other)?;
        Ok(Err(said.trim().trim_start_matches("error: ").to_owned()))
    }
}
