//! The variables of nested scopes while they get their new names.

use std::collections::HashMap;

use crate::ast::Var;
use crate::error::Diagnostic;

/// How a variable came up first in its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    Argument,
    Seen,
    Assigned,
    Declared,
}

/// One scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// New names.
    pub(super) names: HashMap<Var, Var>,
    pub(super) occurrences: HashMap<Var, Occurrence>,
    counts: HashMap<Var, usize>,
}

/// The scopes around a place, outermost first. There is always one.
#[derive(Clone, Debug)]
pub(super) struct Scopes {
    list: Vec<Scope>,
    innermost: Scope,
    /// The author's names of all variables that got new ones.
    pub(super) original: HashMap<Var, Var>,
    /// Variables that nothing reads. Kept apart because later stages can still run.
    pub(super) unused: Vec<Diagnostic>,
}

impl Scopes {
    pub(super) fn new() -> Self {
        Self {
            list: Vec::new(),
            innermost: Scope::default(),
            original: HashMap::new(),
            unused: Vec::new(),
        }
    }

    pub(super) fn push(&mut self) {
        self.list.push(std::mem::take(&mut self.innermost));
    }

    pub(super) fn pop(&mut self) {
        self.innermost = self.list.pop().unwrap_or_default();
    }

    pub(super) fn innermost(&self) -> &Scope {
        &self.innermost
    }

    fn outwards(&self) -> impl Iterator<Item = &Scope> {
        std::iter::once(&self.innermost).chain(self.list.iter().rev())
    }

    pub(super) fn insert(&mut self, name: &Var, new: Var, occurrence: Occurrence) {
        if *name != new {
            self.original.insert(new.clone(), name.clone());
        }
        let scope = &mut self.innermost;
        scope.names.insert(name.clone(), new);
        scope.occurrences.insert(name.clone(), occurrence);
        scope.counts.insert(name.clone(), 1);
    }

    /// The new name of a variable.
    pub(super) fn renamed(&self, name: &str) -> Option<&Var> {
        self.outwards().find_map(|scope| scope.names.get(name))
    }

    /// How the variable came up first in the innermost scope.
    pub(super) fn occurrence(&self, name: &str) -> Option<Occurrence> {
        self.innermost.occurrences.get(name).copied()
    }

    /// How the variable came up first in the innermost scope that knows it.
    pub(super) fn outer_occurrence(&self, name: &str) -> Option<Occurrence> {
        self.outwards()
            .find_map(|scope| scope.occurrences.get(name).copied())
    }

    pub(super) fn count_use(&mut self, name: &Var) {
        let known = std::iter::once(&mut self.innermost)
            .chain(self.list.iter_mut().rev())
            .find_map(|scope| scope.counts.get_mut(name));
        match known {
            Some(count) => *count += 1,
            None => {
                self.innermost.counts.insert(name.clone(), 1);
            }
        }
    }

    /// How often the variable came up.
    pub(super) fn uses(&self, name: &str) -> usize {
        self.outwards()
            .find_map(|scope| scope.counts.get(name).copied())
            .unwrap_or(0)
    }
}
