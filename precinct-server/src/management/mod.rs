//! What runs beside the requests: bundles fetched, decisions and status sent.
//!
//! * [`bundles`]: a bundle, asked for again and again
//! * [`discovery`]: a configuration that comes as a bundle
//! * `candidate`: a bundle of a file that is tried out
//! * [`signing`]: what vouches for a bundle
//! * [`status`]: what the server says of itself

pub mod bundles;
mod candidate;
pub mod discovery;
mod signing;
pub mod status;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use serde_json::{Map, json};

use crate::app::{App, Plugins, Settings};
use crate::configuration::Configuration;
use crate::configuration::settings::DecisionLogs;
use crate::decision::{Event, Recorder};
use crate::decision_log::DecisionLog;
use crate::decision_log::upload::Queue;
use crate::log::{Level, Logger};
use crate::services::Client;

/// The names of plugins in the status.
const DISCOVERY: &str = "discovery";
const BUNDLE: &str = "bundle";
const STATUS: &str = "status";
const DECISION_LOGS: &str = "decision_logs";

/// What runs beside the requests.
pub struct Management {
    configuration: ArcSwap<Configuration>,
    bundles: Mutex<BTreeMap<String, bundles::Status>>,
    states: Mutex<BTreeMap<String, String>>,
    log: ArcSwapOption<DecisionLog>,
    queue: ArcSwapOption<Queue>,
    app: Mutex<Weak<App>>,
    logger: Logger,
}

