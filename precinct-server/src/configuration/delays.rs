//! What must hold of the numbers that say when and how much is fetched and sent. Messages are OPA's.

use super::settings::{DecisionLogs, Polling};

/// What makes something be fetched or sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Time.
    Periodic,
    /// Time, or as much as fits a request.
    Immediate,
}

impl Trigger {
    /// What a configuration says; time if it is silent.
    ///
    /// # Errors
    /// When it says something else, or that a program that OPA was built into is waited for.
    pub fn read(given: Option<&str>) -> Result<Self, String> {
        match given.unwrap_or_default() {
            "" | "periodic" => Ok(Self::Periodic),
            "immediate" => Ok(Self::Immediate),
            "manual" => Err(
                "trigger mode \"manual\" is for programs that OPA is built into: nothing would ever happen here"
                    .to_owned(),
            ),
            other => Err(format!(
                "invalid trigger mode {other:?} (want \"periodic\", \"manual\" or \"immediate\")"
            )),
        }
    }
}

impl Polling {
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.min_delay_seconds, self.max_delay_seconds) {
            (Some(least), Some(most)) if most < least => {
                return Err("max polling delay must be >= min polling delay".to_owned());
            }
            (Some(_), None) => {
                return Err("polling configuration missing 'max_delay_seconds'".to_owned());
            }
            (None, Some(_)) => {
                return Err("polling configuration missing 'min_delay_seconds'".to_owned());
            }
            _ => {}
        }
        if self.long_polling_timeout_seconds == Some(0) {
            return Err("'long_polling_timeout_seconds' must be at least 1".to_owned());
        }
        Ok(())
    }
}

impl DecisionLogs {
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(plugin) = &self.plugin {
            return Err(format!("invalid plugin name {plugin:?} in decision_logs"));
        }
        let reporting = &self.reporting;
        Trigger::read(reporting.trigger.as_deref())
            .map_err(|error| format!("invalid decision_log config: {error}"))?;
        match (reporting.min_delay_seconds, reporting.max_delay_seconds) {
            (Some(least), Some(most)) if most < least => {
                return Err(
                    "max reporting delay must be >= min reporting delay in decision_logs"
                        .to_owned(),
                );
            }
            (Some(_), None) => {
                return Err(
                    "reporting configuration missing 'max_delay_seconds' in decision_logs"
                        .to_owned(),
                );
            }
            (None, Some(_)) => {
                return Err(
                    "reporting configuration missing 'min_delay_seconds' in decision_logs"
                        .to_owned(),
                );
            }
            _ => {}
        }
        let invalid = |message: &str| Err(format!("invalid decision_log config, {message}"));
        let (bytes, events) = (
            reporting.buffer_size_limit_bytes,
            reporting.buffer_size_limit_events,
        );
        match (reporting.buffer_type.as_deref(), bytes, events) {
            (Some("event"), Some(_), _) => {
                return invalid(
                    "'buffer_size_limit_bytes' isn't supported for the event buffer type",
                );
            }
            (None | Some("" | "size"), _, Some(_)) => {
                return invalid(
                    "'buffer_size_limit_events' isn't supported for the size buffer type",
                );
            }
            (None | Some("" | "size" | "event"), _, _) => {}
            (Some(other), _, _) => {
                return Err(format!(
                    "invalid buffer type {other:?}, expected \"event\" or \"size\""
                ));
            }
        }
        if bytes.is_some() && reporting.max_decisions_per_second.is_some() {
            return invalid(
                "specify either 'buffer_size_limit_bytes' or 'max_decisions_per_second'",
            );
        }
        if bytes.is_some_and(|bytes| bytes <= 0) {
            return invalid("'buffer_size_limit_bytes' must be higher than 0");
        }
        // OPA's name for it.
        if events.is_some_and(|events| events <= 0) {
            return invalid("'buffer_size_limit_entries' must be higher than 0");
        }
        Ok(())
    }
}
