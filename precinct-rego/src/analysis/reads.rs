//! The variables that an expression reads.

use crate::ast::{Expr, ExprKind, Module, Rule, Span, Term, TermValue, Var};
use crate::compile::visit::{self, Node};

/// The variables in the expressions of this place, with their own places inside of it. What expressions declare is left
/// out, and what stands in bodies of comprehensions, which have variables of their own.
#[must_use]
pub fn of(place: Span, modules: &[Module], query: &[Expr]) -> Vec<(Span, Var)> {
    let mut found = Vec::new();
    let rules = modules
        .iter()
        .filter(|module| module.package.span.source == place.source)
        .flat_map(|module| &module.rules)
        .flat_map(Rule::branches);
    for rule in rules {
        visit::body(&rule.body, &mut |node| {
            if let Node::Expr(expr) = node {
                note(expr, place, &mut found);
            }
            false
        });
    }
    for expr in query {
        note(expr, place, &mut found);
    }
    found
}

fn note(expr: &Expr, place: Span, found: &mut Vec<(Span, Var)>) {
    if expr.span == place {
        expression(expr, found);
        found.retain(|(span, _)| {
            span.source == place.source
                && span.start >= place.start
                && span.end <= place.end
                && span.row > 0
        });
    }
}

fn expression(expr: &Expr, found: &mut Vec<(Span, Var)>) {
    match &expr.kind {
        ExprKind::Term(it) => term(it, found),
        ExprKind::Call(terms) => {
            for it in terms.iter().skip(1) {
                term(it, found);
            }
        }
        ExprKind::Every(every) => {
            term(&every.domain, found);
            for it in &every.body {
                expression(it, found);
            }
        }
        ExprKind::Some(_) | ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) => {}
    }
    for with in &expr.with {
        term(&with.value, found);
    }
}

fn term(it: &Term, found: &mut Vec<(Span, Var)>) {
    visit::term(it, &mut |node| {
        let Node::Term(it) = node else { return true };
        match &it.value {
            TermValue::Var(name) => {
                found.push((it.span, name.clone()));
                true
            }
            TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_) => true,
            _ => false,
        }
    });
}
