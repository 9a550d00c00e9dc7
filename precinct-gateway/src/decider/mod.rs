//! Who decides.
//!
//! * [`compiled`]: policies that are compiled into the gateway
//! * [`reloadable`]: policies that are interpreted, and can be replaced while they serve
//!
//! Both keep what they decide by, and what nondeterministic builtins answered, so that decisions can be made again.

pub mod compiled;
pub mod reloadable;

use std::hash::{BuildHasher as _, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use precinct_runtime::context::replayable;
use precinct_runtime::json::Encoding;
use precinct_runtime::{Context, Document, EvalError, Value};

pub use compiled::Compiled;
pub use reloadable::Reloadable;

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The value, where `None` is undefined; or why the evaluation failed, and the request must be denied.
    pub value: Result<Option<serde_json::Value>, String>,
    /// The policy that answered: `sha256:` and 64 hexadecimal digits.
    pub bundle_digest: String,
    /// How many rule bodies were entered.
    pub rules_evaluated: u64,
    /// What nondeterministic builtins answered, if any was called.
    pub answers: Option<serde_json::Value>,
}

impl Default for Decided {
    /// Nobody was asked.
    fn default() -> Self {
        Self {
            value: Ok(None),
            bundle_digest: String::new(),
            rules_evaluated: 0,
            answers: None,
        }
    }
}

/// A policy that can be asked. Errors of builtins end its evaluations.
pub trait Decider: Send + Sync {
    /// The document at a path (`precinct/gateway/decision`) for an input in JSON.
    ///
    /// # Errors
    /// Why nothing was evaluated. The request must then be denied.
    fn decide(&self, path: &str, input: &[u8]) -> Result<Decided, String>;
}

/// A context with the present time and randomness that nobody can foresee, in which errors of builtins count.
fn prepared<'a>(context: Context<'a>, input: Value<'a>, data: &'a Document) -> Context<'a> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    let mut context = context
        .with_input(Some(input))
        .with_documents(data)
        .with_seed(RandomState::new().hash_one(now))
        .with_recording();
    context.time_ns = i64::try_from(now).unwrap_or(i64::MAX);
    context.strict_builtin_errors = true;
    context
}

/// What is told of an evaluation that is over.
fn told(
    answer: Result<Option<Value<'_>>, EvalError>,
    context: &Context<'_>,
    digest: &str,
) -> Decided {
    let answers = context.answers();
    let answers = (!answers.is_empty()).then(|| json(replayable(answers, context.arena())));
    let value = match answer {
        Ok(value) => value.map(json).transpose(),
        Err(error) => Err(error.to_string()),
    };
    Decided {
        value,
        bundle_digest: digest.to_owned(),
        rules_evaluated: context.rules_evaluated(),
        answers: answers.and_then(Result::ok),
    }
}

fn json(value: Value<'_>) -> Result<serde_json::Value, String> {
    serde_json::from_str(&Encoding::PLAIN.encode(value)).map_err(|error| error.to_string())
}
