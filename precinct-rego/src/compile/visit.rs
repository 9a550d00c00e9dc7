//! Walks over the syntax tree, from the top down.
//!
//! The function that is called with each node answers whether the walk should leave out what the node holds.

use crate::ast::{
    Body, Child, Every, Expr, ExprKind, Logical, Module, NotBody, Rule, Term, TermValue, With,
};

/// A node that a walk comes across.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    Body,
    Expr(&'a Expr),
    With(&'a With),
    Term(&'a Term),
    Every(&'a Every),
    Not(&'a NotBody),
    Logical(&'a Logical),
}

/// What a walk calls.
pub(crate) type Visit<'v, 'a> = &'v mut dyn FnMut(Node<'a>) -> bool;

/// All rules of a module, `else` branches included: heads, then bodies.
pub(crate) fn module<'a>(module: &'a Module, f: Visit<'_, 'a>) {
    for rule in &module.rules {
        for branch in rule.branches() {
            head(branch, f);
            body(&branch.body, f);
        }
    }
}

/// Arguments, key and value of a rule; not the reference.
pub(crate) fn head<'a>(rule: &'a Rule, f: Visit<'_, 'a>) {
    let head = &rule.head;
    for it in head.args.iter().chain(&head.key).chain(&head.value) {
        term(it, f);
    }
}

pub(crate) fn body<'a>(body: &'a Body, f: Visit<'_, 'a>) {
    if f(Node::Body) {
        return;
    }
    exprs(body, f);
}

fn exprs<'a>(body: &'a [Expr], f: Visit<'_, 'a>) {
    for it in body {
        expr(it, f);
    }
}

pub(crate) fn expr<'a>(expr: &'a Expr, f: Visit<'_, 'a>) {
    if f(Node::Expr(expr)) {
        return;
    }
    match &expr.kind {
        ExprKind::Term(it) => term(it, f),
        ExprKind::Call(list) | ExprKind::Some(list) => terms(list, f),
        ExprKind::Every(every) => {
            if !f(Node::Every(every)) {
                if let Some(key) = &every.key {
                    term(key, f);
                }
                term(&every.value, f);
                term(&every.domain, f);
                body(&every.body, f);
            }
        }
        ExprKind::Not(not) => {
            if !f(Node::Not(not)) {
                body(&not.body, f);
            }
        }
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            if !f(Node::Logical(sides)) {
                body(&sides.lhs, f);
                body(&sides.rhs, f);
            }
        }
    }
    for it in &expr.with {
        with(it, f);
    }
}

pub(crate) fn with<'a>(with: &'a With, f: Visit<'_, 'a>) {
    if !f(Node::With(with)) {
        term(&with.target, f);
        term(&with.value, f);
    }
}

pub(crate) fn terms<'a>(list: &'a [Term], f: Visit<'_, 'a>) {
    for it in list {
        term(it, f);
    }
}

pub(crate) fn term<'a>(it: &'a Term, f: Visit<'_, 'a>) {
    if f(Node::Term(it)) {
        return;
    }
    it.each_child(|child| match child {
        Child::Term(it) => term(it, f),
        Child::Expr(it) => expr(it, f),
        Child::Body(it) => body(it, f),
    });
}

/// Whether the term has a part that is a reference or comprehension.
pub(crate) fn requires_evaluation(it: &Term) -> bool {
    let mut found = false;
    term(it, &mut |node| {
        if let Node::Term(it) = node {
            found |= matches!(
                it.value,
                TermValue::Ref(_)
                    | TermValue::ArrayComprehension(_)
                    | TermValue::SetComprehension(_)
                    | TermValue::ObjectComprehension(_)
            );
        }
        found
    });
    found
}

/// Whether the term is a value as it stands.
pub(crate) fn is_constant(it: &TermValue) -> bool {
    match it {
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_) => {
            true
        }
        TermValue::Array(items) | TermValue::Set(items) => {
            items.iter().all(|item| is_constant(&item.value))
        }
        TermValue::Object(entries) => entries
            .iter()
            .all(|(key, value)| is_constant(&key.value) && is_constant(&value.value)),
        TermValue::Template(_)
        | TermValue::Var(_)
        | TermValue::Ref(_)
        | TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_)
        | TermValue::Call(_) => false,
    }
}

/// Whether the term has no variables, comprehensions or calls; references whose operands have none count as ground.
pub(crate) fn is_ground(it: &TermValue) -> bool {
    match it {
        TermValue::Ref(parts) => refs_ground(parts),
        TermValue::Array(items) | TermValue::Set(items) => {
            items.iter().all(|item| is_ground(&item.value))
        }
        TermValue::Object(entries) => entries
            .iter()
            .all(|(key, value)| is_ground(&key.value) && is_ground(&value.value)),
        _ => is_constant(it),
    }
}

/// Whether all operands of the reference are ground.
pub(crate) fn refs_ground(parts: &[Term]) -> bool {
    parts.iter().skip(1).all(|part| is_ground(&part.value))
}

/// The parts of the reference up to its first operand that is not ground.
pub(crate) fn ground_prefix(parts: &[Term]) -> &[Term] {
    let length = parts
        .iter()
        .skip(1)
        .take_while(|part| is_ground(&part.value))
        .count();
    parts.get(..=length).unwrap_or(parts)
}

/// `null`, a boolean, a number or a string.
pub(crate) fn is_scalar(it: &TermValue) -> bool {
    matches!(
        it,
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_)
    )
}
