//! Rule indexing: neighbouring blocks that begin with comparing one value with different constants become the cases
//! of one `switch`, so that finding the rules that apply takes one lookup.
//!
//! The order of the blocks within a case is that of the source; blocks are only grouped with their neighbours, so
//! that which of two conflicting rules is found first does not change.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fold::is_distinct;
use crate::ir::{
    Case, Comparison, Constant, ConstantId, Function, Label, Local, LocalInfo, LocalKind, Operand,
    Stmt, StmtKind, Test, visit,
};

/// Fewer blocks than this stay as they are.
const WORTHWHILE: usize = 3;

/// What blocks compare with constants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// A local from outside.
    Local(Local),
    /// A path of the input.
    Input(Vec<Arc<str>>),
    /// A path of the base documents.
    Data(Vec<Arc<str>>),
    /// What a local from outside has at a constant key.
    Get(Local, ConstantId),
}

/// A comparison at the beginning of a block.
struct Condition {
    subject: Subject,
    constant: ConstantId,
    /// Where in the block the comparison stands.
    test: usize,
    /// Where in the block the subject is read, if it is.
    read: Option<usize>,
}

pub(super) fn run(function: &mut Function, constants: &[Constant]) {
    let mut labels = 0;
    visit::each(&function.body, &mut |stmt| {
        if let StmtKind::Block { label, .. } | StmtKind::Scan { label, .. } = &stmt.kind {
            labels = labels.max(label.0 + 1);
        }
    });
    let mut indexer = Indexer {
        constants,
        locals: &mut function.locals,
        labels,
    };
    indexer.body(&mut function.body);
}

struct Indexer<'a> {
    constants: &'a [Constant],
    locals: &'a mut Vec<LocalInfo>,
    labels: u32,
}

