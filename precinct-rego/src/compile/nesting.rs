//! How deep syntax may be nested: the stages call themselves for what a node holds.

use crate::ast::{Body, Expr, ExprKind, Module, Rule, Span, TemplatePart, Term, TermValue};
use crate::error::{Code, Diagnostic};

/// Levels of terms and bodies within each other.
const DEEPEST: usize = 1_000;

/// Refuses modules that are nested too deep.
pub(super) fn check_modules(modules: &[Module]) -> Result<(), Vec<Diagnostic>> {
    let mut open = Vec::new();
    for rule in modules.iter().flat_map(|module| &module.rules) {
        push_rule(rule, &mut open);
    }
    check(open)
}

/// Refuses a query that is nested too deep.
pub(super) fn check_query(body: &Body) -> Result<(), Vec<Diagnostic>> {
    let mut open = Vec::new();
    push_body(body, 0, &mut open);
    check(open)
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Expr(&'a Expr),
    Term(&'a Term),
}

type Open<'a> = Vec<(Part<'a>, usize)>;

fn check(mut open: Open<'_>) -> Result<(), Vec<Diagnostic>> {
    while let Some((part, depth)) = open.pop() {
        if depth > DEEPEST {
            let span = match part {
                Part::Expr(expr) => expr.span,
                Part::Term(term) => term.span,
            };
            return Err(vec![too_deep(span)]);
        }
        match part {
            Part::Expr(expr) => push_expr(expr, depth + 1, &mut open),
            Part::Term(term) => push_term(term, depth + 1, &mut open),
        }
    }
    Ok(())
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::Compile,
        span,
        format!("nested deeper than {DEEPEST} levels"),
    )
}

fn push_rule<'a>(rule: &'a Rule, open: &mut Open<'a>) {
    for branch in super::visit::branches(rule) {
        let head = &branch.head;
        push_terms(&head.reference, 0, open);
        push_terms(&head.args, 0, open);
        push_terms(head.key.iter().chain(&head.value), 0, open);
        push_body(&branch.body, 0, open);
    }
}

fn push_body<'a>(body: &'a Body, depth: usize, open: &mut Open<'a>) {
    open.extend(body.iter().map(|expr| (Part::Expr(expr), depth)));
}

fn push_terms<'a>(terms: impl IntoIterator<Item = &'a Term>, depth: usize, open: &mut Open<'a>) {
    open.extend(terms.into_iter().map(|term| (Part::Term(term), depth)));
}

fn push_expr<'a>(expr: &'a Expr, depth: usize, open: &mut Open<'a>) {
    match &expr.kind {
        ExprKind::Term(term) => push_terms([term], depth, open),
        ExprKind::Call(terms) | ExprKind::Some(terms) => push_terms(terms, depth, open),
        ExprKind::Every(every) => {
            push_terms([&every.domain], depth, open);
            push_body(&every.body, depth, open);
        }
        ExprKind::Not(not) => push_body(&not.body, depth, open),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            push_body(&sides.lhs, depth, open);
            push_body(&sides.rhs, depth, open);
        }
    }
    for with in &expr.with {
        push_terms([&with.target, &with.value], depth, open);
    }
}

fn push_term<'a>(term: &'a Term, depth: usize, open: &mut Open<'a>) {
    match &term.value {
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => {}
        TermValue::Template(template) => {
            for part in &template.parts {
                match part {
                    TemplatePart::Text(term) => push_terms([term], depth, open),
                    TemplatePart::Expr(expr) => open.push((Part::Expr(expr), depth)),
                }
            }
        }
        TermValue::Ref(terms)
        | TermValue::Array(terms)
        | TermValue::Set(terms)
        | TermValue::Call(terms) => push_terms(terms, depth, open),
        TermValue::Object(entries) => {
            push_terms(entries.iter().flat_map(|(k, v)| [k, v]), depth, open);
        }
        TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
            push_terms([&it.term], depth, open);
            push_body(&it.body, depth, open);
        }
        TermValue::ObjectComprehension(it) => {
            push_terms([&it.key, &it.value], depth, open);
            push_body(&it.body, depth, open);
        }
    }
}
