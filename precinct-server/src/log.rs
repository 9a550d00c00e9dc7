//! The server's own log: lines of JSON or text on the standard error.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only what went wrong.
    Error,
    /// What may go wrong, too.
    Warn,
    /// Requests and prints, too.
    #[default]
    Info,
    /// Bodies, too.
    Debug,
}

impl Level {
    /// The level of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "debug" => Self::Debug,
            "info" => Self::Info,
            "warn" => Self::Warn,
            "error" => Self::Error,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    #[default]
    Json,
    /// JSON objects over several lines.
    PrettyJson,
    /// `time=… level=… msg=…`.
    Text,
}

/// Where lines go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logger {
    /// How much is logged.
    pub level: Level,
    /// The form of a line.
    pub form: Form,
}

impl Logger {
    /// Whether lines of a level are written.
    #[must_use]
    pub fn takes(&self, level: Level) -> bool {
        level <= self.level
    }

    /// Writes a line, unless it is below the level.
    pub fn write(&self, level: Level, message: &str, members: Map<String, Value>) {
        if !self.takes(level) {
            return;
        }
        let mut entry = members;
        entry.insert("level".to_owned(), json!(level.name()));
        entry.insert("msg".to_owned(), json!(message));
        entry.insert("time".to_owned(), json!(Timestamp::now().to_string()));
        let text = match self.form {
            Form::Json => Value::Object(entry).to_string(),
            Form::PrettyJson => {
                serde_json::to_string_pretty(&Value::Object(entry)).unwrap_or_default()
            }
            Form::Text => {
                let words = entry.iter().map(|(name, value)| format!("{name}={value}"));
                words.collect::<Vec<_>>().join(" ")
            }
        };
        // A log that cannot be written must not keep decisions from being given.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Writes that something went wrong.
    pub fn error(&self, message: &str, error: &str) {
        let mut members = Map::new();
        members.insert("err".to_owned(), json!(error));
        self.write(Level::Error, message, members);
    }
}
