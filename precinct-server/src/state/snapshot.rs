//! One state of everything that decides.

use std::sync::{Arc, OnceLock};

use precinct_bundle::{Digest, Files, Limits, archive};
use precinct_rego::ast::RegoVersion;
use precinct_runtime::Document;
use precinct_runtime::json::to_string;
use serde_json::json;

use super::ownership::{ActiveBundle, Bundles};
use super::policies::Policies;
use crate::native::Session;

/// Policies, base documents and bundles that belong together. A request holds one from its first to its last step.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The policies.
    pub policies: Arc<Policies>,
    /// The base documents.
    pub data: Arc<Document>,
    /// The bundles.
    pub bundles: Arc<Bundles>,
    /// The library of a bundle, with the documents of this state, once it is loaded.
    pub library: Arc<OnceLock<Arc<Session>>>,
    digest: Arc<OnceLock<String>>,
}

impl Snapshot {
    /// A state of these parts.
    #[must_use]
    pub fn new(policies: Arc<Policies>, data: Arc<Document>, bundles: Arc<Bundles>) -> Self {
        Self {
            policies,
            data,
            bundles,
            library: Arc::default(),
            digest: Arc::default(),
        }
    }

    /// What names this state in records, `sha256:…`: the SHA-256 of [`Snapshot::archive`].
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| match self.only_bundle() {
            Some(bundle) => bundle.digest.clone(),
            None => Digest::of_bytes(&self.archive()).to_string(),
        })
    }

    /// The bundle that this state is, where there is one only, and it came as an archive and owns everything.
    fn only_bundle(&self) -> Option<&ActiveBundle> {
        let mut bundles = self.bundles.values();
        let (first, second) = (bundles.next()?, bundles.next());
        let owns_all = first.roots.iter().any(String::is_empty);
        (second.is_none() && owns_all && first.archive.is_some()).then_some(first)
    }

    /// This state as a bundle: the archive that it came from, or one of all modules and documents, the same bytes for
    /// the same state.
    #[must_use]
    pub fn archive(&self) -> Arc<[u8]> {
        if let Some(archive) = self.only_bundle().and_then(|bundle| bundle.archive.clone()) {
            return archive;
        }
        let mut files = Files::default();
        // What is in memory already is not limited again.
        let limits = Limits {
            file_bytes: u64::MAX,
            total_bytes: u64::MAX,
            files: usize::MAX,
            ratio: u64::MAX,
        };
        let mut versions = serde_json::Map::new();
        for (id, module) in self.policies.texts() {
            let is_named = std::path::Path::new(id)
                .extension()
                .is_some_and(|extension| extension == "rego");
            let path = if is_named {
                id.clone()
            } else {
                format!("{id}.rego")
            };
            let path = path.trim_start_matches('/').to_owned();
            let version = module.version.unwrap_or(self.policies.options().version);
            let is_old = matches!(version, RegoVersion::V0 | RegoVersion::V0CompatV1);
            versions.insert(format!("/{path}"), json!(u8::from(!is_old)));
            let _ = files.add(&path, module.text.as_bytes().to_vec(), &limits);
        }
        let manifest = json!({"revision": "", "roots": [""], "rego_version": 1, "file_rego_versions": versions});
        let _ = files.add(".manifest", manifest.to_string().into_bytes(), &limits);
        let data = to_string(self.data.value()).into_bytes();
        let _ = files.add("data.json", data, &limits);
        // Writing to memory does not fail.
        archive::write(&files).unwrap_or_default().into()
    }
}
