//! The evaluation: expressions in their order. What follows an expression is a function that is called once for each way
//! in which it can hold; bindings, unknowns and what is saved are taken back when it returns.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::bindings::{At, Bindings, QUERY, made, variable};
use super::propagate::Propagation;
use super::saved::{Saved, Support};
use super::unknowns::{Inlining, Unknowns};
use super::{Partial, PartialOptions, Refused, Runtime};
use crate::ast::order::compare_exprs;
use crate::ast::{Body, Expr, ExprKind, Ref, Span, Term, TermValue, Var};
use crate::compile::locals::{equality, equality_operands, expression};
use crate::compile::rule_tree::RuleId;
use crate::compile::types::Checker;
use crate::compile::vars::{self, Scope, VarSet};
use crate::compile::{Compiled, CompiledQuery};

/// How deep evaluation nests before the query is refused.
const DEPTH: usize = 5000;
/// How many queries, and rules of support, may remain.
const RESULTS: usize = 1 << 16;
/// What the names of variables begin with that stand for conditions.
const CONDITION: &str = "$_term_";

/// Whether a term only stands for a condition: whether it holds is all that counts.
pub(super) fn is_condition(term: &Term) -> bool {
    matches!(&term.value, TermValue::Var(name) if name.starts_with(CONDITION))
}

pub(super) type Outcome = Result<(), Refused>;
/// What follows when something holds.
pub(super) type Then<'a, 'c> = &'a mut dyn FnMut(&mut Walk<'c>) -> Outcome;

/// A body that is being evaluated, and the position in it.
#[derive(Clone)]
pub(super) struct Frame<'q> {
    pub(super) body: &'q [Expr],
    pub(super) index: usize,
    /// The number of the evaluation.
    pub(super) id: u64,
    pub(super) at: At,
    /// Numbers of variables that evaluation makes up.
    pub(super) fresh: Rc<Cell<u32>>,
    /// How many elements of `every` this body stands for.
    pub(super) unrolled: usize,
}

impl<'q> Frame<'q> {
    pub(super) fn expr(&self) -> Option<&'q Expr> {
        self.body.get(self.index)
    }

    pub(super) fn span(&self) -> Span {
        self.expr().map(|it| it.span).unwrap_or_default()
    }

    pub(super) fn fresh(&self) -> u32 {
        let number = self.fresh.get();
        self.fresh.set(number.saturating_add(1));
        number
    }
}

pub(super) struct Walk<'c> {
    pub(super) compiled: &'c Compiled,
    pub(super) options: &'c PartialOptions,
    pub(super) runtime: &'c mut dyn Runtime,
    pub(super) bindings: Bindings,
    pub(super) unknowns: Unknowns,
    pub(super) inlining: Inlining,
    pub(super) nondeterministic: bool,
    /// Whether evaluating a rule saves something. Forgotten when something else must not be inlined.
    pub(super) unknown_rules: HashMap<RuleId, bool>,
    pub(super) saved: Vec<Vec<Saved>>,
    pub(super) support: Support,
    pub(super) input: Option<Rc<Term>>,
    pub(super) data: Rc<Term>,
    /// What `with` replaces in `data`.
    pub(super) replaced: Option<Rc<Term>>,
    pub(super) targets: Vec<Vec<Ref>>,
    pub(super) mocks: Vec<Vec<(Ref, Term)>>,
    /// Values of complete rules that are known, by their paths; one table for each `with`.
    pub(super) cache: Vec<HashMap<String, Option<Term>>>,
    pub(super) evaluations: u64,
    pub(super) results: usize,
    depth: usize,
}

