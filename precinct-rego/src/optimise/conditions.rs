//! The conditions with which a block begins, as far as an index can use them.
//!
//! Only statements that do nothing but read and test are looked at; what stands behind anything else may not be
//! decided before that has run. A chain of blocks, of which the next runs where one does nothing (`else`), does something
//! if one of them can.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{entries, patterns};
use crate::ir::{
    Builtin, CallTarget, Comparison, Constant, ConstantId, Key, Label, Local, Operand, Stmt,
    StmtKind, Subject, Test, visit,
};

/// One condition of a block.
pub(super) struct Condition {
    /// What it is about.
    pub subject: Subject,
    /// One of these must hold.
    pub keys: Vec<Key>,
    /// The statement is an equality with the one key, and says nothing else.
    pub equality: Option<Equality>,
}

impl Condition {
    /// To look it up takes as long as the collection that it is about is long.
    pub(super) fn goes_through(&self) -> bool {
        self.keys.iter().any(|key| matches!(key, Key::Holds { .. }))
    }
}

/// Where an equality stands in the block.
#[derive(Clone, Copy)]
pub(super) struct Equality {
    pub constant: ConstantId,
    /// The comparison.
    pub test: usize,
    /// Where the subject is read, if it is.
    pub read: Option<usize>,
}

/// What the conditions of one block are found with.
pub(super) struct Finder<'p> {
    pub constants: &'p [Constant],
    pub builtins: &'p [Builtin],
}

/// From and to.
type Range = (Option<ConstantId>, Option<ConstantId>);

/// What is known of the block so far.
#[derive(Default)]
struct Known {
    /// What the block itself set, and where and by reading what, if that is simple.
    reads: BTreeMap<Local, Option<(usize, Subject)>>,
    found: Vec<Condition>,
    /// Between which numbers subjects must lie.
    between: Vec<(Subject, Range)>,
    /// The subject of the calls that came by. They cannot fail where it is a string; whether they do where it is
    /// something else has to be found out by calling them, so other subjects cannot decide any more.
    called: Option<Subject>,
}

impl Known {
    fn subject(&self, local: Local) -> Option<(Option<usize>, Subject)> {
        match self.reads.get(&local) {
            Some(Some((read, subject))) => Some((Some(*read), subject.clone())),
            Some(None) => None,
            None => Some((None, Subject::Local(local))),
        }
    }

    /// Whether the subject can still decide.
    fn fits(&self, subject: &Subject) -> bool {
        self.called.as_ref().is_none_or(|called| called == subject)
    }

    fn add(&mut self, subject: Subject, keys: Vec<Key>, equality: Option<Equality>) {
        if self.fits(&subject) && !keys.is_empty() {
            self.found.push(Condition {
                subject,
                keys,
                equality,
            });
        }
    }

    /// Notes an end of the interval of a subject; the first that is said counts.
    fn bound(&mut self, subject: Subject, (from, to): Range) {
        if !self.fits(&subject) {
            return;
        }
        match self.between.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, known)) => *known = (known.0.or(from), known.1.or(to)),
            None => self.between.push((subject, (from, to))),
        }
    }

    fn conditions(mut self) -> Vec<Condition> {
        for (subject, (from, to)) in self.between {
            self.found.push(Condition {
                subject,
                keys: vec![Key::Between { from, to }],
                equality: None,
            });
        }
        self.found
    }
}

