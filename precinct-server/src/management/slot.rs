//! The place that a bundle of the configuration is put in once it is verified: among those that decide, or beside them.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use precinct_bundle::guard::Admitted;

use super::Management;
use super::bundles::{Failed, Status};
use super::workers::Life;
use crate::configuration::settings::BundleSource;
use crate::state::activation::{self, Candidate};

/// The place of a bundle, for as long as the configuration names it.
#[derive(Clone, Copy)]
pub(super) struct Slot<'s> {
    pub(super) management: &'s Arc<Management>,
    pub(super) name: &'s str,
    pub(super) source: &'s BundleSource,
    pub(super) life: &'s Life,
}

impl Slot<'_> {
    /// Changes the status, unless it is that of a successor by now.
    pub(super) fn note(&self, change: impl FnOnce(&mut Status)) {
        if !self.life.is_over() {
            self.management.change_bundle(self.name, change);
        }
    }

    /// Tells why there is no new version. What is over failed for that reason, which is nobody's concern.
    pub(super) fn report(&self, failed: Failed) {
        if self.life.is_over() {
            return;
        }
        let what = if self.source.shadow {
            "tried out"
        } else {
            "activated"
        };
        let message = format!("Bundle {:?} was not {what}.", self.name);
        self.management.logger.error(&message, failed.message());
        if let Some(app) = self.management.app()
            && !self.source.shadow
        {
            app.registry.reload(false);
        }
        self.note(|status| status.fail(failed));
    }

    /// What was verified takes the place of what was active, or of what was tried out. `archive` are its bytes, if it is one.
    pub(super) fn activate(
        &self,
        admitted: Admitted,
        archive: Option<&[u8]>,
        etag: &str,
    ) -> Result<(), Failed> {
        let is_delta = admitted.bundle.patch.is_some();
        let revision = admitted.bundle.manifest.revision.clone();
        let candidate = Candidate {
            name: self.name.into(),
            bundle: admitted.bundle,
            folder: String::new(),
            etag: etag.to_owned(),
            digest: admitted.digest.to_string(),
            archive: archive.map(Into::into),
            verified_libraries: admitted.verified_libraries,
        };
        let app = self
            .management
            .app()
            .ok_or_else(|| "the server ends".to_owned())?;
        // Who ends this waits until it is done, and removes it then.
        let activating = self.management.activating.read();
        let _activating = activating.unwrap_or_else(PoisonError::into_inner);
        if self.life.is_over() {
            let message = "the configuration asks for another bundle now";
            return Err(message.to_owned().into());
        }
        let started = Instant::now();
        if self.source.shadow {
            app.shadow.try_out(&app, candidate)?;
        } else {
            app.store
                .update(|now| activation::activate(now, &[candidate]))?;
            app.registry.reload(true);
        }
        let ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let size = archive.map_or(0, <[u8]>::len);
        self.note(|status| {
            status.activate(&revision, is_delta, size);
            status.measure(ns);
        });
        Ok(())
    }
}
