//! Which values the variables of a reference can have, as far as the body before it tells.
//!
//! `some root in ["foo", "bar"]; data[root].p` depends on `data.foo.p` and `data.bar.p` only.

use std::collections::HashMap;

use super::locals::equality_operands;
use super::vars::name;
use super::visit::is_constant;
use crate::ast::{Expr, Ref, Span, Term, TermValue, Var};

/// So many references at most take the place of one.
const MOST: usize = 64;

/// A variable that the expression at `index` binds to one of a few constants.
pub(super) struct Binding {
    index: usize,
    var: Var,
    values: Vec<TermValue>,
}

/// The values that variables can have.
pub(super) type Known = HashMap<Var, Vec<TermValue>>;

/// The bindings of a body, in order. Only what is bound before counts: it stays before when the body is put in order.
pub(super) fn bindings(body: &[Expr]) -> Vec<Binding> {
    let mut found: Vec<Binding> = Vec::new();
    let mut known = Known::new();
    for (index, expr) in body.iter().enumerate() {
        if expr.negated || !expr.with.is_empty() {
            continue;
        }
        let Some((lhs, rhs)) = equality_operands(expr) else {
            continue;
        };
        let bound = [(lhs, rhs), (rhs, lhs)]
            .into_iter()
            .find_map(|(var, value)| Some((name(var)?.clone(), term_values(value, &known)?)));
        if let Some((var, values)) = bound
            && !known.contains_key(&var)
        {
            known.insert(var.clone(), values.clone());
            found.push(Binding { index, var, values });
        }
    }
    found
}

/// What is known before the expression at `index`.
pub(super) fn known_before(bindings: &[Binding], index: usize) -> Known {
    bindings
        .iter()
        .take_while(|binding| binding.index < index)
        .map(|binding| (binding.var.clone(), binding.values.clone()))
        .collect()
}

fn term_values(term: &Term, known: &Known) -> Option<Vec<TermValue>> {
    match &term.value {
        TermValue::Var(name) => known.get(name).cloned(),
        TermValue::Ref(parts) => ref_values(parts, known),
        value if is_constant(value) => Some(vec![value.clone()]),
        _ => None,
    }
}

fn ref_values(parts: &[Term], known: &Known) -> Option<Vec<TermValue>> {
    let (head, operands) = parts.split_first()?;
    let mut values = term_values(head, known)?;
    for operand in operands {
        let mut next = Vec::new();
        for value in &values {
            if is_constant(&operand.value) {
                next.extend(member(value, operand));
            } else {
                next.extend(members(value)?);
            }
        }
        if next.len() > MOST {
            return None;
        }
        values = next;
    }
    Some(values)
}

fn member(value: &TermValue, key: &Term) -> Option<TermValue> {
    match value {
        TermValue::Array(items) => match &key.value {
            TermValue::Number(text) => {
                let index: usize = text.parse().ok()?;
                Some(items.get(index)?.value.clone())
            }
            _ => None,
        },
        TermValue::Set(items) => items.contains(key).then(|| key.value.clone()),
        TermValue::Object(entries) => entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.value.clone()),
        _ => None,
    }
}

/// The elements of an array or set, or the values of an object.
pub(super) fn members(value: &TermValue) -> Option<Vec<TermValue>> {
    match value {
        TermValue::Array(items) => Some(items.iter().map(|it| it.value.clone()).collect()),
        TermValue::Set(items) => {
            let mut values: Vec<_> = items.iter().map(|it| it.value.clone()).collect();
            values.sort();
            values.dedup();
            Some(values)
        }
        TermValue::Object(entries) => Some(
            entries
                .iter()
                .map(|(_, value)| value.value.clone())
                .collect(),
        ),
        _ => None,
    }
}

/// The references that this one can be, known values put in. Never none, and never narrower than what can happen.
pub(super) fn expand(reference: &[Term], known: &Known) -> Vec<Ref> {
    let mut expanded: Vec<Ref> = vec![reference.to_vec()];
    for (position, part) in reference.iter().enumerate().skip(1) {
        if is_constant(&part.value) {
            continue;
        }
        let values = term_values(part, known).unwrap_or_default();
        if values.is_empty() || expanded.len() * values.len() > MOST {
            continue;
        }
        let mut next = Vec::with_capacity(expanded.len() * values.len());
        for prefix in &expanded {
            for value in &values {
                let mut copy = prefix.clone();
                if let Some(slot) = copy.get_mut(position) {
                    *slot = Term {
                        span: Span::default(),
                        value: value.clone(),
                    };
                }
                next.push(copy);
            }
        }
        expanded = next;
    }
    expanded
}
