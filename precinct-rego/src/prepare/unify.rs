//! Which variables get a value when two terms are made equal.

use std::collections::BTreeMap;

use super::vars::{self, Skip, VarSet};
use crate::ast::{Term, TermValue, Var};

/// The variables that `one = other` binds, when those of `safe` have a value.
pub(super) fn unify(safe: &VarSet, one: &Term, other: &Term) -> VarSet {
    let mut unifier = Unifier {
        safe,
        unified: VarSet::new(),
        unknown: BTreeMap::new(),
    };
    unifier.unify(one, other);
    unifier.unified
}

/// Whether a reference can be evaluated: its head has a value.
pub(super) fn is_ref_safe(parts: &[Term], safe: &VarSet) -> bool {
    match parts.first().map(|head| &head.value) {
        Some(TermValue::Var(name)) => safe.contains(name),
        Some(_) => vars::of_term(&parts[0], Skip::SAFETY).is_subset(safe),
        None => true,
    }
}

struct Unifier<'s> {
    safe: &'s VarSet,
    unified: VarSet,
    /// What each variable waits for.
    unknown: BTreeMap<Var, VarSet>,
}

impl Unifier<'_> {
    fn is_safe(&self, var: &Var) -> bool {
        self.safe.contains(var) || self.unified.contains(var)
    }

    fn can_evaluate(&self, term: &Term) -> bool {
        match &term.value {
            TermValue::Ref(parts) => is_ref_safe(parts, self.safe),
            TermValue::Call(_) => vars::of_term(term, Skip::SAFETY).is_subset(self.safe),
            _ => false,
        }
    }

    fn unify(&mut self, one: &Term, other: &Term) {
        use TermValue as V;
        match (&one.value, &other.value) {
            (V::Var(a), V::Var(b)) => {
                if self.is_safe(b) {
                    self.mark(a);
                } else if self.is_safe(a) {
                    self.mark(b);
                } else {
                    self.unknown.entry(a.clone()).or_default().insert(b.clone());
                    self.unknown.entry(b.clone()).or_default().insert(a.clone());
                }
            }
            (V::Var(a), V::Array(_) | V::Object(_)) => self.unify_all(a, other),
            (V::Array(_) | V::Object(_), V::Var(b)) => self.unify_all(b, one),
            (V::Var(a), V::Ref(_) | V::Call(_)) if self.can_evaluate(other) => {
                self.mark(a);
            }
            (V::Ref(_) | V::Call(_), V::Var(b)) if self.can_evaluate(one) => {
                self.mark(b);
            }
            (V::Var(a), _) => self.mark(a),
            (_, V::Var(b)) => self.mark(b),
            (V::Ref(_) | V::Call(_), V::Array(_) | V::Object(_)) if self.can_evaluate(one) => {
                self.mark_all(other);
            }
            (V::Array(_) | V::Object(_), V::Ref(_) | V::Call(_)) if self.can_evaluate(other) => {
                self.mark_all(one);
            }
            (V::ArrayComprehension(_), V::Array(_)) | (V::ObjectComprehension(_), V::Object(_)) => {
                self.mark_all(other);
            }
            (
                V::Array(_),
                V::ArrayComprehension(_) | V::SetComprehension(_) | V::ObjectComprehension(_),
            ) => self.mark_all(one),
            (V::Array(a), V::Array(b)) if a.len() == b.len() => {
                for (one, other) in a.iter().zip(b) {
                    self.unify(one, other);
                }
            }
            (V::Object(a), V::Object(b)) if a.len() == b.len() => {
                for (key, value) in a {
                    let same = b.iter().find(|(other, _)| super::same::terms(key, other));
                    if let Some((_, other)) = same {
                        self.unify(value, other);
                    }
                }
            }
            _ => {}
        }
    }

    fn mark_all(&mut self, term: &Term) {
        for var in vars::of_term(term, Skip::PATTERN) {
            self.mark(&var);
        }
    }

    fn mark(&mut self, var: &Var) {
        let mut waiting = vec![var.clone()];
        while let Some(var) = waiting.pop() {
            if !self.unified.insert(var.clone()) && !self.unknown.contains_key(&var) {
                continue;
            }
            waiting.extend(self.unknown.remove(&var).into_iter().flatten());
            let mut ready = Vec::new();
            for (other, needs) in &mut self.unknown {
                if needs.remove(&var) && needs.is_empty() {
                    ready.push(other.clone());
                }
            }
            for other in ready {
                self.unknown.remove(&other);
                waiting.push(other);
            }
        }
    }

    fn unify_all(&mut self, var: &Var, pattern: &Term) {
        if self.is_safe(var) {
            self.mark_all(pattern);
            return;
        }
        let needs: VarSet = vars::of_term(pattern, Skip::PATTERN)
            .into_iter()
            .filter(|needed| !self.is_safe(needed))
            .collect();
        if needs.is_empty() {
            self.mark(var);
        } else {
            self.unknown.entry(var.clone()).or_default().extend(needs);
        }
    }
}
