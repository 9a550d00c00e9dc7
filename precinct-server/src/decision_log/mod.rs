//! OPA's decision log: an event for each decision, to the console or to a service.
//!
//! * [`event`]: the event as JSON
//! * [`mask`]: what a policy leaves out of it
//! * [`upload`]: events sent to a service in compressed chunks

pub mod event;
pub mod mask;
pub mod upload;

use std::io::Write as _;

use jiff::Timestamp;
use precinct_runtime::{Arena, Value};
use serde_json::Map;

use crate::configuration::settings::DecisionLogs;
use crate::decision::{Event, Recorder};
use crate::evaluation::ask::{self, World};
use crate::evaluation::scratch::with_arena;
use crate::http::path;
use crate::http::text::ObjectText;
use crate::log::{Level, Logger};
use mask::Masks;

/// The decision that says what is left out of events, unless the configuration names another.
const MASK: &str = "system/log/mask";
/// The decision that says which events are left out.
const DROP: &str = "system/log/drop";

/// The decision log.
#[derive(Debug)]
pub struct DecisionLog {
    labels: String,
    mask: Vec<String>,
    drop: Vec<String>,
    headers: Vec<String>,
    console: bool,
    upload: Option<upload::Queue>,
    logger: Logger,
}

impl DecisionLog {
    /// The log that a configuration asks for. `labels` name this server, as a JSON object.
    ///
    /// # Errors
    /// When a decision's path can't be one.
    pub fn new(
        parts: &DecisionLogs,
        labels: String,
        upload: Option<upload::Queue>,
        logger: Logger,
    ) -> Result<Self, String> {
        let keys = |given: Option<&String>, default: &str| {
            path::document(given.map_or(default, String::as_str))
        };
        Ok(Self {
            labels,
            mask: keys(parts.mask_decision.as_ref(), MASK)?,
            drop: keys(parts.drop_decision.as_ref(), DROP)?,
            headers: parts.request_context.http.headers.clone(),
            console: parts.console,
            upload,
            logger,
        })
    }

    fn failed(&self, message: &str) {
        let mut members = Map::new();
        members.insert("plugin".to_owned(), "decision_logs".into());
        self.logger.write(Level::Error, message, members);
    }

    /// The event as it is logged; `None` if it is not.
    fn masked(&self, event: &Event<'_>, arena: &Arena) -> Option<String> {
        let whole = event::text(event, &self.labels, &self.headers);
        let policies = &event.snapshot.policies;
        let has_rules = |keys: &[String]| {
            policies
                .policy()
                .function_at(keys)
                .is_some_and(|(_, at)| at > 0)
        };
        let (masks, drops) = (has_rules(&self.mask), has_rules(&self.drop));
        if !masks && !drops {
            return Some(whole);
        }
        let input =
            match precinct_runtime::json::Decoder::new(arena).decode_copied(whole.as_bytes()) {
                Ok(input) => input,
                Err(error) => {
                    self.failed(&format!("Log event masking failed: {error}."));
                    return None;
                }
            };
        let world = World {
            input: Some(input),
            ..World::default()
        };
        if drops {
            match ask::document(event.snapshot, &self.drop, world, arena).answer {
                Err(error) => {
                    self.failed(&format!("Log drop decision failed: {}.", error.text));
                    return None;
                }
                Ok(Some(Value::Bool(true))) => return None,
                Ok(_) => {}
            }
        }
        if !masks {
            return Some(whole);
        }
        let rules = match ask::document(event.snapshot, &self.mask, world, arena).answer {
            Ok(None) => return Some(whole),
            Ok(Some(rules)) => Masks::read(rules),
            Err(error) => Err(error.text),
        };
        match rules {
            Ok(rules) => Some(rules.apply(input, arena)),
            Err(error) => {
                self.failed(&format!("Log event masking failed: {error}."));
                None
            }
        }
    }

    /// The line of the console: the event, with what makes it a line of a log.
    fn print(event: &Event<'_>, text: &str) {
        let inner = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
            .unwrap_or_default();
        let mut line = ObjectText::default()
            .with_string("level", "info")
            .with_string("msg", "Decision Log")
            .with_string("time", &Timestamp::now().to_string())
            .with_string("type", "openpolicyagent.org/decision_logs")
            .with("req_id", &event.request.to_string())
            .finish();
        line.pop();
        // A log that cannot be written must not keep decisions from being given.
        let _ = writeln!(std::io::stderr().lock(), "{line},{inner}}}");
    }
}

impl Recorder for DecisionLog {
    fn next_id(&self) -> Option<String> {
        Some(uuid::Uuid::new_v4().to_string())
    }

    fn record(&self, event: &Event<'_>) -> Result<(), String> {
        with_arena(|arena| {
            let Some(text) = self.masked(event, arena) else {
                return;
            };
            if self.console {
                Self::print(event, &text);
            }
            if let Some(queue) = &self.upload {
                queue.push(text);
            }
        });
        Ok(())
    }
}
