//! What coverage and traces see of an evaluation.

use precinct_rego::ast::Span;
use precinct_rego::ir::{FunctionId, RuleId};
use precinct_runtime::Value;

use super::code::Reg;

/// Where an evaluation is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p, 'a> {
    /// The function.
    pub function: FunctionId,
    /// The expression or rule.
    pub span: Span,
    /// Calls around this one.
    pub depth: usize,
    pub(super) registers: &'p [Option<Value<'a>>],
    pub(super) homes: &'p [Option<Reg>],
}

impl<'a> Place<'_, 'a> {
    /// The function's locals, in the order of the IR. Builders are empty, and so are locals that only one of many rules
    /// has, unless [marks](super::Options::marks) were asked for.
    pub fn locals(&self) -> impl Iterator<Item = Option<Value<'a>>> {
        self.homes
            .iter()
            .map(|home| *self.registers.get((*home)? as usize)?)
    }
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

    /// A rule of the function that runs passes OPA's index; said of all of them before the first begins. Needs
    /// [`Options::marks`](super::Options::marks).
    #[inline]
    fn indexed(&mut self, _rule: RuleId) {}

    /// An error ends the evaluation: the functions that were running, the outermost first, with their place.
    #[inline]
    fn failed(&mut self, _running: &[Place<'_, 'a>]) {}

    /// A builtin failed, which makes its call undefined.
    #[inline]
    fn builtin_failed(&mut self, _running: &[Place<'_, 'a>]) {}

    /// An expression begins; needs [`Options::marks`](super::Options::marks).
    #[inline]
    fn mark(&mut self, _place: Place<'_, 'a>) {}
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks<'_> for NoHooks {}

impl<'a, H: Hooks<'a>> Hooks<'a> for &mut H {
    #[inline]
    fn call(&mut self, place: Place<'_, 'a>) {
        (**self).call(place);
    }

    #[inline]
    fn leave(&mut self, function: FunctionId, result: Option<Value<'a>>) {
        (**self).leave(function, result);
    }

    #[inline]
    fn rule(&mut self, rule: RuleId, place: Place<'_, 'a>) {
        (**self).rule(rule, place);
    }

    #[inline]
    fn indexed(&mut self, rule: RuleId) {
        (**self).indexed(rule);
    }

    #[inline]
    fn failed(&mut self, running: &[Place<'_, 'a>]) {
        (**self).failed(running);
    }

    #[inline]
    fn builtin_failed(&mut self, running: &[Place<'_, 'a>]) {
        (**self).builtin_failed(running);
    }

    #[inline]
    fn mark(&mut self, place: Place<'_, 'a>) {
        (**self).mark(place);
    }
}

/// Two that watch.
impl<'a, One: Hooks<'a>, Other: Hooks<'a>> Hooks<'a> for (One, Other) {
    #[inline]
    fn call(&mut self, place: Place<'_, 'a>) {
        self.0.call(place);
        self.1.call(place);
    }

    #[inline]
    fn leave(&mut self, function: FunctionId, result: Option<Value<'a>>) {
        self.0.leave(function, result);
        self.1.leave(function, result);
    }

    #[inline]
    fn rule(&mut self, rule: RuleId, place: Place<'_, 'a>) {
        self.0.rule(rule, place);
        self.1.rule(rule, place);
    }

    #[inline]
    fn indexed(&mut self, rule: RuleId) {
        self.0.indexed(rule);
        self.1.indexed(rule);
    }

    #[inline]
    fn failed(&mut self, running: &[Place<'_, 'a>]) {
        self.0.failed(running);
        self.1.failed(running);
    }

    #[inline]
    fn builtin_failed(&mut self, running: &[Place<'_, 'a>]) {
        self.0.builtin_failed(running);
        self.1.builtin_failed(running);
    }

    #[inline]
    fn mark(&mut self, place: Place<'_, 'a>) {
        self.0.mark(place);
        self.1.mark(place);
    }
}
