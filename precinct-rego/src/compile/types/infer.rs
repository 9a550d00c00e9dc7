//! Terms meet types: do they go together, and what does that tell about variables?

use super::check::Checker;
use super::env::Env;
use super::kinds::{Type, json_key, or};
use super::unifies::{rest, unifies};
use crate::ast::{Term, TermValue};
use crate::compile::visit::is_constant;

impl Checker<'_> {
    /// Whether two terms can be equal. Variables without a type get one.
    pub(super) fn unify_terms(
        &self,
        env: &Env<'_>,
        a: &Term,
        type_a: &Type,
        b: &Term,
        type_b: &Type,
    ) -> bool {
        match (type_a.has_unknown(), type_b.has_unknown()) {
            (true, false) => return self.unify(env, a, type_b, false),
            (false, true) => return self.unify(env, b, type_a, false),
            (false, false) => return unifies(type_a, type_b),
            (true, true) => {}
        }
        match (&a.value, &b.value) {
            (TermValue::Array(xs), TermValue::Array(ys)) => {
                return xs.len() == ys.len()
                    && xs.iter().zip(ys).all(|(x, y)| self.unify_parts(env, x, y));
            }
            (TermValue::Object(xs), TermValue::Object(ys)) => {
                return xs.len() == ys.len()
                    && xs.iter().all(|(key, x)| {
                        ys.iter()
                            .find(|(other, _)| other == key)
                            .is_some_and(|(_, y)| self.unify_parts(env, x, y))
                    });
            }
            (TermValue::Array(_) | TermValue::Object(_) | TermValue::Var(_), TermValue::Var(_)) => {
                return self.unify(env, a, &Type::any(), false)
                    && self.unify(env, b, &self.type_of(env, a), false);
            }
            (TermValue::Var(_), TermValue::Array(_) | TermValue::Object(_)) => {
                return self.unify(env, b, &Type::any(), false)
                    && self.unify(env, a, &self.type_of(env, b), false);
            }
            (TermValue::Var(_), TermValue::Ref(_)) => {
                return self.unify(env, a, &Type::any(), false);
            }
            (TermValue::Ref(_), TermValue::Var(_)) => {
                return self.unify(env, b, &Type::any(), false);
            }
            _ => {}
        }
        // A variable takes on what is known of the other side, even if that is not all.
        match (&a.value, &b.value) {
            (TermValue::Var(_), _) if type_a.is_unknown() && !type_b.is_unknown() => {
                self.unify(env, a, type_b, false)
            }
            (_, TermValue::Var(_)) if type_b.is_unknown() && !type_a.is_unknown() => {
                self.unify(env, b, type_a, false)
            }
            _ => false,
        }
    }

    fn unify_parts(&self, env: &Env<'_>, a: &Term, b: &Term) -> bool {
        self.unify_terms(env, a, &self.type_of(env, a), b, &self.type_of(env, b))
    }

    /// Whether a term can have a type. Variables without a type get it; with `union`, it is added to theirs.
    pub(super) fn unify(&self, env: &Env<'_>, term: &Term, kind: &Type, union: bool) -> bool {
        match (&term.value, kind) {
            (TermValue::Var(name), _) => {
                let known = env.var(name);
                if union {
                    env.set_var(name, or(&known, kind));
                    true
                } else if known.is_unknown() {
                    env.set_var(name, kind.clone());
                    true
                } else {
                    unifies(&known, kind)
                }
            }
            (
                TermValue::Array(_) | TermValue::Object(_) | TermValue::Set(_),
                Type::Recursive(it),
            ) => self.unify(env, term, &it.opened(), union),
            (TermValue::Array(items), Type::Array(it)) => {
                let is_open = it.rest.as_ref().is_some_and(|rest| !rest.is_unknown());
                (items.len() == it.items.len() || is_open)
                    && items
                        .iter()
                        .enumerate()
                        .all(|(at, item)| self.unify(env, item, &it.item(at), union))
            }
            (TermValue::Object(entries), Type::Object(it)) => {
                (entries.len() == it.properties.len() || rest(it).is_some())
                    && entries.iter().all(|(key, value)| {
                        if is_constant(&key.value) {
                            let wanted = kind.select(&json_key(key));
                            !wanted.is_unknown() && self.unify(env, value, &wanted, union)
                        } else {
                            self.unify(env, value, &Type::any(), union);
                            true
                        }
                    })
            }
            (TermValue::Set(items), Type::Set(of)) => {
                items.iter().all(|item| self.unify(env, item, of, union))
            }
            (TermValue::Array(_) | TermValue::Object(_) | TermValue::Set(_), Type::Any(of)) => {
                if of.is_empty() {
                    self.unify_all(env, term);
                    return true;
                }
                let mut any = false;
                for option in of.iter() {
                    any |= self.unify(env, term, option, true);
                }
                any
            }
            (TermValue::Array(_) | TermValue::Object(_) | TermValue::Set(_), _) => false,
            _ => unifies(&self.type_of(env, term), kind),
        }
    }

    /// The members of a term can be anything.
    fn unify_all(&self, env: &Env<'_>, term: &Term) {
        let any = Type::any();
        match &term.value {
            TermValue::Array(items) | TermValue::Set(items) => {
                for item in items {
                    self.unify(env, item, &any, true);
                }
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.unify(env, key, &any, true);
                    self.unify(env, value, &any, true);
                }
            }
            _ => {}
        }
    }
}
