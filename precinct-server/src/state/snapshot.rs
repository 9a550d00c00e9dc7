//! One state of everything that decides.

use std::sync::{Arc, OnceLock};

use precinct_bundle::{Digest, Files, Limits};
use precinct_runtime::Document;
use precinct_runtime::json::to_string;

use super::ownership::Bundles;
use super::policies::Policies;

/// Policies, base documents and bundles that belong together. A request holds one from its first to its last step.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The policies.
    pub policies: Arc<Policies>,
    /// The base documents.
    pub data: Arc<Document>,
    /// The bundles.
    pub bundles: Arc<Bundles>,
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
            digest: Arc::default(),
        }
    }

    /// What names this state in records, `sha256:…`: the digest of the only bundle where one bundle owns everything,
    /// else that of the set of all modules and documents.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut bundles = self.bundles.values();
            if let (Some(bundle), None) = (bundles.next(), bundles.next())
                && bundle.roots.iter().any(String::is_empty)
                && !bundle.digest.is_empty()
            {
                return bundle.digest.clone();
            }
            let mut files = Files::default();
            // Modules and data were loaded under these limits, or larger ones.
            let limits = Limits::default();
            for (id, module) in self.policies.texts() {
                let _ = files.add(id, module.text.as_bytes().to_vec(), &limits);
            }
            let data = to_string(self.data.value()).into_bytes();
            let _ = files.add("data.json", data, &limits);
            Digest::of_files(&files).to_string()
        })
    }
}
