//! Loops that only settle a constant are left once it is settled.
//!
//! ```text
//! p := 1 if { some x in input.xs; x > 3 }     block 'found
//! p := 2 if { input.y }                         scan 'next l0 as _, l1
//!                                                 test l1 > 3      else 'next
//!                                                 once l2 = 1
//!                                                 break 'found
//! ```
//!
//! OPA leaves the loop of such a rule only where all rules that its index lets through have one value; otherwise it goes
//! on, and may run into an error. So a loop in which an evaluation can end stays as it is, and one in which a builtin can
//! complain is left only where errors of builtins are not told.

use std::collections::{HashMap, HashSet};

use super::comprehensions::{keep_to_themselves, mentions, next_label};
use super::quiet::{Listener, Noise, lenient};
use crate::ast::Span;
use crate::ir::{Function, Label, Local, Operand, Program, Stmt, StmtKind, visit};

/// Changes all functions in which there is something to change.
pub(super) fn run(program: &mut Program) {
    let is_candidate = |function: &Function| settles_in_a_loop(&function.body, false);
    if !program.functions.iter().any(is_candidate) {
        return;
    }
    let builtins = program.builtins.clone();
    let listener = Listener::new(program, &builtins);
    for function in &mut program.functions {
        if is_candidate(function) {
            let mut pass = Pass {
                listener: &listener,
                everywhere: mentions(&function.body),
                labels: next_label(&function.body),
            };
            pass.list(&mut function.body);
        }
    }
}

/// Whether there is a loop that sets the value of a rule to a constant.
fn settles_in_a_loop(stmts: &[Stmt], in_loop: bool) -> bool {
    stmts.iter().any(|stmt| {
        let in_loop = in_loop || matches!(stmt.kind, StmtKind::Scan { .. });
        (in_loop && value_of(&stmt.kind).is_some())
            || stmt
                .kind
                .bodies()
                .any(|body| settles_in_a_loop(body, in_loop))
    })
}

/// What gets a constant value: a rule, or the answer to whether something holds.
const fn value_of(stmt: &StmtKind) -> Option<Local> {
    match stmt {
        StmtKind::AssignOnce {
            target,
            source: Operand::Constant(_),
            ..
        } => Some(*target),
        _ => None,
    }
}

/// What only happens once, however often it is done.
const fn is_settling(stmt: &StmtKind) -> bool {
    value_of(stmt).is_some()
        || matches!(
            stmt,
            StmtKind::Assign {
                source: Operand::Constant(_),
                ..
            }
        )
}

struct Pass<'a> {
    listener: &'a Listener<'a>,
    everywhere: HashMap<Local, usize>,
    labels: u32,
}

impl Pass<'_> {
    /// Changes the outermost loops that can be left.
    fn list(&mut self, stmts: &mut [Stmt]) {
        for stmt in stmts {
            let left = match &stmt.kind {
                StmtKind::Scan { .. } => self.left(stmt),
                _ => None,
            };
            match left {
                Some(left) => *stmt = left,
                None => stmt.kind.bodies_mut().for_each(|body| self.list(body)),
            }
        }
    }

    /// The loop, left when its outcome is settled.
    fn left(&mut self, whole: &Stmt) -> Option<Stmt> {
        let mut values = Vec::new();
        visit::each(std::slice::from_ref(whole), &mut |stmt| {
            values.extend(value_of(&stmt.kind));
        });
        let once = |value: &&Local| values.iter().filter(|it| it == value).count() == 1;
        let candidates = values.iter().filter(once);
        candidates
            .copied()
            .find_map(|value| self.left_for(whole, value))
    }

    /// The loop, left when this value is set, if it is there for that value alone.
    fn left_for(&mut self, whole: &Stmt, value: Local) -> Option<Stmt> {
        let mut rest = vec![whole.clone()];
        visit::each_body(&mut rest, &mut |stmts| {
            if let Some((from, to)) = settled(stmts, value) {
                stmts.drain(from..to);
            }
        });
        if !keep_to_themselves(&rest, &self.everywhere) || !stays_inside(&rest) {
            return None;
        }
        let early = match self.listener.of(&rest) {
            Noise::Silent => true,
            Noise::Complaints => false,
            Noise::Loud => return None,
        };
        let (found, next) = (Label(self.labels), Label(self.labels + 1));
        self.labels += 2;
        let span = whole.span;
        let mut body = vec![whole.clone()];
        visit::each_body(&mut body, &mut |stmts| {
            if let Some((_, to)) = settled(stmts, value) {
                stmts.splice(to..to, leave(found, next, early, span));
            }
        });
        Some(Stmt {
            span,
            kind: StmtKind::Block { label: found, body },
        })
    }
}

/// Where in a list a rule's value is set, and what else is settled with it.
fn settled(stmts: &[Stmt], value: Local) -> Option<(usize, usize)> {
    let from = stmts
        .iter()
        .position(|stmt| value_of(&stmt.kind) == Some(value))?;
    let more = stmts[from..]
        .iter()
        .position(|stmt| !is_settling(&stmt.kind));
    Some((from, more.map_or(stmts.len(), |more| from + more)))
}

/// Leaves the loop, at once or only where errors of builtins are not told.
fn leave(found: Label, next: Label, early: bool, span: Span) -> Vec<Stmt> {
    let stmt = |kind| Stmt { span, kind };
    let end = stmt(StmtKind::Break { label: found });
    if early {
        return vec![end];
    }
    vec![stmt(StmtKind::Block {
        label: next,
        body: vec![stmt(lenient(next)), end],
    })]
}

/// The statements leave through labels of their own alone, and build on nothing that was begun before them.
fn stays_inside(stmts: &[Stmt]) -> bool {
    let (mut labels, mut begun) = (HashSet::new(), HashSet::new());
    visit::each(stmts, &mut |stmt| match &stmt.kind {
        StmtKind::Block { label, .. } | StmtKind::Scan { label, .. } => {
            labels.insert(*label);
        }
        StmtKind::Begin { builder } => {
            begun.insert(*builder);
        }
        _ => {}
    });
    let mut inside = true;
    visit::each(stmts, &mut |stmt| {
        inside &= stmt.kind.exit().is_none_or(|label| labels.contains(&label));
        inside &= match &stmt.kind {
            StmtKind::Return { .. } => false,
            StmtKind::Push { builder, .. }
            | StmtKind::Group { builder, .. }
            | StmtKind::Insert { builder, .. }
            | StmtKind::Extend { builder, .. }
            | StmtKind::PutAt { builder, .. }
            | StmtKind::AddAt { builder, .. } => begun.contains(builder),
            _ => true,
        };
    });
    inside
}
