//! No way back: what was active is on record, and nothing older takes its place, not even after a restart.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use precinct_bundle::revision::{Activation, Activations};

use crate::state::Snapshot;

/// The record of a server's bundles. Each is known by its name in the configuration, or by the path that it was given by;
/// a bundle that the configuration comes with, by its name behind `discovery:`.
#[derive(Debug)]
pub struct ActivationRecord(Mutex<Activations>);

impl ActivationRecord {
    /// Goes on with the record in a file, or begins it.
    ///
    /// # Errors
    /// When the file is there and is no record.
    pub fn open(path: &Path) -> Result<Self, String> {
        let record = Activations::open(path).map_err(|error| error.to_string())?;
        Ok(Self(Mutex::new(record)))
    }

    /// Notes the bundles of a state that is about to answer.
    ///
    /// # Errors
    /// When one of them is older than what was active under its name, or has the same revision and other content.
    pub fn note(&self, next: &Snapshot) -> Result<(), String> {
        let active = next.bundles.iter().map(|(name, bundle)| {
            let activation = Activation {
                revision: bundle.revision.clone(),
                digest: bundle.digest.clone(),
            };
            (name.to_string(), activation)
        });
        self.note_all(active)
    }

    /// Notes a bundle that gave a configuration which is about to be followed.
    ///
    /// # Errors
    /// As [`ActivationRecord::note`].
    pub fn note_discovery(&self, name: &str, activation: Activation) -> Result<(), String> {
        self.note_all([(format!("discovery:{name}"), activation)])
    }

    fn note_all(
        &self,
        active: impl IntoIterator<Item = (String, Activation)>,
    ) -> Result<(), String> {
        // A record changes in one step, so it is whole even after a panic.
        let mut record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record.note_all(active).map_err(|error| error.to_string())
    }
}
