//! The Capability Registry, version 2: which capability a tool or model belongs to, and what it demands.
//!
//! Policies name capabilities (`tool.default.mcp`), not tools, so that a tool can move to another adapter by a change
//! of the registry alone.
//!
//! * [`read`]: from YAML, with errors that say where
//! * [`located`]: YAML values and their places

pub mod located;
pub mod read;

use precinct_bundle::Bundle;
use precinct_bundle::bundle::REGISTRY;
use precinct_bundle::load::{LoadErrors, Loaded};
use serde::Serialize;
use serde_json::Value;

pub use read::Problem;

/// All capabilities of a gateway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    capabilities: Vec<Capability>,
}

/// One capability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Capability {
    /// The name that policies use.
    pub id: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How the gateway reaches it: `mcp`, `cli`, `openai_compat`, …
    pub adapter: String,
    /// What the adapter speaks: `stdio`, `exec`, `https`, …
    pub protocol: String,
    /// Where it is reached, if the adapter needs an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The tools that belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Tools>,
    /// What a caller must be allowed to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Whether calls need elevated authorization.
    pub step_up: bool,
    /// How it is given (`human_approval`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_up_method: Option<String>,
    /// Bounds on its use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

/// The tools of a capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tools {
    /// The names of the tools that may be called through the capability.
    pub allow: Vec<String>,
}

/// What a caller must be allowed to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// `tools/call`, `model/inference`, …
    pub action: String,
    /// `mcp/*`, `groq/*`, …
    pub resource: String,
}

/// Bounds on the use of a capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    /// Requests that one caller may make in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Tokens that one caller may use in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
}

impl Registry {
    /// Reads a registry; `name` stands in front of the place of each problem.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<Problem>> {
        read::registry(name, text).map(|capabilities| Self { capabilities })
    }

    /// Reads the registry of a bundle; one without is empty.
    ///
    /// # Errors
    /// Everything that is wrong with it, a line for each.
    pub fn of_bundle(bundle: &Bundle) -> Result<Self, String> {
        let Some(bytes) = bundle.registry() else {
            return Ok(Self::default());
        };
        Self::read(REGISTRY, bytes).map_err(|problems| problems.join("\n"))
    }

    /// Checks the registries among what was loaded.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn check(loaded: &Loaded) -> Result<(), LoadErrors> {
        let wrong = loaded.registries.iter().flat_map(|part| {
            let read = Self::read(&part.file, &part.text);
            read.err().unwrap_or_default()
        });
        let wrong: Vec<String> = wrong.collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(LoadErrors(wrong))
        }
    }

    fn read(name: &str, bytes: &[u8]) -> Result<Self, Vec<String>> {
        let text = std::str::from_utf8(bytes).map_err(|error| vec![format!("{name}: {error}")])?;
        Self::parse(name, text)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    /// All capabilities, in the order of the file.
    pub fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    /// The capability of this ID.
    pub fn get(&self, id: &str) -> Option<&Capability> {
        self.capabilities
            .iter()
            .find(|capability| capability.id == id)
    }

    /// The capability that a tool belongs to. A tool without one must not be called.
    pub fn of_tool(&self, tool: &str) -> Option<&Capability> {
        self.capabilities.iter().find(|capability| {
            capability
                .tools
                .as_ref()
                .is_some_and(|tools| tools.allow.iter().any(|name| name == tool))
        })
    }

    /// The capability whose endpoint serves this host, and this port if the endpoint names one.
    pub fn of_destination(&self, host: &str, port: u16) -> Option<&Capability> {
        self.capabilities.iter().find(|capability| {
            capability
                .endpoint
                .as_deref()
                .and_then(read::host_and_port)
                .is_some_and(|(name, number)| name.eq_ignore_ascii_case(host) && number == port)
        })
    }

    /// What policies see as `data.capabilities`: the list as it stands in the file, defaults filled in.
    pub fn data(&self) -> Value {
        serde_json::to_value(&self.capabilities).unwrap_or(Value::Null)
    }
}
