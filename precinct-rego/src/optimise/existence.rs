//! Comprehensions that are only tested are not built, and are left as soon as the outcome is known.
//!
//! ```text
//! begin l1                                block 'some
//! block 'c                                  block 'c
//!   …                                         …
//!   push l1, l2                  ==>          break 'some
//! l3 = finish l1                            break 'rule
//! l4 = count(l3)       else 'rule
//! test l4 > 0          else 'rule
//! ```
//!
//! The tests are: a `count` compared with a constant, a comparison with the empty array or set, `x in` the comprehension.
//! A `count` that is compared with more than one still needs the members, but no more than decide.
//!
//! OPA builds comprehensions to their end, so what comes after the first member may end the evaluation with an error.
//! Bodies in which that can happen stay as they are; where only a builtin may complain, the body is left early unless
//! errors of builtins are told.

use std::collections::HashMap;

use super::comprehensions::{Fresh, Place, keep_to_themselves, mentions, taken, written};
use super::quiet::{Listener, Noise, lenient};
use crate::ir::{
    Builtin, CallTarget, Comparison, Constant, Function, Label, Local, LocalKind, Operand, Stmt,
    StmtKind, Test, visit,
};

/// Sets are looked through for each new member, so this many members are counted at most.
const MOST: usize = 16;

/// Changes a function; tells whether it did.
pub(super) fn run(
    function: &mut Function,
    constants: &[Constant],
    builtins: &[Builtin],
    listener: &Listener<'_>,
) -> bool {
    let mut body = taken(function);
    let everywhere = mentions(&body);
    let mut pass = Pass {
        constants,
        builtins,
        listener,
        everywhere,
        fresh: Fresh::new(&mut function.locals, &body),
        changed: false,
    };
    visit::each_body(&mut body, &mut |stmts| pass.list(stmts));
    let changed = pass.changed;
    function.body = body;
    changed
}

struct Pass<'a, 'f> {
    constants: &'a [Constant],
    builtins: &'a [Builtin],
    listener: &'a Listener<'a>,
    everywhere: HashMap<Local, usize>,
    fresh: Fresh<'f>,
    changed: bool,
}

/// What is asked of a comprehension.
#[derive(Clone, Copy, Debug)]
enum Ask {
    /// That it has members, or that it has none.
    Any { wanted: bool },
    /// That a value is among them, or that it is not.
    Member { value: Operand, wanted: bool },
    /// How many they are, if they are fewer than this.
    Fewer { than: usize },
}

/// What is asked, by which statements.
struct Asked {
    ask: Ask,
    /// The position of the test.
    test: usize,
    /// The position of the call of `count`.
    count: Option<usize>,
    otherwise: Label,
}

impl Pass<'_, '_> {
    fn list(&mut self, stmts: &mut Vec<Stmt>) {
        let mut at = 0;
        while at < stmts.len() {
            if let Some(place) = Place::at(stmts, at)
                && let Some(asked) = self.asked(stmts, place)
                && let Some(changed) = self.changed(stmts, place, &asked)
            {
                at = place.begin + changed.len();
                let after = match asked.ask {
                    Ask::Fewer { .. } => place.finish,
                    Ask::Any { .. } | Ask::Member { .. } => asked.test + 1,
                };
                stmts.splice(place.begin..after, changed);
                self.changed = true;
            }
            at += 1;
        }
    }

