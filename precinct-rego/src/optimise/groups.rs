//! Comprehensions in a loop that pick what equals something of the loop: all are built at once, by what they pick, and
//! each turn of the loop looks its own up.
//!
//! ```text
//! scan 'n l0 as _, l1                          clear l9
//!   begin l2                                   scan 'n l0 as _, l1
//!   scan 'm l3 as _, l4                          block 'have
//!     l5 = l4["id"]      else 'm                   test not l9 is set   else 'have
//!     test l5 == l1      else 'm       ==>         begin l8
//!     push l2, l4                                  scan 'm l3 as _, l4
//!   l6 = finish l2                                   l5 = l4["id"]      else 'm
//!   …                                                group l8, l5, l4
//!                                                  l9 = finish l8
//!                                                block 'found
//!                                                  block 'none
//!                                                    l6 = l9[l1]        else 'none
//!                                                    break 'found
//!                                                  l6 = []
//!                                                …
//! ```
//!
//! Nothing is built before the first turn asks. What is built may run for entries that no turn picks, so nothing behind
//! the comparison may be noticed (see [`super::quiet`]): OPA, which does the same, lets its errors end the evaluation.

use std::collections::{HashMap, HashSet};

use super::comprehensions::{Fresh, Place, keep_to_themselves, mentions, taken, written};
use super::quiet::{Listener, Noise};
use crate::ir::{
    Comparison, Constant, ConstantId, Function, Local, LocalKind, Operand, Stmt, StmtKind, Test,
    visit,
};

/// Changes a function.
pub(super) fn run(function: &mut Function, constants: &mut Vec<Constant>, listener: &Listener<'_>) {
    if !visit_any(&function.body, &|stmt| {
        matches!(stmt, StmtKind::Finish { .. })
    }) {
        return;
    }
    let mut body = taken(function);
    let mut pass = Pass {
        constants,
        listener,
        everywhere: mentions(&body),
        fresh: Fresh::new(&mut function.locals, &body),
    };
    pass.loops(&mut body);
    function.body = body;
}

fn visit_any(stmts: &[Stmt], test: &dyn Fn(&StmtKind) -> bool) -> bool {
    let mut found = false;
    visit::each(stmts, &mut |stmt| found |= test(&stmt.kind));
    found
}

struct Pass<'a, 'f> {
    constants: &'a mut Vec<Constant>,
    listener: &'a Listener<'a>,
    everywhere: HashMap<Local, usize>,
    fresh: Fresh<'f>,
}

/// A test of a comprehension's body that picks.
struct Pick {
    /// What the body knows of an entry.
    key: Operand,
    /// What it must be equal to in the turn at hand.
    wanted: Operand,
    /// What the body reads of the turn for that, and nothing else: locals, what they are read from, and keys.
    reads: Vec<(Local, Operand, Operand)>,
}

impl Pass<'_, '_> {
    /// Looks for loops, outer ones first, since what is built outside of more of them is built less often.
    fn loops(&mut self, stmts: &mut Vec<Stmt>) {
        let mut at = 0;
        while at < stmts.len() {
            let span = stmts[at].span;
            let mut built = Vec::new();
            if let StmtKind::Scan {
                body, key, value, ..
            } = &mut stmts[at].kind
            {
                let varying: HashSet<Local> = written(body)
                    .into_iter()
                    .chain(*key)
                    .chain(*value)
                    .collect();
                self.turns(body, &varying, &mut built);
            }
            for inner in stmts[at].kind.bodies_mut() {
                self.loops(inner);
            }
            at += built.len() + 1;
            let before = at - built.len() - 1;
            let clears = built.into_iter().map(|target| Stmt {
                span,
                kind: StmtKind::Clear { target },
            });
            stmts.splice(before..before, clears);
        }
    }

    /// Groups the comprehensions that stand in a loop, whatever else is between; gives the locals that hold the groups.
    fn turns(&mut self, stmts: &mut Vec<Stmt>, varying: &HashSet<Local>, built: &mut Vec<Local>) {
        let mut at = 0;
        while at < stmts.len() {
            if let Some(place) = Place::at(stmts, at)
                && let Some((local, changed)) = self.grouped(stmts, place, varying)
            {
                built.push(local);
                at = place.begin + changed.len();
                stmts.splice(place.begin..=place.finish, changed);
                continue;
            }
            // Under a `with`, a comprehension may find another world in each turn.
            if !matches!(stmts[at].kind, StmtKind::With { .. }) {
                for inner in stmts[at].kind.bodies_mut() {
                    self.turns(inner, varying, built);
                }
            }
            at += 1;
        }
    }

