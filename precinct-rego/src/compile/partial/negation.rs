//! Negations, and the sides of `and` and `or`.

use super::Refused;
use super::bindings::{QUERY, made};
use super::documents::support_head;
use super::propagate::Propagation;
use super::saved::{Saved, split};
use super::walk::{Frame, Outcome, Then, Walk, truth};
use crate::ast::order::sorted_terms;
use crate::ast::{Body, Expr, ExprKind, Logical, NotBody, Term, TermValue};
use crate::compile::locals::{equality_operands, expression};
use crate::compile::vars::{Scope, VarSet, is_root};
use crate::compile::visit::{self, Node};

/// How many expressions a negation of several queries may become.
const INLINED: usize = 16;

/// How a negation is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `not expr`
    Classic,
    /// `not expr`, `not { body }` with a scope of its own.
    Scoped,
}

impl<'c> Walk<'c> {
    /// `not expr`
    pub(super) fn negated(
        &mut self,
        frame: &Frame<'_>,
        expr: &Expr,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let body = vec![Expr {
            negated: false,
            with: Vec::new(),
            ..expr.clone()
        }];
        if self.expr_unknown(expr, frame.at) {
            return self.negated_unknown(frame, expr, &body, Form::Classic, then);
        }
        if self.holds(frame, &body)? {
            return Ok(());
        }
        then(self)
    }

    /// Whether the body, whose variables are those of the frame, holds.
    fn holds(&mut self, frame: &Frame<'_>, body: &[Expr]) -> Result<bool, Refused> {
        let closure = self.closure(frame, body);
        let mut holds = false;
        self.body(&closure, &mut |_| {
            holds = true;
            Ok(())
        })?;
        Ok(holds)
    }

    /// `not { body }`
    pub(super) fn not_body(
        &mut self,
        frame: &Frame<'_>,
        expr: &Expr,
        not: &NotBody,
        then: Then<'_, 'c>,
    ) -> Outcome {
        if !self.body_unknown(&not.body, frame.at) {
            if self.holds(frame, &not.body)? {
                return Ok(());
            }
            return then(self);
        }
        if not.explicit && !self.inlining.shallow {
            let closure = self.closure(frame, &not.body);
            let queries = self.queries_of(&closure, None)?;
            if queries.is_empty() {
                return then(self);
            }
            let negations = queries
                .into_iter()
                .map(|body| {
                    let not = NotBody {
                        span: not.span,
                        body,
                        explicit: true,
                    };
                    expression(expr.span, ExprKind::Not(Box::new(not)))
                })
                .collect();
            return self.save_complete(frame, negations, then);
        }
        self.negated_unknown(frame, expr, &not.body, Form::Scoped, then)
    }

    /// What remains of a body on each way in which it holds.
    fn queries_of(
        &mut self,
        closure: &Frame<'_>,
        live: Option<&VarSet>,
    ) -> Result<Vec<Body>, Refused> {
        let mut queries = Vec::new();
        self.saved.push(Vec::new());
        let outcome = self.body(closure, &mut |walk| {
            if let Some(mut body) = walk.rest() {
                if let Some(live) = live {
                    body = Propagation::new(walk.compiled, live.clone()).apply(body, true);
                }
                walk.count()?;
                queries.push(body);
            }
            Ok(())
        });
        self.saved.pop();
        outcome.map(|()| queries)
    }

    fn negated_unknown(
        &mut self,
        frame: &Frame<'_>,
        expr: &Expr,
        body: &[Expr],
        form: Form,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let closure = self.closure(frame, body);
        let unknown = self.unknowns.names(&self.bindings, QUERY);
        let live = (!self.inlining.shallow).then_some(&unknown);
        let queries = self.queries_of(&closure, live)?;
        if queries.is_empty() {
            return then(self);
        }
        if can_inline(&unknown, &queries) {
            return self.products(frame, &queries, &mut Vec::new(), form, then);
        }
        let name = format!("__not{}_{}_{}__", frame.id, frame.index, closure.id);
        let data = made(TermValue::Var("data".into()));
        let path = self.in_namespace(&[data, made(TermValue::String(name.as_str().into()))]);
        let mut used = VarSet::new();
        for query in &queries {
            used.extend(Self::vars_of(query));
        }
        let args: Vec<Term> = unknown
            .intersection(&used)
            .map(|it| made(TermValue::Var(it.clone())))
            .collect();
        let args: Vec<Term> = sorted_terms(&args).into_iter().cloned().collect();
        let (package, reference) = split(&path);
        for query in queries {
            let head = support_head(reference.clone(), args.clone(), None, Some(truth()));
            self.insert_support(package.clone(), false, head, query)?;
        }
        let operator = made(TermValue::Ref(path));
        let kind = if args.is_empty() {
            ExprKind::Term(operator)
        } else {
            ExprKind::Call(std::iter::once(operator).chain(args).collect())
        };
        let mut saved = Expr {
            with: Vec::new(),
            ..expr.clone()
        };
        saved.kind = match form {
            Form::Classic => kind,
            Form::Scoped => ExprKind::Not(Box::new(NotBody {
                span: expr.span,
                body: vec![expression(expr.span, kind)],
                explicit: false,
            })),
        };
        self.save_complete(frame, vec![saved], then)
    }

