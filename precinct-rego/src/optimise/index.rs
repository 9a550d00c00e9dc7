//! Rule indexing: neighbouring blocks that begin with comparing one value with different constants become the cases
//! of one `switch`, so that finding the rules that apply takes one lookup.
//!
//! The order of the blocks within a case is that of the source; blocks are only grouped with their neighbours, so
//! that which of two conflicting rules is found first does not change.

use std::collections::{BTreeMap, BTreeSet};

use super::comprehensions::next_label;
use super::conditions::{Equality, Finder};
use super::fold::is_distinct;
use crate::ir::{
    Case, Constant, ConstantId, Function, Label, Local, LocalInfo, LocalKind, Operand, Stmt,
    StmtKind, Subject, visit,
};

/// A subject, and what a block compares it with.
type Comparison = (Subject, Equality);

/// Fewer blocks than this stay as they are.
const WORTHWHILE: usize = 3;

/// More cases than these would make long code; [`super::select`] finds rules by tables.
const MOST: usize = 64;

pub(super) fn run(function: &mut Function, finder: &Finder<'_>) {
    let labels = next_label(&function.body);
    let mut indexer = Indexer {
        finder,
        locals: &mut function.locals,
        labels,
    };
    indexer.body(&mut function.body);
}

struct Indexer<'a> {
    finder: &'a Finder<'a>,
    locals: &'a mut Vec<LocalInfo>,
    labels: u32,
}

impl Indexer<'_> {
    fn body(&mut self, body: &mut Vec<Stmt>) {
        if body.len() < WORTHWHILE {
            for inner in body.iter_mut().flat_map(|stmt| stmt.kind.bodies_mut()) {
                self.body(inner);
            }
            return;
        }
        let mut conditions: Vec<Vec<Comparison>> =
            body.iter().map(|stmt| self.comparisons(stmt)).collect();
        let mut done = Vec::with_capacity(body.len());
        let mut rest = std::mem::take(body).into_iter();
        let mut at = 0;
        while at < conditions.len() {
            let chosen = best(&conditions[at..]).filter(|(subject, length)| {
                let blocks = rest.as_slice().get(..*length).unwrap_or_default();
                !writes(blocks, subject)
            });
            let Some((subject, length)) = chosen else {
                at += 1;
                for mut stmt in rest.by_ref().take(1) {
                    for inner in stmt.kind.bodies_mut() {
                        self.body(inner);
                    }
                    done.push(stmt);
                }
                continue;
            };
            let chosen = conditions[at..at + length]
                .iter_mut()
                .map(|found| std::mem::take(found).into_iter().find(|c| c.0 == subject));
            self.switch(&mut done, rest.by_ref().take(length).zip(chosen), &subject);
            at += length;
        }
        *body = done;
    }

    /// The equalities that decide at once whether the block does anything, one for each subject.
    fn comparisons(&self, stmt: &Stmt) -> Vec<Comparison> {
        let mut found: Vec<Comparison> = Vec::new();
        for condition in self.finder.of(stmt) {
            if let Some(equality) = condition.equality
                && self
                    .finder
                    .constants
                    .get(equality.constant.index())
                    .is_some_and(is_key)
                && found
                    .iter()
                    .all(|(subject, _)| *subject != condition.subject)
            {
                found.push((condition.subject, equality));
            }
        }
        found
    }

    fn switch(
        &mut self,
        done: &mut Vec<Stmt>,
        blocks: impl Iterator<Item = (Stmt, Option<Comparison>)>,
        subject: &Subject,
    ) {
        let label = Label(self.labels);
        self.labels += 1;
        let mut reads = Vec::new();
        let on = self.read(subject, label, &mut reads);
        let mut cases: Vec<Case> = Vec::new();
        let mut positions: BTreeMap<ConstantId, usize> = BTreeMap::new();
        let mut first = None;
        for (mut block, condition) in blocks {
            let Some((_, condition)) = condition else {
                continue;
            };
            first.get_or_insert(block.span);
            decide(&mut block, &condition, on);
            let position = *positions.entry(condition.constant).or_insert_with(|| {
                cases.push(Case {
                    constant: condition.constant,
                    body: Vec::new(),
                });
                cases.len() - 1
            });
            if let Some(case) = cases.get_mut(position) {
                case.body.push(block);
            }
        }
        for case in &mut cases {
            self.body(&mut case.body);
        }
        let Some(span) = first else {
            return;
        };
        let switch = Stmt {
            span,
            kind: StmtKind::Switch {
                on: Operand::Local(on),
                cases,
                default: Vec::new(),
            },
        };
        if reads.is_empty() {
            done.push(switch);
            return;
        }
        let reads = reads.into_iter().map(|kind| Stmt { span, kind });
        done.push(Stmt {
            span,
            kind: StmtKind::Block {
                label,
                body: reads.chain([switch]).collect(),
            },
        });
    }

    /// The local that holds a subject, and what has to be read for it.
    fn read(&mut self, subject: &Subject, otherwise: Label, reads: &mut Vec<StmtKind>) -> Local {
        match subject {
            Subject::Local(local) => *local,
            Subject::Input(path) => {
                let (target, path) = (self.local(), path.clone());
                reads.push(StmtKind::Input {
                    target,
                    path,
                    otherwise,
                });
                target
            }
            Subject::Data(path) => {
                let (target, path) = (self.local(), path.clone());
                reads.push(StmtKind::Data {
                    target,
                    path,
                    otherwise,
                });
                target
            }
            Subject::Constant(constant) => {
                let (target, source) = (self.local(), Operand::Constant(*constant));
                reads.push(StmtKind::Assign { target, source });
                target
            }
            Subject::Get(source, key) => {
                let source = Operand::Local(self.read(source, otherwise, reads));
                let (target, key) = (self.local(), Operand::Constant(*key));
                reads.push(StmtKind::Get {
                    target,
                    source,
                    key,
                    otherwise,
                });
                target
            }
        }
    }

    fn local(&mut self) -> Local {
        self.locals.push(LocalInfo {
            kind: LocalKind::Value,
            name: None,
        });
        Local(u32::try_from(self.locals.len() - 1).unwrap_or(u32::MAX))
    }
}

