//! What all requests share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use precinct_runtime::Document;
use precinct_runtime::compiled::Compiled;

use crate::activations::ActivationRecord;
use crate::decision::Recorder;
use crate::http::body::BodyLimits;
use crate::http::compression::Compressing;
use crate::log::Logger;
use crate::monitoring::Registry;
use crate::native::loader::Reports;
use crate::serve::pace::Pace;
use crate::shadow::Shadow;
use crate::state::Store;

/// How a server answers.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// How much of a body is read.
    pub body: BodyLimits,
    /// Which answers are compressed.
    pub compressing: Compressing,
    /// The decision that `POST /` asks for (`a/b`).
    pub default_decision: String,
    /// The decision that says whether a request to the API is allowed (`a/b`).
    pub authorization_decision: String,
    /// Requests to the API are put to a policy.
    pub authorizes: bool,
    /// The token of a request is given to that policy.
    pub reads_tokens: bool,
    /// The client certificate of a connection is given to that policy.
    pub reads_certificates: bool,
    /// Answers of nondeterministic builtins are kept for the decision log.
    pub keeps_answers: bool,
    /// They are kept for precinct's own records: without them, decisions can't be made again.
    pub is_recorded: bool,
    /// How long an evaluation may take.
    pub evaluation_limit: Option<Duration>,
    /// The configuration that `GET /v1/config` shows, as JSON text.
    pub configuration: String,
    /// What names this server in records and status.
    pub labels: BTreeMap<String, String>,
}

impl Settings {
    /// Whether anybody wants answers of nondeterministic builtins.
    #[must_use]
    pub const fn wants_answers(&self) -> bool {
        self.keeps_answers || self.is_recorded
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body: BodyLimits::default(),
            compressing: Compressing::default(),
            default_decision: "system/main".to_owned(),
            authorization_decision: "system/authz/allow".to_owned(),
            authorizes: false,
            reads_tokens: false,
            reads_certificates: false,
            keeps_answers: false,
            is_recorded: false,
            evaluation_limit: None,
            configuration: "{}".to_owned(),
            labels: BTreeMap::new(),
        }
    }
}

/// What all requests share.
pub struct App {
    /// The policies, documents and bundles.
    pub store: Store,
    settings: ArcSwap<Settings>,
    /// What `opa.runtime()` gives.
    pub runtime: Document,
    /// Policies that are part of this program: while they are those of the state, they answer.
    pub compiled: Option<&'static dyn Compiled>,
    /// Where lines of the log go.
    pub logger: Logger,
    /// Numbers for `/metrics`.
    pub registry: Registry,
    /// Candidates that are asked what the active state was asked.
    pub shadow: Shadow,
    /// What became of the libraries of bundles.
    pub libraries: Reports,
    /// Which bundles were active, where that is on record.
    pub activations: Option<Arc<ActivationRecord>>,
    /// Who is told of decisions.
    pub recorder: Arc<dyn Recorder>,
    /// What plugins say of themselves.
    pub plugins: Arc<dyn Plugins>,
    /// Which requests take long.
    pub pace: Pace,
    requests: AtomicU64,
    was_ready: AtomicBool,
}

/// What runs beside the requests, as the API shows it.
pub trait Plugins: Send + Sync {
    /// The state of each plugin: `OK`, `NOT_READY` or `ERROR`.
    fn states(&self) -> BTreeMap<String, String>;
    /// Whether all configured bundles have been active at least once.
    fn bundles_ready(&self) -> Result<(), String>;
    /// The status document as JSON text; `None` without the status plugin.
    fn status(&self) -> Option<String>;
}

/// A server without plugins.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPlugins;

impl Plugins for NoPlugins {
    fn states(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn bundles_ready(&self) -> Result<(), String> {
        Ok(())
    }

    fn status(&self) -> Option<String> {
        None
    }
}

impl App {
    /// A server's shared parts, with nothing beside it.
    #[must_use]
    pub fn new(store: Store, settings: Settings, logger: Logger) -> Self {
        Self {
            store,
            settings: ArcSwap::from_pointee(settings),
            runtime: Document::empty(),
            compiled: None,
            logger,
            registry: Registry::default(),
            shadow: Shadow::default(),
            libraries: Reports::default(),
            activations: None,
            recorder: Arc::new(crate::decision::NoRecorder),
            plugins: Arc::new(NoPlugins),
            pace: Pace::default(),
            requests: AtomicU64::new(0),
            was_ready: AtomicBool::new(false),
        }
    }

    /// How requests are answered.
    pub fn settings(&self) -> Guard<Arc<Settings>> {
        self.settings.load()
    }

    /// From now on, requests are answered in another way.
    pub fn set_settings(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
    }

    /// Whether all plugins have been ready at once at least one time, given whether they are now.
    pub fn were_ready(&self, are_now: bool) -> bool {
        self.was_ready.fetch_or(are_now, Ordering::Relaxed) || are_now
    }

    /// The number of the next request, from 1.
    pub fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }
}
