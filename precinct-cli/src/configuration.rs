//! A configuration file with members set on the command line, as far as commands other than the server need it.

use std::fs;

use precinct_bundle::load;
use serde_json::{Map, Value};

/// A configuration.
pub struct Configuration(Value);

impl Configuration {
    /// Reads the file, replaces `${NAME}` by environment variables, and sets members on top.
    ///
    /// # Errors
    /// What can't be read or is no assignment.
    pub fn read(file: Option<&str>, set: &[String], set_file: &[String]) -> Result<Self, String> {
        let mut root = match file {
            None => Value::Object(Map::new()),
            Some(path) => {
                let text =
                    fs::read_to_string(path).map_err(|error| load::system("open", path, &error))?;
                let text = with_environment(&text);
                match serde_yaml::from_str(&text).map_err(|error| format!("{path}: {error}"))? {
                    Value::Null => Value::Object(Map::new()),
                    value => value,
                }
            }
        };
        for assignment in set.iter().flat_map(|text| text.split(',')) {
            let (path, text) = split(assignment)?;
            let value = serde_yaml::from_str(text).unwrap_or_else(|_| Value::from(text));
            assign(&mut root, path, value);
        }
        for assignment in set_file.iter().flat_map(|text| text.split(',')) {
            let (path, file) = split(assignment)?;
            let text =
                fs::read_to_string(file).map_err(|error| load::system("open", file, &error))?;
            assign(&mut root, path, Value::from(text.trim()));
        }
        Ok(Self(root))
    }

    /// `default_decision`
    pub fn default_decision(&self) -> Option<&str> {
        self.0.get("default_decision")?.as_str()
    }

    /// The bundles that are files, by name.
    ///
    /// # Errors
    /// A bundle that comes from elsewhere.
    pub fn bundle_files(&self) -> Result<Vec<(String, String)>, String> {
        let bundles = self.0.get("bundles").and_then(Value::as_object);
        bundles
            .into_iter()
            .flatten()
            .map(|(name, bundle)| {
                let resource = bundle.get("resource").and_then(Value::as_str);
                match resource.and_then(|resource| resource.strip_prefix("file://")) {
                    Some(path) => Ok((name.clone(), path.to_owned())),
                    None => Err(format!(
                        "bundle {name:?}: only resources of the form file://PATH are read by this command"
                    )),
                }
            })
            .collect()
    }
}

fn split(assignment: &str) -> Result<(&str, &str), String> {
    assignment.split_once('=').ok_or_else(|| {
        let why = precinct_server::configuration::overrides::pairs(assignment);
        format!(
            "failed parsing --set data: {}",
            why.err().unwrap_or_default()
        )
    })
}

/// Sets a member of members, which are made where they are missing.
fn assign(root: &mut Value, path: &str, value: Value) {
    let mut place = root;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else {
            return;
        };
        place = members.entry(name).or_insert(Value::Null);
    }
    *place = value;
}

/// Replaces `${NAME}`; names that are not set are replaced by nothing.
fn with_environment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) => {
                out.push_str(&std::env::var(name).unwrap_or_default());
                rest = behind;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn members_set_on_the_command_line_are_laid_over_the_file() {
        let set = [
            "default_decision=a/b,bundles.x.resource=file:///y".to_owned(),
            "bundles.z.resource=file:///w".to_owned(),
        ];
        let configuration = Configuration::read(None, &set, &[]).unwrap();
        assert_eq!(configuration.default_decision(), Some("a/b"));
        let files = configuration.bundle_files().unwrap();
        assert_eq!(
            files,
            [("x".into(), "/y".into()), ("z".into(), "/w".into())]
        );
    }

    #[test]
    fn bundles_of_services_are_refused_by_name() {
        let set = ["bundles.x.service=y".to_owned()];
        let configuration = Configuration::read(None, &set, &[]).unwrap();
        assert!(configuration.bundle_files().unwrap_err().contains("\"x\""));
    }
}
