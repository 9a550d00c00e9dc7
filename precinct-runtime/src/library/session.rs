//! Policies with base documents, asked by path: the library's side of the boundary, but for the pointers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::raw;
use crate::arena::Document;
use crate::compiled::Compiled;
use crate::context::{Bounds, Context, HostFunctions, SharedState};
use crate::generated::scratch;
use crate::json::{Decoder, JsonError, to_string};
use crate::value::Value;

/// Policies with the base documents that they are asked about.
pub struct Session {
    compiled: &'static dyn Compiled,
    functions: Option<&'static HostFunctions>,
    data: Document,
    runtime: Document,
    shared: Arc<SharedState>,
}

/// A question, with what the evaluation finds around it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The path, `a/b`.
    pub path: &'q str,
    /// The input as JSON text; `None` is undefined.
    pub input: Option<&'q [u8]>,
    /// `time.now_ns()`.
    pub time_ns: i64,
    /// The seed of everything random.
    pub seed: u64,
    /// How long the evaluation may take.
    pub limit: Option<Duration>,
    /// Errors of builtins end the evaluation.
    pub strict: bool,
}

/// A status of [`raw`], the document as JSON text, and how many rules were evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u32,
    /// The document; `None` unless the status says that there is one.
    pub text: Option<String>,
    /// How many rules were evaluated.
    pub rules: u64,
}

impl Reply {
    /// A status, and nothing else.
    #[must_use]
    pub const fn of(status: u32) -> Self {
        Self {
            status,
            text: None,
            rules: 0,
        }
    }
}

impl Session {
    /// A session about these documents: base documents, and what `opa.runtime()` gives, as JSON texts.
    ///
    /// # Errors
    /// When one of the texts is no JSON.
    pub fn open(
        compiled: &'static dyn Compiled,
        functions: Option<&'static HostFunctions>,
        data: &[u8],
        runtime: &[u8],
    ) -> Result<Self, JsonError> {
        Ok(Self {
            compiled,
            functions,
            data: Document::from_json(data)?,
            runtime: Document::from_json(runtime)?,
            shared: Arc::default(),
        })
    }

    /// Evaluates the document at a path.
    #[must_use]
    pub fn ask(&self, question: &Question<'_>) -> Reply {
        scratch(|evaluator| {
            let arena = evaluator.arena();
            let input = match question.input {
                None => None,
                Some(text) => match Decoder::new(arena).decode_copied(text) {
                    Ok(input) => Some(input),
                    Err(_) => return Reply::of(raw::MALFORMED),
                },
            };
            let deadline = question
                .limit
                .and_then(|limit| Instant::now().checked_add(limit));
            let mut context = Context::new(arena)
                .of_compiled(self.compiled)
                .with_shared(Arc::clone(&self.shared))
                .with_seed(question.seed)
                .with_documents(&self.data)
                .with_input(input)
                .with_bounds(Bounds {
                    deadline,
                    ..Bounds::default()
                });
            context.time_ns = question.time_ns;
            context.strict_builtin_errors = question.strict;
            context.runtime = Some(self.runtime.value());
            context.host = self.functions;
            let answer = self.compiled.evaluate(&mut context, question.path);
            let (status, value): (u32, Option<Value<'_>>) = match answer {
                None => (raw::UNKNOWN, None),
                Some(Err(_)) => (raw::FAILED, None),
                Some(Ok(None)) => (raw::UNDEFINED, None),
                Some(Ok(Some(value))) => (raw::DOCUMENT, Some(value)),
            };
            Reply {
                status,
                text: value.map(to_string),
                rules: context.counters.rules,
            }
        })
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
