//! What runs beside the requests: bundles fetched, decisions and status sent.
//!
//! * [`bundles`]: a bundle, asked for again and again
//! * [`discovery`]: a configuration that comes as a bundle
//! * `change`: a configuration takes the place of the one before
//! * `candidate`: a bundle of the command line that is tried out
//! * `files`: a bundle that is a file
//! * `slot`: the place that a verified bundle is put in
//! * [`signing`]: what vouches for a bundle
//! * [`status`]: what the server says of itself
//! * [`workers`]: the threads of all of these

pub mod bundles;
mod candidate;
mod change;
pub mod discovery;
mod files;
mod signing;
mod slot;
pub mod status;
mod workers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use serde_json::{Value, json};

use crate::app::{App, Plugins, Settings};
use crate::configuration::Configuration;
use crate::configuration::settings::DecisionLogs;
use crate::decision::{Event, Recorder};
use crate::decision_log::DecisionLog;
use crate::decision_log::upload::Queue;
use crate::log::Logger;
use crate::services::Client;

use slot::Slot;
use workers::{Life, Workers};

/// The names of plugins in the status.
const DISCOVERY: &str = "discovery";
const BUNDLE: &str = "bundle";
const STATUS: &str = "status";
const DECISION_LOGS: &str = "decision_logs";

/// What runs beside the requests.
pub struct Management {
    /// The settings where the configuration is silent.
    given: Settings,
    configuration: ArcSwap<Configuration>,
    bundles: Mutex<BTreeMap<String, bundles::Status>>,
    states: Mutex<BTreeMap<String, String>>,
    log: ArcSwapOption<DecisionLog>,
    queue: ArcSwapOption<Queue>,
    /// What the decision log and its queue follow.
    logging: Mutex<Value>,
    workers: Workers,
    /// Who activates a bundle reads; who exchanges the workers writes, so that no bundle comes back after its end.
    activating: RwLock<()>,
    app: Mutex<Weak<App>>,
    logger: Logger,
}

/// The worker that sends decisions.
const SENDER: &str = "decision_logs";
/// The worker that reports the status.
const REPORTER: &str = "status";

/// The name of the worker that keeps a bundle up to date.
fn keeper(bundle: &str) -> String {
    format!("bundles.{bundle}")
}

/// The parts of a configuration that a part depends on, that one included.
fn follows(configuration: &Configuration, part: Option<&Value>) -> Value {
    let document = configuration.document();
    let others = ["services", "keys", "labels", "persistence_directory"];
    json!([part, others.map(|name| document.get(name))])
}

/// How often is looked whether everything is ready.
const READINESS: Duration = Duration::from_millis(20);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these guard is whole after each assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The settings of requests that a configuration asks for; everything that it is silent about is as given.
fn settings(configuration: &Configuration, given: &Settings) -> Settings {
    let parts = &configuration.parts;
    let length = |length: Option<i64>, default: usize| {
        length.map_or(default, |length| usize::try_from(length).unwrap_or(default))
    };
    let (mut body, mut compressing) = (given.body, given.compressing);
    let server = &parts.server;
    body.sent = length(server.decoding.max_length, body.sent);
    body.unpacked = length(server.decoding.gzip.max_length, body.unpacked);
    compressing.min_length = length(server.encoding.gzip.min_length, compressing.min_length);
    if let Some(level) = server.encoding.gzip.compression_level {
        compressing.level = level.clamp(1, 9);
    }
    Settings {
        body,
        compressing,
        default_decision: parts.decision(),
        authorization_decision: parts.authorization(),
        keeps_answers: parts.nd_builtin_cache,
        configuration: configuration.shown().to_string(),
        labels: parts.labels.clone(),
        ..given.clone()
    }
}

impl Management {
    /// The management of a configuration; nothing runs yet. Where the configuration is silent about how requests are
    /// answered, that is as given.
    ///
    /// # Errors
    /// When a part of the configuration can't be followed.
    pub fn new(
        configuration: Configuration,
        given: Settings,
        logger: Logger,
    ) -> Result<Arc<Self>, String> {
        let management = Arc::new(Self {
            given,
            configuration: ArcSwap::from_pointee(configuration.clone()),
            bundles: Mutex::default(),
            states: Mutex::default(),
            log: ArcSwapOption::empty(),
            queue: ArcSwapOption::empty(),
            logging: Mutex::default(),
            workers: Workers::default(),
            activating: RwLock::default(),
            app: Mutex::new(Weak::new()),
            logger,
        });
        management.set_state(DISCOVERY, "NOT_READY");
        let prepared = management.prepare(configuration)?;
        management.take_up(prepared);
        Ok(management)
    }

