//! The server's own log: lines of JSON or text on the standard error.

use std::io::Write as _;

use jiff::Timestamp;
use precinct_runtime::builtins::time::civil::Civil;
use precinct_runtime::builtins::time::layout;
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
    /// `time=… level=… msg=…` and the other members by their names; quoted where that tells them apart.
    Text,
}

/// Where lines go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logger {
    /// How much is logged.
    pub level: Level,
    /// The form of a line.
    pub form: Form,
    /// How times are written: a layout of Go's (`2006-01-02 15:04:05`), in UTC; without it, RFC 3339 with all digits of
    /// the second.
    pub timestamps: Option<&'static str>,
    /// The level of the lines about each request.
    pub requests: Level,
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
        let first = [
            ("time", self.time(Timestamp::now())),
            ("level", level.name().to_owned()),
            ("msg", message.to_owned()),
        ];
        let text = match self.form {
            Form::Text => line(&first, &members),
            Form::Json => object(first, members).to_string(),
            Form::PrettyJson => {
                serde_json::to_string_pretty(&object(first, members)).unwrap_or_default()
            }
        };
        // A log that cannot be written must not keep decisions from being given.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    fn time(&self, now: Timestamp) -> String {
        self.timestamps.map_or_else(
            || now.to_string(),
            |layout| layout::format(layout, &Civil::of(now.as_nanosecond()), 0, "UTC"),
        )
    }

    /// Writes that something went wrong.
    pub fn error(&self, message: &str, error: &str) {
        let mut members = Map::new();
        members.insert("err".to_owned(), json!(error));
        self.write(Level::Error, message, members);
    }
}

fn object<const N: usize>(first: [(&str, String); N], mut members: Map<String, Value>) -> Value {
    for (name, text) in first {
        members.insert(name.to_owned(), text.into());
    }
    Value::Object(members)
}

fn line(first: &[(&str, String)], members: &Map<String, Value>) -> String {
    let first = first
        .iter()
        .map(|(name, text)| format!("{name}={}", plain(text)));
    let others = members.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={}", plain(text)),
        value => format!("{name}={}", plain(&value.to_string())),
    });
    first.chain(others).collect::<Vec<_>>().join(" ")
}

/// Text as it is where no reader of `key=value` can misread it, else quoted.
fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn times_are_written_as_a_layout_says() {
        let moment: Timestamp = "2026-02-03T04:05:06.789Z".parse().unwrap();
        let mut logger = Logger::default();
        assert_eq!(logger.time(moment), "2026-02-03T04:05:06.789Z");
        logger.timestamps = Some("02 Jan 06 15:04 MST");
        assert_eq!(logger.time(moment), "03 Feb 26 04:05 UTC");
    }

    #[test]
    fn lines_of_text_begin_with_time_level_and_message_and_quote_what_needs_it() {
        let first = [
            ("time", "15:04".to_owned()),
            ("level", "info".to_owned()),
            ("msg", "Received request.".to_owned()),
        ];
        let members = json!({"req_id": 7, "req_path": "/v1/data", "resp_body": "{}"});
        let text = line(&first, members.as_object().unwrap());
        assert_eq!(
            text,
            r#"time="15:04" level=info msg="Received request." req_id=7 req_path=/v1/data resp_body="{}""#
        );
    }
}
