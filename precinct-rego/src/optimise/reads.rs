//! Reads that repeat an earlier one: what was read on every way here need not be read again.

use std::sync::Arc;

use super::marks::writes;
use crate::ir::{Function, Local, LocalKind, Operand, Patch, Stmt, StmtKind};

/// Something that was read.
#[derive(Clone)]
enum Read {
    Input(Vec<Arc<str>>),
    Data(Vec<Arc<str>>),
    Get(Operand, Operand),
}

impl Read {
    fn of(kind: &StmtKind) -> Option<Self> {
        match kind {
            StmtKind::Input { path, .. } => Some(Self::Input(path.clone())),
            StmtKind::Data { path, .. } => Some(Self::Data(path.clone())),
            StmtKind::Get { source, key, .. } => Some(Self::Get(*source, *key)),
            _ => None,
        }
    }

    /// Whether the statement reads this.
    fn is(&self, kind: &StmtKind) -> bool {
        match (self, kind) {
            (Self::Input(known), StmtKind::Input { path, .. })
            | (Self::Data(known), StmtKind::Data { path, .. }) => known == path,
            (Self::Get(from, at), StmtKind::Get { source, key, .. }) => (from, at) == (source, key),
            _ => false,
        }
    }
}

pub(super) fn run(function: &mut Function) {
    let stable: Vec<bool> = writes(function)
        .into_iter()
        .zip(&function.locals)
        .map(|(writes, info)| info.kind == LocalKind::Value && writes <= 1)
        .collect();
    body(&mut function.body, &mut Vec::new(), &stable);
}

fn body(stmts: &mut [Stmt], known: &mut Vec<(Read, Local)>, stable: &[bool]) {
    for stmt in stmts {
        if let Some(target) = target(&stmt.kind, stable) {
            match known.iter().find(|(earlier, _)| earlier.is(&stmt.kind)) {
                Some((_, source)) => {
                    stmt.kind = StmtKind::Assign {
                        target,
                        source: Operand::Local(*source),
                    };
                }
                None if is_stable(target, stable) => {
                    known.extend(Read::of(&stmt.kind).map(|read| (read, target)));
                }
                None => {}
            }
            continue;
        }
        let before = known.len();
        let outside = match &stmt.kind {
            StmtKind::With { patches, .. } => Some(hide(known, patches)),
            _ => None,
        };
        for inner in stmt.kind.bodies_mut() {
            let before = known.len();
            body(inner, known, stable);
            known.truncate(before);
        }
        match outside {
            Some(outside) => *known = outside,
            None => known.truncate(before),
        }
    }
}

/// Forgets what the patches change, and gives back what was known before.
fn hide(known: &mut Vec<(Read, Local)>, patches: &[Patch]) -> Vec<(Read, Local)> {
    let outside = known.clone();
    let input = patches.iter().any(|p| matches!(p, Patch::Input { .. }));
    let data = patches.iter().any(|p| matches!(p, Patch::Data { .. }));
    known.retain(|(read, _)| match read {
        Read::Input(_) => !input,
        Read::Data(_) => !data,
        Read::Get(..) => true,
    });
    outside
}

/// Where a statement puts what it reads, if that is the same whenever it is read.
fn target(kind: &StmtKind, stable: &[bool]) -> Option<Local> {
    match kind {
        StmtKind::Input { target, .. } | StmtKind::Data { target, .. } => Some(*target),
        StmtKind::Get {
            target,
            source,
            key,
            ..
        } => {
            let fixed = |operand: &Operand| match operand {
                Operand::Local(local) => is_stable(*local, stable),
                Operand::Constant(_) => true,
            };
            (fixed(source) && fixed(key)).then_some(*target)
        }
        _ => None,
    }
}

fn is_stable(local: Local, stable: &[bool]) -> bool {
    stable.get(local.0 as usize).copied().unwrap_or(false)
}