    /// One expression of each query, negated, in every combination.
    fn products(
        &mut self,
        frame: &Frame<'_>,
        queries: &[Body],
        chosen: &mut Vec<Expr>,
        form: Form,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some((query, rest)) = queries.split_first() else {
            return self.save_complete(frame, chosen.clone(), then);
        };
        for expr in query {
            let before = chosen.len();
            chosen.extend(complement(expr, form));
            self.products(frame, rest, chosen, form, then)?;
            chosen.truncate(before);
        }
        Ok(())
    }

    /// Saves expressions whose variables have their names already.
    fn save_complete(
        &mut self,
        frame: &Frame<'_>,
        exprs: Vec<Expr>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let mut with = frame
            .expr()
            .map(|it| self.kept_modifiers(&it.with))
            .unwrap_or_default();
        for it in &mut with {
            it.value = self.bindings.plug_for(&it.value, frame.at, QUERY);
        }
        let count = exprs.len();
        for mut expr in exprs {
            expr.with.clone_from(&with);
            self.push_saved(Saved { expr, tables: None });
        }
        let outcome = then(self);
        for _ in 0..count {
            self.pop_saved();
        }
        outcome
    }

    /// `lhs and rhs`
    pub(super) fn conjunction(
        &mut self,
        frame: &Frame<'_>,
        expr: &Expr,
        sides: &Logical,
        then: Then<'_, 'c>,
    ) -> Outcome {
        if self.sides_unknown(frame, sides) {
            let saved = self.plugged_closures(frame, expr);
            return self.save(frame, saved, then);
        }
        if self.holds(frame, &sides.lhs)? && self.holds(frame, &sides.rhs)? {
            return then(self);
        }
        Ok(())
    }

    /// `lhs or rhs`
    pub(super) fn alternative(
        &mut self,
        frame: &Frame<'_>,
        expr: &Expr,
        sides: &Logical,
        then: Then<'_, 'c>,
    ) -> Outcome {
        if self.sides_unknown(frame, sides) {
            let saved = self.plugged_closures(frame, expr);
            return self.save(frame, saved, then);
        }
        if self.holds(frame, &sides.lhs)? || self.holds(frame, &sides.rhs)? {
            return then(self);
        }
        Ok(())
    }

    fn sides_unknown(&mut self, frame: &Frame<'_>, sides: &Logical) -> bool {
        self.body_unknown(&sides.lhs, frame.at) || self.body_unknown(&sides.rhs, frame.at)
    }
}

/// What must hold when an expression must not.
fn complement(expr: &Expr, form: Form) -> Vec<Expr> {
    if let ExprKind::Not(not) = &expr.kind
        && !expr.negated
    {
        let inner = not.body.iter().map(|it| {
            let mut it = it.clone();
            it.with.extend(expr.with.iter().cloned());
            it
        });
        return inner.collect();
    }
    if expr.negated || form == Form::Classic {
        return vec![Expr {
            negated: !expr.negated,
            ..expr.clone()
        }];
    }
    let not = NotBody {
        span: expr.span,
        body: vec![expr.clone()],
        explicit: false,
    };
    vec![expression(expr.span, ExprKind::Not(Box::new(not)))]
}

/// Whether the negations of the queries' expressions say the same as the negation of all.
fn can_inline(safe: &VarSet, queries: &[Body]) -> bool {
    let mut size = 1usize;
    for query in queries {
        size = size.saturating_mul(query.len());
        if size > INLINED {
            return false;
        }
        for expr in query {
            if is_nested(expr) {
                return false;
            }
            if !expr.negated {
                let scope = Scope {
                    operators: true,
                    closures: true,
                    ..Scope::default()
                };
                let unsafe_var = |name: &crate::ast::Var| !safe.contains(name) && !is_root(name);
                if scope.of_expr(expr).iter().any(unsafe_var) {
                    return false;
                }
            }
        }
    }
    true
}

/// Whether the expression holds more than one thing that can be undefined.
fn is_nested(expr: &Expr) -> bool {
    if let Some((lhs, rhs)) = equality_operands(expr) {
        return is_nested_term(lhs) || is_nested_term(rhs);
    }
    match &expr.kind {
        ExprKind::Call(terms) => terms.iter().skip(1).any(has_reference),
        ExprKind::Term(term) => is_nested_term(term),
        ExprKind::Every(_) | ExprKind::Some(_) => true,
        ExprKind::Not(not) => not.body.iter().any(is_nested),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            sides.lhs.iter().chain(&sides.rhs).any(is_nested)
        }
    }
}

fn is_nested_term(term: &Term) -> bool {
    match &term.value {
        TermValue::Ref(parts) => parts.iter().skip(1).any(has_reference),
        _ => has_reference(term),
    }
}

fn has_reference(term: &Term) -> bool {
    let mut found = false;
    visit::term(term, &mut |node| {
        found |= matches!(
            node,
            Node::Term(Term {
                value: TermValue::Ref(_) | TermValue::Call(_),
                ..
            })
        );
        found
    });
    found
}
