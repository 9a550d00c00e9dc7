//! Which paths of `input` a function can read: what a decoder of input has to build, and what it can skip.
//!
//! ```text
//! input.user.name, input.roles[_]      { user: { name: whole }, roles: whole }
//! input[x]                             whole
//! ```
//!
//! Functions that run under `with input as …` read the replacement and count for nothing; `with input.a as …` changes
//! a copy of the input, so it reads all of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CallTarget, FunctionId, Patch, Program, Stmt, StmtKind, Subject, calls};

/// A tree of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The value at this place is needed as a whole.
    pub whole: bool,
    /// The keys below that are needed; empty if the value is needed as a whole.
    pub children: BTreeMap<Arc<str>, Reads>,
}

impl Reads {
    /// Adds one path; tells whether that changed anything.
    pub fn insert(&mut self, path: &[Arc<str>]) -> bool {
        if self.whole {
            return false;
        }
        match path.split_first() {
            None => {
                self.whole = true;
                self.children.clear();
                true
            }
            Some((first, rest)) => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Adds all paths of another tree; tells whether that changed anything.
    pub fn merge(&mut self, other: &Reads) -> bool {
        if self.whole {
            return false;
        }
        if other.whole {
            return self.insert(&[]);
        }
        let mut changed = false;
        for (key, child) in &other.children {
            changed |= self.children.entry(key.clone()).or_default().merge(child);
        }
        changed
    }
}

/// The reads of every function of the program, called functions included.
#[must_use]
pub fn of_all(program: &Program) -> Vec<Reads> {
    let mut own: Vec<Reads> = Vec::new();
    let mut callees: Vec<Vec<FunctionId>> = Vec::new();
    for function in &program.functions {
        let mut reads = Reads::default();
        let mut calls = Vec::new();
        collect(&function.body, &mut reads, &mut calls);
        calls.sort_unstable();
        calls.dedup();
        own.push(reads);
        callees.push(calls);
    }
    // Rego has no recursion, so this settles after as many rounds as calls are deep.
    loop {
        let mut changed = false;
        for caller in 0..own.len() {
            for callee in &callees[caller] {
                if callee.index() != caller {
                    let reads = own[callee.index()].clone();
                    changed |= own[caller].merge(&reads);
                }
            }
        }
        if !changed {
            return own;
        }
    }
}

fn collect(stmts: &[Stmt], reads: &mut Reads, calls: &mut Vec<FunctionId>) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Input { path, .. } => {
                reads.insert(path);
            }
            StmtKind::Select { subjects, .. } => {
                for subject in subjects {
                    asked(subject, reads);
                }
            }
            StmtKind::Scan {
                join: Some(join), ..
            } => asked(&join.wanted, reads),
            StmtKind::With { patches, .. } if replaces_input(patches) => {
                if let Some(Patch::Input { path, .. }) = patches
                    .iter()
                    .find(|patch| matches!(patch, Patch::Input { .. }))
                    && !path.is_empty()
                {
                    reads.insert(&[]);
                }
                continue;
            }
            _ => {}
        }
        calls::targets(&stmt.kind, &mut |target| {
            if let CallTarget::Function(id) = target {
                calls.push(id);
            }
        });
        for body in stmt.kind.bodies() {
            collect(body, reads, calls);
        }
    }
}

fn asked(subject: &Subject, reads: &mut Reads) {
    if let Subject::Input(path) = subject.root() {
        reads.insert(path);
    }
}

/// One of the patches is for `input`.
fn replaces_input(patches: &[Patch]) -> bool {
    patches
        .iter()
        .any(|patch| matches!(patch, Patch::Input { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(keys: &[&str]) -> Vec<Arc<str>> {
        keys.iter().map(|key| Arc::from(*key)).collect()
    }

    #[test]
    fn a_whole_value_swallows_the_paths_below_it() {
        let mut reads = Reads::default();
        assert!(reads.insert(&path(&["user", "name"])));
        assert!(!reads.insert(&path(&["user", "name"])));
        assert!(reads.insert(&path(&["user"])));
        assert!(!reads.insert(&path(&["user", "age"])));
        assert!(reads.children["user"].whole);
        assert!(reads.children["user"].children.is_empty());
    }

    #[test]
    fn merging_keeps_both_sides() {
        let mut left = Reads::default();
        left.insert(&path(&["a"]));
        let mut right = Reads::default();
        right.insert(&path(&["b", "c"]));
        assert!(left.merge(&right));
        assert!(!left.merge(&right));
        assert_eq!(left.children.len(), 2);
        let mut whole = Reads::default();
        whole.insert(&[]);
        assert!(left.merge(&whole));
        assert!(left.whole && left.children.is_empty());
    }
}
