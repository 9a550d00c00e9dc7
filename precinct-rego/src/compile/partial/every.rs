//! `every`: unrolled over what is known, saved otherwise.

use std::collections::BTreeMap;

use super::Refused;
use super::bindings::{made, variable};
use super::walk::{Frame, Outcome, Then, Walk};
use crate::ast::{Every, Expr, Term, TermValue, Var};
use crate::compile::locals::equality;
use crate::compile::vars;
use crate::compile::visit::is_scalar;
use crate::compile::visit_mut::{self, NodeMut};

/// How many elements, of all the `every` around too, are unrolled.
const UNROLLED: usize = 32;

/// The key and the value of an element.
type Element = (Option<Term>, Term);

impl<'c> Walk<'c> {
    pub(super) fn every(
        &mut self,
        frame: &Frame<'_>,
        expr: &Expr,
        every: &Every,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let domain_unknown = self.term_unknown(&every.domain, frame.at);
        let domain = self.bindings.plug(&every.domain, frame.at);
        let count = match &domain.value {
            TermValue::Array(items) | TermValue::Set(items) => Some(items.len()),
            TermValue::Object(entries) => Some(entries.len()),
            _ => None,
        };
        if domain_unknown || self.body_unknown(&every.body, frame.at) {
            if let Some(count) = count
                && !domain_unknown
                && count.max(1).saturating_mul(frame.unrolled) <= UNROLLED
            {
                return self.unroll(frame, every, then);
            }
            let saved = self.plugged_closures(frame, expr);
            return self.save(frame, saved, then);
        }
        if count.is_none() {
            return Ok(());
        }
        let generator = [generator(every)];
        let elements = self.closure(frame, &generator);
        let mut all = true;
        self.body(&elements, &mut |walk| {
            if !all {
                return Ok(());
            }
            let body = walk.closure(frame, &every.body);
            let mut holds = false;
            walk.body(&body, &mut |_| {
                holds = true;
                Ok(())
            })?;
            all = holds;
            Ok(())
        })?;
        if all { then(self) } else { Ok(()) }
    }

    fn elements(&mut self, frame: &Frame<'_>, every: &Every) -> Result<Vec<Element>, Refused> {
        let generator = [generator(every)];
        let closure = self.closure(frame, &generator);
        let mut elements = Vec::new();
        self.body(&closure, &mut |walk| {
            let plug = |it: &Term| walk.bindings.plug(it, frame.at);
            elements.push((every.key.as_ref().map(plug), plug(&every.value)));
            Ok(())
        })?;
        Ok(elements)
    }

    /// The bodies of all elements, as one.
    fn unroll(&mut self, frame: &Frame<'_>, every: &Every, then: Then<'_, 'c>) -> Outcome {
        let elements = self.elements(frame, every)?;
        let mut body = Vec::new();
        for element in &elements {
            body.extend(self.element_body(frame, every, element));
        }
        let mut closure = self.closure(frame, &body);
        closure.unrolled = frame.unrolled.saturating_mul(elements.len().max(1));
        self.body(&closure, then)
    }

    /// The body with an element in the place of the variables, and with variables of its own.
    fn element_body(&mut self, frame: &Frame<'_>, every: &Every, element: &Element) -> Vec<Expr> {
        frame.fresh();
        let suffix = format!("__e{}", frame.fresh.get());
        let mut replaced: BTreeMap<Var, TermValue> = BTreeMap::new();
        let mut body = Vec::new();
        let named = every.key.as_ref().zip(element.0.as_ref());
        for (term, value) in named.into_iter().chain([(&every.value, &element.1)]) {
            let TermValue::Var(name) = &term.value else {
                continue;
            };
            if is_scalar(&value.value) {
                replaced.insert(name.clone(), value.value.clone());
                continue;
            }
            let fresh: Var = format!("{name}{suffix}").into();
            replaced.insert(name.clone(), TermValue::Var(fresh.clone()));
            body.push(equality(variable(fresh), value.clone()));
        }
        for name in Self::vars_of(&every.body) {
            if replaced.contains_key(&name) || vars::is_root(&name) || self.is_operator(&name) {
                continue;
            }
            let term = variable(name.clone());
            let own =
                self.bindings.plug(&term, frame.at) == term && !self.term_unknown(&term, frame.at);
            if own {
                let fresh = TermValue::Var(format!("{name}{suffix}").into());
                replaced.insert(name, fresh);
            }
        }
        for expr in &every.body {
            let mut expr = expr.clone();
            visit_mut::expr(&mut expr, &mut |node| {
                if let NodeMut::Term(term) = node
                    && let TermValue::Var(name) = &term.value
                    && let Some(value) = replaced.get(name)
                {
                    *term = Term {
                        span: term.span,
                        ..made(value.clone())
                    };
                }
                false
            });
            body.push(expr);
        }
        body
    }

    fn is_operator(&self, name: &Var) -> bool {
        self.compiled.options.capabilities.is_head(name)
    }
}

/// `domain[key] = value`
fn generator(every: &Every) -> Expr {
    let key = every.key.clone().unwrap_or_else(|| variable("$_every"));
    let member = Term {
        span: every.domain.span,
        value: TermValue::Ref(vec![every.domain.clone(), key]),
    };
    equality(member, every.value.clone())
}
