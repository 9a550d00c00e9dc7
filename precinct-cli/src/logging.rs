//! What is logged on the standard error, and in which form; flags that commands share.

use clap::ValueEnum;
use precinct_server::log::{Form, Level, Logger};

/// How a command logs.
#[expect(clippy::struct_field_names, reason = "the flags are OPA's")]
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// How much is logged.
    #[arg(short, long, value_enum)]
    log_level: Option<LogLevel>,
    /// The form of the log.
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
    /// How times are written in the log: a layout of Go's, like `2006-01-02 15:04:05`.
    #[arg(long, value_name = "LAYOUT")]
    log_timestamp_format: Option<String>,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What an operator wants to know.
    Info,
    #[value(hide = true)]
    Warn,
    /// What went wrong.
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// `key=value`
    Text,
    /// JSON on one line.
    #[default]
    Json,
    /// JSON on several lines.
    JsonPretty,
}

impl LogArgs {
    /// The logger of a command that logs so much unless it is told otherwise.
    pub fn logger(&self, level: Level) -> Logger {
        let layout = self.log_timestamp_format.clone();
        let layout = layout.filter(|it| !it.is_empty());
        Logger {
            level: self.log_level.map_or(level, Level::from),
            form: match self.log_format {
                LogFormat::Json => Form::Json,
                LogFormat::JsonPretty => Form::PrettyJson,
                LogFormat::Text => Form::Text,
            },
            // One for the whole run, so that loggers can be copied.
            timestamps: layout.map(|layout| &*layout.leak()),
            ..Logger::default()
        }
    }
}
