//! The shell's own commands.

use clap::ValueEnum as _;

use super::help;
use super::session::Session;
use crate::present::explain::Explain;
use crate::present::json::Json;

/// What a command leads to.
pub(super) enum Done {
    /// This is printed.
    Text(String),
    /// The shell ends.
    Exit,
}

impl Session {
    /// Runs a command; `None` is no command but a statement.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a command, most of them one line"
    )]
    pub(super) fn command(&mut self, line: &str) -> Option<Result<Done, String>> {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_lowercase();
        let args: Vec<&str> = words.collect();
        let quiet = Ok(Done::Text(String::new()));
        let settings = &mut self.settings;
        let traced = (settings.profile, settings.explain);
        let result = match name.as_str() {
            "exit" => Ok(Done::Exit),
            "help" => help::text(args.first().copied()).map(Done::Text),
            "json" => {
                settings.json = true;
                quiet
            }
            "pretty" => {
                settings.json = false;
                quiet
            }
            "pretty-limit" => match args.as_slice() {
                [limit] => match limit.parse() {
                    Ok(limit) => {
                        settings.limit = limit;
                        quiet
                    }
                    Err(_) => Err("usage: pretty-limit <n>".to_owned()),
                },
                _ => Err("usage: pretty-limit <n>".to_owned()),
            },
            "trace" => match args.first() {
                None => {
                    settings.toggle(Explain::Full);
                    quiet
                }
                Some(mode) => match Explain::from_str(mode, true) {
                    Ok(mode) => {
                        settings.toggle(mode);
                        quiet
                    }
                    Err(_) => Err(
                        "invalid explain mode, expected one of: off, full, notes, fails, debug"
                            .to_owned(),
                    ),
                },
            },
            "notes" => {
                settings.toggle(Explain::Notes);
                quiet
            }
            "fails" => {
                settings.toggle(Explain::Fails);
                quiet
            }
            "metrics" => {
                settings.metrics = !settings.metrics;
                quiet
            }
            "instrument" => {
                settings.instrument = !settings.instrument;
                quiet
            }
            "profile" => {
                settings.profile = !settings.profile;
                settings.explain = Explain::Off;
                quiet
            }
            "types" => {
                settings.types = !settings.types;
                quiet
            }
            "strict-builtin-errors" => {
                settings.strict = !settings.strict;
                quiet
            }
            "traceback" => {
                settings.traceback = !settings.traceback;
                quiet
            }
            "target" => match args.as_slice() {
                ["rego"] => quiet,
                [other] => Err(format!(
                    "invalid target \"{other}\":must be one of {{rego}}"
                )),
                _ => Err(format!(
                    "code bad arguments: target <mode>: expects exactly one argument, got {}",
                    args.len()
                )),
            },
            "show" => match args.first() {
                None => Ok(Done::Text(self.show())),
                Some(&"debug") => Ok(Done::Text(self.debug())),
                Some(other) => Err(format!("unknown option '{other}'")),
            },
            "unset" => self.unset_named(&args),
            "unset-package" => match args.as_slice() {
                [name] => Ok(Done::Text(if self.unset_package(name) {
                    String::new()
                } else {
                    "warning: no matching package\n".to_owned()
                })),
                _ => Err(
                    "code bad arguments: unset-package <var>: expects exactly one argument"
                        .to_owned(),
                ),
            },
            "unknown" => self.set_unknowns(&args).map(|()| Done::Text(String::new())),
            "dump" => self.dump(args.first().copied()),
            _ => return None,
        };
        if traced != (self.settings.profile, self.settings.explain) {
            self.forget();
        }
        Some(result)
    }

    fn unset_named(&mut self, args: &[&str]) -> Result<Done, String> {
        let [name] = args else {
            return Err("code bad arguments: unset <ref>: expects exactly one argument".to_owned());
        };
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        let plain = |part: &String| {
            !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric())
        };
        if !path.iter().all(plain) {
            return Err("code bad arguments: argument must identify a rule".to_owned());
        }
        Ok(Done::Text(if self.unset(&path)? {
            String::new()
        } else {
            "warning: no matching rules in current module\n".to_owned()
        }))
    }

    fn dump(&self, path: Option<&str>) -> Result<Done, String> {
        let text = Json::from(self.data()).compact() + "\n";
        match path {
            None => Ok(Done::Text(text)),
            Some(path) => std::fs::write(path, text)
                .map(|()| Done::Text(String::new()))
                .map_err(|error| format!("open {path}: {error}")),
        }
    }

    fn debug(&self) -> String {
        let settings = &self.settings;
        let explain = settings.explain.to_possible_value();
        let explain = explain.map(|value| value.get_name().to_owned());
        format!(
            "{{\n\t\"explain\": \"{}\",\n\t\"metrics\": {},\n\t\"instrument\": {},\n\t\"profile\": {},\n\t\"strict-builtin-errors\": {},\n\t\"traceback\": {}\n}}\n",
            explain.unwrap_or_default(),
            settings.metrics,
            settings.instrument,
            settings.profile,
            settings.strict,
            settings.traceback
        )
    }
}

impl super::session::Settings {
    fn toggle(&mut self, mode: Explain) {
        self.explain = if self.explain == mode {
            Explain::Off
        } else {
            mode
        };
        if self.explain != Explain::Off {
            self.profile = false;
        }
    }
}
