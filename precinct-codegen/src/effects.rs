//! What a function needs while it runs: a context or only an arena, a way to fail, a place for its result.
//!
//! Most rules of a gateway only look at strings of the input. Their Rust needs no context, cannot fail and keeps no
//! result, so that a caller inlines it to a handful of compares. Rules with loops need a context, because it is what
//! bounds the time that an evaluation takes.

use precinct_rego::ir::{CallTarget, Conflict, FunctionId, Program, Stmt, StmtKind, Test};

use crate::natives::Natives;
use crate::visit::{parts, walk};

/// What one function needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// It takes the evaluation's context; without it, only an arena.
    pub(crate) context: bool,
    /// It can end the evaluation with an error.
    pub(crate) fails: bool,
    /// Its result is kept in its memo slot.
    pub(crate) memo: bool,
}

/// A function that costs no more statements than this is computed again rather than remembered.
const CHEAP: u64 = 24;

/// The needs of all functions, and the depth of the deepest chain of calls.
pub(crate) fn effects(program: &Program, natives: &Natives<'_>) -> (Vec<Effects>, usize) {
    let calls: Vec<Vec<(FunctionId, bool)>> = program
        .functions
        .iter()
        .map(|function| {
            let mut calls = Vec::new();
            collect_calls(&function.body, false, &mut calls);
            calls
        })
        .collect();
    let order = callees_first(&calls);
    let memo = memos(program, &calls, &order);
    let mut effects = vec![Effects::default(); program.functions.len()];
    let mut depths = vec![0_usize; program.functions.len()];
    for &index in &order {
        let function = &program.functions[index];
        let mut own = Effects {
            memo: memo[index],
            context: memo[index],
            fails: false,
        };
        walk(&function.body, &mut |stmt| {
            own_effects(stmt, natives, &mut own);
        });
        for (callee, _) in &calls[index] {
            own.context |= effects[callee.index()].context;
            own.fails |= effects[callee.index()].fails;
            depths[index] = depths[index].max(depths[callee.index()] + 1);
        }
        own.fails |= own.context;
        effects[index] = own;
    }
    (effects, depths.into_iter().max().unwrap_or(0))
}

fn own_effects(stmt: &Stmt, natives: &Natives<'_>, own: &mut Effects) {
    match &stmt.kind {
        StmtKind::Scan { .. }
        | StmtKind::Data { .. }
        | StmtKind::With { .. }
        | StmtKind::CallReplacement { .. } => own.context = true,
        StmtKind::Call {
            function: CallTarget::Builtin(id),
            args,
            ..
        } => own.context |= natives.of(*id, args).is_none(),
        StmtKind::Test { test, .. } => own.context |= asks_for_replacements(test),
        StmtKind::AssignOnce { conflict, .. } | StmtKind::Insert { conflict, .. } => {
            own.fails |= *conflict != Conflict::Replace;
        }
        StmtKind::PutAt { .. } | StmtKind::AddAt { .. } | StmtKind::Fail { .. } => {
            own.fails = true;
        }
        StmtKind::Call {
            function: CallTarget::Function(_),
            ..
        }
        | StmtKind::Block { .. }
        | StmtKind::Break { .. }
        | StmtKind::Switch { .. }
        | StmtKind::Select { .. }
        | StmtKind::Assign { .. }
        | StmtKind::Clear { .. }
        | StmtKind::Input { .. }
        | StmtKind::Get { .. }
        | StmtKind::Array { .. }
        | StmtKind::Object { .. }
        | StmtKind::Set { .. }
        | StmtKind::Begin { .. }
        | StmtKind::Push { .. }
        | StmtKind::Extend { .. }
        | StmtKind::Finish { .. }
        | StmtKind::Return { .. }
        | StmtKind::Enter { .. }
        | StmtKind::Mark => {}
    }
}

fn asks_for_replacements(test: &Test) -> bool {
    match test {
        Test::Unmasked(_) | Test::Mocked(_) => true,
        Test::Not(inner) => asks_for_replacements(inner),
        Test::Truthy(_)
        | Test::Compare { .. }
        | Test::ArrayOf { .. }
        | Test::ObjectOf { .. }
        | Test::Collection(_)
        | Test::Member { .. }
        | Test::Set(_) => false,
    }
}

/// The functions that statements call, and whether in a loop.
fn collect_calls(stmts: &[Stmt], in_loop: bool, calls: &mut Vec<(FunctionId, bool)>) {
    for stmt in stmts {
        let parts = parts(stmt);
        for call in &parts.calls {
            if let CallTarget::Function(id) = call {
                calls.push((*id, in_loop));
            }
        }
        // What a `with` puts in the place of a function is called through the mock, from anywhere.
        if let StmtKind::CallReplacement { .. } = stmt.kind {
            calls.extend(parts.calls.iter().filter_map(|call| match call {
                CallTarget::Function(id) => Some((*id, true)),
                CallTarget::Builtin(_) => None,
            }));
        }
        let in_loop = in_loop || matches!(stmt.kind, StmtKind::Scan { .. });
        for body in parts.bodies {
            collect_calls(body, in_loop, calls);
        }
    }
}

/// All functions, each behind those that it calls. Rego has no recursion; where a replacement makes a circle, any
/// order does.
fn callees_first(calls: &[Vec<(FunctionId, bool)>]) -> Vec<usize> {
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
                Some((callee, _)) => {
                    stack.push((at, next + 1));
                    let callee = callee.index();
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

/// Which functions keep their results: those that one evaluation can call more than once, unless they are cheap.
fn memos(program: &Program, calls: &[Vec<(FunctionId, bool)>], order: &[usize]) -> Vec<bool> {
    let functions = &program.functions;
    let mut cost = vec![0_u64; functions.len()];
    for &index in order {
        let mut own = 0_u64;
        walk(&functions[index].body, &mut |stmt| {
            own = own.saturating_add(match stmt.kind {
                StmtKind::Scan { .. } | StmtKind::With { .. } => CHEAP + 1,
                _ => 1,
            });
        });
        for (callee, _) in &calls[index] {
            own = own.saturating_add(cost[callee.index()]);
        }
        cost[index] = own;
    }
    // Callers before callees. A document of the tree asks for each rule below it once, which counts for nothing:
    // it is asked for by itself, and not together with them.
    let mut times = vec![0_u32; functions.len()];
    let mut memos = vec![false; functions.len()];
    for &index in order.iter().rev() {
        let function = &functions[index];
        let is_tree = matches!(function.kind, precinct_rego::ir::FunctionKind::Tree(_));
        memos[index] = function.memo.is_some() && times[index] > 1 && cost[index] > CHEAP;
        // What is remembered is computed once, however often it is asked for.
        let own = if memos[index] { 1 } else { times[index].max(1) };
        for (callee, in_loop) in &calls[index] {
            if !is_tree || *in_loop {
                let factor = if *in_loop { 2 } else { 1 };
                let times = &mut times[callee.index()];
                *times = times.saturating_add(own.saturating_mul(factor));
            }
        }
    }
    memos
}
