//! How deep syntax may be nested: the stages call themselves for what a node holds.

use crate::ast::{Body, Child, Module, Span};
use crate::error::{Code, Diagnostic};

/// Levels of terms and bodies within each other.
const DEEPEST: usize = 1_000;

/// Refuses modules that are nested too deep.
pub(super) fn check_modules(modules: &[Module]) -> Result<(), Vec<Diagnostic>> {
    let mut open = Vec::new();
    for rule in modules.iter().flat_map(|module| &module.rules) {
        for branch in rule.branches() {
            branch.each_child(|child| open.push((child, 0)));
        }
    }
    check(open)
}

/// Refuses a query that is nested too deep.
pub(super) fn check_query(body: &Body) -> Result<(), Vec<Diagnostic>> {
    check(vec![(Child::Body(body), 0)])
}

/// Nodes with the number of levels above them.
type Open<'a> = Vec<(Child<'a>, usize)>;

fn check(mut open: Open<'_>) -> Result<(), Vec<Diagnostic>> {
    while let Some((child, depth)) = open.pop() {
        let below = depth + 1;
        let span = match child {
            Child::Expr(expr) => {
                expr.each_child(|child| open.push((child, below)));
                expr.span
            }
            Child::Term(term) => {
                term.each_child(|child| open.push((child, below)));
                term.span
            }
            // A body is no level of its own: its expressions are.
            Child::Body(body) => {
                open.extend(body.iter().map(|expr| (Child::Expr(expr), depth)));
                continue;
            }
        };
        if depth > DEEPEST {
            return Err(vec![too_deep(span)]);
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
