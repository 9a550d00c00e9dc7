//! Which functions call which.

use super::{CallTarget, FunctionId, Program, Stmt, StmtKind};

/// A call of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub function: FunctionId,
    /// It may happen many times while its caller runs once.
    pub in_loop: bool,
    /// It only happens where something else fails.
    pub seldom: bool,
}

/// The calls of every function.
#[must_use]
pub fn of_all(program: &Program) -> Vec<Vec<Call>> {
    let functions = program.functions.iter();
    functions
        .map(|function| {
            let mut calls = Vec::new();
            collect(&function.body, false, &mut calls);
            calls
        })
        .collect()
}

/// Calls `f` on everything that the statement itself can call.
pub fn targets(stmt: &StmtKind, f: &mut impl FnMut(CallTarget)) {
    match stmt {
        StmtKind::Call { function, .. } => f(*function),
        StmtKind::CallReplacement { candidates, .. } => candidates.iter().copied().for_each(f),
        StmtKind::Lookup { whole, keyed, .. } => {
            [*whole, *keyed]
                .map(CallTarget::Function)
                .into_iter()
                .for_each(f);
        }
        _ => {}
    }
}

fn collect(stmts: &[Stmt], in_loop: bool, calls: &mut Vec<Call>) {
    for stmt in stmts {
        // What a `with` puts in the place of a function is called through the mock, from anywhere.
        let in_loop_here = in_loop || matches!(stmt.kind, StmtKind::CallReplacement { .. });
        let seldom = match &stmt.kind {
            StmtKind::Lookup {
                whole,
                keys_first: true,
                ..
            } => Some(*whole),
            StmtKind::Lookup { keyed, .. } => Some(*keyed),
            _ => None,
        };
        targets(&stmt.kind, &mut |target| {
            if let CallTarget::Function(function) = target {
                calls.push(Call {
                    function,
                    in_loop: in_loop_here,
                    seldom: seldom == Some(function),
                });
            }
        });
        let in_loop = in_loop || matches!(stmt.kind, StmtKind::Scan { .. });
        for body in stmt.kind.bodies() {
            collect(body, in_loop, calls);
        }
    }
}

/// All functions, each behind those that it calls. Rego has no recursion; where a replacement makes a circle, any
/// order does.
#[must_use]
pub fn callees_first(calls: &[Vec<Call>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(calls.len());
    let mut seen = vec![false; calls.len()];
    for start in 0..calls.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            match calls[at].get(next) {
                Some(call) => {
                    stack.push((at, next + 1));
                    let callee = call.function.index();
                    if !seen[callee] {
                        seen[callee] = true;
                        stack.push((callee, 0));
                    }
                }
                None => order.push(at),
            }
        }
    }
    order
}