    /// The test of a comprehension that nobody else reads.
    fn asked(&self, stmts: &[Stmt], place: Place) -> Option<Asked> {
        // It is set once and read once.
        if self.everywhere.get(&place.target) != Some(&2) {
            return None;
        }
        let mut count = None;
        let mut subject = place.target;
        for (at, stmt) in stmts.iter().enumerate().skip(place.finish + 1) {
            match &stmt.kind {
                StmtKind::Call {
                    target,
                    function: CallTarget::Builtin(id),
                    args,
                    ..
                } if count.is_none() && *args == [Operand::Local(subject)] => {
                    let name = self.builtins.get(id.index()).map(|it| &*it.name);
                    if name != Some("count") || self.everywhere.get(target) != Some(&2) {
                        return None;
                    }
                    (count, subject) = (Some(at), *target);
                }
                StmtKind::Test { test, otherwise } => {
                    let ask = self.ask(test, subject, count.is_some(), place)?;
                    return Some(Asked {
                        ask,
                        test: at,
                        count,
                        otherwise: *otherwise,
                    });
                }
                StmtKind::Mark
                | StmtKind::Assign { .. }
                | StmtKind::Input { .. }
                | StmtKind::Data { .. }
                | StmtKind::Get { .. } => {
                    let mut reads = false;
                    stmt.kind
                        .operands(&mut |operand| reads |= operand == Operand::Local(subject));
                    if reads {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        None
    }

    fn ask(&self, test: &Test, subject: Local, counted: bool, place: Place) -> Option<Ask> {
        let opposite = |ask| match ask {
            Ask::Any { wanted } => Ask::Any { wanted: !wanted },
            Ask::Member { value, wanted } => Ask::Member {
                value,
                wanted: !wanted,
            },
            Ask::Fewer { .. } => ask,
        };
        match test {
            Test::Not(test) => self.ask(test, subject, counted, place).map(opposite),
            Test::Member { value, collection } if !counted => {
                let is_it = *collection == Operand::Local(subject);
                (is_it && *value != *collection).then_some(Ask::Member {
                    value: *value,
                    wanted: true,
                })
            }
            Test::Compare {
                comparison,
                left,
                right,
            } => {
                let (comparison, constant) = match (left, right) {
                    (Operand::Local(local), Operand::Constant(id)) if *local == subject => {
                        (*comparison, *id)
                    }
                    (Operand::Constant(id), Operand::Local(local)) if *local == subject => {
                        (mirrored(*comparison), *id)
                    }
                    _ => return None,
                };
                let constant = self.constants.get(constant.index())?;
                let kind = self.fresh.kind(place.builder)?;
                match (constant, kind, comparison) {
                    (Constant::Number(number), _, _) if counted => {
                        counted_ask(comparison, number.parse().ok()?, kind)
                    }
                    (Constant::Array(items), LocalKind::ArrayBuilder, comparison)
                    | (Constant::Set(items), LocalKind::SetBuilder, comparison)
                        if !counted && items.is_empty() =>
                    {
                        match comparison {
                            Comparison::Equal => Some(Ask::Any { wanted: false }),
                            Comparison::NotEqual => Some(Ask::Any { wanted: true }),
                            Comparison::Less
                            | Comparison::LessOrEqual
                            | Comparison::Greater
                            | Comparison::GreaterOrEqual => None,
                        }
                    }
                    _ => None,
                }
            }
            Test::Truthy(_)
            | Test::ArrayOf { .. }
            | Test::ObjectOf { .. }
            | Test::Collection(_)
            | Test::Member { .. }
            | Test::Set(_)
            | Test::Unmasked(_)
            | Test::Mocked(_)
            | Test::Lenient
            | Test::Holds { .. } => None,
        }
    }

    /// What comes in the place of the comprehension, and, but for a count, of all that follows up to the test.
    fn changed(&mut self, stmts: &[Stmt], place: Place, asked: &Asked) -> Option<Vec<Stmt>> {
        let body = place.body(stmts);
        let noise = self.listener.of(body);
        let pushes = pushes(body, place.builder)?;
        if noise == Noise::Loud || !keep_to_themselves(body, &self.everywhere) || pushes == 0 {
            return None;
        }
        let early = noise == Noise::Silent;
        if let Ask::Fewer { than } = asked.ask {
            return Some(self.counted(&stmts[place.begin..place.finish], place, than, early));
        }
        let mut between = Vec::new();
        for (at, stmt) in stmts
            .iter()
            .enumerate()
            .take(asked.test)
            .skip(place.finish + 1)
        {
            if Some(at) != asked.count {
                between.push(stmt.clone());
            }
        }
        let (inside, set) = (mentions(body), written(&between));
        if set.iter().any(|local| inside.contains_key(local)) {
            return None;
        }
        // What leaves would now leave before a builtin could complain.
        if !early && between.iter().any(|stmt| stmt.kind.exit().is_some()) {
            return None;
        }
        let span = stmts.get(asked.test)?.span;
        let stmt = |kind| Stmt { span, kind };
        let mut body = body.to_vec();
        let (value, wanted) = match asked.ask {
            Ask::Any { wanted } => (None, wanted),
            Ask::Member { value, wanted } => (Some(value), wanted),
            Ask::Fewer { .. } => return None,
        };
        let done = self.fresh.label();
        if early {
            let to = if wanted { done } else { asked.otherwise };
            self.replace(&mut body, place.builder, value, &mut |_, _| {
                vec![StmtKind::Break { label: to }]
            });
            if wanted {
                body.push(stmt(StmtKind::Break {
                    label: asked.otherwise,
                }));
                body = vec![stmt(StmtKind::Block { label: done, body })];
            }
            between.extend(body);
            return Some(between);
        }
        let found = self.fresh.local(LocalKind::Optional);
        self.replace(&mut body, place.builder, value, &mut |pushed, next| {
            vec![
                StmtKind::Assign {
                    target: found,
                    source: pushed,
                },
                lenient(next),
                StmtKind::Break { label: done },
            ]
        });
        let test = if wanted {
            Test::Set(found)
        } else {
            Test::Not(Box::new(Test::Set(found)))
        };
        between.push(stmt(StmtKind::Clear { target: found }));
        between.push(stmt(StmtKind::Block { label: done, body }));
        between.push(stmt(StmtKind::Test {
            test,
            otherwise: asked.otherwise,
        }));
        Some(between)
    }

    /// Puts statements in the place of each push, under a test for equality if only one value counts. They get what is
    /// pushed, and the label that leads on.
    fn replace(
        &mut self,
        body: &mut [Stmt],
        builder: Local,
        value: Option<Operand>,
        f: &mut dyn FnMut(Operand, Label) -> Vec<StmtKind>,
    ) {
        visit::each_mut(body, &mut |stmt| {
            let StmtKind::Push {
                builder: to,
                value: pushed,
            } = stmt.kind
            else {
                return;
            };
            if to != builder {
                return;
            }
            let next = self.fresh.label();
            let test = value.map(|value| StmtKind::Test {
                test: Test::Compare {
                    comparison: Comparison::Equal,
                    left: pushed,
                    right: value,
                },
                otherwise: next,
            });
            let span = stmt.span;
            let kinds = test.into_iter().chain(f(pushed, next));
            stmt.kind = StmtKind::Block {
                label: next,
                body: kinds.map(|kind| Stmt { span, kind }).collect(),
            };
        });
    }

    /// The comprehension, left when it has so many members.
    fn counted(&mut self, stmts: &[Stmt], place: Place, than: usize, early: bool) -> Vec<Stmt> {
        let done = self.fresh.label();
        let (first, body) = match stmts.split_first() {
            Some((first, body)) => (first.clone(), body.to_vec()),
            None => return Vec::new(),
        };
        let span = first.span;
        let mut body = body;
        let builder = place.builder;
        self.replace(&mut body, builder, None, &mut |pushed, next| {
            let push = StmtKind::Push {
                builder,
                value: pushed,
            };
            let holds = StmtKind::Test {
                test: Test::Holds {
                    builder,
                    least: u32::try_from(than).unwrap_or(u32::MAX),
                },
                otherwise: next,
            };
            let lenient = (!early).then(|| lenient(next));
            let end = StmtKind::Break { label: done };
            [push, holds]
                .into_iter()
                .chain(lenient)
                .chain([end])
                .collect()
        });
        let block = StmtKind::Block { label: done, body };
        vec![first, Stmt { span, kind: block }]
    }
}

/// How often the statements push; `None` if one of them may count for several (see [`Test::Holds`]).
fn pushes(stmts: &[Stmt], builder: Local) -> Option<usize> {
    let (mut pushes, mut held) = (0, false);
    visit::each(stmts, &mut |stmt| match &stmt.kind {
        StmtKind::Push { builder: to, .. } if *to == builder => pushes += 1,
        StmtKind::Test {
            test: Test::Holds { builder: asked, .. },
            ..
        } => held |= *asked == builder,
        _ => {}
    });
    (!held).then_some(pushes)
}

/// The comparison with its sides exchanged.
const fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::Equal,
        Comparison::NotEqual => Comparison::NotEqual,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// What a comparison of a count with a constant asks.
fn counted_ask(comparison: Comparison, with: usize, kind: LocalKind) -> Option<Ask> {
    // The count from which on the outcome is the same, and what it is there.
    let (from, wanted) = match comparison {
        Comparison::Greater | Comparison::NotEqual => (with.checked_add(1)?, true),
        Comparison::GreaterOrEqual => (with, true),
        Comparison::LessOrEqual | Comparison::Equal => (with.checked_add(1)?, false),
        Comparison::Less => (with, false),
    };
    let is_plain = match comparison {
        // One is among those that are counted: only with zero is the outcome the same for all that are fewer.
        Comparison::Equal | Comparison::NotEqual => with == 0,
        Comparison::Less
        | Comparison::LessOrEqual
        | Comparison::Greater
        | Comparison::GreaterOrEqual => true,
    };
    match from {
        0 => None,
        1 if is_plain => Some(Ask::Any { wanted }),
        than if kind == LocalKind::ArrayBuilder || than <= MOST => Some(Ask::Fewer { than }),
        _ => None,
    }
}
