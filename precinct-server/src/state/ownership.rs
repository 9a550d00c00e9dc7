//! What bundles own, and nobody else writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::native::carried::{Carried, Refused};

/// A bundle that is active.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveBundle {
    /// The author's name for this version.
    pub revision: String,
    /// The paths that it owns; an empty one is everything.
    pub roots: Vec<String>,
    /// What else its manifest says.
    pub metadata: Map<String, Value>,
    /// The version that the server that it came from names it by; empty for those of a file.
    pub etag: String,
    /// The digest of its bytes, `sha256:…`.
    pub digest: String,
    /// Its bytes, where it came as an archive: decisions are made again with them.
    pub archive: Option<Arc<[u8]>>,
    /// The library that it carries for this machine, or why that is not to be loaded.
    pub library: Option<Result<Arc<Carried>, Refused>>,
}

impl ActiveBundle {
    /// What `data.system.bundles` says of it.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut manifest = json!({"revision": self.revision, "roots": self.roots});
        if !self.metadata.is_empty()
            && let Some(members) = manifest.as_object_mut()
        {
            members.insert("metadata".to_owned(), Value::Object(self.metadata.clone()));
        }
        json!({"etag": self.etag, "manifest": manifest})
    }
}

/// Active bundles by name.
pub type Bundles = BTreeMap<Arc<str>, ActiveBundle>;

/// Whether everybody may write at a path, or why not, in OPA's words.
///
/// # Errors
/// Which bundle owns the path.
pub fn check(bundles: &Bundles, path: &[String]) -> Result<(), String> {
    if bundles.is_empty() {
        return Ok(());
    }
    if path.is_empty() {
        return Err("can't write to document root with bundle roots configured".to_owned());
    }
    for (name, bundle) in bundles {
        for root in &bundle.roots {
            if root.is_empty() {
                return Err(format!("all paths owned by bundle {name:?}"));
            }
            let meets = root.split('/').zip(path).all(|(one, other)| one == other);
            if meets {
                return Err(format!(
                    "path {} is owned by bundle {name:?}",
                    path.join("/")
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn bundles(roots: &[&str]) -> Bundles {
        let bundle = ActiveBundle {
            revision: String::new(),
            roots: roots.iter().map(|root| (*root).to_owned()).collect(),
            metadata: Map::new(),
            etag: String::new(),
            digest: String::new(),
            archive: None,
            library: None,
        };
        Bundles::from([(Arc::from("b"), bundle)])
    }

    #[test]
    fn paths_above_and_below_a_root_are_owned() {
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let owned = bundles(&["a/b"]);
        assert!(check(&owned, &path("a/c")).is_ok());
        assert_eq!(
            check(&owned, &path("a")).unwrap_err(),
            "path a is owned by bundle \"b\""
        );
        assert!(check(&owned, &path("a/b/c")).is_err());
        assert!(check(&owned, &[]).is_err());
        assert_eq!(
            check(&bundles(&[""]), &path("x")).unwrap_err(),
            "all paths owned by bundle \"b\""
        );
        assert!(check(&Bundles::new(), &[]).is_ok());
    }
}
