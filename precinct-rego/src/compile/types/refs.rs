//! References: can what they lead to exist?

use super::check::Checker;
use super::env::Env;
use super::errors::{TypeError, invalid, unsupported};
use super::kinds::Type;
use super::tree::TypeTree;
use super::unifies::unifies;
use crate::ast::{Expr, ExprKind, Term, TermValue};
use crate::compile::vars;
use crate::compile::visit::{self, Node, is_constant, is_scalar};

impl Checker<'_> {
    /// Checks the references of an expression; those in comprehensions are checked with their bodies.
    pub(super) fn check_refs(&self, env: &Env<'_>, expr: &Expr) -> Vec<TypeError> {
        let mut errors = Vec::new();
        self.refs_in(env, expr, &mut errors);
        errors
    }

    fn refs_in(&self, env: &Env<'_>, expr: &Expr, errors: &mut Vec<TypeError>) {
        match &expr.kind {
            ExprKind::Call(terms) => {
                for term in terms.iter().skip(1) {
                    self.refs_in_term(env, term, errors);
                }
            }
            ExprKind::Term(term) => self.refs_in_term(env, term, errors),
            ExprKind::Every(every) => {
                for term in every.key.iter().chain([&every.value, &every.domain]) {
                    self.refs_in_term(env, term, errors);
                }
                self.refs_in_body(env, &every.body, errors);
            }
            ExprKind::Not(not) => self.refs_in_body(env, &not.body, errors),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                self.refs_in_body(env, &sides.lhs, errors);
                self.refs_in_body(env, &sides.rhs, errors);
            }
            ExprKind::Some(_) => {}
        }
        if !matches!(
            expr.kind,
            ExprKind::Call(_) | ExprKind::Term(_) | ExprKind::Not(_)
        ) {
            for with in &expr.with {
                self.refs_in_term(env, &with.target, errors);
                self.refs_in_term(env, &with.value, errors);
            }
        }
    }

    fn refs_in_body(&self, env: &Env<'_>, body: &[Expr], errors: &mut Vec<TypeError>) {
        for expr in body {
            self.refs_in(env, expr, errors);
        }
    }

    fn refs_in_term(&self, env: &Env<'_>, term: &Term, errors: &mut Vec<TypeError>) {
        visit::term(term, &mut |node| match node {
            Node::Term(term) => match &term.value {
                TermValue::ArrayComprehension(_)
                | TermValue::SetComprehension(_)
                | TermValue::ObjectComprehension(_) => true,
                TermValue::Ref(parts) => {
                    let kind = env.reference(parts);
                    if matches!(kind, Type::Function(_)) {
                        let shown = self.shown(parts);
                        errors.push(*unsupported(&shown, shown.len() - 1, &kind));
                        return true;
                    }
                    errors.extend(self.check_ref(env, parts).map(|error| *error));
                    false
                }
                _ => false,
            },
            _ => false,
        });
    }

    fn check_ref(&self, env: &Env<'_>, parts: &[Term]) -> Option<Box<TypeError>> {
        let head = parts.first()?;
        let mut layer = Some(env);
        while let Some(current) = layer {
            if let Some(name) = vars::name(head)
                && let Some(kind) = current.own_var(name)
            {
                return self.check_leaf(env, &kind, parts, 1);
            }
            if let Some(child) = current.below(&head.value) {
                if let Some(kind) = &child.value {
                    return self.check_leaf(env, kind, parts, 1);
                }
                match self.check_node(env, child, parts, 1) {
                    Walk::Done(error) => return error,
                    Walk::NextLayer => {}
                }
            }
            layer = current.outer;
        }
        let is_root = vars::name(head).is_some_and(|name| vars::is_root(name));
        if is_root {
            self.check_leaf(env, &Type::any(), parts, 1)
        } else {
            self.check_leaf(env, &Type::any(), parts, 0)
        }
    }

    fn check_node(&self, env: &Env<'_>, node: &TypeTree, parts: &[Term], at: usize) -> Walk {
        let Some(part) = parts.get(at) else {
            return Walk::Done(None);
        };
        let one_of = || node.children.keys().cloned().collect::<Vec<_>>();
        if at <= 2 && !matches!(part.value, TermValue::Var(_) | TermValue::String(_)) {
            let have = self.type_of(env, part);
            let shown = self.shown(parts);
            return Walk::Done(Some(invalid(&shown, at, &have, &Type::String, &one_of())));
        }
        if let TermValue::Var(name) = &part.value {
            let keys = node.keys();
            let known = env.var(name);
            if known.is_unknown() {
                env.set_var(name, keys);
            } else if !unifies(&keys, &known) {
                let shown = self.shown(parts);
                return Walk::Done(Some(invalid(&shown, at, &known, &keys, &one_of())));
            }
        }
        match node.child(&part.value) {
            None => Walk::NextLayer,
            Some(child) => match &child.value {
                Some(kind) => Walk::Done(self.check_leaf(env, kind, parts, at + 1)),
                None => self.check_node(env, child, parts, at + 1),
            },
        }
    }

    fn check_leaf(
        &self,
        env: &Env<'_>,
        kind: &Type,
        parts: &[Term],
        at: usize,
    ) -> Option<Box<TypeError>> {
        let mut kind = kind.clone();
        for (at, part) in parts.iter().enumerate().skip(at) {
            let fail = |have: &Type, want: &Type, one_of: &[TermValue]| {
                Some(invalid(&self.shown(parts), at, have, want, one_of))
            };
            if kind.is_empty_collection() {
                if is_scalar(&part.value) {
                    return fail(&Type::Unknown, &Type::Unknown, &[]);
                }
                if let TermValue::Var(name) = &part.value {
                    let known = env.var(name);
                    let keys = kind.keys();
                    if known.is_unknown() {
                        env.set_var(name, Type::any());
                    } else if !keys.is_unknown() && !unifies(&known, &keys) {
                        return fail(&known, &keys, &[]);
                    }
                }
                return None;
            }
            let keys = kind.keys();
            if keys.is_unknown() {
                return Some(unsupported(&self.shown(parts), at.saturating_sub(1), &kind));
            }
            match &part.value {
                TermValue::Var(name) => {
                    let known = env.var(name);
                    if known.is_unknown() {
                        env.set_var(name, keys);
                    } else if !unifies(&known, &keys) {
                        return fail(&known, &keys, &known_keys(&kind));
                    }
                }
                TermValue::Ref(inner) => {
                    let known = env.reference(inner);
                    if !known.is_unknown() && !unifies(&known, &keys) {
                        return fail(&known, &keys, &known_keys(&kind));
                    }
                }
                TermValue::Array(_) | TermValue::Object(_) | TermValue::Set(_) => {
                    if !self.unify(env, part, &keys, false) {
                        return fail(&self.type_of(env, part), &keys, &[]);
                    }
                }
                value => {
                    let child = if is_constant(value) {
                        kind.select(value)
                    } else {
                        Type::Unknown
                    };
                    if child.is_unknown() {
                        return fail(&Type::Unknown, &keys, &known_keys(&kind));
                    }
                    kind = child;
                    continue;
                }
            }
            kind = kind.values();
        }
        None
    }
}

/// Whether something can still be learnt about the variables of these parts.
/// How a walk along a reference ended.
enum Walk {
    Done(Option<Box<TypeError>>),
    /// This layer does not know the document; the next one may.
    NextLayer,
}

/// The keys that values of a type are known to have.
fn known_keys(kind: &Type) -> Vec<TermValue> {
    let mut keys: Vec<TermValue> = match kind.opened().as_ref() {
        Type::Object(it) => it.properties.iter().map(|(key, _)| key.clone()).collect(),
        Type::Any(of) => of.iter().flat_map(known_keys).collect(),
        _ => Vec::new(),
    };
    keys.sort();
    keys.dedup();
    keys
}
