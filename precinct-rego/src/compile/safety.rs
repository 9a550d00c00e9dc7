//! Bodies in an order in which every variable has a value when it is read.
//!
//! ```text
//! x > 1            x = input.a
//! x = input.a  ==> x > 1
//! ```
//!
//! Expressions move as little as possible: in each pass those that have become safe follow in the order of the source.
//! What can never become safe is reported.

use std::collections::BTreeMap;

use super::errors::Places;
use super::locals::{ASSIGNED, equality_operands, is_equality};
use super::outputs;
use super::vars::{self, Arity, Scope, VarSet, is_generated, shown};
use super::visit::{self, Node};
use super::visit_mut::{self, NodeMut};
use crate::ast::{Body, Expr, ExprKind, Span, Term, TermValue, Var};
use crate::error::{Code, Diagnostic};

/// An expression with variables that never get a value.
#[derive(Debug)]
pub(super) struct UnsafeExpr {
    span: Span,
    /// The variables on the left side, if the expression is an assignment.
    assigned: VarSet,
    vars: VarSet,
    /// The variables belong to a body within the expression.
    nested: bool,
}

impl UnsafeExpr {
    fn new(expr: &Expr, vars: VarSet) -> Self {
        let mut assigned = VarSet::new();
        if expr.operator_is(ASSIGNED)
            && let Some((lhs, _)) = equality_operands(expr)
        {
            assigned = vars::of_term(lhs);
        }
        Self {
            span: expr.span,
            assigned,
            vars,
            nested: false,
        }
    }
}

/// Puts the body and all bodies in it in order. If that is impossible, it stays as it is and the faults are returned.
pub(super) fn order(body: &mut Body, arity: Arity<'_>, globals: &VarSet) -> Vec<UnsafeExpr> {
    order_captured(body, arity, globals, &[])
}

/// As [`order`], for a query that keeps the values of the expressions at these places.
pub(super) fn order_captured(
    body: &mut Body,
    arity: Arity<'_>,
    globals: &VarSet,
    captured: &[Span],
) -> Vec<UnsafeExpr> {
    let scope = Scope::safety_with_operands(arity);
    let per_expr: Vec<VarSet> = body.iter().map(|expr| scope.of_expr(expr)).collect();
    let body_vars: VarSet = per_expr.iter().flatten().cloned().collect();
    let mut safe: VarSet = body_vars.intersection(globals).cloned().collect();
    let mut open: Vec<VarSet> = per_expr
        .iter()
        .map(|vars| vars.difference(&safe).cloned().collect())
        .collect();
    let closures: Vec<VarSet> = body
        .iter()
        .map(|expr| {
            let mut closed_over = vars_in_closures(expr);
            closed_over.retain(|var| body_vars.contains(var) && !globals.contains(var));
            closed_over
        })
        .collect();

    let mut placed = vec![false; body.len()];
    let mut sequence: Vec<usize> = Vec::with_capacity(body.len());
    loop {
        let before = sequence.len();
        for (index, expr) in body.iter().enumerate() {
            if placed[index] {
                continue;
            }
            let mut found = outputs::of_expr(expr, arity, &safe);
            // A call whose value is kept gives nothing before all that it reads is known.
            if captured.contains(&expr.span)
                && matches!(expr.kind, ExprKind::Call(_))
                && !is_equality(expr)
                && !outputs::operands(expr)
                    .iter()
                    .all(|var| found.contains(var) || safe.contains(var))
            {
                found.clear();
            }
            if !closures[index].is_empty() {
                // An expression that would itself provide all that its closures read cannot come first.
                if closures[index] == found {
                    continue;
                }
                open[index].clone_from(&closures[index]);
            }
            open[index].retain(|var| !found.contains(var) && !safe.contains(var));
            if open[index].is_empty() {
                placed[index] = true;
                sequence.push(index);
                safe.extend(found);
            }
        }
        if sequence.len() == before {
            break;
        }
    }

    let mut faults: Vec<UnsafeExpr> = body
        .iter()
        .zip(open)
        .filter(|(_, vars)| !vars.is_empty())
        .map(|(expr, vars)| UnsafeExpr::new(expr, vars))
        .collect();

    let mut globals = globals.clone();
    for (position, &index) in sequence.iter().enumerate() {
        if let Some(&earlier) = position.checked_sub(1).and_then(|at| sequence.get(at)) {
            globals.extend(per_expr[earlier].iter().cloned());
        }
        order_closures(&mut body[index], arity, &mut globals, &mut faults);
    }
    if faults.is_empty() {
        let mut expressions: Vec<Option<Expr>> = body.drain(..).map(Some).collect();
        body.extend(
            sequence
                .into_iter()
                .filter_map(|index| expressions.get_mut(index).and_then(Option::take)),
        );
    }
    faults
}

/// The variables in bodies within the expression.
fn vars_in_closures(expr: &Expr) -> VarSet {
    let mut found = VarSet::new();
    let all = Scope::default();
    visit::expr(expr, &mut |node| match node {
        Node::Every(every) => {
            all.body(&every.body, &mut found);
            true
        }
        Node::Logical(sides) => {
            all.body(&sides.lhs, &mut found);
            all.body(&sides.rhs, &mut found);
            true
        }
        Node::Not(not) => {
            all.body(&not.body, &mut found);
            true
        }
        Node::Term(
            term @ Term {
                value:
                    TermValue::ArrayComprehension(_)
                    | TermValue::SetComprehension(_)
                    | TermValue::ObjectComprehension(_),
                ..
            },
        ) => {
            all.term(term, &mut found);
            true
        }
        Node::Body | Node::Expr(_) | Node::With(_) | Node::Term(_) => false,
    });
    found
}