impl Finder<'_> {
    /// The conditions that decide at once whether the block does anything, in their order.
    pub(super) fn of(&self, stmt: &Stmt) -> Vec<Condition> {
        let StmtKind::Block { label, body } = &stmt.kind else {
            return Vec::new();
        };
        if is_chain(body, *label) {
            return self.of_chain(body);
        }
        let mut known = Known::default();
        for (at, stmt) in body.iter().enumerate() {
            if stmt.kind.exit().is_some_and(|exit| exit != *label) {
                break;
            }
            let goes_on = match &stmt.kind {
                StmtKind::Mark | StmtKind::Enter { .. } => true,
                StmtKind::Input { target, path, .. } => {
                    let subject = Subject::Input(path.clone());
                    known.reads.insert(*target, Some((at, subject)));
                    true
                }
                StmtKind::Data { target, path, .. } => {
                    let subject = Subject::Data(path.clone());
                    known.reads.insert(*target, Some((at, subject)));
                    true
                }
                StmtKind::Get {
                    target,
                    source,
                    key,
                    ..
                } => {
                    self.get(&mut known, at, *target, *source, *key);
                    true
                }
                StmtKind::Test { test, .. } => {
                    self.test(&mut known, at, test);
                    true
                }
                StmtKind::Call {
                    target,
                    function: CallTarget::Builtin(id),
                    args,
                    ..
                } => {
                    known.reads.insert(*target, None);
                    let name = self.builtins.get(id.index()).map(|builtin| &*builtin.name);
                    self.call(&mut known, name.unwrap_or_default(), args)
                }
                StmtKind::Scan { .. } if at + 1 == body.len() => {
                    self.scan(&mut known, &stmt.kind);
                    false
                }
                // What only looks may come after what decides.
                StmtKind::Block { .. } | StmtKind::Scan { .. } => {
                    let stmt = std::slice::from_ref(stmt);
                    visit::each(stmt, &mut |stmt| {
                        for target in stmt.kind.targets() {
                            known.reads.insert(target, None);
                        }
                    });
                    only_looks(stmt, &mut vec![*label])
                }
                _ => false,
            };
            if !goes_on {
                break;
            }
        }
        known.conditions()
    }

    /// What decides whether one of the blocks of a chain does anything.
    fn of_chain(&self, chain: &[Stmt]) -> Vec<Condition> {
        let blocks = chain
            .iter()
            .filter(|stmt| matches!(stmt.kind, StmtKind::Block { .. }));
        let mut conditions = blocks.map(|block| self.of(block));
        let first = conditions.next().unwrap_or_default();
        conditions.fold(first, |mut all, next| {
            all.retain_mut(|condition| {
                let same = next.iter().find(|it| it.subject == condition.subject);
                condition.equality = None;
                condition
                    .keys
                    .extend(same.into_iter().flat_map(|it| it.keys.clone()));
                same.is_some()
            });
            all
        })
    }

    fn get(&self, known: &mut Known, at: usize, target: Local, source: Operand, key: Operand) {
        match (source, key) {
            (Operand::Local(source), Operand::Constant(key)) => {
                let subject = known.subject(source);
                let part = subject.map(|(_, subject)| (at, Subject::Get(Box::new(subject), key)));
                known.reads.insert(target, part);
            }
            (Operand::Constant(source), Operand::Local(key)) => {
                let keys = match self.constants.get(source.index()) {
                    Some(Constant::Set(members)) => Self::strings(members.iter()),
                    Some(Constant::Object(entries)) => {
                        Self::strings(entries.iter().map(|(key, _)| key))
                    }
                    _ => None,
                };
                known.reads.insert(target, None);
                if let (Some(keys), Some((_, subject))) = (keys, known.subject(key)) {
                    known.add(subject, keys, None);
                }
            }
            _ => {
                known.reads.insert(target, None);
            }
        }
    }

    fn test(&self, known: &mut Known, at: usize, test: &Test) {
        match test {
            Test::Compare {
                comparison: Comparison::Equal,
                left,
                right,
            } => {
                let ((Operand::Local(local), Operand::Constant(constant))
                | (Operand::Constant(constant), Operand::Local(local))) = (*left, *right)
                else {
                    return;
                };
                let Some((read, subject)) = known.subject(local) else {
                    return;
                };
                let equality = Equality {
                    constant,
                    test: at,
                    read,
                };
                known.add(subject, vec![Key::Is(constant)], Some(equality));
            }
            Test::Compare {
                comparison,
                left,
                right,
            } => {
                let (local, constant, less) = match (*left, *right, is_less(*comparison)) {
                    (Operand::Local(local), Operand::Constant(constant), Some(less)) => {
                        (local, constant, less)
                    }
                    (Operand::Constant(constant), Operand::Local(local), Some(less)) => {
                        (local, constant, !less)
                    }
                    _ => return,
                };
                if let Some(Constant::Number(_)) = self.constants.get(constant.index())
                    && let Some((_, subject)) = known.subject(local)
                {
                    let end = Some(constant);
                    known.bound(subject, if less { (None, end) } else { (end, None) });
                }
            }
            Test::Member {
                value: Operand::Constant(value),
                collection: Operand::Local(collection),
            } => {
                if let Some((_, subject)) = known.subject(*collection) {
                    known.add(subject, vec![holds(Vec::new(), *value)], None);
                }
            }
            Test::Member {
                value: Operand::Local(local),
                collection: Operand::Constant(collection),
            } => {
                let keys = match self.constants.get(collection.index()) {
                    Some(Constant::Set(items) | Constant::Array(items)) => {
                        Self::strings(items.iter())
                    }
                    _ => None,
                };
                if let (Some(keys), Some((_, subject))) = (keys, known.subject(*local)) {
                    known.add(subject, keys, None);
                }
            }
            _ => {}
        }
    }

    /// What a collection must hold for the loop over it to do anything, with which the block ends.
    fn scan(&self, known: &mut Known, stmt: &StmtKind) {
        let StmtKind::Scan {
            label,
            source: Operand::Local(source),
            key,
            value: Some(entry),
            body,
            ..
        } = stmt
        else {
            return;
        };
        let Some((_, subject)) = known.subject(*source) else {
            return;
        };
        for wanted in entries::wanted(self.constants, *label, *key, *entry, body) {
            if let Subject::Constant(value) = wanted.value {
                known.add(subject.clone(), vec![holds(wanted.path, value)], None);
            }
        }
    }

    /// Members as keys, if all of them are strings.
    fn strings<'c>(members: impl Iterator<Item = &'c Constant>) -> Option<Vec<Key>> {
        members
            .map(|member| match member {
                Constant::String(text) => Some(Key::Text(Arc::clone(text))),
                _ => None,
            })
            .collect()
    }

    /// A call of a builtin that tests a text; tells whether conditions behind it count.
    fn call(&self, known: &mut Known, name: &str, args: &[Operand]) -> bool {
        let text = |at: usize| match args.get(at) {
            Some(Operand::Constant(id)) => self.constants.get(id.index()),
            _ => None,
        };
        // All of these must hold, and of each one of its keys.
        let alone = |keys: Vec<Key>| keys.into_iter().map(|key| vec![key]).collect();
        let (local, conditions): (Local, Vec<Vec<Key>>) = match (name, args) {
            ("startswith", [Operand::Local(local), Operand::Constant(_)]) => match text(1) {
                Some(Constant::String(part)) => (*local, vec![vec![Key::Starts(part.clone())]]),
                _ => return false,
            },
            ("endswith", [Operand::Local(local), Operand::Constant(_)]) => match text(1) {
                Some(Constant::String(part)) => (*local, vec![vec![Key::Ends(part.clone())]]),
                _ => return false,
            },
            (
                "strings.any_prefix_match" | "strings.any_suffix_match",
                [Operand::Local(local), Operand::Constant(_)],
            ) => {
                let key = if name == "strings.any_prefix_match" {
                    Key::Starts
                } else {
                    Key::Ends
                };
                match text(1).and_then(texts) {
                    Some(parts) => (*local, vec![parts.map(key).collect()]),
                    None => return false,
                }
            }
            ("contains", [Operand::Local(local), Operand::Constant(_)]) => match text(1) {
                Some(Constant::String(_)) => (*local, Vec::new()),
                _ => return false,
            },
            ("glob.match", [_, _, Operand::Local(local)]) => match (text(0), text(1)) {
                (Some(Constant::String(pattern)), Some(delimiters)) => {
                    (*local, alone(patterns::glob(pattern, delimiters)))
                }
                _ => return false,
            },
            ("regex.match", [_, Operand::Local(local)]) => match text(0) {
                Some(Constant::String(pattern)) => (*local, alone(patterns::regex(pattern))),
                _ => return false,
            },
            _ => return false,
        };
        let Some((_, subject)) = known.subject(local) else {
            return false;
        };
        let called = known.called.get_or_insert_with(|| subject.clone());
        if *called != subject {
            return false;
        }
        for keys in conditions {
            known.add(subject.clone(), keys, None);
        }
        true
    }
}

