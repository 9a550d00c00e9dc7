//! What has to be evaluated gets an expression of its own, in front of the expression that uses it.
//!
//! Calls leave terms (`terms_of_calls`), the terms of comprehensions enter their bodies (`comprehension_terms`), and
//! references and comprehensions leave the arguments of calls (`dynamic_terms`). The last is what makes
//! `not f(input.x)` undefined, and not true, when `input.x` is: the reference stands in front of the negation.
//!
//! ```text
//! not startswith(lower(input.x), "a")
//!     ==>    l1 = input.x; lower(l1, l0); not startswith(l0, "a")
//! ```

use super::make::{self, Fresh};
use crate::ast::{Body, Expr, ExprKind, Rule, Term, TermValue};

/// Takes calls out of the terms of a rule.
pub(super) fn terms_of_calls(fresh: &mut Fresh, rule: &mut Rule) {
    let mut more = Vec::new();
    let head = &mut rule.head;
    for part in head
        .args
        .iter_mut()
        .chain(&mut head.key)
        .chain(&mut head.value)
    {
        more.extend(expand_term(fresh, part));
    }
    make::append(&mut rule.body, more);
    calls_in_body(fresh, &mut rule.body);
}

/// Takes calls out of the terms of a body.
pub(super) fn calls_in_body(fresh: &mut Fresh, body: &mut Body) {
    let mut out = Vec::with_capacity(body.len());
    for expr in std::mem::take(body) {
        expand(fresh, expr, &mut out);
    }
    *body = out;
}

fn expand(fresh: &mut Fresh, mut expr: Expr, out: &mut Vec<Expr>) {
    for with in &mut expr.with {
        out.extend(expand_term(fresh, &mut with.value));
    }
    match &mut expr.kind {
        ExprKind::Term(term) => {
            let more = expand_term(fresh, term);
            out.extend(under(more, &expr));
        }
        ExprKind::Call(terms) => {
            let more: Vec<Expr> = terms
                .iter_mut()
                .skip(1)
                .flat_map(|term| expand_term(fresh, term))
                .collect();
            out.extend(under(more, &expr));
        }
        ExprKind::Every(every) => {
            let local = fresh.term(every.domain.span);
            let domain = std::mem::replace(&mut every.domain, local.clone());
            let mut equality = make::equality(local, domain);
            equality.with.clone_from(&expr.with);
            calls_in_body(fresh, &mut every.body);
            expand(fresh, equality, out);
        }
        ExprKind::Not(not) => calls_in_body(fresh, &mut not.body),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            calls_in_body(fresh, &mut sides.lhs);
            calls_in_body(fresh, &mut sides.rhs);
        }
        ExprKind::Some(_) => {}
    }
    out.push(expr);
}

/// The expressions under the modifiers of the one that they were taken from.
fn under(mut more: Vec<Expr>, from: &Expr) -> Vec<Expr> {
    if !from.with.is_empty() {
        for expr in &mut more {
            expr.with.clone_from(&from.with);
        }
    }
    more
}

fn expand_term(fresh: &mut Fresh, term: &mut Term) -> Vec<Expr> {
    let span = term.span;
    match &mut term.value {
        TermValue::Call(parts) => {
            let mut more: Vec<Expr> = parts
                .iter_mut()
                .skip(1)
                .flat_map(|part| expand_term(fresh, part))
                .collect();
            let local = fresh.term(span);
            let mut terms = std::mem::take(parts);
            terms.push(local.clone());
            more.push(make::generated(span, ExprKind::Call(terms)));
            *term = local;
            more
        }
        TermValue::Ref(parts) => {
            let mut more: Vec<Expr> = parts
                .iter_mut()
                .flat_map(|part| expand_term(fresh, part))
                .collect();
            if let Some(head) = parts.first_mut()
                && matches!(
                    head.value,
                    TermValue::Array(_)
                        | TermValue::Object(_)
                        | TermValue::Set(_)
                        | TermValue::ArrayComprehension(_)
                        | TermValue::SetComprehension(_)
                        | TermValue::ObjectComprehension(_)
                )
            {
                let (local, equality) = fresh.equality(head.clone());
                more.push(equality);
                *head = local;
            }
            more
        }
        TermValue::Array(items) | TermValue::Set(items) => items
            .iter_mut()
            .flat_map(|item| expand_term(fresh, item))
            .collect(),
        TermValue::Object(entries) => entries
            .iter_mut()
            .flat_map(|(key, value)| {
                let mut more = expand_term(fresh, key);
                more.extend(expand_term(fresh, value));
                more
            })
            .collect(),
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            let more = expand_term(fresh, &mut c.term);
            make::append(&mut c.body, more);
            calls_in_body(fresh, &mut c.body);
            Vec::new()
        }
        TermValue::ObjectComprehension(c) => {
            let mut more = expand_term(fresh, &mut c.key);
            more.extend(expand_term(fresh, &mut c.value));
            make::append(&mut c.body, more);
            calls_in_body(fresh, &mut c.body);
            Vec::new()
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_)
        | TermValue::Template(_) => Vec::new(),
    }
}