impl Indexer<'_> {
    fn body(&mut self, body: &mut Vec<Stmt>) {
        let mut done = Vec::with_capacity(body.len());
        let mut rest: Vec<Stmt> = std::mem::take(body);
        while !rest.is_empty() {
            let conditions: Vec<Vec<Condition>> = rest
                .iter()
                .map_while(|stmt| {
                    let found = self.conditions(stmt);
                    (!found.is_empty()).then_some(found)
                })
                .collect();
            let (subject, length) = best(&conditions);
            if length < WORTHWHILE || writes(&rest[..length], subject.as_ref()) {
                let mut stmt = rest.remove(0);
                for inner in stmt.kind.bodies_mut() {
                    self.body(inner);
                }
                done.push(stmt);
                continue;
            }
            let tail = rest.split_off(length);
            let blocks = std::mem::replace(&mut rest, tail);
            if let Some(subject) = subject {
                let chosen = conditions
                    .into_iter()
                    .take(length)
                    .map(|found| found.into_iter().find(|c| c.subject == subject));
                self.switch(&mut done, blocks.into_iter().zip(chosen), &subject);
            }
        }
        *body = done;
    }

    /// The comparisons that decide at once whether the block does anything.
    fn conditions(&self, stmt: &Stmt) -> Vec<Condition> {
        let StmtKind::Block { label, body } = &stmt.kind else {
            return Vec::new();
        };
        let mut reads: BTreeMap<Local, (usize, Subject)> = BTreeMap::new();
        let mut found: Vec<Condition> = Vec::new();
        for (at, stmt) in body.iter().enumerate() {
            match &stmt.kind {
                StmtKind::Mark | StmtKind::Enter { .. } => {}
                StmtKind::Input {
                    target,
                    path,
                    otherwise,
                } if otherwise == label => {
                    reads.insert(*target, (at, Subject::Input(path.clone())));
                }
                StmtKind::Data {
                    target,
                    path,
                    otherwise,
                } if otherwise == label => {
                    reads.insert(*target, (at, Subject::Data(path.clone())));
                }
                StmtKind::Test {
                    test:
                        Test::Compare {
                            comparison: Comparison::Equal,
                            left,
                            right,
                        },
                    otherwise,
                } if otherwise == label => {
                    let ((Operand::Local(local), Operand::Constant(constant))
                    | (Operand::Constant(constant), Operand::Local(local))) = (*left, *right)
                    else {
                        continue;
                    };
                    if !self.constants.get(constant.index()).is_some_and(is_key) {
                        continue;
                    }
                    let (read, subject) = match reads.get(&local) {
                        Some((read, subject)) => (Some(*read), subject.clone()),
                        None => (None, Subject::Local(local)),
                    };
                    if found.iter().all(|c| c.subject != subject) {
                        found.push(Condition {
                            subject,
                            constant,
                            test: at,
                            read,
                        });
                    }
                }
                StmtKind::Get {
                    target,
                    source: Operand::Local(source),
                    key: Operand::Constant(key),
                    otherwise,
                } if otherwise == label => {
                    reads.insert(*target, (at, Subject::Get(*source, *key)));
                }
                // Whatever else only reads can be skipped when a comparison behind it fails.
                StmtKind::Get { otherwise, .. } | StmtKind::Test { otherwise, .. }
                    if otherwise == label => {}
                _ => break,
            }
        }
        found
    }

    fn switch(
        &mut self,
        done: &mut Vec<Stmt>,
        blocks: impl Iterator<Item = (Stmt, Option<Condition>)>,
        subject: &Subject,
    ) {
        let on = match subject {
            Subject::Local(local) => *local,
            Subject::Input(_) | Subject::Data(_) | Subject::Get(..) => {
                self.locals.push(LocalInfo {
                    kind: LocalKind::Value,
                    name: None,
                });
                Local(u32::try_from(self.locals.len() - 1).unwrap_or(u32::MAX))
            }
        };
        let mut cases: Vec<Case> = Vec::new();
        let mut positions: BTreeMap<ConstantId, usize> = BTreeMap::new();
        let mut first = None;
        for (mut block, condition) in blocks {
            let Some(condition) = condition else {
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
        let label = Label(self.labels);
        let read = match subject {
            Subject::Local(_) => {
                done.push(switch);
                return;
            }
            Subject::Input(path) => StmtKind::Input {
                target: on,
                path: path.clone(),
                otherwise: label,
            },
            Subject::Data(path) => StmtKind::Data {
                target: on,
                path: path.clone(),
                otherwise: label,
            },
            Subject::Get(source, key) => StmtKind::Get {
                target: on,
                source: Operand::Local(*source),
                key: Operand::Constant(*key),
                otherwise: label,
            },
        };
        self.labels += 1;
        done.push(Stmt {
            span,
            kind: StmtKind::Block {
                label,
                body: vec![Stmt { span, kind: read }, switch],
            },
        });
    }
}

/// Takes the comparison out of a block that now stands under its case.
fn decide(block: &mut Stmt, condition: &Condition, on: Local) {
    let StmtKind::Block { body, .. } = &mut block.kind else {
        return;
    };
    if let Some(stmt) = condition.read.and_then(|read| body.get_mut(read))
        && let Some(target) = stmt.kind.targets().first().copied()
    {
        stmt.kind = StmtKind::Assign {
            target,
            source: Operand::Local(on),
        };
    }
    body.remove(condition.test);
}

/// Whether the blocks themselves set the local that they are compared by.
fn writes(blocks: &[Stmt], subject: Option<&Subject>) -> bool {
    let Some(Subject::Local(local) | Subject::Get(local, _)) = subject else {
        return false;
    };
    let mut found = false;
    visit::each(blocks, &mut |stmt| {
        found |= stmt.kind.targets().contains(local);
    });
    found
}

/// The subject that most neighbours from the first on compare, and how many they are.
fn best(conditions: &[Vec<Condition>]) -> (Option<Subject>, usize) {
    let mut best = (None, 0);
    for candidate in conditions.first().into_iter().flatten() {
        let length = conditions
            .iter()
            .take_while(|found| found.iter().any(|c| c.subject == candidate.subject))
            .count();
        if length > best.1 {
            best = (Some(candidate.subject.clone()), length);
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
