//! Both sides of an equation, and what is saved when one is not known.

use super::bindings::{At, as_reference, made};
use super::refs::{Path, Within};
use super::saved::Saved;
use super::walk::{Frame, Outcome, Then, Walk};
use crate::ast::order::{compare, sorted_entries};
use crate::ast::{Expr, Term, TermValue, Var, With};
use crate::compile::locals::{equality, equality_operands};
use crate::compile::vars::{self, Scope};

impl<'c> Walk<'c> {
    /// Makes both sides equal.
    pub(super) fn unify(
        &mut self,
        frame: &Frame<'_>,
        a: &Term,
        a_at: At,
        b: &Term,
        b_at: At,
        then: Then<'_, 'c>,
    ) -> Outcome {
        use TermValue as V;
        let (a, a_at) = self.bindings.applied(a, a_at);
        let (b, b_at) = self.bindings.applied(b, b_at);
        let (a, b) = (a.as_ref(), b.as_ref());
        match (&a.value, &b.value) {
            (V::Array(left), V::Array(right)) => {
                if left.len() != right.len() {
                    return Ok(());
                }
                let pairs: Vec<(&Term, &Term)> = left.iter().zip(right).collect();
                self.unify_pairs(frame, &pairs, a_at, b_at, then)
            }
            (V::Object(left), V::Object(right)) => {
                let keyed = |walk: &Self, entries: &[(Term, Term)], at| -> Vec<(Term, Term)> {
                    let plugged: Vec<(Term, Term)> = entries
                        .iter()
                        .map(|(key, value)| (walk.bindings.plug(key, at), value.clone()))
                        .collect();
                    sorted_entries(&plugged).into_iter().cloned().collect()
                };
                let (left, right) = (keyed(self, left, a_at), keyed(self, right, b_at));
                let keys_differ = |((a, _), (b, _)): (&(Term, Term), &(Term, Term))| a != b;
                if left.len() != right.len() || left.iter().zip(&right).any(keys_differ) {
                    return Ok(());
                }
                let pairs: Vec<(&Term, &Term)> = left
                    .iter()
                    .zip(&right)
                    .map(|((_, a), (_, b))| (a, b))
                    .collect();
                self.unify_pairs(frame, &pairs, a_at, b_at, then)
            }
            _ => self.unify_values(frame, a, a_at, b, b_at, then),
        }
    }

    /// Makes the sides of each pair equal.
    pub(super) fn unify_pairs(
        &mut self,
        frame: &Frame<'_>,
        pairs: &[(&Term, &Term)],
        a_at: At,
        b_at: At,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some(((a, b), rest)) = pairs.split_first() else {
            return then(self);
        };
        self.nested(frame.span(), &mut |walk| {
            walk.unify(frame, a, a_at, b, b_at, &mut |walk| {
                walk.unify_pairs(frame, rest, a_at, b_at, then)
            })
        })
    }

    fn unify_values(
        &mut self,
        frame: &Frame<'_>,
        a: &Term,
        a_at: At,
        b: &Term,
        b_at: At,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let unknown = |walk: &Self, term: &Term, at: At| match &term.value {
            TermValue::Set(_) => walk.unknowns.contains_within(term, at, &walk.bindings),
            _ => walk.unknowns.contains(term, at),
        };
        let save_a = unknown(self, a, a_at);
        if !save_a && let Some(parts) = as_reference(a) {
            return self.reference(frame, &parts, a_at, b, b_at, then);
        }
        let save_b = unknown(self, b, b_at);
        if !save_b && let Some(parts) = as_reference(b) {
            return self.reference(frame, &parts, b_at, a, a_at, then);
        }
        if save_a || save_b {
            return self.save_equality(frame, a, a_at, b, b_at, then);
        }
        if a.value.is_comprehension() {
            return self.comprehension(frame, (a, a_at), (b, b_at), false, then);
        }
        if b.value.is_comprehension() {
            return self.comprehension(frame, (b, b_at), (a, a_at), true, then);
        }
        match (&a.value, &b.value) {
            (TermValue::Var(x), TermValue::Var(y)) if a_at == b_at && x == y => then(self),
            (TermValue::Var(name), _) => self.bound(name, a_at, b, b_at, then),
            (_, TermValue::Var(name)) => self.bound(name, b_at, a, a_at, then),
            (TermValue::Set(_), TermValue::Set(_)) => {
                let (a, b) = (self.bindings.plug(a, a_at), self.bindings.plug(b, b_at));
                if a == b { then(self) } else { Ok(()) }
            }
            _ if compare(a, b).is_eq() => then(self),
            _ => Ok(()),
        }
    }

    /// Runs what follows with a variable that has a value.
    pub(super) fn bound(
        &mut self,
        name: &Var,
        at: At,
        value: &Term,
        next: At,
        then: Then<'_, 'c>,
    ) -> Outcome {
        self.bindings.bind(name, at, value.clone(), next);
        let outcome = then(self);
        self.bindings.unbind(name, at);
        outcome
    }

