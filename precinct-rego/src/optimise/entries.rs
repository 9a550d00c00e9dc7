//! What every entry must have that a loop does anything with: a value at a path, found among the statements with which
//! the loop begins.
//!
//! ```text
//! scan 'n l0 as _, l1
//!   l2 = l1["id"]          else 'n
//!   l3 = input["id"]       else 'n
//!   test l2 == l3          else 'n         an entry has input["id"] at ["id"]
//!   test l1 == "admin"     else 'n         an entry is "admin"
//! ```
//!
//! Entries that have it not can be left out, because nothing that could be noticed stands before the comparison, and
//! what leaves there goes on to the next entry.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::comprehensions::written;
use crate::ir::{
    Comparison, Constant, ConstantId, Label, Local, Operand, Stmt, StmtKind, Subject, Test,
};

/// One such condition.
pub(super) struct Wanted {
    /// Object keys from the entry.
    pub path: Vec<Arc<str>>,
    /// What must be there, which is the same for all entries of the loop.
    pub value: Subject,
}

/// The conditions that entries of a loop must meet, in their order.
pub(super) fn wanted(
    constants: &[Constant],
    label: Label,
    key: Option<Local>,
    entry: Local,
    body: &[Stmt],
) -> Vec<Wanted> {
    let mut search = Search {
        constants,
        set: written(body).into_iter().chain(key).collect(),
        inside: HashMap::from([(entry, Vec::new())]),
        subjects: HashMap::new(),
    };
    let mut found = Vec::new();
    for stmt in body {
        let leaves = stmt.kind.exit().is_some_and(|exit| exit != label);
        if leaves || !search.goes_on(&stmt.kind, &mut found) {
            break;
        }
    }
    found
}

struct Search<'a> {
    constants: &'a [Constant],
    /// What the loop sets.
    set: HashSet<Local>,
    /// What the entry has at which path.
    inside: HashMap<Local, Vec<Arc<str>>>,
    /// What is the same for all entries, though the loop reads it.
    subjects: HashMap<Local, Subject>,
}

impl Search<'_> {
    /// Looks at one statement; tells whether those behind it count.
    fn goes_on(&mut self, stmt: &StmtKind, found: &mut Vec<Wanted>) -> bool {
        match stmt {
            StmtKind::Input { target, path, .. } => {
                self.subjects.insert(*target, Subject::Input(path.clone()));
            }
            StmtKind::Data { target, path, .. } => {
                self.subjects.insert(*target, Subject::Data(path.clone()));
            }
            StmtKind::Get {
                target,
                source: Operand::Local(source),
                key: Operand::Constant(key),
                ..
            } => self.get(*target, *source, *key),
            StmtKind::Mark | StmtKind::Assign { .. } | StmtKind::Get { .. } => {}
            StmtKind::Test { test, .. } => found.extend(self.test(test)),
            _ => return false,
        }
        true
    }

    fn get(&mut self, target: Local, source: Local, key: ConstantId) {
        let text = match self.constants.get(key.index()) {
            Some(Constant::String(text)) => Some(text),
            _ => None,
        };
        match (self.inside.get(&source), text) {
            (Some(path), Some(text)) => {
                let path = path.iter().chain([text]).cloned().collect();
                self.inside.insert(target, path);
            }
            (None, _) if !self.set.contains(&source) => {
                let source = Box::new(Subject::Local(source));
                self.subjects.insert(target, Subject::Get(source, key));
            }
            _ => {}
        }
    }

    fn test(&self, test: &Test) -> Option<Wanted> {
        let Test::Compare {
            comparison: Comparison::Equal,
            left,
            right,
        } = test
        else {
            return None;
        };
        [(left, right), (right, left)]
            .into_iter()
            .find_map(|(entry, value)| {
                let Operand::Local(entry) = entry else {
                    return None;
                };
                Some(Wanted {
                    path: self.inside.get(entry)?.clone(),
                    value: self.value(*value)?,
                })
            })
    }

    /// What an operand is, if that is the same for all entries.
    fn value(&self, operand: Operand) -> Option<Subject> {
        let local = match operand {
            Operand::Local(local) => local,
            Operand::Constant(constant) => return Some(Subject::Constant(constant)),
        };
        if let Some(subject) = self.subjects.get(&local) {
            return Some(subject.clone());
        }
        let is_outside = !self.set.contains(&local) && !self.inside.contains_key(&local);
        is_outside.then_some(Subject::Local(local))
    }
}
