//! Which functions keep their results: those that one evaluation can call more than once, unless they are cheap. Those
//! with parameters keep a result for each arguments, which costs more, so that they have to be dear.
//!
//! This is decided here and not by the engines, so that both enter the same rules as often.

use crate::ir::calls::{self, Call};
use crate::ir::{CallTarget, FunctionKind, MemoSlot, Program, StmtKind, visit};

/// A function that costs no more statements than this is computed again rather than remembered.
const CHEAP: u64 = 24;

/// A function with parameters is dear if it has a loop, or costs so many statements.
const DEAR: u64 = 1000;

/// Builtins that are computed in place. Others may be slow, and what they complain about would be told once for each time
/// that they are asked.
const IN_PLACE: [&str; 6] = [
    "contains",
    "count",
    "endswith",
    "glob.match",
    "split",
    "startswith",
];

/// Takes the memo slots of all other functions away.
pub(super) fn run(program: &mut Program) {
    let calls = calls::of_all(program);
    let order = calls::callees_first(&calls);
    let complains = complaining(program);
    let cost = costs(program, &complains, &calls, &order);
    let loops = looping(program, &calls, &order);
    let mut asked = vec![false; program.functions.len()];
    for call in calls.iter().flatten().filter(|call| !call.seldom) {
        asked[call.function.index()] = true;
    }
    let mut times = vec![0_u32; program.functions.len()];
    // Callers before callees.
    for &index in order.iter().rev() {
        let function = &mut program.functions[index];
        let is_tree = matches!(function.kind, FunctionKind::Tree(_));
        if times[index] <= 1 || cost[index] <= CHEAP {
            function.memo = None;
        }
        let is_dear = loops[index] || cost[index] >= DEAR;
        if function.kind == FunctionKind::Function && times[index] > 1 && is_dear {
            function.memo = Some(MemoSlot(program.memo_slots));
            program.memo_slots += 1;
        }
        // What is remembered is computed once, however often it is asked for.
        let own = match function.memo {
            Some(_) if function.params == 0 => 1,
            _ => times[index].max(1),
        };
        // What is asked where a document fails is not what results are kept for.
        if program.functions[index].kind == FunctionKind::Keyed && !asked[index] {
            continue;
        }
        for call in &calls[index] {
            let callee = call.function.index();
            // A document of the tree asks for each rule below it once, which counts for nothing where nobody complains:
            // it is mostly asked for by itself, and not together with them.
            if !is_tree || call.in_loop || complains[callee] {
                let factor = if call.in_loop { 2 } else { 1 };
                times[callee] = times[callee].saturating_add(own.saturating_mul(factor));
            }
        }
    }
}

/// The functions that call builtins other than those that are computed in place.
fn complaining(program: &Program) -> Vec<bool> {
    let is_other = |target: &CallTarget| match target {
        CallTarget::Builtin(id) => program
            .builtins
            .get(id.index())
            .is_some_and(|builtin| !IN_PLACE.contains(&&*builtin.name)),
        CallTarget::Function(_) => false,
    };
    let functions = program.functions.iter();
    functions
        .map(|function| {
            let mut found = false;
            visit::each(&function.body, &mut |stmt| {
                found |= match &stmt.kind {
                    StmtKind::Call { function, .. } => is_other(function),
                    _ => false,
                };
            });
            found
        })
        .collect()
}

/// The functions that have loops, or call such.
fn looping(program: &Program, calls: &[Vec<Call>], order: &[usize]) -> Vec<bool> {
    let mut loops = vec![false; program.functions.len()];
    for &index in order {
        let mut found = calls[index].iter().any(|call| loops[call.function.index()]);
        visit::each(&program.functions[index].body, &mut |stmt| {
            found |= matches!(stmt.kind, StmtKind::Scan { .. });
        });
        loops[index] = found;
    }
    loops
}

/// How many statements a call of each function runs, about.
fn costs(program: &Program, complains: &[bool], calls: &[Vec<Call>], order: &[usize]) -> Vec<u64> {
    let mut cost = vec![0_u64; program.functions.len()];
    for &index in order {
        let mut own = if complains[index] { CHEAP + 1 } else { 0 };
        visit::each(&program.functions[index].body, &mut |stmt| {
            own = own.saturating_add(match stmt.kind {
                StmtKind::Scan { .. } | StmtKind::With { .. } => CHEAP + 1,
                _ => 1,
            });
        });
        for call in calls[index].iter().filter(|call| !call.seldom) {
            own = own.saturating_add(cost[call.function.index()]);
        }
        cost[index] = own;
    }
    cost
}
