//! What decisions reuse.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::arena::{Arena, Document};
use crate::context::{Bounds, Context, HostFunctions, Printer, SharedState};
use crate::error::EvalError;
use crate::json::JsonError;
use crate::value::Value;

/// Scratch memory, base documents and bounds of compiled decisions. A thread has one, and resets it after each
/// decision: from then on decisions take no memory from the system.
///
/// ```
/// use precinct_runtime::{Evaluator, Value};
///
/// let mut evaluator = Evaluator::new();
/// for request in [br#"{"user":"alice"}"#, br#"{"user":"carol"}"#] {
///     let input = evaluator.parse(request)?;
///     assert!(input.field("user").and_then(Value::as_str).is_some());
///     evaluator.reset();
/// }
/// # Ok::<(), precinct_runtime::json::JsonError>(())
/// ```
#[derive(Default)]
pub struct Evaluator {
    arena: Arena,
    data: Option<Arc<Document>>,
    shared: Arc<SharedState>,
    bounds: Bounds,
    functions: Option<Arc<HostFunctions>>,
    printer: Option<fn(&str)>,
}

/// The arena keeps this much between decisions; what a single large one needed beyond it goes back to the system.
const KEPT: usize = 16 << 20;

impl Evaluator {
    /// With default bounds, and the base documents that the policies were compiled with.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with other base documents.
    #[must_use]
    pub fn with_data(mut self, data: Arc<Document>) -> Self {
        self.data = Some(data);
        self
    }

    /// The same with state that several evaluators share: compiled patterns, HTTP responses. Without it an evaluator
    /// keeps its own from decision to decision.
    #[must_use]
    pub fn with_shared(mut self, shared: Arc<SharedState>) -> Self {
        self.shared = shared;
        self
    }

    /// The same with these bounds on each decision.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The same with functions of the host program, which policies call by these names.
    #[must_use]
    pub fn with_functions(mut self, functions: Arc<HostFunctions>) -> Self {
        self.functions = Some(functions);
        self
    }

    /// The same with a reader of what policies `print`. Policies that were compiled without their prints have none.
    #[must_use]
    pub const fn with_printer(mut self, printer: fn(&str)) -> Self {
        self.printer = Some(printer);
        self
    }

    /// Where the values of decisions live.
    #[must_use]
    #[inline]
    pub const fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Reads JSON into the arena.
    pub fn parse<'e>(&'e self, text: &'e [u8]) -> Result<Value<'e>, JsonError> {
        crate::json::Decoder::new(&self.arena).decode(text)
    }

    /// Frees the values of the decisions so far, and keeps the memory.
    #[inline]
    pub fn reset(&mut self) {
        if self.arena.allocated_bytes() > KEPT {
            self.arena = Arena::new();
        } else {
            self.arena.reset();
        }
    }

    /// A context for one decision of a program that needs this much.
    #[doc(hidden)]
    pub fn context(&self, needs: &Needs) -> Context<'_> {
        let mut context = Context::new(&self.arena)
            .with_bounds(self.bounds.clone())
            .with_sizes(needs.memo_slots, needs.masks, needs.mocks)
            .with_lent(&self.shared);
        context.host = self.functions.as_deref();
        if let Some(printer) = self.printer {
            context.printer = Some(Printer::Lines(printer));
        }
        if let Some(data) = &self.data {
            context = context.with_documents(data);
        } else if let Some(data) = needs.data {
            context = context.with_documents(data());
        }
        if needs.clock {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos();
            context.time_ns = i64::try_from(now).unwrap_or(i64::MAX);
            context = context.with_seed(std::hash::BuildHasher::hash_one(
                &std::hash::RandomState::new(),
                now,
            ));
        }
        context.strict_builtin_errors = needs.strict;
        context
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("bounds", &self.bounds)
            .field("allocated_bytes", &self.arena.allocated_bytes())
            .finish_non_exhaustive()
    }
}

/// What a compiled program needs of a context.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Memo slots.
    pub memo_slots: usize,
    /// Replaced paths of `data`.
    pub masks: usize,
    /// Replaced functions.
    pub mocks: usize,
    /// Something asks for the time or for random numbers.
    pub clock: bool,
    /// Errors of builtins end the evaluation.
    pub strict: bool,
    /// The base documents that the program was compiled with.
    pub data: Option<fn() -> &'static Document>,
}

/// A decision that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The input is not JSON.
    #[error("{0}")]
    Input(#[from] InputError),
    /// The evaluation failed.
    #[error(transparent)]
    Evaluation(#[from] EvalError),
}

/// An input that is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input:{row}:{col}: {message}")]
pub struct InputError {
    /// What is wrong.
    pub message: String,
    /// The line, from 1.
    pub row: usize,
    /// The byte in the line, from 1.
    pub col: usize,
}

impl InputError {
    /// The error of a decoder at its place in the text.
    #[must_use]
    pub fn new(error: JsonError, text: &[u8]) -> Self {
        let before = &text[..error.offset.min(text.len())];
        let line = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        Self {
            message: error.message,
            row: before.split(|b| *b == b'\n').count(),
            col: before.len() - line + 1,
        }
    }
}