    /// How requests are answered.
    #[must_use]
    pub fn settings(&self) -> Settings {
        settings(&self.configuration.load(), &self.given)
    }

    /// Begins everything that runs beside the requests of a server.
    pub fn begin(self: &Arc<Self>, app: &Arc<App>) {
        *locked(&self.app) = Arc::downgrade(app);
        let begun = self.exchange_workers();
        self.begin_workers(&begun);
        let configuration = self.configuration.load_full();
        match &configuration.parts.discovery {
            Some(discovery) => {
                let management = Arc::clone(self);
                let discovery = discovery.clone();
                thread::spawn(move || discovery::run(&management, &discovery));
            }
            None => self.set_state(DISCOVERY, "OK"),
        }
    }

    /// Whether the configuration comes from a discovery bundle.
    #[must_use]
    pub fn is_discovered(&self) -> bool {
        self.configuration.load().parts.discovery.is_some()
    }

    /// Ends the workers that the configuration does not ask for, and gives the lives of those that are to begin.
    fn exchange_workers(&self) -> BTreeMap<String, Life> {
        let configuration = self.configuration.load_full();
        let document = configuration.document();
        let mut wanted = BTreeMap::new();
        for name in configuration.parts.bundles.keys() {
            let part = document
                .get("bundles")
                .and_then(|bundles| bundles.get(name));
            wanted.insert(keeper(name), follows(&configuration, part));
        }
        if let Some(part) = document.get(REPORTER) {
            wanted.insert(REPORTER.to_owned(), follows(&configuration, Some(part)));
        }
        if self.queue.load().is_some() {
            let part = document.get(SENDER);
            wanted.insert(SENDER.to_owned(), follows(&configuration, part));
        }
        self.workers.exchange(wanted)
    }

    /// Begins the threads of these lives. Their services were tried when the configuration was prepared.
    fn begin_workers(self: &Arc<Self>, begun: &BTreeMap<String, Life>) {
        let configuration = self.configuration.load_full();
        if let Some(life) = begun.get(REPORTER)
            && let Err(error) = self.begin_status(&configuration, life)
        {
            self.logger.error("Status can't be reported.", &error);
        }
        self.begin_bundles(&configuration, begun);
        if begun.contains_key(SENDER)
            && let Err(error) = self.begin_logs(&configuration)
        {
            self.logger.error("Decision logs can't be sent.", &error);
        }
    }

    fn begin_logs(&self, configuration: &Configuration) -> Result<(), String> {
        let (Some(logs), Some(queue)) =
            (&configuration.parts.decision_logs, self.queue.load_full())
        else {
            return Ok(());
        };
        let client = client(configuration, logs.service.as_deref())?;
        let (path, logger) = (log_path(logs), self.logger);
        thread::spawn(move || queue.run(&client, &path, &logger));
        Ok(())
    }

    fn begin_status(
        self: &Arc<Self>,
        configuration: &Configuration,
        life: &Life,
    ) -> Result<(), String> {
        let Some(part) = configuration.parts.status.clone() else {
            return Ok(());
        };
        let client = match &part.service {
            Some(name) => Some(client(configuration, Some(name))?),
            None => None,
        };
        let first = status::document(self);
        let (management, life) = (Arc::downgrade(self), life.clone());
        thread::spawn(move || status::run(&management, &part, client.as_ref(), first, &life));
        Ok(())
    }

    /// Begins with the bundles of these workers, and comes back when those that were kept are active again.
    fn begin_bundles(
        self: &Arc<Self>,
        configuration: &Configuration,
        begun: &BTreeMap<String, Life>,
    ) {
        let (restored, waiting) = mpsc::channel();
        for (name, source) in &configuration.parts.bundles {
            let Some(life) = begun.get(&keeper(name)) else {
                continue;
            };
            let status = if source.shadow {
                bundles::Status::of_candidate(name)
            } else {
                bundles::Status::new(name)
            };
            locked(&self.bundles).entry(name.clone()).or_insert(status);
            let (management, life) = (Arc::clone(self), life.clone());
            let (name, source) = (name.clone(), source.clone());
            let restored = restored.clone();
            thread::spawn(move || {
                let slot = Slot {
                    management: &management,
                    name: &name,
                    source: &source,
                    life: &life,
                };
                bundles::run(&slot, restored);
            });
        }
        drop(restored);
        // Nothing is sent: each thread drops its end when it is done, whatever comes of it.
        let _ = waiting.recv();
        self.note_readiness();
    }

