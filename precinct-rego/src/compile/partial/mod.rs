//! Partial evaluation: what remains of a query when parts of `input` and `data` are not known yet.
//!
//! Rules that the query reads are inlined and what is certain is decided; what is not is saved. What cannot be inlined
//! (defaults, negations of several expressions, whole sets) becomes rules of support modules.
//!
//! * [`bindings`]: what variables stand for, in each body that is being evaluated
//! * [`unknowns`]: what is not known, and what must not be inlined
//! * [`saved`]: expressions that remain, and the modules of support
//! * [`walk`], [`unify`], [`calls`]: expressions in their order, both sides of an equation, calls
//! * [`refs`], [`documents`], [`functions`]: references, and the rules behind them
//! * [`negation`], [`every`], [`closures`]: expressions with bodies of their own
//! * [`index`]: rules that certainly do not hold
//! * [`propagate`]: variables that only stand for something are taken out

mod bindings;
mod calls;
mod closures;
mod documents;
mod every;
mod functions;
mod index;
mod negation;
mod propagate;
mod refs;
mod saved;
mod unify;
mod unknowns;
mod walk;

use crate::ast::{Body, Module, Ref, RegoVersion, Span, Term};
use crate::compile::{Compiled, CompiledQuery};

/// Why a query was not evaluated in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where what cannot be handled stands.
    pub span: Span,
    /// OPA's code of the error, `eval_conflict_error`, or empty.
    pub code: &'static str,
    /// What it is, for people.
    pub what: String,
}

/// How a query is evaluated in part.
#[derive(Clone, Debug)]
pub struct PartialOptions {
    /// References that are not known; each starts with `input` or `data`.
    pub unknowns: Vec<Ref>,
    /// References to rules that are not inlined; each starts with `data`.
    pub disable_inlining: Vec<Ref>,
    /// Rules that depend on what is not known are not inlined.
    pub shallow_inlining: bool,
    /// A rule whose default is false is inlined where it is only asked whether it holds.
    pub truths: bool,
    /// Builtins with different answers for equal operands are called.
    pub nondeterministic_builtins: bool,
    /// The name below `data` under which support modules stand.
    pub namespace: String,
    /// Support of rules takes their place: it stands in their packages, and only what has no rule in the namespace.
    pub in_place: bool,
    /// The version that support modules are written in.
    pub version: RegoVersion,
}

/// What remains of a query.
#[derive(Clone, Debug, Default)]
pub struct Partial {
    /// The query holds if one of these does. None means never; an empty one means always.
    pub queries: Vec<Body>,
    /// The modules that the queries refer to, ordered by package.
    pub support: Vec<Module>,
}

/// What evaluation needs from outside: documents, and the builtins.
pub trait Runtime {
    /// The input document.
    fn input(&mut self) -> Option<Term>;
    /// The base documents.
    fn data(&mut self) -> Term;
    /// The answers of a builtin, without an answer it is undefined; those with several are relations, `walk`.
    ///
    /// # Errors
    /// What ends the evaluation.
    fn call(&mut self, name: &str, operands: &[Term], span: Span) -> Result<Vec<Term>, Refused>;
    /// Asked between steps.
    ///
    /// # Errors
    /// Time is up.
    fn pause(&mut self) -> Result<(), Refused>;
}

/// Evaluates a query in part. The stack must have room for some tens of megabytes: see [`STACK`].
///
/// # Errors
/// A rule has two values, a builtin ended the evaluation, or there is too much left.
pub fn partial(
    compiled: &Compiled,
    query: &CompiledQuery,
    options: &PartialOptions,
    runtime: &mut dyn Runtime,
) -> Result<Partial, Refused> {
    walk::Walk::new(compiled, options, runtime).run(query)
}

/// The stack that the deepest evaluation needs, in bytes.
pub const STACK: usize = 1 << 29;