impl<'c> Walk<'c> {
    pub(super) fn new(
        compiled: &'c Compiled,
        options: &'c PartialOptions,
        runtime: &'c mut dyn Runtime,
    ) -> Self {
        let input = runtime.input().map(Rc::new);
        let data = Rc::new(runtime.data());
        Self {
            compiled,
            options,
            runtime,
            bindings: Bindings::default(),
            unknowns: Unknowns::new(options.unknowns.clone()),
            inlining: Inlining::new(
                options.shallow_inlining,
                options.truths,
                options.disable_inlining.clone(),
            ),
            nondeterministic: options.nondeterministic_builtins,
            unknown_rules: HashMap::new(),
            saved: vec![Vec::new()],
            support: Support::default(),
            input,
            data,
            replaced: None,
            targets: Vec::new(),
            mocks: vec![Vec::new()],
            cache: vec![HashMap::new()],
            evaluations: 0,
            results: 0,
            depth: 0,
        }
    }

    pub(super) fn run(mut self, query: &CompiledQuery) -> Result<Partial, Refused> {
        let id = self.number();
        let at = self.bindings.push(id);
        let frame = Frame {
            body: &query.body,
            index: 0,
            id,
            at,
            fresh: Rc::default(),
            unrolled: 1,
        };
        let mut live: VarSet = self
            .options
            .unknowns
            .iter()
            .filter_map(|it| it.first().and_then(vars::name))
            .cloned()
            .collect();
        live.extend(
            Scope::default()
                .of_body(&query.body)
                .into_iter()
                .filter(|name| !vars::is_generated(name)),
        );
        let mut queries = Vec::new();
        self.body(&frame, &mut |walk| {
            let outer = walk.saved.last().map_or(&[][..], Vec::as_slice);
            let mut body: Body = outer
                .iter()
                .map(|it| it.plug(&walk.bindings, QUERY))
                .collect();
            let count = body.len();
            for name in walk.bindings.bound(QUERY) {
                let name = variable(name);
                let value = walk.bindings.plug_for(&name, QUERY, QUERY);
                body.push(equality(name, value));
            }
            if let Some(bound) = body.get_mut(count..) {
                bound.sort_by(compare_exprs);
            }
            if !walk.passes_type_check(&body) {
                return Ok(());
            }
            if !walk.inlining.shallow {
                body = Propagation::new(walk.compiled, live.clone()).apply(body, false);
            }
            walk.count()?;
            queries.push(body);
            Ok(())
        })?;
        Ok(Partial {
            queries,
            support: self.support.finish(),
        })
    }

    pub(super) fn number(&mut self) -> u64 {
        let number = self.evaluations;
        self.evaluations += 1;
        number
    }

    pub(super) fn count(&mut self) -> Outcome {
        self.results += 1;
        if self.results > RESULTS {
            return Err(refused(Span::default(), "too much remains of the query"));
        }
        Ok(())
    }

