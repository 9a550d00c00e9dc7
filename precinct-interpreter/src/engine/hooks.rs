//! What coverage and traces see of an evaluation.

use precinct_rego::ast::Span;
use precinct_rego::ir::{FunctionId, RuleId};
use precinct_runtime::Value;

/// Where an evaluation is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p, 'a> {
    /// The function.
    pub function: FunctionId,
    /// The expression or rule.
    pub span: Span,
    /// Calls around this one.
    pub depth: usize,
    /// The function's locals, in the order of the IR; builders are empty.
    pub locals: &'p [Option<Value<'a>>],
}

/// Told by the machine what it does. Every method does nothing unless it is written, and costs nothing then.
pub trait Hooks<'a> {
    /// A function is called.
    #[inline]
    fn call(&mut self, _place: Place<'_, 'a>) {}

    /// A function returns; `None` is undefined.
    #[inline]
    fn leave(&mut self, _function: FunctionId, _result: Option<Value<'a>>) {}

    /// A rule's body begins.
    #[inline]
    fn rule(&mut self, _rule: RuleId, _place: Place<'_, 'a>) {}

    /// An expression begins; needs [`Options::marks`](super::Options::marks).
    #[inline]
    fn mark(&mut self, _place: Place<'_, 'a>) {}
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks<'_> for NoHooks {}
