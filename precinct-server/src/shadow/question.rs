//! What was asked and answered, and how a candidate's answer compares.

use std::sync::Arc;
use std::time::Duration;

use precinct_runtime::Arena;
use precinct_runtime::Value;
use precinct_runtime::json::{Decoder, to_string};

use crate::app::App;
use crate::evaluation::ask::{self, Moment, World};
use crate::evaluation::errors::Failed;
use crate::state::Snapshot;

/// How long a candidate may take, where evaluations are not limited: one that never ends must not end all comparisons.
const LIMIT: Duration = Duration::from_secs(10);

/// What a state said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A document, as JSON text.
    Document(String),
    /// The document is undefined.
    Undefined,
    /// The evaluation failed, with this message.
    Failed(String),
}

impl Answer {
    /// The answer that an evaluation gave.
    #[must_use]
    pub fn of(answer: &Result<Option<Value<'_>>, Failed>) -> Self {
        match answer {
            Ok(Some(value)) => Self::Document(to_string(*value)),
            Ok(None) => Self::Undefined,
            Err(failed) => Self::Failed(failed.text.clone()),
        }
    }

    /// The answer in a line of the log.
    pub(super) fn shown(&self) -> serde_json::Value {
        match self {
            Self::Document(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
            }
            Self::Undefined => serde_json::Value::Null,
            Self::Failed(message) => serde_json::json!({ "error": message }),
        }
    }
}

/// A question for the document at a path, and what the active state answered.
#[derive(Debug)]
pub struct Question {
    /// The state that answered.
    pub snapshot: Arc<Snapshot>,
    /// The keys of the document.
    pub keys: Vec<String>,
    /// The input as JSON text; `None` is undefined.
    pub input: Option<String>,
    /// Errors of builtins end the evaluation.
    pub strict_builtin_errors: bool,
    /// When it was asked.
    pub moment: Moment,
    /// What was answered.
    pub answer: Answer,
    /// The identifier of the decision, if it has one.
    pub id: Option<String>,
    /// The number of the request.
    pub request: u64,
}

/// How a candidate's answer compares with that of the active state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Both gave the same document, or none, or failed.
    Same,
    /// They gave other documents, or only one of them gave one.
    Different,
    /// The candidate failed where the active state did not.
    Failed,
    /// The candidate was not asked: too many questions waited.
    Dropped,
    /// The candidate was not asked: asking it would be noticed elsewhere, or it does not go with the state that answered.
    Skipped,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Same,
        Self::Different,
        Self::Failed,
        Self::Dropped,
        Self::Skipped,
    ];

    /// Its name in metrics and status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Skipped => "skipped",
        }
    }

    /// How the answer of a candidate compares with that of the active state.
    pub(super) fn between(active: &Answer, candidate: &Answer) -> Self {
        match (active, candidate) {
            // Whatever the messages, nobody got a decision.
            (Answer::Failed(_), Answer::Failed(_)) => Self::Same,
            (_, Answer::Failed(_)) => Self::Failed,
            (active, candidate) if active == candidate => Self::Same,
            _ => Self::Different,
        }
    }
}

impl Question {
    /// What a candidate's state answers.
    pub(super) fn ask(&self, state: &Snapshot, app: &App, arena: &Arena) -> Answer {
        let input = match &self.input {
            None => None,
            Some(text) => match Decoder::new(arena).decode_copied(text.as_bytes()) {
                Ok(input) => Some(input),
                Err(error) => return Answer::Failed(error.to_string()),
            },
        };
        let world = World {
            input,
            runtime: Some(&app.runtime),
            strict_builtin_errors: self.strict_builtin_errors,
            limit: Some(app.settings().evaluation_limit.unwrap_or(LIMIT)),
            moment: Some(self.moment),
            compiled: app.compiled,
            ..World::default()
        };
        Answer::of(&ask::document(state, &self.keys, world, arena).answer)
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let answer = match &self.answer {
            Answer::Document(text) | Answer::Failed(text) => text.len(),
            Answer::Undefined => 0,
        };
        let keys: usize = self.keys.iter().map(String::len).sum();
        size_of::<Self>() + answer + keys + self.input.as_ref().map_or(0, String::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_the_same_when_those_who_ask_see_no_difference() {
        let one = Answer::Document("true".to_owned());
        let other = Answer::Document("false".to_owned());
        let failed = Answer::Failed("a".to_owned());
        for (active, candidate, expected) in [
            (&one, &one, Comparison::Same),
            (&one, &other, Comparison::Different),
            (&one, &Answer::Undefined, Comparison::Different),
            (&Answer::Undefined, &one, Comparison::Different),
            (&one, &failed, Comparison::Failed),
            (&failed, &one, Comparison::Different),
            (&failed, &Answer::Failed("b".to_owned()), Comparison::Same),
        ] {
            assert_eq!(
                Comparison::between(active, candidate),
                expected,
                "{active:?} {candidate:?}"
            );
        }
    }
}