fn order_closures(
    current: &mut Expr,
    arity: Arity<'_>,
    globals: &mut VarSet,
    faults: &mut Vec<UnsafeExpr>,
) {
    // Faults in the terms of comprehensions are those of the expression around them.
    let outer = UnsafeExpr::new(current, VarSet::new());
    let mut missing = VarSet::new();
    let mut nested = |needs: VarSet, body: &mut Body, globals: &VarSet| {
        let mut known = Scope::safety_with_operands(arity).of_body(body);
        known.extend(globals.iter().cloned());
        missing.extend(needs.difference(&known).cloned());
        faults.extend(order(body, arity, globals));
    };
    visit_mut::expr(current, &mut |node| match node {
        NodeMut::Expr(expr) => match &mut expr.kind {
            ExprKind::Every(every) => {
                globals.extend(every.key.as_ref().map(vars::of_term).unwrap_or_default());
                globals.extend(vars::of_term(&every.value));
                nested(VarSet::new(), &mut every.body, globals);
                true
            }
            ExprKind::Not(not) => {
                nested(VarSet::new(), &mut not.body, globals);
                true
            }
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                nested(VarSet::new(), &mut sides.lhs, globals);
                nested(VarSet::new(), &mut sides.rhs, globals);
                true
            }
            ExprKind::Term(_) | ExprKind::Call(_) | ExprKind::Some(_) => false,
        },
        NodeMut::Term(term) => match &mut term.value {
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                nested(vars::of_term(&it.term), &mut it.body, globals);
                true
            }
            TermValue::ObjectComprehension(it) => {
                let mut needs = vars::of_term(&it.key);
                needs.extend(vars::of_term(&it.value));
                nested(needs, &mut it.body, globals);
                true
            }
            _ => false,
        },
        NodeMut::Body(_)
        | NodeMut::With(_)
        | NodeMut::Every(_)
        | NodeMut::Not(_)
        | NodeMut::Logical(_) => false,
    });
    if !missing.is_empty() {
        faults.push(UnsafeExpr {
            vars: missing,
            nested: true,
            ..outer
        });
    }
}

/// What the values of expressions would be kept in has no value where the expressions have none.
pub(super) fn note_captured(faults: &mut [UnsafeExpr], captured: &[Span]) {
    for (number, fault) in faults.iter_mut().enumerate() {
        if !fault.nested && captured.contains(&fault.span) {
            fault.vars.insert(format!("$captured{number}").into());
        }
    }
}

/// Words that a later version of the language made keywords.
const FUTURE_KEYWORDS: [&str; 7] = ["in", "every", "contains", "if", "not", "and", "or"];

/// What to tell the author: one error for each variable, or for each expression if its variables are not the author's.
pub(super) fn diagnose(
    faults: &[UnsafeExpr],
    original: &dyn Fn(&Var) -> Var,
    scope: &str,
    places: &Places,
) -> Vec<Diagnostic> {
    let mut assigned = VarSet::new();
    for var in faults.iter().flat_map(|fault| &fault.assigned) {
        assigned.insert(var.clone());
        assigned.insert(original(var));
    }
    let mut first: BTreeMap<&Var, Span> = BTreeMap::new();
    for fault in faults {
        for var in &fault.vars {
            first
                .entry(var)
                .and_modify(|span| {
                    if places.compare(fault.span, *span).is_lt() {
                        *span = fault.span;
                    }
                })
                .or_insert(fault.span);
        }
    }
    let mut pairs: Vec<(&Var, Var, Span)> = first
        .into_iter()
        .map(|(var, span)| (var, original(var), span))
        .filter(|(_, name, _)| !is_generated(name))
        .collect();
    pairs.sort_by(|a, b| places.compare(a.2, b.2));
    let is_assigned =
        |(var, name, _): &(&Var, Var, Span)| assigned.contains(*var) || assigned.contains(name);
    if !pairs.iter().all(is_assigned) {
        pairs.retain(|pair| !is_assigned(pair));
    }
    let named: Vec<Diagnostic> = pairs
        .iter()
        .map(|(_, name, span)| {
            let hint = if FUTURE_KEYWORDS.contains(&name.as_ref()) {
                format!(" (hint: `import future.keywords.{name}` to import a future keyword)")
            } else {
                String::new()
            };
            let message = format!("var {} is unsafe{scope}{hint}", shown(name));
            Diagnostic::new(Code::UnsafeVar, *span, message)
        })
        .collect();
    if !named.is_empty() {
        return named;
    }
    let mut by_place: Vec<&UnsafeExpr> = faults.iter().collect();
    by_place.sort_by(|a, b| places.compare(a.span, b.span));
    let mut seen = VarSet::new();
    let mut errors = Vec::new();
    for fault in by_place {
        let before = seen.len();
        seen.extend(fault.vars.iter().filter(|var| is_generated(var)).cloned());
        if seen.len() > before {
            errors.push(Diagnostic::new(
                Code::UnsafeVar,
                fault.span,
                format!("expression is unsafe{scope}"),
            ));
        }
    }
    errors
}
