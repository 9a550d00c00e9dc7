//! The record as it is stored.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

/// One recorded session.
#[derive(Clone, Debug, Deserialize)]
pub struct Scenario {
    /// The name, which is also that of its file.
    pub name: String,
    /// `cli` or `rest`.
    pub kind: String,
    /// The files of the working folder: path to content.
    #[serde(default)]
    pub files: BTreeMap<String, Value>,
    /// How the server is started.
    #[serde(default)]
    pub server: Option<Server>,
    /// What is done, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Instead of steps: the server must refuse to start.
    #[serde(default)]
    pub start_failure: Option<Value>,
    /// The log lines that the session leaves.
    #[serde(default)]
    pub logs: Option<Value>,
    /// Of which kinds the log lines are.
    #[serde(default)]
    pub log_kinds: Vec<String>,
    /// Routes that the replayer serves to the server.
    #[serde(default)]
    pub upstream: Vec<Value>,
}

/// How the server is started.
#[derive(Clone, Debug, Deserialize)]
pub struct Server {
    /// The arguments behind the name of the binary.
    pub args: Vec<String>,
}

/// One step: exactly one of its members is there.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// A command line.
    #[serde(default)]
    pub run: Option<Run>,
    /// A request to the server.
    #[serde(default)]
    pub request: Option<Value>,
    /// Files that are overwritten.
    #[serde(default)]
    pub write: BTreeMap<String, Value>,
    /// The recorded answer.
    #[serde(default)]
    pub expect: Value,
}

/// A command line.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    /// The arguments behind the name of the binary.
    pub argv: Vec<String>,
    /// What is given on the standard input.
    #[serde(default)]
    pub stdin: Option<Value>,
}

impl Scenario {
    /// Reads one file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }
}

/// The scenario files of a folder, in order of their names.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut list = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            list.push(path);
        }
    }
    list.sort();
    Ok(list)
}
