//! The `.manifest` of a bundle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::roots::{is_at_or_below, overlap};

/// What a bundle says of itself. See "Bundle File Format" in OPA's documentation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The author's name for this version of the bundle.
    #[serde(default)]
    pub revision: String,
    /// The paths of `data` that the bundle owns (`a/b`); without any it owns everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<Vec<String>>,
    /// Wasm modules and their entry points; kept, not executed.
    #[serde(default, rename = "wasm", skip_serializing_if = "Vec::is_empty")]
    pub wasm: Vec<serde_json::Value>,
    /// The version of the language of all modules: 0 or 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rego_version: Option<i64>,
    /// Versions by file pattern, which take precedence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub file_rego_versions: BTreeMap<String, i64>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

impl Manifest {
    /// Reads a manifest; members that no field takes are passed over.
    ///
    /// # Errors
    /// When the text is not a JSON object of this form, or the roots overlap, or a version is unknown.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut manifest: Self = serde_json::from_slice(bytes).map_err(|error| {
            Error::Manifest(format!("bundle load failed on manifest decode: {error}"))
        })?;
        manifest.normalise()?;
        Ok(manifest)
    }

    /// The owned paths; `[""]` when everything is.
    pub fn roots(&self) -> Vec<&str> {
        match &self.roots {
            Some(roots) => roots.iter().map(String::as_str).collect(),
            None => vec![""],
        }
    }

    /// Whether a path of `data` belongs to the bundle.
    pub fn owns(&self, path: &str) -> bool {
        self.roots().iter().any(|root| is_at_or_below(path, root))
    }

    fn normalise(&mut self) -> Result<(), Error> {
        for root in self.roots.iter_mut().flatten() {
            *root = root.trim_matches('/').to_owned();
        }
        let roots = self.roots();
        for (index, one) in roots.iter().enumerate() {
            for other in &roots[index + 1..] {
                if overlap(one, other) {
                    return Err(Error::Manifest(format!(
                        "manifest has overlapped roots: '{one}' and '{other}'"
                    )));
                }
            }
        }
        let known = |version: i64| (0..=2).contains(&version);
        if let Some(version) = self.rego_version.filter(|version| !known(*version)) {
            return Err(Error::Manifest(format!(
                "manifest has invalid rego version: {version}"
            )));
        }
        match self
            .file_rego_versions
            .iter()
            .find(|(_, version)| !known(**version))
        {
            Some((file, version)) => Err(Error::Manifest(format!(
                "manifest has invalid rego version: {version} for file '{file}'"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn without_roots_a_bundle_owns_everything() {
        let manifest = Manifest::parse(b"{}").unwrap();
        assert!(manifest.owns("a/b") && manifest.owns(""));
    }

    #[test]
    fn roots_own_whole_path_elements() {
        let manifest = Manifest::parse(br#"{"roots": ["/a/b/", "c"]}"#).unwrap();
        for (path, owned) in [
            ("a/b", true),
            ("a/b/c", true),
            ("a/bc", false),
            ("a", false),
            ("c/x", true),
        ] {
            assert_eq!(manifest.owns(path), owned, "{path}");
        }
    }

    #[test]
    fn overlapping_roots_are_refused() {
        for roots in [
            r#"["a", "a/b"]"#,
            r#"["a/b", "a"]"#,
            r#"["", "a"]"#,
            r#"["a", "a"]"#,
        ] {
            let text = format!(r#"{{"roots": {roots}}}"#);
            let error = Manifest::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(
                error.starts_with("manifest has overlapped roots"),
                "{error}"
            );
        }
    }

    #[test]
    fn unknown_versions_are_refused() {
        assert!(Manifest::parse(br#"{"rego_version": 7}"#).is_err());
        assert!(Manifest::parse(br#"{"file_rego_versions": {"a.rego": -1}}"#).is_err());
    }
}
