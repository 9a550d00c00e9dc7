//! Copy propagation: a local that is set once, to a constant or to a local that is itself set once, gives way to it.

use super::marks::writes;
use crate::ir::{Function, Local, LocalKind, Operand, StmtKind, visit};

pub(super) fn run(function: &mut Function) {
    let writes = writes(function);
    let once = |local: Local| {
        writes.get(local.0 as usize) == Some(&1)
            && function
                .locals
                .get(local.0 as usize)
                .is_some_and(|info| info.kind == LocalKind::Value)
    };
    let mut copies: Vec<Option<Operand>> = Vec::new();
    visit::each(&function.body, &mut |stmt| {
        if let StmtKind::Assign { target, source } = &stmt.kind
            && once(*target)
            && match source {
                Operand::Constant(_) => true,
                Operand::Local(local) => once(*local),
            }
        {
            copies.resize(function.locals.len(), None);
            if let Some(copy) = copies.get_mut(target.0 as usize) {
                *copy = Some(*source);
            }
        }
    });
    if copies.is_empty() {
        return;
    }
    let copy_of = |local: Local| copies.get(local.0 as usize).copied().flatten();
    let resolve = |operand: Operand| {
        let mut at = operand;
        // Every copy is of a local that was set before it, so the way ends.
        while let Operand::Local(local) = at
            && let Some(next) = copy_of(local)
        {
            at = next;
        }
        at
    };
    visit::each_body(&mut function.body, &mut |body| {
        body.retain(|stmt| {
            !matches!(&stmt.kind, StmtKind::Assign { target, .. } if copy_of(*target).is_some())
        });
        for stmt in body {
            stmt.kind
                .operands_mut(&mut |operand| *operand = resolve(*operand));
        }
    });
}
