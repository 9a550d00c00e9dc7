//! From YAML to capabilities. All problems of a file are reported together.

use std::collections::BTreeMap;
use std::fmt;

use super::located::{Located, document};
use super::{Authorization, Capability, RateLimit, Tools};

/// Something that is wrong with a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The row, from 1.
    pub row: usize,
    /// The column, from 1.
    pub col: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file, self.row, self.col, self.message
        )
    }
}

/// Reads all capabilities of a text.
pub(super) fn registry(name: &str, text: &str) -> Result<Vec<Capability>, Vec<Problem>> {
    document(name, text, |root| {
        let mut reader = Reader {
            file: name,
            problems: Vec::new(),
        };
        let capabilities = reader.root(root);
        if reader.problems.is_empty() {
            Ok(capabilities)
        } else {
            reader
                .problems
                .sort_by_key(|problem| (problem.row, problem.col));
            Err(reader.problems)
        }
    })
}

/// Host and port of an `http://` or `https://` address.
pub(super) fn host_and_port(endpoint: &str) -> Option<(&str, u16)> {
    let (rest, default) = match endpoint.split_once("://")? {
        ("https", rest) => (rest, 443),
        ("http", rest) => (rest, 80),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.contains(']') => (host, port.parse().ok()?),
        _ => (authority, default),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    (!host.is_empty() && port > 0 && host.chars().all(plain)).then_some((host, port))
}

struct Reader<'n> {
    file: &'n str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn say(&mut self, at: Located<'_>, message: impl Into<String>) {
        let (row, col) = at.place();
        self.problems.push(Problem {
            file: self.file.to_owned(),
            row,
            col,
            message: message.into(),
        });
    }

    fn root(&mut self, root: Located<'_>) -> Vec<Capability> {
        let fields = self.fields(root, "the registry", &["capabilities"]);
        let Some(list) = fields.get("capabilities") else {
            if self.problems.is_empty() {
                self.say(root, "the registry lacks the field \"capabilities\"");
            }
            return Vec::new();
        };
        let Some(items) = list.sequence() else {
            self.say(
                *list,
                format!("\"capabilities\" must be a list, found {}", list.found()),
            );
            return Vec::new();
        };
        let mut ids: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let mut tools: BTreeMap<String, String> = BTreeMap::new();
        let mut capabilities = Vec::new();
        for item in items {
            let capability = self.capability(item, &mut tools);
            if capability.id.is_empty() {
                continue;
            }
            if let Some((row, _)) = ids.insert(capability.id.clone(), item.place()) {
                self.say(
                    item,
                    format!(
                        "capability {:?} is already defined in line {row}",
                        capability.id
                    ),
                );
            }
            capabilities.push(capability);
        }
        capabilities
    }

    fn capability(
        &mut self,
        item: Located<'_>,
        tools: &mut BTreeMap<String, String>,
    ) -> Capability {
        const KNOWN: &[&str] = &[
            "id",
            "description",
            "adapter",
            "protocol",
            "endpoint",
            "tools",
            "authorization",
            "step_up",
            "step_up_method",
            "rate_limit",
        ];
        let fields = self.fields(item, "a capability", KNOWN);
        let required = |reader: &mut Self, name: &str| {
            if let Some(value) = fields.get(name) {
                reader.text(name, *value)
            } else {
                if item.mapping().is_some() {
                    reader.say(item, format!("the capability lacks the field {name:?}"));
                }
                String::new()
            }
        };
        let id = required(self, "id");
        let adapter = required(self, "adapter");
        let protocol = required(self, "protocol");
        let mut capability = Capability {
            description: self.optional(&fields, "description").unwrap_or_default(),
            endpoint: self.optional(&fields, "endpoint"),
            step_up_method: self.optional(&fields, "step_up_method"),
            tools: None,
            authorization: None,
            step_up: false,
            rate_limit: None,
            id,
            adapter,
            protocol,
        };
        if let (Some(at), Some(endpoint)) = (fields.get("endpoint"), &capability.endpoint)
            && host_and_port(endpoint).is_none()
        {
            self.say(
                *at,
                format!("\"endpoint\" must be an http or https address, found {endpoint:?}"),
            );
        }
        if let Some(at) = fields.get("step_up") {
            match at.boolean() {
                Some(truth) => capability.step_up = truth,
                None => self.say(
                    *at,
                    format!("\"step_up\" must be true or false, found {}", at.found()),
                ),
            }
        }
        if let Some(at) = fields.get("tools") {
            capability.tools = Some(self.tools(*at, &capability.id, tools));
        }
        if let Some(at) = fields.get("authorization") {
            capability.authorization = self.authorization(*at);
        }
        if let Some(at) = fields.get("rate_limit") {
            capability.rate_limit = Some(self.rate_limit(*at));
        }
        capability
    }

    fn tools(&mut self, at: Located<'_>, id: &str, seen: &mut BTreeMap<String, String>) -> Tools {
        let fields = self.fields(at, "\"tools\"", &["allow"]);
        let Some(list) = fields.get("allow") else {
            return Tools::default();
        };
        let Some(items) = list.sequence() else {
            self.say(
                *list,
                format!("\"allow\" must be a list of tools, found {}", list.found()),
            );
            return Tools::default();
        };
        let mut tools = Tools::default();
        for item in items {
            let name = self.text("allow", item);
            if name.is_empty() {
                continue;
            }
            match seen.insert(name.clone(), id.to_owned()) {
                Some(other) => self.say(
                    item,
                    format!(
                        "tool {name:?} is already in capability {other:?}: a tool belongs to one"
                    ),
                ),
                None => tools.allow.push(name),
            }
        }
        tools
    }

    fn authorization(&mut self, at: Located<'_>) -> Option<Authorization> {
        let fields = self.fields(at, "\"authorization\"", &["action", "resource"]);
        let mut part = |name: &str| {
            if let Some(value) = fields.get(name) {
                Some(self.text(name, *value))
            } else {
                self.say(at, format!("\"authorization\" lacks the field {name:?}"));
                None
            }
        };
        let (action, resource) = (part("action"), part("resource"));
        Some(Authorization {
            action: action?,
            resource: resource?,
        })
    }

    fn rate_limit(&mut self, at: Located<'_>) -> RateLimit {
        let fields = self.fields(
            at,
            "\"rate_limit\"",
            &["requests_per_minute", "tokens_per_minute"],
        );
        let mut number = |name: &str| {
            let value = fields.get(name)?;
            if let Some(number) = value
                .integer()
                .filter(|number| (1..=i64::from(u32::MAX)).contains(number))
            {
                u32::try_from(number).ok()
            } else {
                self.say(
                    *value,
                    format!(
                        "{name:?} must be a whole number from 1, found {}",
                        value.found()
                    ),
                );
                None
            }
        };
        RateLimit {
            requests_per_minute: number("requests_per_minute"),
            tokens_per_minute: number("tokens_per_minute").map(u64::from),
        }
    }

    /// A mapping's values by name; anything else, and names that are not known, are problems.
    fn fields<'a>(
        &mut self,
        at: Located<'a>,
        what: &str,
        known: &[&str],
    ) -> BTreeMap<&'a str, Located<'a>> {
        let Some(entries) = at.mapping() else {
            self.say(
                at,
                format!("{what} must be a mapping, found {}", at.found()),
            );
            return BTreeMap::new();
        };
        let mut fields = BTreeMap::new();
        for (key, value) in entries {
            match key.string() {
                Some(name) if known.contains(&name) => {
                    fields.insert(name, value);
                }
                Some(name) => self.say(
                    key,
                    format!(
                        "{what} has no field {name:?}; known are {}",
                        known.join(", ")
                    ),
                ),
                None => self.say(
                    key,
                    format!("a field's name must be text, found {}", key.found()),
                ),
            }
        }
        fields
    }

    fn optional(&mut self, fields: &BTreeMap<&str, Located<'_>>, name: &str) -> Option<String> {
        fields.get(name).map(|value| self.text(name, *value))
    }

    fn text(&mut self, name: &str, at: Located<'_>) -> String {
        match at.string() {
            Some(text) if !text.trim().is_empty() => text.to_owned(),
            Some(_) => {
                self.say(at, format!("{name:?} must not be empty"));
                String::new()
            }
            None => {
                self.say(at, format!("{name:?} must be text, found {}", at.found()));
                String::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Registry;

    fn problems(text: &str) -> Vec<String> {
        Registry::parse("r.yaml", text)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_field_is_read() {
        let registry = Registry::parse(
            "r.yaml",
            r#"
capabilities:
  - id: model.one
    description: "One"
    adapter: openai_compat
    protocol: https
    endpoint: "https://models.example:8443/v1"
    tools: {allow: [a, b]}
    authorization: {action: "model/inference", resource: "one/*"}
    step_up: true
    step_up_method: human_approval
    rate_limit: {requests_per_minute: 30, tokens_per_minute: 100000}
"#,
        )
        .unwrap();
        let capability = registry.get("model.one").unwrap();
        assert!(capability.step_up);
        assert_eq!(
            capability.rate_limit.unwrap().tokens_per_minute,
            Some(100_000)
        );
        assert_eq!(registry.of_tool("b"), Some(capability));
        assert_eq!(registry.of_tool("c"), None);
        assert_eq!(
            registry.of_destination("models.example", 8443),
            Some(capability)
        );
        assert_eq!(registry.of_destination("models.example", 443), None);
        assert_eq!(registry.data()[0]["authorization"]["resource"], "one/*");
    }

    #[test]
    fn problems_say_where_they_are() {
        let text = "capabilities:\n  - id: a\n    adapter: mcp\n    protocol: stdio\n    stepup: true\n    endpoint: nowhere\n";
        let found = problems(text);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("r.yaml:5:5: a capability has no field \"stepup\""));
        assert!(found[1].starts_with("r.yaml:6:15: \"endpoint\" must be"));
    }

    #[test]
    fn an_id_and_a_tool_stand_once() {
        let text = "capabilities:\n  - {id: a, adapter: x, protocol: y, tools: {allow: [t]}}\n  - {id: a, adapter: x, protocol: y, tools: {allow: [t]}}\n";
        let found = problems(text);
        assert!(
            found
                .iter()
                .any(|p| p.contains("\"a\" is already defined in line 2"))
        );
        assert!(
            found
                .iter()
                .any(|p| p.contains("tool \"t\" is already in capability \"a\""))
        );
    }

    #[test]
    fn text_that_is_no_registry_is_refused() {
        assert!(problems("")[0].contains("empty"));
        assert!(problems("capabilities: [")[0].contains("not YAML"));
        assert!(problems("capabilities: 7")[0].contains("must be a list"));
        assert!(problems("other: []")[0].contains("no field \"other\""));
    }
}
