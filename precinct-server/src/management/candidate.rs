//! A bundle of a file that is tried out (`run --shadow`).

use std::sync::Arc;

use super::bundles::{Failed, Status};
use super::{Management, locked};
use crate::app::App;
use crate::state::start::{self, Places};

impl Management {
    /// Reads a folder or an archive as the places' bundles are read, and tries it out. What is wrong with it changes nothing
    /// but the log and the status, and what was tried out before goes on.
    pub fn try_out(&self, app: &Arc<App>, path: &str, places: &Places) {
        locked(&self.bundles)
            .entry(path.to_owned())
            .or_insert_with(|| Status::of_path(path));
        let tried = start::candidate(path, places)
            .map_err(Failed::from)
            .and_then(|candidate| {
                let revision = candidate.bundle.manifest.revision.clone();
                let size = candidate.archive.as_ref().map_or(0, |bytes| bytes.len());
                app.shadow.try_out(app, candidate)?;
                Ok((revision, size))
            });
        self.change_bundle(path, |status| match tried {
            Ok((revision, size)) => status.activate(&revision, false, size),
            Err(failed) => {
                let message = format!("Bundle {path:?} was not tried out.");
                self.logger.error(&message, failed.message());
                status.fail(failed);
            }
        });
    }
}