    fn reference(
        &mut self,
        frame: &Frame<'_>,
        parts: &[Term],
        at: At,
        other: &Term,
        other_at: At,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some(head) = parts.first() else {
            return Ok(());
        };
        let path = Path {
            parts,
            at,
            other,
            other_at,
        };
        self.nested(
            head.span,
            &mut |walk| match vars::name(head).map(AsRef::as_ref) {
                Some("data") => {
                    let compiled = walk.compiled;
                    walk.tree(frame, &path, 1, parts.to_vec(), Some(&compiled.tree), then)
                }
                Some("input") => match walk.input.clone() {
                    Some(input) => walk.member(
                        frame,
                        &path,
                        &Within {
                            at: 1,
                            value: &input,
                            table: at,
                        },
                        then,
                    ),
                    None => Ok(()),
                },
                _ => {
                    let (value, table) = walk.bindings.applied(head, at);
                    // A variable that stands for one of another body may be unknown there.
                    let open = matches!(&value.value, TermValue::Var(_));
                    if open && !walk.unknowns.contains(&value, table) {
                        return Ok(());
                    }
                    let value = value.into_owned();
                    walk.member(
                        frame,
                        &path,
                        &Within {
                            at: 1,
                            value: &value,
                            table,
                        },
                        then,
                    )
                }
            },
        )
    }

    /// Saves that both sides are equal. Their variables are not known from here on.
    pub(super) fn save_equality(
        &mut self,
        frame: &Frame<'_>,
        a: &Term,
        a_at: At,
        b: &Term,
        b_at: At,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let mut expr = equality(a.clone(), b.clone());
        expr.span = frame.span();
        self.saving(frame, expr, (a_at, b_at), &[(a, a_at), (b, b_at)], then)
    }

    /// Saves an expression of the frame.
    pub(super) fn save(&mut self, frame: &Frame<'_>, expr: Expr, then: Then<'_, 'c>) -> Outcome {
        self.saving(frame, expr, (frame.at, frame.at), &[], then)
    }

    /// Saves an expression with the modifiers of the one that is being evaluated; `outputs` are not known from here on.
    pub(super) fn saving(
        &mut self,
        frame: &Frame<'_>,
        mut expr: Expr,
        tables: (At, At),
        outputs: &[(&Term, At)],
        then: Then<'_, 'c>,
    ) -> Outcome {
        if let Some(current) = frame.expr() {
            expr.with = self.kept_modifiers(&current.with);
        }
        let before = self.unknowns.count();
        for (term, at) in outputs {
            self.mark_unknown(term, *at);
        }
        self.push_saved(Saved {
            expr,
            tables: Some(tables),
        });
        let outcome = then(self);
        self.pop_saved();
        self.unknowns.truncate(before);
        outcome
    }

    pub(super) fn push_saved(&mut self, saved: Saved) {
        if let Some(query) = self.saved.last_mut() {
            query.push(saved);
        }
    }

    pub(super) fn pop_saved(&mut self) {
        if let Some(query) = self.saved.last_mut() {
            query.pop();
        }
    }

    /// The variables of a term that is saved get their values from there.
    fn mark_unknown(&mut self, term: &Term, at: At) {
        if let TermValue::Var(name) = &term.value {
            self.unknowns.push(name.clone(), at);
            return;
        }
        let scope = Scope {
            ref_heads: true,
            closures: true,
            ..Scope::default()
        };
        for name in scope.of_term(term) {
            let name = made(TermValue::Var(name));
            let (value, next) = self.bindings.applied(&name, at);
            let value = value.into_owned();
            self.mark_unknown(&value, next);
        }
    }

    /// Modifiers that stay with what is saved: those of functions have been applied.
    pub(super) fn kept_modifiers(&self, with: &[With]) -> Vec<With> {
        with.iter()
            .filter(|it| !self.replaces_function(it))
            .cloned()
            .collect()
    }

    /// Saves an expression whose outputs are not known from here on.
    pub(super) fn save_whole(
        &mut self,
        frame: &Frame<'_>,
        expr: &Expr,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let mut outputs: Vec<(&Term, At)> = Vec::new();
        match &expr.kind {
            crate::ast::ExprKind::Term(term) => outputs.push((term, frame.at)),
            crate::ast::ExprKind::Call(terms) => match equality_operands(expr) {
                Some((lhs, rhs)) => outputs.extend([(lhs, frame.at), (rhs, frame.at)]),
                None => {
                    let arity = expr.operator().and_then(|it| self.arity(it));
                    if let Some(last) = terms.last()
                        && arity.is_some_and(|arity| arity + 2 == terms.len())
                    {
                        outputs.push((last, frame.at));
                    }
                }
            },
            _ => {}
        }
        self.saving(frame, expr.clone(), (frame.at, frame.at), &outputs, then)
    }
}
