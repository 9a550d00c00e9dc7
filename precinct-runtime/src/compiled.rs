//! Policies that are part of a program, as a server sees them.

use crate::context::Context;
use crate::error::EvalError;
use crate::evaluator::Needs;
use crate::value::Value;

/// Compiled policies, asked by path. `precinct_codegen::Builder::served` writes an implementation, `Compiled`, beside the
/// policies.
pub trait Compiled: Send + Sync {
    /// The names and texts of the modules that the policies were compiled from.
    fn sources(&self) -> &'static [(&'static str, &'static str)];

    /// The base documents that they were compiled with, as JSON text.
    fn data(&self) -> Option<&'static str>;

    /// The SHA-256 digest of modules and documents, in hexadecimal.
    fn digest(&self) -> &'static str;

    /// What a context has to hold.
    #[doc(hidden)]
    fn needs(&self) -> &'static Needs;

    /// The document at a path (`precinct/authz/allow`), for the input and the base documents of the context; `None` if
    /// there is no function for this path, which says nothing about the document.
    fn evaluate<'a>(
        &self,
        context: &mut Context<'a>,
        path: &str,
    ) -> Option<Result<Option<Value<'a>>, EvalError>>;
}

impl Context<'_> {
    /// The same for the functions of compiled policies.
    #[must_use]
    pub fn of_compiled(self, compiled: &dyn Compiled) -> Self {
        let needs = compiled.needs();
        self.with_sizes(needs.memo_slots, needs.masks, needs.mocks)
    }
}
