//! Walks that change the syntax tree, from the top down: a node is changed before what it then holds is visited.

use crate::ast::{
    Body, Every, Expr, ExprKind, Logical, Module, NotBody, Rule, TemplatePart, Term, TermValue,
    With,
};

/// A node that a walk comes across.
pub(crate) enum NodeMut<'a> {
    Body(&'a mut Body),
    Expr(&'a mut Expr),
    With(&'a mut With),
    Term(&'a mut Term),
    Every(&'a mut Every),
    Not(&'a mut NotBody),
    Logical(&'a mut Logical),
}

/// What a walk calls; it answers whether to leave out what the node holds.
pub(crate) type VisitMut<'v> = &'v mut dyn FnMut(NodeMut<'_>) -> bool;

/// All rules of a module, `else` branches included: heads with their references, then bodies.
pub(crate) fn module(module: &mut Module, f: VisitMut<'_>) {
    rules(module, &mut |rule| {
        terms(&mut rule.head.reference, f);
        head(rule, f);
        body(&mut rule.body, f);
    });
}

/// Calls the function with every rule and `else` branch of the module.
pub(crate) fn rules(module: &mut Module, f: &mut dyn FnMut(&mut Rule)) {
    for rule in &mut module.rules {
        branches(rule, f);
    }
}

/// Calls the function with the rule and its `else` branches.
pub(crate) fn branches(rule: &mut Rule, f: &mut dyn FnMut(&mut Rule)) {
    let mut next = Some(rule);
    while let Some(rule) = next {
        f(rule);
        next = rule.else_rule.as_deref_mut();
    }
}

/// Arguments, key and value of a rule; not the reference.
pub(crate) fn head(rule: &mut Rule, f: VisitMut<'_>) {
    let head = &mut rule.head;
    for it in head
        .args
        .iter_mut()
        .chain(&mut head.key)
        .chain(&mut head.value)
    {
        term(it, f);
    }
}

pub(crate) fn body(body: &mut Body, f: VisitMut<'_>) {
    if f(NodeMut::Body(body)) {
        return;
    }
    for it in body {
        expr(it, f);
    }
}

pub(crate) fn expr(expr: &mut Expr, f: VisitMut<'_>) {
    if f(NodeMut::Expr(expr)) {
        return;
    }
    match &mut expr.kind {
        ExprKind::Term(it) => term(it, f),
        ExprKind::Call(list) | ExprKind::Some(list) => terms(list, f),
        ExprKind::Every(every) => {
            if !f(NodeMut::Every(every)) {
                if let Some(key) = &mut every.key {
                    term(key, f);
                }
                term(&mut every.value, f);
                term(&mut every.domain, f);
                body(&mut every.body, f);
            }
        }
        ExprKind::Not(not) => {
            if !f(NodeMut::Not(not)) {
                body(&mut not.body, f);
            }
        }
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            if !f(NodeMut::Logical(sides)) {
                body(&mut sides.lhs, f);
                body(&mut sides.rhs, f);
            }
        }
    }
    for it in &mut expr.with {
        if !f(NodeMut::With(it)) {
            term(&mut it.target, f);
            term(&mut it.value, f);
        }
    }
}

pub(crate) fn terms(list: &mut [Term], f: VisitMut<'_>) {
    for it in list {
        term(it, f);
    }
}

pub(crate) fn term(it: &mut Term, f: VisitMut<'_>) {
    if f(NodeMut::Term(it)) {
        return;
    }
    match &mut it.value {
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => {}
        TermValue::Template(template) => {
            for part in &mut template.parts {
                match part {
                    TemplatePart::Text(it) => term(it, f),
                    TemplatePart::Expr(it) => expr(it, f),
                }
            }
        }
        TermValue::Ref(list)
        | TermValue::Array(list)
        | TermValue::Set(list)
        | TermValue::Call(list) => terms(list, f),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                term(key, f);
                term(value, f);
            }
        }
        TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
            term(&mut it.term, f);
            body(&mut it.body, f);
        }
        TermValue::ObjectComprehension(it) => {
            term(&mut it.key, f);
            term(&mut it.value, f);
            body(&mut it.body, f);
        }
    }
}
