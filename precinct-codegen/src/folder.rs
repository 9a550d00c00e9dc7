//! Policies and base documents of a folder.
//!
//! Modules are all `*.rego` files but tests (`*_test.rego`). Base documents are `data.json`, `data.yaml` and `data.yml`;
//! the folders between them and the root are keys, as in OPA's bundles: `roles/data.json` is `data.roles`. The
//! Capability Registry of a gateway, `capabilities.yaml`, is one too: its list is `data.capabilities`.

use std::fs;
use std::path::{Path, PathBuf};

use precinct_interpreter::Text;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::BuildError;

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// The modules by their paths below the place where the build script runs.
    pub(crate) modules: Vec<(String, String)>,
    /// The base documents, if there are any.
    pub(crate) data: Option<Value>,
    /// Everything that was read or looked at.
    pub(crate) seen: Vec<PathBuf>,
    /// Tests are modules too.
    tests: bool,
    digest: Sha256,
}

impl Folder {
    /// Nothing yet.
    pub(crate) fn new(tests: bool) -> Self {
        Self {
            tests,
            ..Self::default()
        }
    }

    /// The modules as texts to compile.
    pub(crate) fn texts(&self) -> Vec<Text> {
        self.modules
            .iter()
            .map(|(name, text)| Text {
                name: name.clone(),
                text: text.clone(),
                version: None,
            })
            .collect()
    }

    /// Adds a file, or a folder with all that is below it.
    pub(crate) fn add(&mut self, path: &Path) -> Result<(), BuildError> {
        self.add_below(path, path)
    }

    /// The digest of everything that was read, in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        use std::fmt::Write;
        self.digest
            .clone()
            .finalize()
            .iter()
            .fold(String::new(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    fn add_below(&mut self, root: &Path, path: &Path) -> Result<(), BuildError> {
        self.seen.push(path.to_owned());
        let reading = |error| BuildError::Read(path.to_owned(), error);
        if fs::metadata(path).map_err(reading)?.is_dir() {
            let mut inside = fs::read_dir(path)
                .map_err(reading)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(reading)?;
            inside.sort();
            for below in &inside {
                self.add_below(root, below)?;
            }
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_module = name.ends_with(".rego") && (self.tests || !name.ends_with("_test.rego"));
        let is_data = matches!(
            &*name,
            "data.json" | "data.yaml" | "data.yml" | "capabilities.yaml"
        );
        if !is_module && !is_data {
            self.seen.pop();
            return Ok(());
        }
        let text = fs::read_to_string(path).map_err(reading)?;
        self.count(path, &text);
        if is_module {
            self.modules.push((slashes(path), text));
            return Ok(());
        }
        let document: Value = if name.ends_with(".json") {
            serde_json::from_str(&text)
                .map_err(|error| BuildError::Data(path.to_owned(), error.to_string()))?
        } else {
            serde_yaml::from_str(&text)
                .map_err(|error| BuildError::Data(path.to_owned(), error.to_string()))?
        };
        let below = path
            .parent()
            .and_then(|parent| parent.strip_prefix(root).ok())
            .unwrap_or(Path::new(""));
        let document = below.iter().rev().fold(document, |document, key| {
            let key = key.to_string_lossy().into_owned();
            Value::Object(Map::from_iter([(key, document)]))
        });
        let data = self.data.get_or_insert_with(|| Value::Object(Map::new()));
        merge(data, document).map_err(|message| BuildError::Data(path.to_owned(), message))
    }

    /// Name and text, each with its length before it, so that no two sets of files look alike.
    fn count(&mut self, path: &Path, text: &str) {
        for part in [slashes(path).as_bytes(), text.as_bytes()] {
            self.digest.update((part.len() as u64).to_be_bytes());
            self.digest.update(part);
        }
    }
}

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(std::ffi::OsStr::to_string_lossy).collect();
    parts.join("/")
}

fn merge(into: &mut Value, from: Value) -> Result<(), String> {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(have) => merge(have, value).map_err(|error| format!("{key}: {error}"))?,
                    None => {
                        into.insert(key, value);
                    }
                }
            }
            Ok(())
        }
        _ => Err("another file has a different document here".to_owned()),
    }
}