/// Takes the comparison out of a block that now stands under its case.
fn decide(block: &mut Stmt, condition: &Equality, on: Local) {
    let StmtKind::Block { body, .. } = &mut block.kind else {
        return;
    };
    if let Some(stmt) = condition.read.and_then(|read| body.get_mut(read))
        && let Some(target) = stmt.kind.targets().next()
    {
        stmt.kind = StmtKind::Assign {
            target,
            source: Operand::Local(on),
        };
    }
    body.remove(condition.test);
}

/// Whether the blocks themselves set the local that they are compared by.
pub(super) fn writes(blocks: &[Stmt], subject: &Subject) -> bool {
    let Some(local) = subject.local() else {
        return false;
    };
    let mut found = false;
    visit::each(blocks, &mut |stmt| {
        found |= stmt.kind.targets().any(|target| target == local);
    });
    found
}

/// The subject that most neighbours from the first on compare, and how many they are.
fn best(conditions: &[Vec<Comparison>]) -> Option<(Subject, usize)> {
    let mut best = None;
    let mut most = WORTHWHILE - 1;
    for (candidate, _) in conditions.first().into_iter().flatten() {
        let mut cases = BTreeSet::new();
        let mut length = 0;
        for found in conditions {
            let Some((_, equality)) = found.iter().find(|(subject, _)| subject == candidate) else {
                break;
            };
            cases.insert(equality.constant);
            if cases.len() > MOST {
                return None;
            }
            length += 1;
        }
        if length > most {
            most = length;
            best = Some((candidate.clone(), length));
        }
    }
    best
}

/// Constants that can be cases together: no two of them that are written differently are equal.
fn is_key(constant: &Constant) -> bool {
    match constant {
        Constant::Number(text) => {
            text.len() < 16
                && (text.as_ref() == "0" || !text.starts_with('0'))
                && text.bytes().all(|b| b.is_ascii_digit())
        }
        other => is_distinct(other),
    }
}
