//! A configuration takes the place of the one before: whole, or not at all.

use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};

use super::{DECISION_LOGS, Management, SENDER, STATUS, client, follows, locked, signing};
use crate::configuration::Configuration;
use crate::decision_log::DecisionLog;
use crate::decision_log::upload::Queue;
use crate::log::Level;
use crate::state::activation;

/// A configuration of which everything that can fail is done.
pub(super) struct Prepared {
    configuration: Configuration,
    /// `None` if the one before does.
    logging: Option<Logging>,
}

/// A decision log and its queue.
struct Logging {
    follows: Value,
    log: Option<Arc<DecisionLog>>,
    queue: Option<Arc<Queue>>,
}

impl Management {
    /// Takes up another configuration: what is as it was goes on, what is gone ends, and bundles that are gone decide
    /// nothing any more.
    ///
    /// # Errors
    /// Why the configuration can't be followed, for instance because a bundle needs one that would be gone. Nothing has
    /// changed then.
    pub fn follow(self: &Arc<Self>, configuration: Configuration) -> Result<(), String> {
        let prepared = self.prepare(configuration)?;
        let begun = {
            let activating = self.activating.write();
            let _activating = activating.unwrap_or_else(PoisonError::into_inner);
            self.end_bundles(&prepared.configuration)?;
            self.take_up(prepared);
            self.exchange_workers()
        };
        if let Some(app) = self.app() {
            app.set_settings(self.settings());
        }
        self.begin_workers(&begun);
        Ok(())
    }

    /// Does everything for a configuration that can fail and that nobody sees.
    pub(super) fn prepare(&self, configuration: Configuration) -> Result<Prepared, String> {
        let parts = &configuration.parts;
        for source in parts.bundles.values() {
            if source.file()?.is_none() {
                client(&configuration, source.service.as_deref())?;
            }
            signing::guard(&configuration, source)?;
        }
        if let Some(status) = &parts.status
            && status.service.is_some()
        {
            client(&configuration, status.service.as_deref())?;
        }
        let logging = self.prepare_logs(&configuration)?;
        Ok(Prepared {
            configuration,
            logging,
        })
    }

    /// Takes up a configuration, as far as requests see it.
    pub(super) fn take_up(&self, prepared: Prepared) {
        let Prepared {
            configuration,
            logging,
        } = prepared;
        for option in configuration.unknown_options() {
            let message = format!("unknown configuration option {option:?} encountered");
            self.logger.write(Level::Warn, &message, Map::new());
        }
        if let Some(logging) = logging {
            self.log.store(logging.log);
            // What waits in the old one is sent to where it was to go.
            if let Some(old) = self.queue.swap(logging.queue) {
                old.end();
            }
            *locked(&self.logging) = logging.follows;
        }
        let parts = &configuration.parts;
        for (plugin, is_there) in [
            (DECISION_LOGS, parts.decision_logs.is_some()),
            (STATUS, parts.status.is_some()),
        ] {
            if is_there {
                self.set_state(plugin, "OK");
            } else {
                locked(&self.states).remove(plugin);
            }
        }
        self.configuration.store(Arc::new(configuration));
        self.note_readiness();
    }

    /// The decision log that a configuration asks for, if it is another one than that in force.
    fn prepare_logs(&self, configuration: &Configuration) -> Result<Option<Logging>, String> {
        let parts = &configuration.parts;
        let part = configuration.document().get(SENDER);
        let follows = follows(configuration, part);
        if *locked(&self.logging) == follows {
            return Ok(None);
        }
        let (mut log, mut queue) = (None, None);
        if let Some(logs) = &parts.decision_logs {
            let labels = json!(parts.labels).to_string();
            let is_sent = logs.service.is_some() || (!logs.console && parts.services.len() == 1);
            if is_sent {
                client(configuration, logs.service.as_deref())?;
                queue = Some(Queue::new(logs.reporting.clone()));
            }
            let new = DecisionLog::new(logs, labels, queue.clone(), self.logger)?;
            log = Some(Arc::new(new));
        }
        Ok(Some(Logging {
            follows,
            log,
            queue: queue.map(Arc::new),
        }))
    }

    /// Takes the bundles out of the state that a configuration no longer names, or names for another purpose, and forgets
    /// them. Where others need them, nothing changes.
    fn end_bundles(&self, configuration: &Configuration) -> Result<(), String> {
        let sources = &configuration.parts.bundles;
        let gone: Vec<(String, bool)> = {
            let bundles = locked(&self.bundles);
            let kinds = bundles.iter().filter(|(_, it)| !it.is_of_command_line());
            let kinds = kinds.map(|(name, it)| (name, it.is_shadow()));
            let stays = |name: &String, is_shadow: bool| {
                let source = sources.get(name);
                source.is_some_and(|source| source.shadow == is_shadow)
            };
            let gone = kinds.filter(|&(name, is_shadow)| !stays(name, is_shadow));
            gone.map(|(name, kind)| (name.clone(), kind)).collect()
        };
        if let Some(app) = self.app() {
            let now = app.store.snapshot();
            let active = gone.iter().filter(|(_, is_shadow)| !is_shadow);
            let active: Vec<&str> = active
                .map(|(name, _)| name.as_str())
                .filter(|name| now.bundles.contains_key(*name))
                .collect();
            if !active.is_empty() {
                app.store
                    .update(|now| activation::deactivate(now, &active))
                    .map_err(|error| {
                        let names = active.join(", ");
                        format!("expected nothing to need the bundles that are no longer configured ({names}): change or remove what does first: {error}")
                    })?;
            }
            for (name, _) in gone.iter().filter(|(_, is_shadow)| *is_shadow) {
                app.shadow.forget(&app, name);
            }
        }
        let mut bundles = locked(&self.bundles);
        for (name, _) in &gone {
            bundles.remove(name);
        }
        Ok(())
    }
}
