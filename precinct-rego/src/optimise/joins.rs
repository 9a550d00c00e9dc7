//! Loops over a list that look for what has a certain value at a path say so: an engine that has an index for that goes
//! to the entries that may have it, and leaves out the others.
//!
//! ```text
//! l0 = base["users"]       else 'r          l0 = base["users"]       else 'r
//! scan 'n l0 as _, l1                       scan 'n l0 as _, l1 where base["users"] has input["id"] at ["id"]
//!   l2 = l1["id"]          else 'n    ==>     …
//!   l3 = input["id"]       else 'n
//!   test l2 == l3          else 'n
//! ```
//!
//! The loop's statements stay: as with [`super::select`], an index may err on one side. Entries can be left out because
//! nothing that could be noticed stands before the comparison, and what leaves there goes on to the next entry.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::comprehensions::written;
use crate::ir::{
    Comparison, Constant, Function, Join, Label, Local, Operand, Stmt, StmtKind, Subject, Test,
    visit,
};

pub(super) fn run(function: &mut Function, constants: &[Constant]) {
    let mut loops = false;
    visit::each(&function.body, &mut |stmt| {
        loops |= matches!(stmt.kind, StmtKind::Scan { .. });
    });
    if !loops {
        return;
    }
    let mut lists: HashMap<Local, Option<Vec<Arc<str>>>> = HashMap::new();
    visit::each(&function.body, &mut |stmt| {
        for target in stmt.kind.targets() {
            let path = match &stmt.kind {
                StmtKind::Data { path, .. } if !path.is_empty() => Some(path.clone()),
                _ => None,
            };
            // A local that is set twice may hold either.
            lists
                .entry(target)
                .and_modify(|known| *known = None)
                .or_insert(path);
        }
    });
    visit::each_mut(&mut function.body, &mut |stmt| {
        let StmtKind::Scan {
            label,
            source,
            key,
            value: Some(value),
            body,
            join,
        } = &mut stmt.kind
        else {
            return;
        };
        let list = match source {
            Operand::Local(source) => lists.get(source).cloned().flatten(),
            Operand::Constant(_) => None,
        };
        let search = Search {
            constants,
            label: *label,
            set: written(body).into_iter().chain(*key).collect(),
            inside: HashMap::from([(*value, Vec::new())]),
            subjects: HashMap::new(),
        };
        *join = search.run(body).map(|(path, wanted)| {
            Box::new(Join {
                list: list.clone(),
                path,
                wanted,
            })
        });
    });
}

struct Search<'a> {
    constants: &'a [Constant],
    label: Label,
    /// What the loop sets.
    set: HashSet<Local>,
    /// What the entry has at which path.
    inside: HashMap<Local, Vec<Arc<str>>>,
    /// What is the same for all entries, though the loop reads it.
    subjects: HashMap<Local, Subject>,
}

impl Search<'_> {
    fn run(mut self, body: &[Stmt]) -> Option<(Vec<Arc<str>>, Subject)> {
        for stmt in body {
            if stmt.kind.exit().is_some_and(|exit| exit != self.label) {
                return None;
            }
            match &stmt.kind {
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
                } => {
                    let text = match self.constants.get(key.index()) {
                        Some(Constant::String(text)) => Some(text),
                        _ => None,
                    };
                    match (self.inside.get(source), text) {
                        (Some(path), Some(text)) => {
                            let path = path.iter().chain([text]).cloned().collect();
                            self.inside.insert(*target, path);
                        }
                        (None, _) if !self.set.contains(source) => {
                            let source = Box::new(Subject::Local(*source));
                            self.subjects.insert(*target, Subject::Get(source, *key));
                        }
                        _ => {}
                    }
                }
                StmtKind::Mark | StmtKind::Assign { .. } | StmtKind::Get { .. } => {}
                StmtKind::Test { test, .. } => {
                    if let Some(found) = self.test(test) {
                        return Some(found);
                    }
                }
                _ => return None,
            }
        }
        None
    }

    fn test(&self, test: &Test) -> Option<(Vec<Arc<str>>, Subject)> {
        let Test::Compare {
            comparison: Comparison::Equal,
            left: Operand::Local(left),
            right: Operand::Local(right),
        } = test
        else {
            return None;
        };
        [(left, right), (right, left)]
            .into_iter()
            .find_map(|(entry, wanted)| {
                let path = self.inside.get(entry)?;
                let wanted = match self.subjects.get(wanted) {
                    Some(subject) => subject.clone(),
                    None if !self.set.contains(wanted) && !self.inside.contains_key(wanted) => {
                        Subject::Local(*wanted)
                    }
                    None => return None,
                };
                Some((path.clone(), wanted))
            })
    }
}
