//! What `opa eval` shows of a query's expressions.

use precinct_rego::ast::{Body, Expr, ExprKind, Term, TermValue};

/// Whether the expressions of a query must hold for there to be an answer: when there are several, or when one
/// iterates. An expression that stands alone is shown whatever its value.
pub(crate) fn captures(query: &Body) -> bool {
    query.len() > 1 || query.iter().any(iterates)
}

fn iterates(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Term(term) => term_iterates(term),
        ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter().skip(1).any(term_iterates),
        ExprKind::Every(every) => term_iterates(&every.domain) || every.body.iter().any(iterates),
        ExprKind::Not(not) => not.body.iter().any(iterates),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            sides.lhs.iter().chain(&sides.rhs).any(iterates)
        }
    }
}

/// A reference with a variable among its operands. What stands in comprehensions does not count.
fn term_iterates(term: &Term) -> bool {
    match &term.value {
        TermValue::Ref(parts) => parts.iter().enumerate().any(|(position, part)| {
            (position > 0 && matches!(part.value, TermValue::Var(_))) || term_iterates(part)
        }),
        TermValue::Array(items) | TermValue::Set(items) => items.iter().any(term_iterates),
        TermValue::Object(entries) => entries
            .iter()
            .any(|(key, value)| term_iterates(key) || term_iterates(value)),
        TermValue::Call(terms) => terms.iter().skip(1).any(term_iterates),
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Template(_)
        | TermValue::Var(_)
        | TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_) => false,
    }
}
