//! The input of a gateway's decision.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::identity::SpiffeId;
use crate::registry::Registry;
use crate::state::Session;

/// Everything that a decision is made from.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Who calls.
    pub caller: &'a SpiffeId,
    /// What is asked for.
    pub call: &'a Call,
    /// The capability that the tool or the destination belongs to.
    pub capability: Option<&'a str>,
    /// Where the request goes, host and port.
    pub destination: Option<(&'a str, u16)>,
    /// Who runs the model (`groq`), for model calls.
    pub model_provider: Option<&'a str>,
    /// The session's name.
    pub session_id: &'a str,
    /// The session before this request.
    pub session: &'a Session,
    /// Whether a step-up token was verified for this request.
    pub step_up_verified: bool,
    /// When the request came: RFC 3339.
    pub timestamp: &'a str,
    /// Whatever else the gateway knows of the request.
    pub metadata: &'a Map<String, Value>,
}

impl Context<'_> {
    /// The input document. Members that are not known are left out, so that a policy that needs them does not hold.
    pub fn input(&self) -> Value {
        let mut input = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                input.insert(name.to_owned(), value);
            }
        };
        set("caller_spiffe_id", json!(self.caller.as_str()));
        set("tool_name", json!(self.call.tool));
        set("resource_uri", json!(self.call.resource));
        set("prompt_name", json!(self.call.prompt));
        set("model", json!(self.call.model));
        set("model_provider", json!(self.model_provider));
        set("capability_id", json!(self.capability));
        set("action", json!(self.call.action));
        set("arguments", self.call.arguments.clone());
        set(
            "destination_host",
            json!(self.destination.map(|(host, _)| host)),
        );
        set(
            "destination_port",
            json!(self.destination.map(|(_, port)| port)),
        );
        set("session_id", json!(self.session_id));
        set("session_request_count", json!(self.session.requests));
        set("session_risk_score", json!(self.session.risk));
        set("prior_tools", json!(self.session.tools));
        set("step_up_verified", json!(self.step_up_verified));
        set("timestamp", json!(self.timestamp));
        if !self.metadata.is_empty() {
            set("metadata", Value::Object(self.metadata.clone()));
        }
        Value::Object(input)
    }
}

/// The capability of a call: that of its tool, or that of its destination.
pub fn capability<'r>(
    registry: &'r Registry,
    call: &Call,
    destination: Option<(&str, u16)>,
) -> Option<&'r crate::registry::Capability> {
    match &call.tool {
        Some(tool) => registry.of_tool(tool),
        None => destination.and_then(|(host, port)| registry.of_destination(host, port)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::call;

    #[test]
    fn what_is_not_known_is_left_out() {
        let call =
            &call::mcp(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#)
                .unwrap()[0];
        let input = Context {
            caller: &SpiffeId::parse("spiffe://a/b").unwrap(),
            call,
            capability: None,
            destination: None,
            model_provider: None,
            session_id: "s",
            session: &Session::default(),
            step_up_verified: false,
            timestamp: "2026-02-21T14:32:07.842Z",
            metadata: &Map::new(),
        }
        .input();
        assert_eq!(
            input,
            json!({
                "caller_spiffe_id": "spiffe://a/b",
                "tool_name": "t",
                "action": "tools/call",
                "session_id": "s",
                "session_request_count": 0,
                "session_risk_score": 0.0,
                "prior_tools": [],
                "step_up_verified": false,
                "timestamp": "2026-02-21T14:32:07.842Z",
            })
        );
    }
}