    /// Waits until everything that the configuration names is ready.
    ///
    /// # Errors
    /// What is not ready when the time is over.
    pub fn wait_until_ready(&self, limit: Duration) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let states = locked(&self.states).clone();
            let mut late = states.iter().filter(|(_, state)| *state != "OK");
            let Some((plugin, state)) = late.next() else {
                return Ok(());
            };
            if begun.elapsed() >= limit {
                return Err(format!(
                    "expected all plugins to be ready within {} s, found {plugin} in state {state}",
                    limit.as_secs()
                ));
            }
            thread::sleep(READINESS);
        }
    }

    /// Sends what waits to be sent.
    pub fn end(&self) {
        if let Some(queue) = self.queue.load_full() {
            queue.end();
        }
    }

    fn app(&self) -> Option<Arc<App>> {
        locked(&self.app).upgrade()
    }

    fn set_state(&self, plugin: &str, state: &str) {
        locked(&self.states).insert(plugin.to_owned(), state.to_owned());
    }

    fn change_bundle(&self, name: &str, change: impl FnOnce(&mut bundles::Status)) {
        let mut bundles = locked(&self.bundles);
        if let Some(status) = bundles.get_mut(name) {
            change(status);
        }
        drop(bundles);
        self.note_readiness();
    }

    /// Notes whether all bundles that the configuration waits for were active.
    fn note_readiness(&self) {
        // Held to the end, so that what is noted last is what was seen last.
        let bundles = locked(&self.bundles);
        let configuration = self.configuration.load();
        let mut states = locked(&self.states);
        if awaited(&configuration).next().is_none() {
            states.remove(BUNDLE);
        } else {
            let are_ready = missing(&configuration, &bundles).next().is_none();
            let state = if are_ready { "OK" } else { "NOT_READY" };
            states.insert(BUNDLE.to_owned(), state.to_owned());
        }
    }

    /// The bundles that the configuration waits for and that were not active yet.
    fn missing_bundles(&self) -> Vec<String> {
        let bundles = locked(&self.bundles);
        let configuration = self.configuration.load();
        missing(&configuration, &bundles).cloned().collect()
    }
}

/// The bundles that a server waits for. Nobody waits for candidates.
fn awaited(configuration: &Configuration) -> impl Iterator<Item = &String> {
    let sources = configuration.parts.bundles.iter();
    sources
        .filter(|(_, source)| !source.shadow)
        .map(|(name, _)| name)
}

/// Those of them that were not active yet.
fn missing<'c>(
    configuration: &'c Configuration,
    bundles: &BTreeMap<String, bundles::Status>,
) -> impl Iterator<Item = &'c String> {
    awaited(configuration).filter(|name| {
        let status = bundles.get(*name);
        !status.is_some_and(|status| !status.is_shadow() && status.was_active())
    })
}

/// A client for the service of a name; for the only one if there is one only.
fn client(configuration: &Configuration, name: Option<&str>) -> Result<Client, String> {
    let services = &configuration.parts.services;
    let found = match name {
        Some(name) => services.get(name),
        None => services.values().next().filter(|_| services.len() == 1),
    };
    let service =
        found.ok_or_else(|| format!("service name {:?} not found", name.unwrap_or_default()))?;
    Client::new(service.clone(), &configuration.parts.keys)
}

/// Where decisions are sent.
fn log_path(logs: &DecisionLogs) -> String {
    match (&logs.resource, &logs.partition_name) {
        (_, Some(partition)) if !partition.is_empty() => format!("/logs/{partition}"),
        (Some(resource), _) => resource.clone(),
        _ => "/logs".to_owned(),
    }
}

impl Plugins for Management {
    fn states(&self) -> BTreeMap<String, String> {
        locked(&self.states).clone()
    }

    fn bundles_ready(&self) -> Result<(), String> {
        let states = self.states();
        let is_ready = |name: &str| states.get(name).is_none_or(|state| state == "OK");
        if is_ready(BUNDLE) && is_ready(DISCOVERY) {
            return Ok(());
        }
        let missing = self.missing_bundles().join(", ");
        let names = if missing.is_empty() { "" } else { ": " };
        Err(format!(
            "one or more bundles are not activated{names}{missing}"
        ))
    }

    fn status(&self) -> Option<String> {
        let configuration = self.configuration.load();
        let has_status = configuration.parts.status.is_some();
        has_status.then(|| status::document(self))
    }
}

impl Recorder for Management {
    fn next_id(&self) -> Option<String> {
        self.log.load().as_ref()?.next_id()
    }

    fn record(&self, event: &Event<'_>) -> Result<(), String> {
        let log = self.log.load();
        let Some(log) = log.as_ref() else {
            return Ok(());
        };
        let is_asked_for = self.configuration.load().parts.nd_builtin_cache;
        log.record(&Event {
            answers: event.answers.filter(|_| is_asked_for),
            ..*event
        })
    }
}