    fn grouped(
        &mut self,
        stmts: &[Stmt],
        place: Place,
        varying: &HashSet<Local>,
    ) -> Option<(Local, Vec<Stmt>)> {
        let body = place.body(stmts);
        let kind = self.fresh.kind(place.builder)?;
        if !matches!(kind, LocalKind::ArrayBuilder | LocalKind::SetBuilder)
            || self.fresh.kind(place.target) != Some(LocalKind::Value)
            || !keep_to_themselves(body, &self.everywhere)
            || !is_closed(body)
        {
            return None;
        }
        let inside = written(body);
        let outside = |operand: &Operand| match operand {
            Operand::Local(local) => varying.contains(local) && !inside.contains(local),
            Operand::Constant(_) => false,
        };
        let mut search = Search {
            listener: self.listener,
            builder: place.builder,
            outside: &outside,
            reads: Vec::new(),
            pick: None,
            pushes: 0,
        };
        search.list(body)?;
        let (Some(pick), 1) = (search.pick, search.pushes) else {
            return None;
        };
        Some(self.rewritten(stmts, place, kind, &pick))
    }

    fn rewritten(
        &mut self,
        stmts: &[Stmt],
        place: Place,
        kind: LocalKind,
        pick: &Pick,
    ) -> (Local, Vec<Stmt>) {
        let span = stmts[place.finish].span;
        let stmt = |kind| Stmt { span, kind };
        let groups = self.fresh.local(LocalKind::Optional);
        let built = self.fresh.local(LocalKind::Value);
        let builder = self.fresh.local(LocalKind::DocumentBuilder);
        let [have, found, none] = [(); 3].map(|()| self.fresh.label());
        let mut body = place.body(stmts).to_vec();
        let is_set = kind == LocalKind::SetBuilder;
        visit::each_body(&mut body, &mut |list| {
            list.retain(|stmt| !picks(&stmt.kind, pick) && !reads(&stmt.kind, pick));
            for stmt in list {
                if let StmtKind::Push { builder: to, value } = stmt.kind
                    && to == place.builder
                {
                    stmt.kind = StmtKind::Group {
                        builder,
                        key: pick.key,
                        value,
                        is_set,
                    };
                }
            }
        });
        let mut statements = vec![
            stmt(StmtKind::Test {
                test: Test::Not(Box::new(Test::Set(groups))),
                otherwise: have,
            }),
            stmt(StmtKind::Begin { builder }),
        ];
        statements.append(&mut body);
        statements.extend([
            stmt(StmtKind::Finish {
                target: built,
                builder,
            }),
            stmt(StmtKind::Assign {
                target: groups,
                source: Operand::Local(built),
            }),
        ]);
        let empty = self.constant(match kind {
            LocalKind::SetBuilder => Constant::Set(Vec::new()),
            _ => Constant::Array(Vec::new()),
        });
        let target = place.target;
        let get = |(target, source, key)| {
            stmt(StmtKind::Get {
                target,
                source,
                key,
                otherwise: none,
            })
        };
        let mut own = vec![stmt(StmtKind::Test {
            test: Test::Set(groups),
            otherwise: none,
        })];
        // A turn that lacks what is wanted picks nothing.
        own.extend(pick.reads.iter().copied().map(get));
        own.push(get((target, Operand::Local(groups), pick.wanted)));
        own.push(stmt(StmtKind::Break { label: found }));
        let look = vec![
            stmt(StmtKind::Block {
                label: none,
                body: own,
            }),
            stmt(StmtKind::Assign {
                target,
                source: Operand::Constant(empty),
            }),
        ];
        let changed = vec![
            stmt(StmtKind::Block {
                label: have,
                body: statements,
            }),
            stmt(StmtKind::Block {
                label: found,
                body: look,
            }),
        ];
        (groups, changed)
    }

    fn constant(&mut self, wanted: Constant) -> ConstantId {
        let at = self.constants.iter().position(|have| *have == wanted);
        let at = at.unwrap_or_else(|| {
            self.constants.push(wanted);
            self.constants.len() - 1
        });
        ConstantId(u32::try_from(at).unwrap_or(u32::MAX))
    }
}

