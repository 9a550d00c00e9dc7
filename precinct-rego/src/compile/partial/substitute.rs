//! Variables replaced in terms and expressions. Operators of calls stay.

use crate::ast::{Expr, ExprKind, Term, TermValue, Var};
use crate::compile::visit_mut::{self, NodeMut};

/// What a variable is replaced by, if it is.
pub(super) type Replace<'f> = &'f dyn Fn(&Var) -> Option<TermValue>;

/// Replaces the variables of a term, then those of what they were replaced by.
pub(super) fn term(it: &mut Term, replace: Replace<'_>) {
    visit_mut::term(it, &mut |node| node_of(node, replace));
}

/// Replaces the variables of an expression.
pub(super) fn expr(it: &mut Expr, replace: Replace<'_>) {
    visit_mut::expr(it, &mut |node| node_of(node, replace));
}

fn node_of(node: NodeMut<'_>, replace: Replace<'_>) -> bool {
    match node {
        NodeMut::Expr(Expr {
            kind: ExprKind::Call(terms),
            ..
        }) => {
            terms.iter_mut().skip(1).for_each(|it| term(it, replace));
            true
        }
        NodeMut::Term(it) => of_term(it, replace),
        _ => false,
    }
}

fn of_term(it: &mut Term, replace: Replace<'_>) -> bool {
    match &mut it.value {
        TermValue::Call(items) => {
            items.iter_mut().skip(1).for_each(|it| term(it, replace));
            return true;
        }
        TermValue::Var(name) => {
            if let Some(value) = replace(name) {
                it.value = value;
            }
        }
        TermValue::Ref(parts) => {
            if let Some(TermValue::Var(name)) = parts.first().map(|head| &head.value)
                && let Some(TermValue::Ref(head)) = replace(name)
            {
                parts.splice(..1, head);
            }
        }
        _ => {}
    }
    false
}
