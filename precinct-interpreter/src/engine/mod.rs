//! The engine over the IR.
//!
//! A program is loaded once: statements become flat register code in which jumps, constants, builtins and paths are
//! numbers. Many threads then evaluate the same engine at the same time, each with an arena and a
//! [`Context`] of its own.
//!
//! ```text
//! scan 'next l0 as _, l1        0  ScanBegin  iter 0, r0, exit 4
//!   test l1 > 1  else 'next     1  ScanNext   iter 0, -, r1, exit 4
//!   return true                 2  Less       k0, r1, else 1
//!                               3  Return     k1
//!                               4  Undefined
//! ```
//!
//! * [`code`]: the instructions
//! * [`load`]: IR to instructions
//! * [`constants`]: the constants of a program as values
//! * [`machine`]: the loop that runs them, with an explicit stack: a deep policy cannot overflow the thread's
//! * [`lookup`]: functions and documents that are asked for arguments or keys
//! * [`attempts`]: documents that are asked as a whole first
//! * [`conflicts`]: what is said about a document with two values
//! * [`state`]: what its stacks hold
//! * [`inputs`]: parts of the input that were read
//! * [`hooks`]: what coverage and traces see

mod attempts;
mod code;
mod conflicts;
pub mod constants;
pub mod hooks;
mod inputs;
mod load;
mod lookup;
mod machine;
mod private;
mod select;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use precinct_rego::ast::Span;
use precinct_rego::ir::{FunctionId, Program};
use precinct_rego::source::Sources;
use precinct_runtime::context::SharedState;
use precinct_runtime::error::Location;
use precinct_runtime::{Arena, Context, Document, EvalError, Value};

pub use hooks::{Hooks, NoHooks, Place};

use code::Code;

/// How a program is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'s> {
    /// The sources that spans refer to; errors have no places without them.
    pub sources: Option<&'s Sources>,
    /// Keep the marks of expressions, which coverage and traces need and which cost time.
    pub marks: bool,
}

/// A program that cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The IR breaks one of its own rules.
    #[error("function {function}: {fault}")]
    Malformed {
        /// The function at fault.
        function: Arc<str>,
        /// What is wrong with it.
        fault: String,
    },
    /// The program has more of something than 31 bits can count.
    #[error("the program is too large")]
    TooLarge,
}

/// A loaded program.
#[derive(Debug)]
pub struct Engine {
    functions: Vec<Code>,
    constants: Document,
    builtins: Vec<load::BuiltinSlot>,
    paths: Vec<Box<[Box<str>]>>,
    entrypoints: BTreeMap<String, FunctionId>,
    files: Vec<Arc<str>>,
    /// What builtins keep from one evaluation to the next: compiled patterns above all.
    shared: Arc<SharedState>,
    memo_slots: usize,
    masks: usize,
    mocks: usize,
}

impl Engine {
    /// Loads a program.
    pub fn new(program: &Program, options: Options<'_>) -> Result<Self, LoadError> {
        load::load(program, options)
    }

    /// The function that answers for a path like `precinct/authz/allow`.
    #[must_use]
    pub fn entrypoint(&self, path: &str) -> Option<FunctionId> {
        self.entrypoints.get(path).copied()
    }

    /// All paths that can be asked for.
    pub fn entrypoints(&self) -> impl Iterator<Item = (&str, FunctionId)> {
        self.entrypoints
            .iter()
            .map(|(path, id)| (path.as_str(), *id))
    }

    /// A context that fits this program, without input and with empty data.
    #[must_use]
    pub fn context<'a>(&self, arena: &'a Arena) -> Context<'a> {
        Context::new(arena)
            .with_shared(Arc::clone(&self.shared))
            .with_sizes(self.memo_slots, self.masks, self.mocks)
    }

    /// Evaluates a function without parameters; `None` is undefined.
    ///
    /// The context must come from [`Engine::context`] of this engine. Results that it remembers serve later calls with
    /// the same context, which must not change input or data in between.
    pub fn evaluate<'a>(
        &'a self,
        function: FunctionId,
        context: &mut Context<'a>,
    ) -> Result<Option<Value<'a>>, EvalError> {
        self.call(function, &[], context, &mut NoHooks)
    }

    /// Evaluates a function with these arguments, and tells the hooks what happens.
    pub fn call<'a, H: Hooks<'a>>(
        &'a self,
        function: FunctionId,
        args: &[Value<'a>],
        context: &mut Context<'a>,
        hooks: &mut H,
    ) -> Result<Option<Value<'a>>, EvalError> {
        let result = machine::Machine::new(self, context, hooks).run(function, args);
        context.finish(result)
    }

    pub(crate) fn location(&self, span: Span) -> Option<Location> {
        let file = self.files.get(span.source.0 as usize)?;
        Some(Location {
            file: Arc::clone(file),
            row: span.row,
            col: span.col,
        })
    }
}

#[cfg(test)]
mod tests;