    /// Evaluates a body with a table of its own. `then` is told which one.
    pub(super) fn child(
        &mut self,
        frame: &Frame<'_>,
        body: &[Expr],
        then: &mut dyn FnMut(&mut Self, &Frame<'_>) -> Outcome,
    ) -> Outcome {
        self.child_with(frame, body, &mut |walk, child| {
            walk.body(child, &mut |walk| then(walk, child))
        })
    }

    /// Gives a body a table of its own; `run` evaluates it.
    pub(super) fn child_with(
        &mut self,
        frame: &Frame<'_>,
        body: &[Expr],
        run: &mut dyn FnMut(&mut Self, &Frame<'_>) -> Outcome,
    ) -> Outcome {
        let id = self.number();
        let at = self.bindings.push(id);
        let child = Frame {
            body,
            index: 0,
            id,
            at,
            fresh: Rc::new(Cell::new(frame.fresh.get())),
            unrolled: frame.unrolled,
        };
        let outcome = run(self, &child);
        self.bindings.pop();
        outcome
    }

    /// A body that shares the variables of the one that it stands in.
    pub(super) fn closure<'q>(&mut self, frame: &Frame<'_>, body: &'q [Expr]) -> Frame<'q> {
        Frame {
            body,
            index: 0,
            id: self.number(),
            at: frame.at,
            fresh: Rc::new(Cell::new(frame.fresh.get())),
            unrolled: frame.unrolled,
        }
    }

    /// Counts a level of nesting while `run` runs.
    pub(super) fn nested(
        &mut self,
        span: Span,
        run: &mut dyn FnMut(&mut Self) -> Outcome,
    ) -> Outcome {
        if self.depth >= DEPTH {
            return Err(refused(span, "the query is too deep"));
        }
        self.depth += 1;
        let outcome = run(self);
        self.depth -= 1;
        outcome
    }

    /// Evaluates what is left of a body.
    pub(super) fn body(&mut self, frame: &Frame<'_>, then: Then<'_, 'c>) -> Outcome {
        let Some(expr) = frame.expr() else {
            return then(self);
        };
        self.runtime.pause()?;
        let mut next = frame.clone();
        next.index += 1;
        self.nested(expr.span, &mut |walk| {
            let mut rest = |walk: &mut Self| walk.body(&next, then);
            if expr.with.is_empty() {
                walk.step(frame, expr, &mut rest)
            } else {
                walk.with(frame, expr, &mut rest)
            }
        })
    }

    /// Evaluates one expression, its modifiers aside.
    pub(super) fn step(&mut self, frame: &Frame<'_>, expr: &Expr, then: Then<'_, 'c>) -> Outcome {
        if expr.negated {
            return self.negated(frame, expr, then);
        }
        match &expr.kind {
            ExprKind::Call(terms) => {
                // Variables are safe by now, so that a comparison with `==` says what a unification says.
                let sides = equality_operands(expr).or(match terms.as_slice() {
                    [_, lhs, rhs] if expr.operator_is("equal") => Some((lhs, rhs)),
                    _ => None,
                });
                match sides {
                    Some((lhs, rhs)) => self.unify(frame, lhs, frame.at, rhs, frame.at, then),
                    None => self.call(frame, terms, then),
                }
            }
            ExprKind::Term(term) => self.condition(frame, term, then),
            ExprKind::Some(_) => then(self),
            ExprKind::Every(every) => self.every(frame, expr, every, then),
            ExprKind::Not(not) => self.not_body(frame, expr, not, then),
            ExprKind::And(sides) => self.conjunction(frame, expr, sides, then),
            ExprKind::Or(sides) => self.alternative(frame, expr, sides, then),
        }
    }

    /// A term by itself: it must be defined and not false.
    fn condition(&mut self, frame: &Frame<'_>, term: &Term, then: Then<'_, 'c>) -> Outcome {
        let name: Var = format!("{CONDITION}{}_{}", frame.id, frame.index).into();
        let result = variable(name);
        self.unify(frame, term, frame.at, &result, frame.at, &mut |walk| {
            if walk.unknowns.contains(&result, frame.at) {
                let expr = expression(frame.span(), ExprKind::Term(result.clone()));
                return walk.save(frame, expr, then);
            }
            let value = walk.bindings.plug(&result, frame.at);
            if matches!(value.value, TermValue::Boolean(false)) {
                return Ok(());
            }
            then(walk)
        })
    }

    /// Whether the body's types go together; one whose types don't never holds.
    pub(super) fn passes_type_check(&self, body: &Body) -> bool {
        let none = |_: &[Term]| Vec::new();
        let builtins = &self.compiled.options.capabilities;
        let checker = Checker::new(&none, &[], &[], builtins, true);
        checker.query(&self.compiled.types, body, &[]).is_empty()
    }

    pub(super) fn arity(&self, operator: &[Term]) -> Option<usize> {
        let it = self.compiled;
        crate::compile::stages::arity(operator, &it.options, &it.tree, &it.rules)
    }

    /// The variables of bodies, those of closures included.
    pub(super) fn vars_of(body: &[Expr]) -> BTreeSet<Var> {
        Scope::default().of_body(body)
    }
}

pub(super) fn refused(span: Span, what: &str) -> Refused {
    Refused {
        span,
        code: "",
        what: what.to_owned(),
    }
}

/// `true`
pub(super) fn truth() -> Term {
    made(TermValue::Boolean(true))
}
