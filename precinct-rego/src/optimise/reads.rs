//! Reads that repeat an earlier one: what was read on every way here need not be read again.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ir::{Function, Local, LocalKind, Operand, Patch, Stmt, StmtKind, visit};

/// Something that was read.
#[derive(Clone, PartialEq, Eq)]
enum Read {
    Input(Vec<Arc<str>>),
    Data(Vec<Arc<str>>),
    Get(Operand, Operand),
}

pub(super) fn run(function: &mut Function) {
    let mut writes: HashMap<Local, usize> = (0..function.params).map(|p| (Local(p), 1)).collect();
    visit::each(&function.body, &mut |stmt| {
        for target in stmt.kind.targets() {
            *writes.entry(target).or_default() += 1;
        }
    });
    let stable: Vec<bool> = (0u32..)
        .map(Local)
        .zip(&function.locals)
        .map(|(local, info)| {
            info.kind == LocalKind::Value && writes.get(&local).copied().unwrap_or(0) <= 1
        })
        .collect();
    body(&mut function.body, &mut Vec::new(), &stable);
}

fn body(stmts: &mut [Stmt], known: &mut Vec<(Read, Local)>, stable: &[bool]) {
    for stmt in stmts {
        if let Some((read, target)) = read(&stmt.kind, stable) {
            match known.iter().find(|(earlier, _)| *earlier == read) {
                Some((_, source)) => {
                    stmt.kind = StmtKind::Assign {
                        target,
                        source: Operand::Local(*source),
                    };
                }
                None if is_stable(target, stable) => known.push((read, target)),
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

fn read(kind: &StmtKind, stable: &[bool]) -> Option<(Read, Local)> {
    match kind {
        StmtKind::Input { target, path, .. } => Some((Read::Input(path.clone()), *target)),
        StmtKind::Data { target, path, .. } => Some((Read::Data(path.clone()), *target)),
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
            (fixed(source) && fixed(key)).then_some((Read::Get(*source, *key), *target))
        }
        _ => None,
    }
}

fn is_stable(local: Local, stable: &[bool]) -> bool {
    stable.get(local.0 as usize).copied().unwrap_or(false)
}
