//! Locals that nobody reads: loops need not fill them, values need not be made for them.

use super::marks::Marks;
use crate::ir::{Function, Local, LocalKind, Operand, StmtKind, visit};

pub(super) fn run(function: &mut Function) {
    // What made an unread value may have been the only reader of others.
    while pass(function) {}
}

fn pass(function: &mut Function) -> bool {
    let mut read = Marks::default();
    visit::each_mut(&mut function.body, &mut |stmt| {
        stmt.kind.operands_mut(&mut |operand| {
            if let Operand::Local(local) = operand {
                read.insert(local.0);
            }
        });
        if let StmtKind::Test { test, .. } = &stmt.kind {
            test.asked(&mut |local| {
                read.insert(local.0);
            });
        }
    });
    let locals = &function.locals;
    let is_value = |local: Local| {
        locals
            .get(local.0 as usize)
            .is_some_and(|info| info.kind == LocalKind::Value)
    };
    let mut changed = false;
    visit::each_body(&mut function.body, &mut |body| {
        let before = body.len();
        body.retain(|stmt| match &stmt.kind {
            StmtKind::Assign { target, .. }
            | StmtKind::Array { target, .. }
            | StmtKind::Set { target, .. } => read.contains(target.0) || !is_value(*target),
            _ => true,
        });
        changed |= body.len() != before;
        for stmt in body {
            if let StmtKind::Scan { key, value, .. } = &mut stmt.kind {
                for entry in [key, value] {
                    if entry.is_some_and(|local| !read.contains(local.0)) {
                        *entry = None;
                        changed = true;
                    }
                }
            }
        }
    });
    changed
}
