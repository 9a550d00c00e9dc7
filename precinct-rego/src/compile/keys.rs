//! The keys of objects and the members of sets: in order, and each once. Of values for the same key the last stays, and what the others would
//! need is not asked for.

use super::visit_mut::{self, NodeMut};
use crate::ast::{Body, Module, Term, TermValue};

/// Orders the objects and sets of modules.
pub(super) fn in_modules(modules: &mut [Module]) {
    for module in modules {
        visit_mut::module(module, &mut visit);
    }
}

/// The same in a query.
pub(super) fn in_query(body: &mut Body) {
    visit_mut::body(body, &mut visit);
}

fn visit(node: NodeMut<'_>) -> bool {
    if let NodeMut::Term(term) = node {
        order(&mut term.value);
    }
    false
}

/// Orders an object or a set as OPA goes through them everywhere; again when what it holds has been given other names.
pub(super) fn order(value: &mut TermValue) {
    match value {
        TermValue::Object(entries) if entries.len() > 1 => {
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            let mut kept: Vec<(Term, Term)> = Vec::with_capacity(entries.len());
            for (key, value) in entries.drain(..) {
                match kept.last_mut() {
                    Some((last, before)) if *last == key => *before = value,
                    _ => kept.push((key, value)),
                }
            }
            *entries = kept;
        }
        TermValue::Set(items) if items.len() > 1 => {
            items.sort();
            items.dedup();
        }
        _ => {}
    }
}
