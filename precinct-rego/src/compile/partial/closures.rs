//! Comprehensions, and bodies within expressions that are saved as they are.

use super::Refused;
use super::bindings::{At, QUERY, made, variable};
use super::saved::conflict;
use super::walk::{Frame, Outcome, Then, Walk};
use crate::ast::order::{sorted_entries, sorted_terms};
use crate::ast::{Body, Expr, ExprKind, Term, TermValue};
use crate::compile::locals::equality;
use crate::compile::vars;

impl<'c> Walk<'c> {
    /// A comprehension that has to equal something; `swapped` if it stands on the right.
    pub(super) fn comprehension(
        &mut self,
        frame: &Frame<'_>,
        (term, at): (&Term, At),
        (other, other_at): (&Term, At),
        swapped: bool,
        then: Then<'_, 'c>,
    ) -> Outcome {
        if !self.term_unknown(term, at) {
            let value = self.comprehension_value(frame, term)?;
            return self.unify(frame, &value, frame.at, other, other_at, then);
        }
        let saved = self.closed(term, at);
        let other = if other.value.is_comprehension() {
            self.closed(other, other_at)
        } else {
            other.clone()
        };
        if swapped {
            self.save_equality(frame, &other, other_at, &saved, at, then)
        } else {
            self.save_equality(frame, &saved, at, &other, other_at, then)
        }
    }

    fn comprehension_value(&mut self, frame: &Frame<'_>, term: &Term) -> Result<Term, Refused> {
        let value = match &term.value {
            TermValue::ArrayComprehension(it) => {
                TermValue::Array(self.collected(frame, &it.body, &it.term)?)
            }
            TermValue::SetComprehension(it) => {
                let items = self.collected(frame, &it.body, &it.term)?;
                TermValue::Set(sorted_terms(&items).into_iter().cloned().collect())
            }
            TermValue::ObjectComprehension(it) => {
                let mut entries: Vec<(Term, Term)> = Vec::new();
                let closure = self.closure(frame, &it.body);
                self.body(&closure, &mut |walk| {
                    let key = walk.bindings.plug(&it.key, frame.at);
                    let value = walk.bindings.plug(&it.value, frame.at);
                    match entries.iter().find(|(known, _)| *known == key) {
                        Some((_, known)) if *known != value => {
                            Err(conflict(it.key.span, "object keys must be unique"))
                        }
                        Some(_) => Ok(()),
                        None => {
                            entries.push((key, value));
                            Ok(())
                        }
                    }
                })?;
                TermValue::Object(sorted_entries(&entries).into_iter().cloned().collect())
            }
            other => other.clone(),
        };
        Ok(made(value))
    }

    fn collected(
        &mut self,
        frame: &Frame<'_>,
        body: &Body,
        term: &Term,
    ) -> Result<Vec<Term>, Refused> {
        let closure = self.closure(frame, body);
        let mut items = Vec::new();
        self.body(&closure, &mut |walk| {
            items.push(walk.bindings.plug(term, frame.at));
            Ok(())
        })?;
        Ok(items)
    }

    /// The comprehension as it is saved: with the values of the variables around it, and with their names.
    fn closed(&self, term: &Term, at: At) -> Term {
        let mut term = term.clone();
        let used = vars::of_term(&term);
        let known: Vec<Expr> = self
            .bindings
            .bound(at)
            .into_iter()
            .filter(|name| used.contains(name))
            .map(|name| {
                let value = self.bindings.plug_for(&variable(name.clone()), at, QUERY);
                equality(variable(name), value)
            })
            .collect();
        match &mut term.value {
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                it.body.extend(known);
            }
            TermValue::ObjectComprehension(it) => it.body.extend(known),
            _ => {}
        }
        self.rename_term(&mut term, at);
        term
    }

    /// Makes the names of a term's variables those outside of their table, in closures too.
    fn rename_term(&self, term: &mut Term, at: At) {
        match &mut term.value {
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                self.rename_term(&mut it.term, at);
                self.rename_body(&mut it.body, at);
            }
            TermValue::ObjectComprehension(it) => {
                self.rename_term(&mut it.key, at);
                self.rename_term(&mut it.value, at);
                self.rename_body(&mut it.body, at);
            }
            TermValue::Array(items) | TermValue::Set(items) | TermValue::Ref(items) => {
                for item in items {
                    self.rename_term(item, at);
                }
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.rename_term(key, at);
                    self.rename_term(value, at);
                }
            }
            TermValue::Var(_) => *term = self.bindings.renamed(term, at, QUERY),
            _ => {}
        }
    }

    fn rename_body(&self, body: &mut Body, at: At) {
        for expr in body {
            match &mut expr.kind {
                ExprKind::Term(term) => self.rename_term(term, at),
                ExprKind::Call(terms) => {
                    for term in terms.iter_mut().skip(1) {
                        self.rename_term(term, at);
                    }
                }
                ExprKind::Some(terms) => {
                    for term in terms {
                        self.rename_term(term, at);
                    }
                }
                ExprKind::Every(every) => {
                    if let Some(term) = &mut every.key {
                        self.rename_term(term, at);
                    }
                    self.rename_term(&mut every.value, at);
                    self.rename_term(&mut every.domain, at);
                    self.rename_body(&mut every.body, at);
                }
                ExprKind::Not(not) => self.rename_body(&mut not.body, at),
                ExprKind::And(sides) | ExprKind::Or(sides) => {
                    self.rename_body(&mut sides.lhs, at);
                    self.rename_body(&mut sides.rhs, at);
                }
            }
            for with in &mut expr.with {
                self.rename_term(&mut with.target, at);
                self.rename_term(&mut with.value, at);
            }
        }
    }

    /// The expression with what is known in the bodies that it holds.
    pub(super) fn plugged_closures(&self, frame: &Frame<'_>, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        self.plug_expr(&mut expr, frame.at);
        expr
    }

    fn plug_expr(&self, expr: &mut Expr, at: At) {
        match &mut expr.kind {
            ExprKind::Term(term) => *term = self.plug_term(term, at),
            ExprKind::Call(terms) => {
                for term in terms.iter_mut().skip(1) {
                    *term = self.plug_term(term, at);
                }
            }
            ExprKind::Some(_) => {}
            ExprKind::Every(every) => {
                for it in &mut every.body {
                    self.plug_expr(it, at);
                }
                if let Some(key) = &mut every.key {
                    *key = self.bindings.plug_for(key, at, QUERY);
                }
                every.value = self.bindings.plug_for(&every.value, at, QUERY);
                every.domain = self.bindings.plug_for(&every.domain, at, QUERY);
            }
            ExprKind::Not(not) => {
                for it in &mut not.body {
                    self.plug_expr(it, at);
                }
            }
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                for it in sides.lhs.iter_mut().chain(&mut sides.rhs) {
                    self.plug_expr(it, at);
                }
            }
        }
    }

    fn plug_term(&self, term: &Term, at: At) -> Term {
        if term.value.is_comprehension() {
            self.closed(term, at)
        } else {
            self.bindings.plug_for(term, at, QUERY)
        }
    }
}
