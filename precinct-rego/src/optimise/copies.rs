//! Copy propagation: a local that is set once, to a constant or to a local that is itself set once, gives way to it.

use std::collections::HashMap;

use crate::ir::{Function, Local, LocalKind, Operand, StmtKind, visit};

pub(super) fn run(function: &mut Function) {
    let mut writes: HashMap<Local, usize> = (0..function.params).map(|p| (Local(p), 1)).collect();
    visit::each(&function.body, &mut |stmt| {
        for target in stmt.kind.targets() {
            *writes.entry(target).or_default() += 1;
        }
    });
    let once = |local: Local| {
        writes.get(&local) == Some(&1)
            && function
                .locals
                .get(local.0 as usize)
                .is_some_and(|info| info.kind == LocalKind::Value)
    };
    let mut copies: HashMap<Local, Operand> = HashMap::new();
    visit::each(&function.body, &mut |stmt| {
        if let StmtKind::Assign { target, source } = &stmt.kind
            && once(*target)
            && match source {
                Operand::Constant(_) => true,
                Operand::Local(local) => once(*local),
            }
        {
            copies.insert(*target, *source);
        }
    });
    if copies.is_empty() {
        return;
    }
    let resolve = |operand: Operand| {
        let mut at = operand;
        // Every copy is of a local that was set before it, so the way ends.
        while let Operand::Local(local) = at
            && let Some(next) = copies.get(&local)
        {
            at = *next;
        }
        at
    };
    visit::each_body(&mut function.body, &mut |body| {
        body.retain(|stmt| {
            !matches!(&stmt.kind, StmtKind::Assign { target, .. } if copies.contains_key(target))
        });
        for stmt in body {
            stmt.kind
                .operands_mut(&mut |operand| *operand = resolve(*operand));
        }
    });
}
