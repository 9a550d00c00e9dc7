//! What one evaluation leaves behind.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One decision, as the requirements' record names its fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// `dec-` and a random UUID.
    pub decision_id: String,
    /// When it was made: RFC 3339 in UTC with milliseconds.
    pub timestamp: String,
    /// The policy: `sha256:` and 64 hexadecimal digits.
    pub bundle_digest: String,
    /// The entry point that was asked (`precinct/authz/allow`), without a leading slash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The query that was asked, where it was none for an entry point.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// What a gateway does with it.
    pub result: Outcome,
    /// Why, for everything but a plain allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The input as it was given; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Box<RawValue>>,
    /// What the policy itself answered; absent when it was undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// What nondeterministic builtins answered, for replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nd_builtin_cache: Option<Box<RawValue>>,
    /// Errors of builtins ended the evaluation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict_builtin_errors: bool,
    /// How the policy was evaluated in part; then `value` is what remains of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// What is left out of the input because it would give somebody access (`/headers/Authorization`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<String>,
    /// What it cost.
    pub metrics: Metrics,
}

/// An evaluation in part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// References to what was not known.
    pub unknowns: Vec<String>,
    /// References to rules that were not inlined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disable_inlining: Vec<String>,
    /// Builtins with different answers for equal operands were called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nondeterministic_builtins: bool,
    /// The media type of the data filter that was made of what remained, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

/// The cost of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// Nanoseconds from the parsed request to the result.
    pub evaluation_duration_ns: u64,
    /// How many rule bodies were entered.
    pub policy_rules_evaluated: u64,
}

/// What a gateway does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The request goes on.
    Allow,
    /// The request is refused.
    Deny,
    /// The caller has to prove more first.
    StepUp,
}

impl Outcome {
    /// The word that stands in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::StepUp => "step_up",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Allow, Self::Deny, Self::StepUp]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| format!("expected allow, deny or step_up, found {text:?}"))
    }
}

/// A new identifier: `dec-` and a random (version 4) UUID.
pub fn new_id() -> String {
    format!("dec-{}", uuid::Uuid::new_v4())
}

/// A moment as records hold it: RFC 3339, UTC, milliseconds.
pub fn timestamp(moment: jiff::Timestamp) -> String {
    format!("{moment:.3}")
}

impl Decision {
    /// A string at the top level of the input (`caller_spiffe_id`, `tool_name`, …).
    pub fn input_text(&self, name: &str) -> Option<String> {
        let input = self.input.as_deref()?;
        let members: std::collections::BTreeMap<String, &RawValue> =
            serde_json::from_str(input.get()).ok()?;
        serde_json::from_str(members.get(name)?.get()).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_requirements_record_is_read() {
        let text = r#"{
            "decision_id": "dec-4f8a2b1c-9d3e-4a7f-b5c6-1e2f3a4b5c6d",
            "timestamp": "2026-02-21T14:32:07.842Z",
            "bundle_digest": "sha256:a1b2c3d4e5f6",
            "result": "deny",
            "reason": "destination_not_approved",
            "input": {"caller_spiffe_id": "spiffe://poc.local/agents/a/dev", "session_risk_score": 0.32},
            "metrics": {"evaluation_duration_ns": 142580, "policy_rules_evaluated": 7}
        }"#;
        let decision: Decision = serde_json::from_str(text).unwrap();
        assert_eq!(decision.result, Outcome::Deny);
        assert_eq!(
            decision.input_text("caller_spiffe_id").as_deref(),
            Some("spiffe://poc.local/agents/a/dev")
        );
        assert_eq!(
            decision.input_text("session_risk_score"),
            None,
            "not a string"
        );
        assert_eq!(decision.metrics.policy_rules_evaluated, 7);
    }

    #[test]
    fn timestamps_have_exactly_three_decimals() {
        let whole = jiff::Timestamp::from_second(1_771_684_327).unwrap();
        assert_eq!(timestamp(whole), "2026-02-21T14:32:07.000Z");
    }

    #[test]
    fn identifiers_differ_and_have_the_prefix() {
        let (one, other) = (new_id(), new_id());
        assert!(one.starts_with("dec-") && one.len() == 40);
        assert_ne!(one, other);
    }
}