/// Gives a name to the terms of comprehensions that have to be evaluated.
pub(super) fn comprehension_terms(fresh: &mut Fresh, body: &mut Body) {
    for expr in body {
        comprehensions_in_expr(fresh, expr);
    }
}

fn comprehensions_in_expr(fresh: &mut Fresh, expr: &mut Expr) {
    match &mut expr.kind {
        ExprKind::Term(term) => comprehensions_in(fresh, term),
        ExprKind::Call(terms) | ExprKind::Some(terms) => {
            terms
                .iter_mut()
                .for_each(|term| comprehensions_in(fresh, term));
        }
        ExprKind::Every(every) => {
            comprehensions_in(fresh, &mut every.domain);
            comprehension_terms(fresh, &mut every.body);
        }
        ExprKind::Not(not) => comprehension_terms(fresh, &mut not.body),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            comprehension_terms(fresh, &mut sides.lhs);
            comprehension_terms(fresh, &mut sides.rhs);
        }
    }
    for with in &mut expr.with {
        comprehensions_in(fresh, &mut with.value);
    }
}

/// The same for the comprehensions of a term.
pub(super) fn comprehensions_in(fresh: &mut Fresh, term: &mut Term) {
    match &mut term.value {
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            comprehensions_in(fresh, &mut c.term);
            comprehension_terms(fresh, &mut c.body);
            name(fresh, &mut c.term, &mut c.body);
        }
        TermValue::ObjectComprehension(c) => {
            comprehensions_in(fresh, &mut c.key);
            comprehensions_in(fresh, &mut c.value);
            comprehension_terms(fresh, &mut c.body);
            name(fresh, &mut c.key, &mut c.body);
            name(fresh, &mut c.value, &mut c.body);
        }
        TermValue::Ref(items)
        | TermValue::Array(items)
        | TermValue::Set(items)
        | TermValue::Call(items) => {
            items
                .iter_mut()
                .for_each(|item| comprehensions_in(fresh, item));
        }
        TermValue::Object(entries) => {
            for (key, value) in entries {
                comprehensions_in(fresh, key);
                comprehensions_in(fresh, value);
            }
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_)
        | TermValue::Template(_) => {}
    }
}

/// Puts a variable in the place of a term that has to be evaluated, and its equality at the end of the body.
pub(super) fn name(fresh: &mut Fresh, term: &mut Term, body: &mut Body) {
    if make::needs_evaluation(term) {
        let (local, equality) = fresh.equality(term.clone());
        *term = local;
        make::append(body, vec![equality]);
    }
}

/// Takes references and comprehensions out of arguments and patterns.
pub(super) fn dynamic_terms(fresh: &mut Fresh, body: &mut Body) {
    let mut out = Vec::with_capacity(body.len());
    for mut expr in std::mem::take(body) {
        let shown = Expr {
            kind: ExprKind::Some(Vec::new()),
            ..expr.clone()
        };
        let equality = expr.operator_is("eq");
        match &mut expr.kind {
            ExprKind::Term(term) => dynamic_inside(fresh, term, &shown, &mut out),
            ExprKind::Call(terms) => {
                for term in terms.iter_mut().skip(1) {
                    if equality {
                        dynamic_inside(fresh, term, &shown, &mut out);
                    } else {
                        dynamic(fresh, term, &shown, &mut out);
                    }
                }
            }
            ExprKind::Every(every) => {
                dynamic(fresh, &mut every.domain, &shown, &mut out);
                dynamic_terms(fresh, &mut every.body);
            }
            ExprKind::Not(not) => dynamic_terms(fresh, &mut not.body),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                dynamic_terms(fresh, &mut sides.lhs);
                dynamic_terms(fresh, &mut sides.rhs);
            }
            ExprKind::Some(_) => {}
        }
        out.push(expr);
    }
    *body = out;
}

/// A reference or comprehension that may stay; what is inside it may not.
fn dynamic_inside(fresh: &mut Fresh, term: &mut Term, from: &Expr, out: &mut Vec<Expr>) {
    match &mut term.value {
        TermValue::Ref(parts) => {
            parts
                .iter_mut()
                .skip(1)
                .for_each(|part| dynamic(fresh, part, from, out));
        }
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            dynamic_terms(fresh, &mut c.body);
        }
        TermValue::ObjectComprehension(c) => dynamic_terms(fresh, &mut c.body),
        _ => dynamic(fresh, term, from, out),
    }
}

fn dynamic(fresh: &mut Fresh, term: &mut Term, from: &Expr, out: &mut Vec<Expr>) {
    match &mut term.value {
        TermValue::Ref(_)
        | TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_) => {
            dynamic_inside(fresh, term, from, out);
            let (local, mut equality) = fresh.equality(term.clone());
            equality.with.clone_from(&from.with);
            out.push(equality);
            *term = local;
        }
        TermValue::Array(items) | TermValue::Set(items) => {
            items
                .iter_mut()
                .for_each(|item| dynamic(fresh, item, from, out));
        }
        TermValue::Object(entries) => {
            for (key, value) in entries {
                dynamic(fresh, key, from, out);
                dynamic(fresh, value, from, out);
            }
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_)
        | TermValue::Template(_)
        | TermValue::Call(_) => {}
    }
}
