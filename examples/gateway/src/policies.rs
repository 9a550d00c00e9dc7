//! A folder of policies and its registry, served again when something in it changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use arc_swap::ArcSwap;
use precinct_audit::Bundles;
use precinct_bundle::bundle::REGISTRY;
use precinct_bundle::{Bundle, Limits, directory};
use precinct_gateway::decider::{Decider, Reloadable};
use precinct_gateway::registry::Registry;
use precinct_server::watch;
use tokio::sync::watch::{Receiver, channel};

/// What became of the newest files: their digest, or why they were refused.
pub type Loaded = Result<String, String>;

/// Policies that follow a folder.
pub struct Served {
    policy: Arc<Reloadable>,
    registry: Arc<ArcSwap<Registry>>,
    loaded: Receiver<Loaded>,
}

impl Served {
    /// Serves a folder, and serves it again whenever a file in it changes. What was served is kept beside the records. Files that can't be served change nothing.
    pub fn watched(folder: &Path, records: &Path) -> Result<Self> {
        let policy = Arc::new(Reloadable::keeping(Bundles::beside(records)?));
        let registry = Arc::new(ArcSwap::from_pointee(Registry::default()));
        let digest = activate(folder, &policy, &registry).map_err(|reason| anyhow!(reason))?;
        println!("policies   {} {digest}", folder.display());
        let (told, loaded) = channel(Ok(digest));
        let follow = {
            let (folder, policy, registry) = (
                PathBuf::from(folder),
                Arc::clone(&policy),
                Arc::clone(&registry),
            );
            move || {
                let outcome = activate(&folder, &policy, &registry);
                // Where nobody is served any more, what became of the files is of no interest.
                if told.is_closed() || *told.borrow() == outcome {
                    return;
                }
                match &outcome {
                    Ok(digest) => println!("policies   now {digest}"),
                    Err(reason) => println!("policies   refused, the old ones go on: {reason}"),
                }
                told.send_modify(|loaded| *loaded = outcome);
            }
        };
        watch::watch(&[folder.display().to_string()], follow).map_err(|reason| anyhow!(reason))?;
        Ok(Self {
            policy,
            registry,
            loaded,
        })
    }

    /// Who decides.
    pub fn decider(&self) -> Arc<dyn Decider> {
        Arc::clone(&self.policy) as _
    }

    /// The registry that goes with the policies.
    pub fn registry(&self) -> &Arc<ArcSwap<Registry>> {
        &self.registry
    }

    /// What became of the newest files, and a way to wait for the next.
    pub fn loaded(&self) -> Receiver<Loaded> {
        self.loaded.clone()
    }
}

/// The registry is one of the files, so that the digest of a decision names it too.
fn activate(folder: &Path, policy: &Reloadable, registry: &ArcSwap<Registry>) -> Loaded {
    let files = directory::read(folder, &Limits::default(), |path| {
        path.ends_with("_test.rego") || path.starts_with(".git/")
    })
    .map_err(|error| error.to_string())?;
    if files.get(REGISTRY).is_none() {
        return Err(format!("{} lacks {REGISTRY}", folder.display()));
    }
    let bundle = Bundle::read(&files).map_err(|error| error.to_string())?;
    let read = Registry::of_bundle(&bundle)?;
    let digest = policy.activate(&files, None)?;
    registry.store(Arc::new(read));
    Ok(digest)
}
