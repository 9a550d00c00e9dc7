//! Policies that are interpreted, and replaced as a whole while they serve.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use precinct_audit::Bundles;
use precinct_bundle::bundle::REGISTRY;
use precinct_bundle::load::Loaded;
use precinct_bundle::{Bundle, Digest, Files, Limits, archive};
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_runtime::json::Decoder;
use precinct_runtime::{Arena, Document};

use super::{Decided, Decider, prepared, told};
use crate::registry::Registry;

/// A policy that is interpreted, and replaced as a whole.
#[derive(Default)]
pub struct Reloadable {
    active: ArcSwapOption<Active>,
    kept: Option<Bundles>,
}

struct Active {
    policy: Policy,
    data: Arc<Document>,
    digest: String,
}

impl Reloadable {
    /// Without a policy: everything is denied until one is activated.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with each policy kept beside the records of its decisions before it answers, so that these can be made
    /// again.
    pub fn keeping(bundles: Bundles) -> Self {
        Self {
            active: ArcSwapOption::empty(),
            kept: Some(bundles),
        }
    }

    /// Compiles the files of a bundle, with `capabilities` as `data.capabilities` if the registry is none of them, and serves them from the next request
    /// on; requests in flight finish on the policy that they began with. Returns the digest of the archive of these files, which decisions are recorded with.
    ///
    /// # Errors
    /// What is wrong with the files. The policy that was active goes on.
    pub fn activate(
        &self,
        files: &Files,
        capabilities: Option<&serde_json::Value>,
    ) -> Result<String, String> {
        let mut files = files.clone();
        if let Some(capabilities) = capabilities {
            let text = serde_json::json!({"capabilities": capabilities}).to_string();
            files
                .add(REGISTRY, text.into_bytes(), &Limits::default())
                .map_err(|error| error.to_string())?;
        }
        let bundle = Bundle::read(&files).map_err(|error| error.to_string())?;
        if capabilities.is_some() && bundle.registry().is_none() {
            return Err("the roots of the bundle leave no place for data.capabilities".to_owned());
        }
        Registry::of_bundle(&bundle)?;
        let loaded = precinct_bundle::load::join(vec![(String::new(), bundle)])
            .map_err(|error| error.to_string())?;
        let archive = archive::write(&files).map_err(|error| error.to_string())?;
        let digest = Digest::of_bytes(&archive).to_string();
        let active = compiled(loaded, digest.clone())?;
        if let Some(bundles) = &self.kept {
            bundles.keep(&archive).map_err(|error| error.to_string())?;
        }
        self.active.store(Some(Arc::new(active)));
        Ok(digest)
    }
}

fn compiled(loaded: Loaded, digest: String) -> Result<Active, String> {
    let texts = loaded
        .modules
        .into_iter()
        .map(|module| Text {
            name: module.name,
            text: module.text,
            version: match module.version {
                Some(0) => Some(RegoVersion::V0),
                Some(1) => Some(RegoVersion::V1),
                _ => None,
            },
        })
        .collect();
    let policy =
        Policy::compile(texts, PolicyOptions::default()).map_err(|failure| failure.to_string())?;
    Ok(Active {
        policy,
        data: loaded.data,
        digest,
    })
}

impl Decider for Reloadable {
    fn decide(&self, path: &str, input: &[u8]) -> Result<Decided, String> {
        let active = self.active.load_full().ok_or("no policy is active")?;
        let arena = Arena::new();
        let input = Decoder::new(&arena)
            .decode(input)
            .map_err(|error| error.to_string())?;
        let mut context = prepared(active.policy.context(&arena), input, &active.data);
        let answer = active.policy.document(path, &mut context);
        Ok(told(answer, &context, &active.digest))
    }
}
