//! Functions that always give the same constant: who calls them gets the constant instead.
//!
//! This is decided here and not by the engines, so that both enter the same rules.

use crate::ir::{CallTarget, ConstantId, Operand, Program, Stmt, StmtKind, visit};

/// Puts constants in the place of calls; gives the functions that changed.
pub(super) fn run(program: &mut Program) -> Vec<usize> {
    let constants: Vec<Option<ConstantId>> = program
        .functions
        .iter()
        .map(|function| constant_return(&function.body))
        .collect();
    let mut changed = Vec::new();
    for (at, function) in program.functions.iter_mut().enumerate() {
        let mut found = false;
        visit::each_mut(&mut function.body, &mut |stmt| {
            let StmtKind::Call {
                target,
                function: CallTarget::Function(callee),
                ..
            } = stmt.kind
            else {
                return;
            };
            if let Some(constant) = constants.get(callee.index()).copied().flatten() {
                found = true;
                stmt.kind = StmtKind::Assign {
                    target,
                    source: Operand::Constant(constant),
                };
            }
        });
        if found {
            changed.push(at);
        }
    }
    changed
}

/// The constant that statements return before anything else happens.
fn constant_return(stmts: &[Stmt]) -> Option<ConstantId> {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Enter { .. } | StmtKind::Indexed { .. } | StmtKind::Mark => {}
            StmtKind::Block { body, .. } => return constant_return(body),
            StmtKind::Return {
                value: Operand::Constant(id),
            } => return Some(*id),
            _ => return None,
        }
    }
    None
}
