//! Calls within terms become expressions of their own.
//!
//! ```text
//! x = f(g(1)) + 2    ==>    g(1, __local0__); f(__local0__, __local1__); plus(__local1__, 2, __local2__); x = __local2__
//! ```

use super::locals::{Locals, append, expression, generated_equality};
use crate::ast::{Body, Expr, ExprKind, Rule, Term, TermValue};

/// Expands a rule; `else` branches are rules of their own.
pub(super) fn rule(locals: &mut Locals, rule: &mut Rule) {
    let head = &mut rule.head;
    for it in head
        .args
        .iter_mut()
        .chain(&mut head.key)
        .chain(&mut head.value)
    {
        let mut support = Vec::new();
        term(locals, it, &mut support);
        append(&mut rule.body, support);
    }
    body(locals, &mut rule.body);
}

/// Expands a body.
pub(super) fn body(locals: &mut Locals, body: &mut Body) {
    let mut result = Body::with_capacity(body.len());
    for it in body.drain(..) {
        expr(locals, it, &mut result);
    }
    *body = result;
}

fn expr(locals: &mut Locals, mut it: Expr, result: &mut Body) {
    for with in &mut it.with {
        term(locals, &mut with.value, result);
    }
    let start = result.len();
    match &mut it.kind {
        ExprKind::Term(inner) => term(locals, inner, result),
        ExprKind::Call(terms) => {
            for argument in terms.iter_mut().skip(1) {
                term(locals, argument, result);
            }
        }
        ExprKind::Every(every) => {
            let variable = locals.fresh_term(every.domain.span);
            let domain = std::mem::replace(&mut every.domain, variable.clone());
            let mut binding = generated_equality(variable, domain);
            binding.with.clone_from(&it.with);
            expr(locals, binding, result);
            body(locals, &mut every.body);
            result.push(it);
            return;
        }
        ExprKind::Not(not) => body(locals, &mut not.body),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            body(locals, &mut sides.lhs);
            body(locals, &mut sides.rhs);
        }
        ExprKind::Some(_) => {}
    }
    if !it.with.is_empty() {
        for support in result.iter_mut().skip(start) {
            support.with.clone_from(&it.with);
        }
    }
    result.push(it);
}

fn term(locals: &mut Locals, it: &mut Term, support: &mut Vec<Expr>) {
    match &mut it.value {
        TermValue::Call(terms) => {
            for argument in terms.iter_mut().skip(1) {
                term(locals, argument, support);
            }
            let output = locals.fresh_term(it.span);
            let mut terms = std::mem::take(terms);
            terms.push(output.clone());
            support.push(Expr {
                generated: true,
                ..expression(it.span, ExprKind::Call(terms))
            });
            *it = output;
        }
        TermValue::Ref(parts) => reference(locals, parts, support),
        TermValue::Array(items) | TermValue::Set(items) => {
            for item in items {
                term(locals, item, support);
            }
        }
        TermValue::Object(entries) => {
            for (key, value) in entries {
                term(locals, key, support);
                term(locals, value, support);
            }
        }
        TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
            let mut inner = Vec::new();
            term(locals, &mut it.term, &mut inner);
            append(&mut it.body, inner);
            body(locals, &mut it.body);
        }
        TermValue::ObjectComprehension(it) => {
            for part in [&mut it.key, &mut it.value] {
                let mut inner = Vec::new();
                term(locals, part, &mut inner);
                append(&mut it.body, inner);
            }
            body(locals, &mut it.body);
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Template(_)
        | TermValue::Var(_) => {}
    }
}

fn reference(locals: &mut Locals, parts: &mut [Term], support: &mut Vec<Expr>) {
    for part in &mut *parts {
        let subject = match &part.value {
            call @ TermValue::Call(_) => Some(call.clone()),
            _ => None,
        };
        term(locals, part, support);
        if let Some(subject) = subject {
            locals.stands_for(part, subject);
        }
    }
    if let Some(head) = parts.first_mut()
        && head.value.is_composite()
    {
        let subject = head.value.clone();
        support.push(locals.hoist(head));
        locals.stands_for(head, subject);
    }
}
