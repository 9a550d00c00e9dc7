//! Variables that only stand for a constant or a part of `input` are taken out of what remains.

use super::substitute;
use super::walk::{State, is_input, is_plain};
use crate::ast::{Body, Expr, ExprKind, Term, TermValue, Var};
use crate::compile::CompiledQuery;
use crate::compile::locals::{equality, equality_operands};
use crate::compile::vars::Scope;
use crate::compile::visit::is_constant;

/// The body that a state leaves, the query's variables under their own names.
pub(super) fn simplified(state: &State, query: &CompiledQuery) -> Body {
    let mut body = state.saved.clone();
    let asked = |name: &Var| query.variables.iter().any(|(_, inner)| inner == name);
    for stands_for in [
        (|value: &TermValue| is_constant(value)) as fn(&TermValue) -> bool,
        is_input,
    ] {
        let mut at = 0;
        while let Some(expr) = body.get(at) {
            match copy(expr, stands_for) {
                Some((name, value)) if !asked(&name) && read_elsewhere(&body, at, &name) => {
                    body.remove(at);
                    for expr in &mut body {
                        substitute::expr(expr, &|var| (*var == name).then(|| value.clone()));
                    }
                    at = 0;
                }
                _ => at += 1,
            }
        }
    }
    for (_, inner) in &query.variables {
        let mut value = Term {
            span: query.body.first().map(|it| it.span).unwrap_or_default(),
            value: TermValue::Var(inner.clone()),
        };
        let variable = value.clone();
        state.plug(&mut value);
        if value != variable && is_plain(&value.value) {
            body.push(equality(variable, value));
        }
    }
    for expr in &mut body {
        substitute::expr(expr, &|var| {
            let (shown, _) = query.variables.iter().find(|(_, inner)| inner == var)?;
            Some(TermValue::Var(shown.clone()))
        });
    }
    body
}

/// The variable and what it stands for, when the expression says only that.
fn copy(expr: &Expr, stands_for: fn(&TermValue) -> bool) -> Option<(Var, TermValue)> {
    if expr.negated {
        return None;
    }
    let (lhs, rhs) = equality_operands(expr)?;
    [(lhs, rhs), (rhs, lhs)]
        .into_iter()
        .find_map(|(variable, value)| {
            let TermValue::Var(name) = &variable.value else {
                return None;
            };
            let own = Scope::default().of_terms(std::slice::from_ref(value));
            (stands_for(&value.value) && !own.contains(name))
                .then(|| (name.clone(), value.value.clone()))
        })
}

/// Whether another expression fails when the variable has no value.
fn read_elsewhere(body: &Body, at: usize, name: &Var) -> bool {
    body.iter().enumerate().any(|(position, expr)| {
        let terms = match &expr.kind {
            ExprKind::Term(it) => std::slice::from_ref(it),
            ExprKind::Call(terms) => terms.as_slice(),
            _ => &[],
        };
        let open = Scope {
            closures: true,
            ..Scope::default()
        };
        position != at && !expr.negated && open.of_terms(terms).contains(name)
    })
}
