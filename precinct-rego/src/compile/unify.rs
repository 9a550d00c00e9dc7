//! Which variables get a value when two terms are unified, given those that have one.

use std::collections::BTreeMap;

use super::vars::{Scope, VarSet, name};
use super::visit::is_scalar;
use crate::ast::{Term, TermValue, Var};

/// The variables that unifying the terms gives values to.
pub(super) fn bound_by_unification(safe: &VarSet, a: &Term, b: &Term) -> VarSet {
    let mut unifier = Unifier {
        safe,
        unified: VarSet::new(),
        waiting: BTreeMap::new(),
    };
    unifier.unify(a, b);
    unifier.unified
}

/// Whether the head of a reference has a value.
pub(super) fn is_ref_safe(parts: &[Term], safe: &VarSet) -> bool {
    match parts.first() {
        None => true,
        Some(head) => match name(head) {
            Some(name) => safe.contains(name),
            None => is_term_safe(head, safe),
        },
    }
}

fn is_term_safe(term: &Term, safe: &VarSet) -> bool {
    Scope::SAFETY.of_term(term).is_subset(safe)
}

struct Unifier<'a> {
    safe: &'a VarSet,
    unified: VarSet,
    /// Variables that get a value as soon as these have one.
    waiting: BTreeMap<Var, VarSet>,
}

impl Unifier<'_> {
    fn is_safe(&self, var: &Var) -> bool {
        self.safe.contains(var) || self.unified.contains(var)
    }

    fn unify(&mut self, a: &Term, b: &Term) {
        match (&a.value, &b.value) {
            (TermValue::Var(x), TermValue::Var(y)) => {
                if self.is_safe(y) {
                    self.mark(x);
                } else if self.is_safe(x) {
                    self.mark(y);
                } else {
                    self.wait(x, y);
                    self.wait(y, x);
                }
            }
            (TermValue::Var(x), TermValue::Array(_) | TermValue::Object(_)) => {
                self.destructure(x, b);
            }
            (TermValue::Array(_) | TermValue::Object(_), TermValue::Var(y)) => {
                self.destructure(y, a);
            }
            (TermValue::Var(x), _) if self.has_value(b) => self.mark(x),
            (_, TermValue::Var(y)) if self.has_value(a) => self.mark(y),
            (
                TermValue::Ref(_) | TermValue::Call(_),
                TermValue::Array(_) | TermValue::Object(_),
            ) if self.has_value(a) => self.mark_all(b),
            (
                TermValue::Array(_) | TermValue::Object(_),
                TermValue::Ref(_) | TermValue::Call(_),
            ) if self.has_value(b) => self.mark_all(a),
            (TermValue::ArrayComprehension(_), TermValue::Array(_))
            | (TermValue::ObjectComprehension(_), TermValue::Object(_)) => self.mark_all(b),
            (
                TermValue::Array(_),
                TermValue::ArrayComprehension(_)
                | TermValue::ObjectComprehension(_)
                | TermValue::SetComprehension(_),
            ) => self.mark_all(a),
            (TermValue::Array(xs), TermValue::Array(ys)) if xs.len() == ys.len() => {
                for (x, y) in xs.iter().zip(ys) {
                    self.unify(x, y);
                }
            }
            (TermValue::Object(xs), TermValue::Object(ys)) if xs.len() == ys.len() => {
                for (key, x) in xs {
                    if let Some((_, y)) = ys.iter().find(|(other, _)| other == key) {
                        self.unify(x, y);
                    }
                }
            }
            _ => {}
        }
    }

    /// A reference or call whose inputs are known; any other term that is no variable.
    fn has_value(&self, term: &Term) -> bool {
        match &term.value {
            TermValue::Ref(parts) => is_ref_safe(parts, self.safe),
            TermValue::Call(_) => is_term_safe(term, self.safe),
            _ => true,
        }
    }

    fn mark_all(&mut self, term: &Term) {
        for var in Scope::BINDABLE.of_term(term) {
            self.mark(&var);
        }
    }

    fn mark(&mut self, var: &Var) {
        let mut ready = vec![var.clone()];
        while let Some(var) = ready.pop() {
            self.unified.insert(var.clone());
            ready.extend(self.waiting.remove(&var).unwrap_or_default());
            self.waiting.retain(|waiting, needs| {
                let satisfied = needs.remove(&var) && needs.is_empty();
                if satisfied {
                    ready.push(waiting.clone());
                }
                !satisfied
            });
        }
    }

    fn wait(&mut self, var: &Var, needs: &Var) {
        self.waiting
            .entry(var.clone())
            .or_default()
            .insert(needs.clone());
    }

    /// A variable meets an array or object.
    fn destructure(&mut self, var: &Var, term: &Term) {
        if self.is_safe(var) {
            self.mark_all(term);
            return;
        }
        let mut open = Scope::BINDABLE.of_term(term);
        open.retain(|v| !self.is_safe(v));
        if open.is_empty() || is_scalar(&term.value) {
            self.mark(var);
        }
        for needs in &open {
            self.wait(var, needs);
        }
    }
}
