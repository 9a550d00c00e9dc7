//! What an evaluation did, step by step, in the words of a top-down evaluator: what `eval --explain`, `test -v` and
//! `--profile` show.
//!
//! The machine runs IR and tells only which functions, rules and expressions it begins. From that and from the compiled
//! modules the steps are put together: an expression that begins behind the last one says that the last one held, one
//! that begins again says that those behind it failed and were taken back.
//!
//! * [`outline`]: rules and bodies, as far as a trace shows them
//! * [`tracer`]: from hooks to events
//! * `captures`: the values of a query's expressions
//! * `matched`: the rules that an index lets through
//! * [`pretty`]: events as lines

mod captures;
mod matched;
pub mod outline;
pub mod pretty;
pub mod tracer;

use std::collections::BTreeMap;
use std::sync::Arc;

use precinct_rego::ast::Span;

pub use outline::Outline;
pub use tracer::Tracer;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// A rule or body begins.
    Enter,
    /// An expression begins.
    Eval,
    /// A rule or body held.
    Exit,
    /// A rule, body or expression is asked for another answer.
    Redo,
    /// An expression did not hold.
    Fail,
    /// The policy said something.
    Note,
    /// Rules that can answer were looked up.
    Index,
}

impl Op {
    /// The word of a trace.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enter => "Enter",
            Self::Eval => "Eval",
            Self::Exit => "Exit",
            Self::Redo => "Redo",
            Self::Fail => "Fail",
            Self::Note => "Note",
            Self::Index => "Index",
        }
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A rule.
    Rule,
    /// A body.
    Body,
    /// An expression: its position in the body, from 0.
    Expr(usize),
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub op: Op,
    /// The body that it happened in, numbered from 0.
    pub query: u32,
    /// The body that asked for that one; the outermost names itself.
    pub parent: u32,
    /// What it is about.
    pub subject: Subject,
    /// Where that stands.
    pub span: Span,
    /// The rule's name, or the text of the body or expression.
    pub text: Arc<str>,
    /// What is said besides: `early`, `(matched 1 rule)`, or the note itself.
    pub message: String,
    /// The whole expression that the author wrote, when this is about a part of it.
    pub written: Span,
    /// The variables that are bound, by name, when the tracer keeps them.
    pub locals: BTreeMap<Arc<str>, String>,
    /// What the parts of a failed expression were, when the tracer keeps variables.
    pub values: Vec<Shown>,
    /// Nanoseconds since the trace began.
    pub ns: u64,
}

/// The value of a part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where the part stands.
    pub span: Span,
    /// The variable or reference, as it was written.
    pub title: Arc<str>,
    /// Its value as text.
    pub value: String,
}

/// Which events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Notes, and what led to them.
    Notes,
    /// Failures, and what led to them.
    Fails,
    /// Both.
    NotesAndFails,
    /// Everything.
    Full,
}

/// The events that are shown.
#[must_use]
pub fn filtered(events: &[Event], detail: Detail) -> Vec<Event> {
    let wanted: &[Op] = match detail {
        Detail::Full => return events.to_vec(),
        Detail::Notes => &[Op::Note],
        Detail::Fails => &[Op::Fail],
        Detail::NotesAndFails => &[Op::Note, Op::Fail],
    };
    let mut shown = Vec::new();
    let mut begun: BTreeMap<u32, &Event> = BTreeMap::new();
    for event in events {
        if wanted.contains(&event.op) {
            let mut path = vec![event];
            let mut next = begun.get(&event.query).copied();
            while let Some(outer) = next {
                path.push(outer);
                next = begun
                    .get(&outer.parent)
                    .copied()
                    .filter(|more| more.query < outer.query);
            }
            shown.extend(path.into_iter().rev().cloned());
            begun.clear();
        }
        let opens = matches!(event.op, Op::Enter | Op::Redo);
        if opens && !matches!(event.subject, Subject::Expr(_)) {
            begun.insert(event.query, event);
        }
    }
    shown
}
