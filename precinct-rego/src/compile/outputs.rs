//! Which variables an expression or body gives values to.

use std::collections::BTreeMap;

use super::locals::{ASSIGNED, equality_operands, is_equality};
use super::unify::{bound_by_unification, is_ref_safe};
use super::vars::{self, Arity, Scope, VarSet};
use super::visit::{self, Node};
use crate::ast::{Body, Expr, ExprKind, Term, TermValue, Var};

/// What the inputs of a call are looked at for.
const OPERANDS: Scope<'static> = Scope {
    ref_heads: true,
    operators: false,
    object_keys: true,
    closures: true,
    sets: true,
    templates: false,
    operands: None,
};

/// The variables that a call reads.
pub(super) fn operands(expr: &Expr) -> VarSet {
    match &expr.kind {
        ExprKind::Call(terms) => OPERANDS.of_terms(terms.get(1..).unwrap_or_default()),
        _ => VarSet::new(),
    }
}

/// The variables that the body gives values to, beside those that have one.
pub(super) fn of_body(body: &[Expr], arity: Arity<'_>, safe: &VarSet) -> VarSet {
    let mut known = safe.clone();
    let mut found = VarSet::new();
    for expr in body {
        for var in of_expr(expr, arity, &known) {
            if known.insert(var.clone()) {
                found.insert(var);
            }
        }
    }
    found
}

/// The variables that the expression gives values to.
pub(super) fn of_expr(expr: &Expr, arity: Arity<'_>, safe: &VarSet) -> VarSet {
    if expr.negated || matches!(expr.kind, ExprKind::Not(_)) {
        return VarSet::new();
    }
    let mut inputs = VarSet::new();
    for with in &expr.with {
        Scope::SAFETY.with(with, &mut inputs);
    }
    if !inputs.is_subset(safe) {
        return VarSet::new();
    }
    match &expr.kind {
        ExprKind::Term(_) => enumerated(expr, safe),
        ExprKind::Call(_) if is_equality(expr) => of_equality(expr, safe),
        ExprKind::Call(terms) => of_call(expr, terms, arity, safe),
        ExprKind::Every(every) => {
            let mut found = VarSet::new();
            note_enumerated(&every.domain, safe, &mut found);
            found
        }
        ExprKind::Some(_) | ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) => VarSet::new(),
    }
}

/// The variables that an equation gives values to.
pub(super) fn of_equality(expr: &Expr, safe: &VarSet) -> VarSet {
    let Some((lhs, rhs)) = equality_operands(expr) else {
        return VarSet::new();
    };
    let mut basis = enumerated(expr, safe);
    basis.extend(safe.iter().cloned());
    if expr.operator_is(ASSIGNED) {
        // The left side of an assignment only receives.
        vars::each(lhs, &mut |term| {
            if let TermValue::Var(name) = &term.value {
                basis.remove(name);
            }
        });
    }
    let bound = bound_by_unification(&basis, lhs, rhs);
    basis.extend(bound);
    basis.retain(|var| !safe.contains(var));
    basis
}

fn of_call(expr: &Expr, terms: &[Term], arity: Arity<'_>, safe: &VarSet) -> VarSet {
    let Some(TermValue::Ref(operator)) = terms.first().map(|term| &term.value) else {
        return VarSet::new();
    };
    let Some(arity) = arity(operator) else {
        return VarSet::new();
    };
    let mut found = enumerated(expr, safe);
    let inputs = arity + 1;
    if inputs >= terms.len() {
        return found;
    }
    let known = |var: &Var| found.contains(var) || safe.contains(var);
    if !OPERANDS.of_terms(&terms[..inputs]).iter().all(known) {
        return VarSet::new();
    }
    OPERANDS.terms(&terms[inputs..], &mut found);
    found
}

/// The variables in operands of references whose heads have values: evaluation walks through all they can be.
fn enumerated(expr: &Expr, safe: &VarSet) -> VarSet {
    let mut found = VarSet::new();
    visit::expr(expr, &mut |node| note_operands(node, safe, &mut found));
    found
}

fn note_enumerated(term: &Term, safe: &VarSet, found: &mut VarSet) {
    visit::term(term, &mut |node| note_operands(node, safe, found));
}

fn note_operands(node: Node<'_>, safe: &VarSet, found: &mut VarSet) -> bool {
    let Node::Term(term) = node else {
        return false;
    };
    match &term.value {
        TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_)
        | TermValue::Template(_) => true,
        TermValue::Ref(parts) => {
            if !is_ref_safe(parts, safe) {
                return true;
            }
            if !visit::refs_ground(parts) {
                let scope = Scope {
                    ref_heads: true,
                    ..Scope::default()
                };
                scope.reference(parts, found);
            }
            false
        }
        _ => false,
    }
}

/// The variables of a bare operand of `not`, `and` or `or` that its own expressions do not provide.
///
/// With one expression, that is every variable. With more (made by the compiler), a variable is provided if one
/// expression binds it and another one reads it.
pub(super) fn unsatisfied_operand_vars(body: &Body, arity: Arity<'_>) -> VarSet {
    let mut occurrences: BTreeMap<Var, usize> = BTreeMap::new();
    for expr in body {
        for var in Scope::SAFETY.of_expr(expr) {
            *occurrences.entry(var).or_default() += 1;
        }
    }
    if body.len() == 1 {
        return occurrences.into_keys().collect();
    }
    let mut safe = vars::roots();
    safe.extend(occurrences.keys().cloned());
    for (lhs, rhs) in body.iter().filter_map(equality_operands) {
        for side in [lhs, rhs] {
            if let TermValue::Var(name) = &side.value {
                safe.remove(name);
            }
        }
    }
    let mut bindings = VarSet::new();
    let mut changed = true;
    while changed {
        changed = false;
        for expr in body.iter().filter(|expr| is_equality(expr)) {
            for var in of_equality(expr, &safe) {
                if bindings.insert(var.clone()) {
                    safe.insert(var);
                    changed = true;
                }
            }
        }
    }
    for expr in body.iter().filter(|expr| !is_equality(expr)) {
        if let ExprKind::Call(terms) = &expr.kind
            && let Some(TermValue::Ref(operator)) = terms.first().map(|term| &term.value)
            && let Some(arity) = arity(operator)
            && let Some(outputs) = terms.get(arity + 1..)
        {
            OPERANDS.terms(outputs, &mut bindings);
        }
    }
    occurrences
        .into_iter()
        .filter(|(var, count)| *count == 1 || !bindings.contains(var))
        .map(|(var, _)| var)
        .collect()
}
