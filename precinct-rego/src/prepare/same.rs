//! Equality of syntax, places aside.

use crate::ast::{Body, Expr, ExprKind, Term, TermValue};

/// Whether two terms are written alike.
pub(super) fn terms(one: &Term, other: &Term) -> bool {
    use TermValue as V;
    match (&one.value, &other.value) {
        (V::Null, V::Null) => true,
        (V::Boolean(a), V::Boolean(b)) => a == b,
        (V::Number(a), V::Number(b)) | (V::String(a), V::String(b)) | (V::Var(a), V::Var(b)) => {
            a == b
        }
        (V::Ref(a), V::Ref(b))
        | (V::Array(a), V::Array(b))
        | (V::Set(a), V::Set(b))
        | (V::Call(a), V::Call(b)) => lists(a, b),
        (V::Object(a), V::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((k, v), (l, w))| terms(k, l) && terms(v, w))
        }
        (V::ArrayComprehension(a), V::ArrayComprehension(b))
        | (V::SetComprehension(a), V::SetComprehension(b)) => {
            terms(&a.term, &b.term) && bodies(&a.body, &b.body)
        }
        (V::ObjectComprehension(a), V::ObjectComprehension(b)) => {
            terms(&a.key, &b.key) && terms(&a.value, &b.value) && bodies(&a.body, &b.body)
        }
        _ => false,
    }
}

/// Whether two lists of terms are written alike.
pub(super) fn lists(one: &[Term], other: &[Term]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| terms(a, b))
}

fn bodies(one: &Body, other: &Body) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| exprs(a, b))
}

fn exprs(one: &Expr, other: &Expr) -> bool {
    let kinds = match (&one.kind, &other.kind) {
        (ExprKind::Term(a), ExprKind::Term(b)) => terms(a, b),
        (ExprKind::Call(a), ExprKind::Call(b)) | (ExprKind::Some(a), ExprKind::Some(b)) => {
            lists(a, b)
        }
        _ => false,
    };
    kinds && one.negated == other.negated && one.with.is_empty() && other.with.is_empty()
}
