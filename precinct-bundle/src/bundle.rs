//! A bundle: the meaning of its files.

use std::sync::Arc;

use precinct_runtime::arena::Document;
use precinct_runtime::value::Value;

use crate::document::{self, AssembleError, Part};
use crate::patch::Patch;
use crate::{Error, Files, Manifest};

/// The Capability Registry of a bundle: it becomes `data.capabilities`, so that it is exchanged together with the policies
/// that speak of capabilities. OPA does not know such files, and leaves them out.
pub const REGISTRY: &str = "capabilities.yaml";

/// One module of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFile {
    /// The path in the bundle.
    pub path: String,
    /// The text.
    pub text: String,
}

/// A file that is carried and not understood: a plan, a Wasm module, a shared library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpaqueFile {
    /// The path in the bundle.
    pub path: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a bundle holds. See "Bundle File Format" in OPA's documentation.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// What the bundle says of itself.
    pub manifest: Manifest,
    /// The policy modules, ordered by path.
    pub modules: Vec<ModuleFile>,
    /// The base documents as files.
    pub documents: Vec<Part>,
    /// The base documents together.
    pub data: Arc<Document>,
    /// Plans (`plan.json`).
    pub plans: Vec<OpaqueFile>,
    /// Wasm modules (`policy.wasm`).
    pub wasm: Vec<OpaqueFile>,
    /// Everything below `native/`: the policies as shared libraries, in a folder for each kind of machine.
    pub libraries: Vec<OpaqueFile>,
    /// The changes of a delta bundle; `None` in a snapshot.
    pub patch: Option<Patch>,
}

impl Bundle {
    /// Understands the files of a bundle. Verify them first: see [`crate::signature`].
    ///
    /// # Errors
    /// When a file is not what its name says, when files contradict each other or the manifest's roots.
    pub fn read(files: &Files) -> Result<Self, Error> {
        let mut bundle = Self::default();
        let mut manifest_path: Option<&str> = None;
        for (path, bytes) in files.iter() {
            let name = document::base_name(path);
            let rego = std::path::Path::new(path)
                .extension()
                .is_some_and(|extension| extension == "rego");
            if rego {
                bundle.modules.push(ModuleFile {
                    path: path.to_owned(),
                    text: text(path, bytes)?,
                });
            } else if document::is_data_file(path) {
                bundle.documents.push(Part {
                    path: document::folders(path),
                    file: path.to_owned(),
                    text: bytes.to_vec(),
                });
            } else if path == REGISTRY && bundle.manifest.owns("capabilities") {
                // The manifest's name sorts first, so its roots are known.
                bundle.documents.push(Part {
                    path: Vec::new(),
                    file: path.to_owned(),
                    text: bytes.to_vec(),
                });
            } else if path.ends_with(".manifest") {
                if let Some(first) = manifest_path {
                    return Err(Error::Manifest(format!(
                        "bundle contains multiple manifest files: {first:?} and {path:?}"
                    )));
                }
                manifest_path = Some(path);
                bundle.manifest = Manifest::parse(bytes)?;
            } else if name == "patch.json" && path == name {
                bundle.patch = Some(Patch::parse(bytes)?);
            } else if name == "plan.json" {
                bundle.plans.push(opaque(path, bytes));
            } else if name == "policy.wasm" {
                bundle.wasm.push(opaque(path, bytes));
            } else if path.starts_with("native/") {
                bundle.libraries.push(opaque(path, bytes));
            }
        }
        bundle.data = Arc::new(bundle.assemble()?);
        bundle.check()?;
        Ok(bundle)
    }

    /// The text of the Capability Registry, if there is one.
    pub fn registry(&self) -> Option<&[u8]> {
        let part = self.documents.iter().find(|part| part.file == REGISTRY)?;
        Some(&part.text)
    }

