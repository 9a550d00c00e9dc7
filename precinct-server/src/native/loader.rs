//! States, one after the other, get the session of their library.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use precinct_bundle::Digest;
use precinct_runtime::Document;
use precinct_runtime::json::to_string;
use serde_json::json;

use super::Session;
use super::carried::{Carried, Refused};
use super::library::Library;
use crate::app::App;
use crate::state::Snapshot;

/// What became of the library of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loading {
    /// It answers.
    Loaded,
    /// The interpreter answers, because the state has other modules than the bundle, or because they print.
    Idle,
    /// It is not loaded.
    Refused(Refused),
}

impl Loading {
    /// Its name in metrics and status.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Idle => "idle",
            Self::Refused(_) => "refused",
        }
    }

    /// What the status says of it.
    #[must_use]
    pub fn document(&self) -> serde_json::Value {
        let mut document = json!({"state": self.name()});
        if let Self::Refused(refused) = self {
            document["message"] = json!(refused.to_string());
        }
        document
    }
}

/// What became of the libraries of bundles.
#[derive(Debug, Default)]
pub struct Reports(Mutex<BTreeMap<Arc<str>, (String, Loading)>>);

impl Reports {
    /// What became of the library of the bundle of this name and digest, once that is known.
    #[must_use]
    pub fn of(&self, name: &str, digest: &str) -> Option<Loading> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (reported, loading) = reports.get(name)?;
        (reported == digest).then(|| loading.clone())
    }

    /// Takes note of it; whether that is news.
    fn note(&self, name: &Arc<str>, digest: &str, loading: &Loading) -> bool {
        let report = (digest.to_owned(), loading.clone());
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.insert(Arc::clone(name), report.clone()) != Some(report)
    }
}

/// Makes the sessions of states, on a thread of its own.
pub struct Loader {
    /// The libraries in memory, and those that are there but are not what their bundles say. They stay forever, so one that
    /// comes again must not be there twice.
    libraries: BTreeMap<Digest, Result<&'static Library, Refused>>,
    /// The newest session, for states that differ in their bundles only.
    newest: Option<(Digest, Weak<Document>, Weak<Session>)>,
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader").finish_non_exhaustive()
    }
}

impl Loader {
    /// Begins to look after the states of a server, the newest first.
    pub fn begin(app: &Arc<App>) {
        let (sender, receiver) = mpsc::channel();
        let loader = Self {
            libraries: BTreeMap::new(),
            newest: None,
        };
        let weak = Arc::downgrade(app);
        thread::spawn(move || loader.run(&weak, &receiver));
        app.store.after_each(move |state| {
            let mut bundles = state.bundles.values();
            if bundles.any(|bundle| bundle.library.is_some()) {
                // The other end is there as long as the server is.
                let _ = sender.send(Arc::clone(state));
            }
        });
    }

    fn run(mut self, app: &Weak<App>, states: &Receiver<Arc<Snapshot>>) {
        while let Ok(mut state) = states.recv() {
            // Those in between answer nothing any more.
            while let Ok(newer) = states.try_recv() {
                state = newer;
            }
            let Some(app) = app.upgrade() else { return };
            for (name, bundle) in state.bundles.iter() {
                let loading = match &bundle.library {
                    None => continue,
                    Some(Err(refused)) => Loading::Refused(refused.clone()),
                    Some(Ok(carried)) => self.prepare(&app, &state, carried),
                };
                report(&app, name, &bundle.digest, &loading);
            }
        }
    }

    /// Gives the state its session.
    fn prepare(&mut self, app: &App, state: &Snapshot, carried: &Carried) -> Loading {
        if !state.policies.are_texts_of(&carried.handshake.sources) {
            return Loading::Idle;
        }
        match self.session(app, state, carried) {
            Ok(session) => {
                // Nobody else gives sessions to states.
                let _ = state.library.set(session);
                Loading::Loaded
            }
            Err(refused) => Loading::Refused(refused),
        }
    }

    fn session(
        &mut self,
        app: &App,
        state: &Snapshot,
        carried: &Carried,
    ) -> Result<Arc<Session>, Refused> {
        if let Some((digest, data, session)) = &self.newest
            && *digest == carried.digest
            && data.as_ptr() == Arc::as_ptr(&state.data)
            && let Some(session) = session.upgrade()
        {
            return Ok(session);
        }
        let library = match self.libraries.get(&carried.digest) {
            Some(library) => library.clone()?,
            None => {
                let library = Library::load(carried);
                // What could not be loaded is not there; it may be another time.
                if !matches!(library, Err(Refused::Unloadable(_))) {
                    self.libraries.insert(carried.digest, library.clone());
                }
                library?
            }
        };
        let data = to_string(state.data.value());
        let session = library.session(&data, &to_string(app.runtime.value()))?;
        let session = Arc::new(session);
        let (data, weak) = (Arc::downgrade(&state.data), Arc::downgrade(&session));
        self.newest = Some((carried.digest, data, weak));
        Ok(session)
    }
}

fn report(app: &App, name: &Arc<str>, digest: &str, loading: &Loading) {
    if !app.libraries.note(name, digest, loading) {
        return;
    }
    app.registry.library(loading);
    if let Loading::Refused(refused) = loading {
        let message = format!(
            "The library of bundle {name:?} is not loaded; its policies are answered without it."
        );
        app.logger.error(&message, &refused.to_string());
    }
}