/// The texts of a constant, which is one or holds nothing else.
fn texts(constant: &Constant) -> Option<std::vec::IntoIter<Arc<str>>> {
    let text = |member: &Constant| match member {
        Constant::String(text) => Some(Arc::clone(text)),
        _ => None,
    };
    let texts: Option<Vec<_>> = match constant {
        Constant::Array(members) | Constant::Set(members) => members.iter().map(text).collect(),
        constant => text(constant).map(|text| vec![text]),
    };
    texts.map(Vec::into_iter)
}

/// Whether these are blocks, with nothing but tests between them.
fn is_chain(body: &[Stmt], label: Label) -> bool {
    let is_block = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Block { .. });
    let is_test = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Test { otherwise, .. } => *otherwise == label,
        StmtKind::Mark => true,
        _ => false,
    };
    body.first().is_some_and(is_block) && body.iter().all(|stmt| is_block(stmt) || is_test(stmt))
}

/// Whether statements do nothing but read and test, and leave for nowhere but these places or within themselves.
fn only_looks(stmts: &[Stmt], places: &mut Vec<Label>) -> bool {
    stmts.iter().all(|stmt| {
        if stmt.kind.exit().is_some_and(|exit| !places.contains(&exit)) {
            return false;
        }
        match &stmt.kind {
            StmtKind::Block { label, body } | StmtKind::Scan { label, body, .. } => {
                places.push(*label);
                let looks = only_looks(body, places);
                places.pop();
                looks
            }
            StmtKind::Mark
            | StmtKind::Break { .. }
            | StmtKind::Input { .. }
            | StmtKind::Data { .. }
            | StmtKind::Get { .. }
            | StmtKind::Test { .. } => true,
            _ => false,
        }
    })
}

fn holds(path: Vec<Arc<str>>, value: ConstantId) -> Key {
    Key::Holds { path, value }
}

/// Whether a comparison bounds its left side from above; not if it does not bound it.
fn is_less(comparison: Comparison) -> Option<bool> {
    match comparison {
        Comparison::Equal | Comparison::NotEqual => None,
        Comparison::Less | Comparison::LessOrEqual => Some(true),
        Comparison::Greater | Comparison::GreaterOrEqual => Some(false),
    }
}
