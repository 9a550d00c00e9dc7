//! From what a policy answered to what a gateway does.

use precinct_audit::Outcome;
use serde_json::Value;

/// What to do, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the gateway does.
    pub outcome: Outcome,
    /// Why, for everything but a plain allow: the policy's own word, or one of the [`code`]s.
    pub reason: Option<String>,
}

/// Reasons that are not a policy's own.
pub mod code {
    /// The decision is undefined.
    pub const UNDEFINED: &str = "policy_undefined";
    /// The decision has a form that is none of those of [`super::Verdict::of`].
    pub const MALFORMED: &str = "policy_result_malformed";
    /// The evaluation ended with an error, or there is no policy.
    pub const FAILED: &str = "policy_failed";
    /// The policy was evaluated in part: what remains of it is no decision.
    pub const PARTIAL: &str = "policy_result_partial";
    /// A plain `false`.
    pub const DENIED: &str = "policy_denied";
    /// A plain `"step_up"`.
    pub const STEP_UP: &str = "step_up_required";
}

impl Verdict {
    /// A deny for this reason.
    pub fn deny(reason: &str) -> Self {
        Self {
            outcome: Outcome::Deny,
            reason: Some(reason.to_owned()),
        }
    }

    /// Reads the value of the decision's rule:
    ///
    /// * `true` and `false`
    /// * `"allow"`, `"deny"` and `"step_up"`
    /// * an object with one of these under `result`, `decision` or `allow`, and the reason under `reason` or
    ///   `deny_reason`
    ///
    /// Anything else, and what is undefined, is a deny with a reason of its own; an object that both allows and denies
    /// under two names is malformed.
    pub fn of(value: Option<&Value>) -> Self {
        let Some(value) = value else {
            return Self::deny(code::UNDEFINED);
        };
        let (outcome, reason) = match value {
            Value::Object(object) => {
                let mut found = ["result", "decision", "allow"]
                    .iter()
                    .filter_map(|name| object.get(*name))
                    .map(outcome);
                let first = found.next().flatten();
                if found.any(|other| other != first) {
                    return Self::deny(code::MALFORMED);
                }
                let reason = ["reason", "deny_reason"]
                    .iter()
                    .find_map(|name| object.get(*name)?.as_str());
                (first, reason)
            }
            plain => (outcome(plain), None),
        };
        let Some(outcome) = outcome else {
            return Self::deny(code::MALFORMED);
        };
        let reason = reason.or(match outcome {
            Outcome::Allow => None,
            Outcome::Deny => Some(code::DENIED),
            Outcome::StepUp => Some(code::STEP_UP),
        });
        Self {
            outcome,
            reason: reason.map(str::to_owned),
        }
    }
}

fn outcome(value: &Value) -> Option<Outcome> {
    match value {
        Value::Bool(true) => Some(Outcome::Allow),
        Value::Bool(false) => Some(Outcome::Deny),
        Value::String(word) => word.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> (Outcome, Option<String>) {
        let verdict = Verdict::of(Some(value));
        (verdict.outcome, verdict.reason)
    }

    #[test]
    fn plain_answers() {
        assert_eq!(read(&json!(true)), (Outcome::Allow, None));
        assert_eq!(read(&json!("allow")), (Outcome::Allow, None));
        let denied = Some(code::DENIED.to_owned());
        assert_eq!(read(&json!(false)), (Outcome::Deny, denied));
        let step_up = Some(code::STEP_UP.to_owned());
        assert_eq!(read(&json!("step_up")), (Outcome::StepUp, step_up));
    }

    #[test]
    fn objects_carry_a_reason() {
        let budget = Some("budget".to_owned());
        assert_eq!(
            read(&json!({"result": "deny", "reason": "budget"})),
            (Outcome::Deny, budget.clone())
        );
        assert_eq!(
            read(&json!({"allow": false, "deny_reason": "budget"})),
            (Outcome::Deny, budget)
        );
        assert_eq!(read(&json!({"allow": true})), (Outcome::Allow, None));
    }

    #[test]
    fn everything_else_is_a_deny() {
        assert_eq!(Verdict::of(None), Verdict::deny(code::UNDEFINED));
        for value in [
            json!(null),
            json!(1),
            json!("ALLOW"),
            json!([true]),
            json!({}),
            json!({"result": 1}),
            json!({"result": "deny", "allow": true}),
            json!({"result": 1, "allow": true}),
        ] {
            assert_eq!(
                Verdict::of(Some(&value)),
                Verdict::deny(code::MALFORMED),
                "{value}"
            );
        }
    }
}
