//! Bodies: their expressions, negation, `every`, `and`, `or`, `with`.

use super::emit::{Emitter, Fault, Lowered};
use super::replacements::Target;
use super::tables::constant_of;
use super::unify::Side;
use crate::ast::{Body, Every, Expr, ExprKind, Span, Term, TermValue};
use crate::error::{Code, Diagnostic};
use crate::ir::{
    Conflict, Constant, Label, LocalKind, Operand, Patch, Replacement, StmtKind, Test,
};

impl Emitter<'_, '_> {
    /// All expressions of a body. Loops that they open stay open: what is written next runs once for each answer.
    pub(super) fn body(&mut self, body: &Body) -> Lowered<()> {
        body.iter().try_for_each(|expr| self.expr(expr))
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Lowered<()> {
        self.begin(expr);
        self.nested(|e| {
            if expr.negated {
                return e.unless(|e| {
                    e.modified(expr, |e| e.holds(expr).map(|()| None))?;
                    e.end_of(expr.span);
                    Ok(())
                });
            }
            e.modified(expr, |e| e.holds(expr).map(|()| None)).map(drop)
        })
    }

    /// A body inside an expression. A mark without length at its first expression says that it held.
    pub(super) fn inner_body(&mut self, body: &Body) -> Lowered<()> {
        self.body(body)?;
        if let Some(first) = body.first() {
            self.end_of(first.span);
        }
        Ok(())
    }

    /// A mark without length says that a body held.
    pub(super) fn end_of(&mut self, span: Span) {
        let outer = self.span;
        self.span = Span {
            end: span.start,
            ..span
        };
        self.emit(StmtKind::Mark);
        self.span = outer;
    }

    fn begin(&mut self, expr: &Expr) {
        self.span = expr.span;
        self.emit(StmtKind::Mark);
    }

    /// The value of an expression that need not hold: of its term or call; `true` for everything else.
    pub(super) fn expression_value(&mut self, expr: &Expr) -> Lowered<Operand> {
        if !expr.negated {
            match &expr.kind {
                ExprKind::Term(term) => {
                    self.begin(expr);
                    return self.modified_value(expr, |e| e.eval(term));
                }
                ExprKind::Call(terms) if !expr.operator_is("eq") && !expr.operator_is("assign") => {
                    if let Some((operator, args)) = terms.split_first()
                        && self.arity(operator)? == args.len()
                    {
                        self.begin(expr);
                        return self.modified_value(expr, |e| e.eval_call(terms));
                    }
                }
                ExprKind::Call(_)
                | ExprKind::Some(_)
                | ExprKind::Every(_)
                | ExprKind::Not(_)
                | ExprKind::And(_)
                | ExprKind::Or(_) => {}
            }
        }
        self.expr(expr)?;
        Ok(self.constant(Constant::Boolean(true)))
    }

    /// The expression itself, without its modifiers and classic negation.
    fn holds(&mut self, expr: &Expr) -> Lowered<()> {
        match &expr.kind {
            ExprKind::Term(term) => self.term_holds(term),
            ExprKind::Call(terms) => self.call_expr(terms),
            ExprKind::Some(terms) => self.some(terms),
            ExprKind::Every(every) => self.every(every),
            ExprKind::Not(not) => self.unless_any(|e| e.inner_body(&not.body)),
            ExprKind::And(sides) => {
                self.once(&[&sides.lhs])?;
                self.once(&[&sides.rhs])
            }
            ExprKind::Or(sides) => self.once(&[&sides.lhs, &sides.rhs]),
        }
    }

    fn term_holds(&mut self, term: &Term) -> Lowered<()> {
        match constant_of(term) {
            Some(Constant::Boolean(false)) => self.emit_fail(),
            Some(_) => {}
            None => {
                let value = self.eval(term)?;
                self.test(Test::Truthy(value));
            }
        }
        Ok(())
    }

    /// Goes on if `f` has no answer.
    fn unless(&mut self, f: impl FnOnce(&mut Self) -> Lowered<()>) -> Lowered<()> {
        let outer = self.fail;
        self.attempt(|e, _| e.then_break(f, outer))
    }

    /// The same for what may have several answers. One would do, but OPA looks for all, and may run into an error; so the
    /// loops go on, unless a later pass knows better.
    fn unless_any(&mut self, f: impl FnOnce(&mut Self) -> Lowered<()>) -> Lowered<()> {
        let (outer, open) = (self.fail, self.open());
        let found = self.attempt(|e, _| {
            e.scope(|e| {
                let straight = e.open();
                f(e)?;
                if e.open() == straight {
                    e.emit(StmtKind::Break { label: outer });
                    return Ok(None);
                }
                let found = e.local(LocalKind::Optional, None);
                let source = e.constant(Constant::Boolean(true));
                e.emit(StmtKind::AssignOnce {
                    target: found,
                    source,
                    conflict: Conflict::CompleteRule,
                });
                e.emit_first(open, StmtKind::Clear { target: found });
                Ok(Some(found))
            })
        })?;
        if let Some(found) = found {
            self.test(Test::Not(Box::new(Test::Set(found))));
        }
        Ok(())
    }

    /// `f` with variables of its own, then away through the label.
    fn then_break(
        &mut self,
        f: impl FnOnce(&mut Self) -> Lowered<()>,
        label: Label,
    ) -> Lowered<()> {
        self.scope(|e| {
            f(e)?;
            e.emit(StmtKind::Break { label });
            Ok(())
        })
    }

    /// Goes on, once, if one of the bodies has an answer; they are tried in turn, their variables are their own.
    fn once(&mut self, bodies: &[&Body]) -> Lowered<()> {
        let outer = self.fail;
        self.block(|e, done| {
            for body in bodies {
                e.attempt(|e, _| e.then_break(|e| e.body(body), done))?;
            }
            e.emit(StmtKind::Break { label: outer });
            Ok(())
        })
    }

    /// `some x in xs`, for trees in which it still stands; declarations mean nothing any more.
    fn some(&mut self, terms: &[Term]) -> Lowered<()> {
        for term in terms {
            let TermValue::Call(parts) = &term.value else {
                continue;
            };
            let (key, value, collection) = match parts.as_slice() {
                [_, value, collection] => (None, value, collection),
                [_, key, value, collection] => (Some(key), value, collection),
                _ => continue,
            };
            let source = self.eval(collection)?;
            let (_, found_key, found_value) = self.entries(source)?;
            let mut pairs = Vec::new();
            if let Some(key) = key {
                pairs.push((Side::Value(found_key), Side::Term(key)));
            }
            pairs.push((Side::Value(found_value), Side::Term(value)));
            self.unify_all(pairs)?;
        }
        Ok(())
    }

    /// `every`: the body must hold for each entry; no entry is fine, no collection is not.
    fn every(&mut self, every: &Every) -> Lowered<()> {
        let domain = self.eval(&every.domain)?;
        self.test(Test::Collection(domain));
        let outer = self.fail;
        self.block(|e, _| {
            let (next, key, value) = e.entries(domain)?;
            e.scope(|e| {
                e.attempt(|e, _| {
                    let mut pairs = Vec::new();
                    if let Some(term) = &every.key {
                        pairs.push((Side::Value(key), Side::Term(term)));
                    }
                    pairs.push((Side::Value(value), Side::Term(&every.value)));
                    e.unify_all(pairs)?;
                    e.inner_body(&every.body)?;
                    e.emit(StmtKind::Break { label: next });
                    Ok(())
                })
            })?;
            e.emit(StmtKind::Break { label: outer });
            Ok(())
        })
    }

    fn modified_value(
        &mut self,
        expr: &Expr,
        f: impl FnOnce(&mut Self) -> Lowered<Operand>,
    ) -> Lowered<Operand> {
        let value = self.modified(expr, |e| f(e).map(Some))?;
        Ok(match value {
            Some(value) => value,
            None => self.constant(Constant::Null),
        })
    }

    /// Writes an expression under its `with` modifiers. What it reads of the world it must read inside; so if it has
    /// several answers, they are collected inside and iterated outside.
    fn modified(
        &mut self,
        expr: &Expr,
        f: impl FnOnce(&mut Self) -> Lowered<Option<Operand>>,
    ) -> Lowered<Option<Operand>> {
        if expr.with.is_empty() {
            return f(self);
        }
        let mut patches = Vec::new();
        for with in &expr.with {
            let Some(target) = self.tables.target(with) else {
                return Err(Fault::new(Diagnostic::new(
                    Code::Type,
                    with.span,
                    "with keyword target must reference existing input, data, or a function",
                )));
            };
            patches.push(match target {
                Target::Input(path) => Patch::Input {
                    path,
                    value: self.eval(&with.value)?,
                },
                Target::Data(path, mask) => Patch::Data {
                    path,
                    value: self.eval(&with.value)?,
                    mask,
                },
                Target::Function(mock) => Patch::Function {
                    mock,
                    by: match self.tables.replacement(with) {
                        Some(target) => Replacement::Call(target),
                        None => Replacement::Value(self.eval(&with.value)?),
                    },
                },
            });
        }
        let (open, mark, outer) = (self.open(), self.bindings(), self.fail);
        self.open_with(patches)?;
        let value = f(self)?;
        if self.open() == open + 1 {
            self.close_to(open);
            return Ok(value);
        }
        let mut vars = self.bound_since(mark);
        vars.sort();
        vars.dedup();
        let rows = self.local(LocalKind::ArrayBuilder, None);
        self.push_row(rows, &vars, value)?;
        self.emit_first(open, StmtKind::Begin { builder: rows });
        self.close_to(open);
        self.unbind_to(mark);
        self.fail = outer;
        let target = self.value();
        self.emit(StmtKind::Finish {
            target,
            builder: rows,
        });
        self.scan_rows(Operand::Local(target), &vars, value.is_some())
    }
}
