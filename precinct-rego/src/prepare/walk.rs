//! Walking over what stands inside of what.

use crate::ast::{Body, Expr, ExprKind, Rule, TemplatePart, Term, TermValue};

/// Calls `f` for a rule and each of its `else` branches.
pub(super) fn branches(rule: &mut Rule, f: &mut dyn FnMut(&mut Rule)) {
    f(rule);
    if let Some(next) = rule.else_rule.as_deref_mut() {
        branches(next, f);
    }
}

/// Calls `f` for each body directly inside an expression: of comprehensions, `every`, `not`, `and`, `or`.
pub(super) fn inner_bodies(expr: &mut Expr, f: &mut dyn FnMut(&mut Body)) {
    match &mut expr.kind {
        ExprKind::Term(term) => bodies_in(term, f),
        ExprKind::Call(terms) | ExprKind::Some(terms) => {
            terms.iter_mut().for_each(|term| bodies_in(term, f));
        }
        ExprKind::Every(every) => {
            bodies_in(&mut every.domain, f);
            f(&mut every.body);
        }
        ExprKind::Not(not) => f(&mut not.body),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            f(&mut sides.lhs);
            f(&mut sides.rhs);
        }
    }
    for with in &mut expr.with {
        bodies_in(&mut with.value, f);
    }
}

/// Calls `f` for each body of the outermost comprehensions in a term.
pub(super) fn bodies_in(term: &mut Term, f: &mut dyn FnMut(&mut Body)) {
    match &mut term.value {
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => f(&mut c.body),
        TermValue::ObjectComprehension(c) => f(&mut c.body),
        TermValue::Ref(items)
        | TermValue::Array(items)
        | TermValue::Set(items)
        | TermValue::Call(items) => items.iter_mut().for_each(|item| bodies_in(item, f)),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                bodies_in(key, f);
                bodies_in(value, f);
            }
        }
        TermValue::Template(template) => {
            for part in &mut template.parts {
                if let TemplatePart::Expr(expr) = part {
                    inner_bodies(expr, f);
                }
            }
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => {}
    }
}

/// Calls `f` for each expression of a body, those inside included; outer ones first.
pub(super) fn exprs<'b>(body: &'b [Expr], f: &mut dyn FnMut(&'b Expr)) {
    for expr in body {
        f(expr);
        match &expr.kind {
            ExprKind::Term(term) => exprs_in(term, f),
            ExprKind::Call(terms) | ExprKind::Some(terms) => {
                terms.iter().for_each(|term| exprs_in(term, f));
            }
            ExprKind::Every(every) => {
                exprs_in(&every.domain, f);
                exprs(&every.body, f);
            }
            ExprKind::Not(not) => exprs(&not.body, f),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                exprs(&sides.lhs, f);
                exprs(&sides.rhs, f);
            }
        }
        for with in &expr.with {
            exprs_in(&with.value, f);
        }
    }
}

/// Calls `f` for each expression inside a term.
pub(super) fn exprs_in<'b>(term: &'b Term, f: &mut dyn FnMut(&'b Expr)) {
    match &term.value {
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            exprs_in(&c.term, f);
            exprs(&c.body, f);
        }
        TermValue::ObjectComprehension(c) => {
            exprs_in(&c.key, f);
            exprs_in(&c.value, f);
            exprs(&c.body, f);
        }
        TermValue::Ref(items)
        | TermValue::Array(items)
        | TermValue::Set(items)
        | TermValue::Call(items) => items.iter().for_each(|item| exprs_in(item, f)),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                exprs_in(key, f);
                exprs_in(value, f);
            }
        }
        TermValue::Template(template) => {
            for part in &template.parts {
                if let TemplatePart::Expr(expr) = part {
                    exprs(std::slice::from_ref(expr.as_ref()), f);
                }
            }
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => {}
    }
}

/// Calls `f` for each term of an expression, inner ones included; outer ones first.
pub(super) fn terms_of<'b>(expr: &'b Expr, f: &mut dyn FnMut(&'b Term)) {
    match &expr.kind {
        ExprKind::Term(term) => terms(term, f),
        ExprKind::Call(list) | ExprKind::Some(list) => list.iter().for_each(|term| terms(term, f)),
        ExprKind::Every(every) => {
            if let Some(key) = &every.key {
                terms(key, f);
            }
            terms(&every.value, f);
            terms(&every.domain, f);
            every.body.iter().for_each(|expr| terms_of(expr, f));
        }
        ExprKind::Not(not) => not.body.iter().for_each(|expr| terms_of(expr, f)),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            sides
                .lhs
                .iter()
                .chain(&sides.rhs)
                .for_each(|expr| terms_of(expr, f));
        }
    }
    for with in &expr.with {
        terms(&with.target, f);
        terms(&with.value, f);
    }
}

/// Calls `f` for a term and each term inside it.
pub(super) fn terms<'b>(term: &'b Term, f: &mut dyn FnMut(&'b Term)) {
    f(term);
    match &term.value {
        TermValue::Ref(items)
        | TermValue::Array(items)
        | TermValue::Set(items)
        | TermValue::Call(items) => items.iter().for_each(|item| terms(item, f)),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                terms(key, f);
                terms(value, f);
            }
        }
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            terms(&c.term, f);
            c.body.iter().for_each(|expr| terms_of(expr, f));
        }
        TermValue::ObjectComprehension(c) => {
            terms(&c.key, f);
            terms(&c.value, f);
            c.body.iter().for_each(|expr| terms_of(expr, f));
        }
        TermValue::Template(template) => {
            for part in &template.parts {
                match part {
                    TemplatePart::Text(term) => terms(term, f),
                    TemplatePart::Expr(expr) => terms_of(expr, f),
                }
            }
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => {}
    }
}