/// How often is looked whether everything is ready.
const READINESS: Duration = Duration::from_millis(20);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these guard is whole after each assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The settings of requests that a configuration asks for; everything that it is silent about stays.
#[must_use]
pub fn settings(configuration: &Configuration, given: &Settings) -> Settings {
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
    /// The management of a configuration; nothing runs yet.
    ///
    /// # Errors
    /// When a part of the configuration can't be followed.
    pub fn new(configuration: Configuration, logger: Logger) -> Result<Arc<Self>, String> {
        let management = Arc::new(Self {
            configuration: ArcSwap::from_pointee(configuration),
            bundles: Mutex::default(),
            states: Mutex::default(),
            log: ArcSwapOption::empty(),
            queue: ArcSwapOption::empty(),
            app: Mutex::new(Weak::new()),
            logger,
        });
        management.set_state(DISCOVERY, "NOT_READY");
        management.prepare()?;
        Ok(management)
    }

    /// Takes up the parts of the configuration that requests need.
    fn prepare(&self) -> Result<(), String> {
        let configuration = self.configuration.load();
        for option in configuration.unknown_options() {
            let message = format!("unknown configuration option {option:?} encountered");
            self.logger.write(Level::Warn, &message, Map::new());
        }
        let parts = &configuration.parts;
        if let Some(logs) = &parts.decision_logs
            && self.log.load().is_none()
        {
            let labels = json!(parts.labels).to_string();
            let is_sent = logs.service.is_some() || (!logs.console && parts.services.len() == 1);
            let queue = is_sent.then(|| Queue::new(logs.reporting.clone()));
            let log = DecisionLog::new(logs, labels, queue.clone(), self.logger)?;
            self.log.store(Some(Arc::new(log)));
            self.queue.store(queue.map(Arc::new));
            self.set_state(DECISION_LOGS, "OK");
        }
        if parts.bundles.values().any(|bundle| !bundle.shadow) {
            self.set_state(BUNDLE, "NOT_READY");
        }
        if parts.status.is_some() {
            self.set_state(STATUS, "OK");
        }
        Ok(())
    }

    /// Begins everything that runs beside the requests of a server.
    ///
    /// # Errors
    /// When a service can't be used.
    pub fn begin(self: &Arc<Self>, app: &Arc<App>) -> Result<(), String> {
        *locked(&self.app) = Arc::downgrade(app);
        self.begin_status()?;
        let configuration = self.configuration.load_full();
        match &configuration.parts.discovery {
            Some(discovery) => {
                let management = Arc::clone(self);
                let discovery = discovery.clone();
                thread::spawn(move || discovery::run(&management, &discovery));
            }
            None => self.set_state(DISCOVERY, "OK"),
        }
        self.begin_bundles();
        self.begin_logs()
    }

    fn begin_logs(self: &Arc<Self>) -> Result<(), String> {
        let configuration = self.configuration.load_full();
        let (Some(logs), Some(queue)) = (
            configuration.parts.decision_logs.clone(),
            self.queue.load_full(),
        ) else {
            return Ok(());
        };
        let client = self.client(logs.service.as_deref())?;
        let (path, logger) = (log_path(&logs), self.logger);
        thread::spawn(move || queue.run(&client, &path, &logger));
        Ok(())
    }

    fn begin_status(self: &Arc<Self>) -> Result<(), String> {
        let configuration = self.configuration.load_full();
        let Some(part) = configuration.parts.status.clone() else {
            return Ok(());
        };
        let client = match &part.service {
            Some(name) => Some(self.client(Some(name))?),
            None => None,
        };
        let first = status::document(self);
        let management = Arc::downgrade(self);
        thread::spawn(move || status::run(&management, &part, client.as_ref(), first));
        Ok(())
    }

    /// Begins with all bundles that are not there yet, and comes back when those that were kept are active again.
    fn begin_bundles(self: &Arc<Self>) {
        let configuration = self.configuration.load_full();
        let (restored, waiting) = mpsc::channel();
        for (name, source) in &configuration.parts.bundles {
            if locked(&self.bundles).contains_key(name) {
                continue;
            }
            let status = if source.shadow {
                bundles::Status::of_candidate(name)
            } else {
                bundles::Status::new(name)
            };
            locked(&self.bundles).insert(name.clone(), status);
            let management = Arc::clone(self);
            let (name, source) = (name.clone(), source.clone());
            let restored = restored.clone();
            thread::spawn(move || bundles::run(&management, &name, &source, restored));
        }
        drop(restored);
        // Nothing is sent: each thread drops its end when it is done, whatever comes of it.
        let _ = waiting.recv();
    }

    /// Takes up a configuration that came with a discovery bundle.
    fn follow(self: &Arc<Self>, configuration: Configuration) -> Result<(), String> {
        self.configuration.store(Arc::new(configuration));
        self.prepare()?;
        if let Some(app) = self.app() {
            let configuration = self.configuration.load();
            app.set_settings(settings(&configuration, &app.settings()));
        }
        self.begin_bundles();
        self.begin_logs()
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

    /// A client for the service of a name; for the only one if there is one only.
    fn client(&self, name: Option<&str>) -> Result<Client, String> {
        let configuration = self.configuration.load();
        let services = &configuration.parts.services;
        let found = match name {
            Some(name) => services.get(name),
            None => services.values().next().filter(|_| services.len() == 1),
        };
        let service = found
            .ok_or_else(|| format!("service name {:?} not found", name.unwrap_or_default()))?;
        Client::new(service.clone(), &configuration.parts.keys)
    }

    fn set_state(&self, plugin: &str, state: &str) {
        locked(&self.states).insert(plugin.to_owned(), state.to_owned());
    }

    fn change_bundle(&self, name: &str, change: impl FnOnce(&mut bundles::Status)) {
        let mut bundles = locked(&self.bundles);
        if let Some(status) = bundles.get_mut(name) {
            change(status);
        }
        // Nobody waits for candidates.
        let mut awaited = bundles.values().filter(|status| !status.is_shadow());
        let all_active =
            awaited.clone().next().is_some() && awaited.all(bundles::Status::was_active);
        drop(bundles);
        if all_active {
            self.set_state(BUNDLE, "OK");
        }
    }
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
        let states = locked(&self.states);
        let is_ready = |name: &str| states.get(name).is_none_or(|state| state == "OK");
        if is_ready(BUNDLE) && is_ready(DISCOVERY) {
            Ok(())
        } else {
            Err("one or more bundles are not activated".to_owned())
        }
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
