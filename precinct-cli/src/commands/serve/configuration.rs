//! What configures a server: a file, the flags that change it, and the file when it changes.

use std::sync::{Arc, Mutex, PoisonError};

use precinct_bundle::load;
use precinct_server::configuration::{Configuration, ConfigurationError, Given};
use precinct_server::log::{Level, Logger};
use precinct_server::management::Management;
use serde_json::{Map, Value};

use super::ServeArgs;

/// Where the configuration is written.
pub(super) struct Sources {
    file: Option<String>,
    set: Vec<String>,
    set_files: Vec<String>,
}

impl Sources {
    pub(super) fn of(args: &ServeArgs) -> Self {
        Self {
            file: args.config_file.clone(),
            set: args.set.clone(),
            set_files: args.set_file.clone(),
        }
    }

    /// Reads all of them, for the server of an identifier.
    pub(super) fn read(&self, id: String) -> Result<Configuration, String> {
        let text = match &self.file {
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
                format!(
                    "error: config error: {}",
                    load::system("open", path, &error)
                )
            })?),
            None => None,
        };
        let given = Given {
            text,
            set: self.set.clone(),
            set_files: self.set_files.clone(),
        };
        Configuration::read_for(&given, id).map_err(|error| match error {
            ConfigurationError::Limit(_) => error.to_string(),
            error => format!("error: {error}"),
        })
    }
}

/// The configuration file of a server that runs.
pub(super) struct Changes {
    management: Arc<Management>,
    sources: Sources,
    id: String,
    /// What is in force.
    seen: Mutex<Map<String, Value>>,
    logger: Logger,
}

impl Changes {
    /// Changes from what is in force now, on the server of an identifier.
    pub(super) fn new(
        management: &Arc<Management>,
        sources: Sources,
        id: String,
        seen: Map<String, Value>,
        logger: Logger,
    ) -> Self {
        Self {
            management: Arc::clone(management),
            sources,
            id,
            seen: Mutex::new(seen),
            logger,
        }
    }

    /// Takes up what is written now; what is wrong with it changes nothing but the log.
    pub(super) fn take_up(&self) {
        if self.management.is_discovered() {
            let message = "Changes of the configuration file are not taken up, because discovery is configured.";
            self.logger.write(Level::Warn, message, Map::new());
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let followed = self.sources.read(self.id.clone()).and_then(|next| {
            let document = next.document().clone();
            if *seen == document {
                return Ok(());
            }
            self.management.follow(next)?;
            *seen = document;
            self.logger.write(
                Level::Info,
                "Took up the changed configuration.",
                Map::new(),
            );
            Ok(())
        });
        if let Err(message) = followed {
            self.logger
                .error("Failed to reload the configuration.", &message);
        }
    }
}