/// Nothing leads out of the statements.
fn is_closed(stmts: &[Stmt]) -> bool {
    let (mut given, mut used) = (HashSet::new(), HashSet::new());
    visit::each(stmts, &mut |stmt| {
        if let StmtKind::Block { label, .. } | StmtKind::Scan { label, .. } = &stmt.kind {
            given.insert(*label);
        }
        used.extend(stmt.kind.exit());
    });
    used.is_subset(&given)
}

fn picks(stmt: &StmtKind, pick: &Pick) -> bool {
    matches!(
        stmt,
        StmtKind::Test {
            test: Test::Compare {
                comparison: Comparison::Equal,
                left,
                right,
            },
            ..
        } if (*left, *right) == (pick.key, pick.wanted) || (*left, *right) == (pick.wanted, pick.key)
    )
}

fn reads(stmt: &StmtKind, pick: &Pick) -> bool {
    match stmt {
        StmtKind::Get { target, .. } => pick.reads.iter().any(|(local, _, _)| local == target),
        _ => false,
    }
}

/// Walks over a body along the one way on which it pushes.
struct Search<'a, F> {
    listener: &'a Listener<'a>,
    builder: Local,
    /// The operand is of the turn at hand.
    outside: &'a F,
    /// What was read of it.
    reads: Vec<(Local, Operand, Operand)>,
    pick: Option<Pick>,
    pushes: usize,
}

impl<F: Fn(&Operand) -> bool> Search<'_, F> {
    /// `None` if the body can't be grouped.
    fn list(&mut self, stmts: &[Stmt]) -> Option<()> {
        let picked = self.pick.is_some();
        for stmt in stmts {
            match &stmt.kind {
                StmtKind::Test {
                    test:
                        Test::Compare {
                            comparison: Comparison::Equal,
                            left,
                            right,
                        },
                    ..
                } if self.pick.is_none() && self.is_outside(*left) != self.is_outside(*right) => {
                    let (key, wanted) = if self.is_outside(*left) {
                        (*right, *left)
                    } else {
                        (*left, *right)
                    };
                    // Another way round the test would push without it.
                    if self.pushes > 0 {
                        return None;
                    }
                    self.pick = Some(Pick {
                        key,
                        wanted,
                        reads: self.reads.clone(),
                    });
                    continue;
                }
                StmtKind::Get {
                    target,
                    source,
                    key: key @ Operand::Constant(_),
                    ..
                } if self.pick.is_none() && self.pushes == 0 && self.is_outside(*source) => {
                    self.reads.push((*target, *source, *key));
                    continue;
                }
                StmtKind::Push { builder, .. } if *builder == self.builder => self.pushes += 1,
                StmtKind::Return { .. } | StmtKind::With { .. } => return None,
                _ => {}
            }
            let mut of_the_turn = false;
            stmt.kind
                .operands(&mut |operand| of_the_turn |= self.is_outside(operand));
            let leads_on = matches!(&stmt.kind, StmtKind::Block { .. } | StmtKind::Scan { .. });
            if !leads_on {
                let noise = self.listener.of(std::slice::from_ref(stmt));
                let most = match self.pick {
                    Some(_) => Noise::Silent,
                    None => Noise::Complaints,
                };
                if noise > most {
                    return None;
                }
            }
            if of_the_turn {
                return None;
            }
            if leads_on {
                for body in stmt.kind.bodies() {
                    self.list(body)?;
                }
            } else if stmt.kind.bodies().any(|body| self.touches(body)) {
                return None;
            }
        }
        // What picks must stand before what pushes, on the only way there.
        (picked || self.pick.is_none() || self.pushes > 0).then_some(())
    }

    fn is_outside(&self, operand: Operand) -> bool {
        let is_read = self
            .reads
            .iter()
            .any(|(local, _, _)| operand == Operand::Local(*local));
        is_read || (self.outside)(&operand)
    }

    /// The statements push, or ask for something of the turn.
    fn touches(&self, stmts: &[Stmt]) -> bool {
        let mut found = false;
        visit::each(stmts, &mut |stmt| {
            found |=
                matches!(&stmt.kind, StmtKind::Push { builder, .. } if *builder == self.builder);
            stmt.kind
                .operands(&mut |operand| found |= self.is_outside(operand));
        });
        found
    }
}
