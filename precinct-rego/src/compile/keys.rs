//! Keys that an object names twice: the last value stays, and what the others would need is not asked for.

use std::collections::BTreeMap;

use super::visit_mut::{self, NodeMut};
use crate::ast::{Body, Module, Term, TermValue};

/// Leaves out the values of modules that another value of the same key takes the place of.
pub(super) fn in_modules(modules: &mut [Module]) {
    for module in modules {
        visit_mut::module(module, &mut visit);
    }
}

/// The same in a query.
pub(super) fn in_query(body: &mut Body) {
    visit_mut::body(body, &mut visit);
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what a walk calls looks like this"
)]
fn visit(node: NodeMut<'_>) -> bool {
    if let NodeMut::Term(Term {
        value: TermValue::Object(entries),
        ..
    }) = node
        && entries.len() > 1
    {
        let mut places = BTreeMap::new();
        let mut kept: Vec<(Term, Term)> = Vec::with_capacity(entries.len());
        for (key, value) in entries.drain(..) {
            let place = *places.entry(key.clone()).or_insert(kept.len());
            match kept.get_mut(place) {
                Some((_, before)) => *before = value,
                None => kept.push((key, value)),
            }
        }
        *entries = kept;
    }
    false
}