    /// The version of the language of a module, if the manifest names one: 0 or 1.
    pub fn rego_version(&self, path: &str) -> Option<i64> {
        let path = path.trim_start_matches('/');
        let by_file = self
            .manifest
            .file_rego_versions
            .iter()
            .find(|(pattern, _)| {
                let pattern = pattern.trim_start_matches('/');
                pattern == path
                    || glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(path))
            });
        by_file
            .map(|(_, version)| *version)
            .or(self.manifest.rego_version)
    }

    fn assemble(&self) -> Result<Document, Error> {
        document::assemble(&self.documents).map_err(|error| {
            let (AssembleError::Text { part, .. }
            | AssembleError::NoObject { part }
            | AssembleError::Conflict { part, .. }) = &error;
            let part = &self.documents[*part];
            let message = match &error {
                AssembleError::Conflict { .. } => {
                    format!(
                        "failed to insert data file from path {}",
                        part.path.join("/")
                    )
                }
                _ => error.to_string(),
            };
            Error::Content {
                path: part.file.clone(),
                message,
            }
        })
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(patch) = &self.patch {
            let found = if !self.documents.is_empty() {
                Some("data")
            } else if !self.modules.is_empty() {
                Some("policy")
            } else if !self.wasm.is_empty() {
                Some("wasm")
            } else if !self.libraries.is_empty() {
                Some("library")
            } else {
                None
            };
            if let Some(found) = found {
                return Err(Error::Manifest(format!(
                    "delta bundle expected to contain only patch file but {found} files found"
                )));
            }
            patch.check(&self.manifest)?;
        }
        check_data(self.data.value(), &mut Vec::new(), &self.manifest)
    }
}

/// Every document must stand at or below one of the roots.
fn check_data(data: Value<'_>, path: &mut Vec<String>, manifest: &Manifest) -> Result<(), Error> {
    let (false, Some(object)) = (manifest.owns(&path.join("/")), data.as_object()) else {
        return Ok(());
    };
    for (key, value) in object.entries() {
        path.push(key.as_str().unwrap_or_default().to_owned());
        let place = path.join("/");
        let below = format!("{place}/");
        let leads_to_root = manifest.roots().iter().any(|root| root.starts_with(&below));
        let passed_through = leads_to_root && value.as_object().is_some();
        if !(passed_through || manifest.owns(&place)) {
            return Err(Error::Manifest(format!(
                "manifest roots [{}] do not permit data at path '/{place}' (hint: check bundle directory structure)",
                manifest.roots().join(" ")
            )));
        }
        check_data(value, path, manifest)?;
        path.pop();
    }
    Ok(())
}

fn text(path: &str, bytes: &[u8]) -> Result<String, Error> {
    String::from_utf8(bytes.to_vec()).map_err(|error| Error::Content {
        path: path.to_owned(),
        message: error.utf8_error().to_string(),
    })
}

fn opaque(path: &str, bytes: &[u8]) -> OpaqueFile {
    OpaqueFile {
        path: path.to_owned(),
        bytes: bytes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use precinct_runtime::json::Encoding;

    use super::*;

    #[test]
    fn data_files_stand_where_their_folders_are() {
        let bundle = Bundle::read(&Files::of(&[
            ("data.json", r#"{"a": 1}"#),
            ("x/y/data.yaml", "b: 2"),
            ("x/other.json", "{}"),
            ("p.rego", "package p"),
        ]))
        .unwrap();
        assert_eq!(
            Encoding::PLAIN.encode(bundle.data.value()),
            r#"{"a":1,"x":{"y":{"b":2}}}"#
        );
        assert_eq!(bundle.modules.len(), 1);
    }

    #[test]
    fn data_outside_the_roots_is_refused() {
        let error = Bundle::read(&Files::of(&[
            (".manifest", r#"{"roots": ["a/b"]}"#),
            ("data.json", r#"{"a": {"b": 1, "c": 2}}"#),
        ]))
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "manifest roots [a/b] do not permit data at path '/a/c' (hint: check bundle directory structure)"
        );
    }

    #[test]
    fn a_delta_holds_nothing_but_its_patch() {
        let patch = r#"{"data": [{"op": "upsert", "path": "/a", "value": 1}]}"#;
        assert!(Bundle::read(&Files::of(&[("patch.json", patch)])).is_ok());
        let error = Bundle::read(&Files::of(&[
            ("patch.json", patch),
            ("p.rego", "package p"),
        ]))
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "delta bundle expected to contain only patch file but policy files found"
        );
    }
}
