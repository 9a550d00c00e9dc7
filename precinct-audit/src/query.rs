//! Finding decisions.

use std::collections::BTreeMap;

use crate::{Decision, Error, Outcome};

/// What a decision must be like; every field that is set must fit.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// `input.caller_spiffe_id`, exact, or with `*` for any stretch without `/` and `**` for any stretch.
    pub spiffe_id: Option<String>,
    /// The earliest moment, included.
    pub since: Option<jiff::Timestamp>,
    /// The latest moment, not included.
    pub until: Option<jiff::Timestamp>,
    /// The outcome.
    pub result: Option<Outcome>,
    /// The reason, exact.
    pub reason: Option<String>,
    /// `input.tool_name`, exact.
    pub tool: Option<String>,
    /// The policy's digest, or a beginning of it, with or without `sha256:`.
    pub bundle_digest: Option<String>,
    /// The decision's identifier, with or without `dec-`.
    pub decision_id: Option<String>,
    /// `input.session_id`, exact.
    pub session: Option<String>,
}

/// A moment: RFC 3339, or a date (its first moment in UTC).
///
/// # Errors
/// When the text is neither.
pub fn moment(text: &str) -> Result<jiff::Timestamp, Error> {
    let date = || {
        text.parse::<jiff::civil::Date>()
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC))
            .map(|zoned| zoned.timestamp())
    };
    text.parse().or_else(|_| date()).map_err(|_| {
        Error::Query(format!(
            "{text:?} is not a moment: expected a date (2026-02-21) or RFC 3339 (2026-02-21T14:32:07Z)"
        ))
    })
}

impl Query {
    /// Whether the decision fits. A record whose time can't be read fits no time range.
    pub fn matches(&self, decision: &Decision) -> bool {
        fn fits<T>(wanted: Option<&T>, test: impl FnOnce(&T) -> bool) -> bool {
            wanted.is_none_or(test)
        }
        let input = |name: &str| decision.input_text(name);
        let unprefixed =
            |text: &str, prefix: &str| text.strip_prefix(prefix).unwrap_or(text).to_owned();
        fits(self.result.as_ref(), |wanted| decision.result == *wanted)
            && fits(self.decision_id.as_ref(), |wanted| {
                unprefixed(&decision.decision_id, "dec-") == unprefixed(wanted, "dec-")
            })
            && fits(self.bundle_digest.as_ref(), |wanted| {
                unprefixed(&decision.bundle_digest, "sha256:")
                    .starts_with(&unprefixed(wanted, "sha256:"))
            })
            && fits(self.reason.as_ref(), |wanted| {
                decision.reason.as_ref() == Some(wanted)
            })
            && self.within(decision)
            && fits(self.tool.as_ref(), |wanted| {
                input("tool_name").as_ref() == Some(wanted)
            })
            && fits(self.session.as_ref(), |wanted| {
                input("session_id").as_ref() == Some(wanted)
            })
            && fits(self.spiffe_id.as_ref(), |wanted| {
                input("caller_spiffe_id").is_some_and(|id| glob(wanted, &id))
            })
    }

    fn within(&self, decision: &Decision) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        decision
            .timestamp
            .parse::<jiff::Timestamp>()
            .is_ok_and(|moment| {
                self.since.is_none_or(|since| moment >= since)
                    && self.until.is_none_or(|until| moment < until)
            })
    }
}

/// `*` fits any stretch without `/`, `**` any stretch; everything else stands for itself.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // reach[i]: the pattern so far fits the first i bytes of the text.
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let stars = pattern[at..]
            .iter()
            .take_while(|byte| **byte == b'*')
            .count();
        let mut next = vec![false; text.len() + 1];
        if stars == 0 {
            for index in 0..text.len() {
                next[index + 1] = reach[index] && text[index] == pattern[at];
            }
            at += 1;
        } else {
            let mut running = false;
            for index in 0..=text.len() {
                if stars == 1 && index > 0 && text[index - 1] == b'/' {
                    running = false;
                }
                running |= reach[index];
                next[index] = running;
            }
            at += stars;
        }
        reach = next;
    }
    reach[text.len()]
}

/// How often each outcome and reason occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By outcome.
    pub results: BTreeMap<Outcome, u64>,
    /// By reason; decisions without one are not counted here.
    pub reasons: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, decision: &Decision) {
        *self.results.entry(decision.result).or_default() += 1;
        if let Some(reason) = &decision.reason {
            *self.reasons.entry(reason.clone()).or_default() += 1;
        }
    }

    /// All decisions counted.
    pub fn total(&self) -> u64 {
        self.results.values().sum()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::Metrics;

    fn sample() -> Decision {
        Decision {
            decision_id: "dec-77".into(),
            timestamp: "2026-02-21T14:32:07.842Z".into(),
            bundle_digest: "sha256:a1b2c3".into(),
            path: "precinct/authz/allow".into(),
            query: String::new(),
            result: Outcome::Deny,
            reason: Some("destination_not_approved".into()),
            input: Some(
                serde_json::value::RawValue::from_string(
                    r#"{"caller_spiffe_id":"spiffe://poc.local/agents/mcp/dspy/dev","tool_name":"http_request","session_id":"s1"}"#.into(),
                )
                .unwrap(),
            ),
            value: None,
            nd_builtin_cache: None,
            strict_builtin_errors: false,
            partial: None,
            erased: Vec::new(),
            metrics: Metrics::default(),
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table over all fields")]
    fn every_field_decides() {
        let text = |value: &str| Some(value.to_owned());
        let at = |value| Some(moment(value).unwrap());
        let cases = [
            (Query::default(), true),
            (
                Query {
                    result: Some(Outcome::Deny),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    result: Some(Outcome::Allow),
                    ..Query::default()
                },
                false,
            ),
            (
                Query {
                    decision_id: text("77"),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    decision_id: text("dec-7"),
                    ..Query::default()
                },
                false,
            ),
            (
                Query {
                    bundle_digest: text("sha256:a1"),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    bundle_digest: text("b2"),
                    ..Query::default()
                },
                false,
            ),
            (
                Query {
                    reason: text("destination_not_approved"),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    reason: text("destination"),
                    ..Query::default()
                },
                false,
            ),
            (
                Query {
                    tool: text("http_request"),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    session: text("s2"),
                    ..Query::default()
                },
                false,
            ),
            (
                Query {
                    spiffe_id: text("spiffe://poc.local/agents/*/*/dev"),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    spiffe_id: text("spiffe://poc.local/*"),
                    ..Query::default()
                },
                false,
            ),
            (
                Query {
                    since: at("2026-02-21"),
                    until: at("2026-02-22"),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    since: at("2026-02-21T14:32:07.842Z"),
                    ..Query::default()
                },
                true,
            ),
            (
                Query {
                    until: at("2026-02-21T14:32:07.842Z"),
                    ..Query::default()
                },
                false,
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(query.matches(&sample()), expected, "{query:?}");
        }
    }

    #[test]
    fn stars_stop_at_slashes_and_double_stars_do_not() {
        for (pattern, text, expected) in [
            ("a*c", "abc", true),
            ("a*c", "a/c", false),
            ("a**c", "a/b/c", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*", "abc/d", false),
            ("**/d", "a/b/d", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_moment_that_is_none_is_refused_with_an_example() {
        let message = moment("yesterday").unwrap_err().to_string();
        assert!(message.contains("2026-02-21"), "{message}");
    }
}
