//! What is told of a decision, and to whom.

use jiff::Timestamp;
use precinct_audit::Partial;
use precinct_gateway::verdict::Verdict;

use crate::evaluation::metrics::Metrics;
use crate::state::Snapshot;

/// One evaluation that the API was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Event<'e> {
    /// The identifier that the answer carries.
    pub id: &'e str,
    /// The path of the document (`a/b`); empty for a query.
    pub path: &'e str,
    /// The query; empty for a document.
    pub query: &'e str,
    /// The input as JSON text; `None` is undefined.
    pub input: Option<&'e str>,
    /// The result as JSON text; `None` is undefined.
    pub result: Option<&'e str>,
    /// The error that ended the evaluation, on one line.
    pub error: Option<&'e str>,
    /// Answers of nondeterministic builtins as JSON text.
    pub answers: Option<&'e str>,
    /// OPA's decision log has such evaluations.
    pub is_logged: bool,
    /// What the server does, where the result alone does not say so.
    pub verdict: Option<&'e Verdict>,
    /// How the policy was evaluated in part.
    pub partial: Option<&'e Partial>,
    /// Errors of builtins ended the evaluation.
    pub strict_builtin_errors: bool,
    /// What is left out of the input.
    pub erased: &'e [String],
    /// What else the request said, as JSON text.
    pub custom: Option<&'e str>,
    /// Labels of the rules that were evaluated, as JSON text.
    pub rule_labels: Option<&'e str>,
    /// How long its steps took.
    pub metrics: &'e Metrics,
    /// How many rules were evaluated.
    pub rules: u64,
    /// Nanoseconds that the evaluation took.
    pub evaluation_ns: u64,
    /// The revisions of bundles by name.
    pub revisions: &'e [(String, String)],
    /// The state that decided.
    pub snapshot: &'e Snapshot,
    /// Who asked: the address of the client.
    pub requested_by: &'e str,
    /// The number of the request.
    pub request: u64,
    /// When.
    pub timestamp: Timestamp,
    /// The headers of the request.
    pub headers: &'e axum::http::HeaderMap,
}

/// Someone who is told of decisions before they are answered.
pub trait Recorder: Send + Sync {
    /// The identifier of the next decision; `None` where decisions have none, and are not told.
    fn next_id(&self) -> Option<String>;

    /// Whether evaluations are taken down that OPA does not log.
    fn takes_all(&self) -> bool {
        false
    }

    /// Makes sure of everything that was taken down before, for those who asked at the same time as well.
    ///
    /// # Errors
    /// Why that was not possible; the decisions are not given out then.
    fn settle(&self) -> Result<(), String> {
        Ok(())
    }

    /// Takes a decision down. It may be given out once [`Recorder::settle`] has come back.
    ///
    /// # Errors
    /// Why that was not possible; the decision is not given out then.
    fn record(&self, event: &Event<'_>) -> Result<(), String>;
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn next_id(&self) -> Option<String> {
        None
    }

    fn record(&self, _event: &Event<'_>) -> Result<(), String> {
        Ok(())
    }
}
