//! What a function needs while it runs: a context or only an arena, a way to fail, a place for its result.
//!
//! Most rules of a gateway only look at strings of the input. Their Rust needs no context, cannot fail and keeps no
//! result, so that a caller inlines it to a handful of compares. Rules with loops need a context, because it is what
//! bounds the time that an evaluation takes.

use precinct_rego::ir::{CallTarget, Conflict, Program, Stmt, StmtKind, Test, calls};

use crate::natives::Natives;
use crate::visit::walk;

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

/// The needs of all functions, and the depth of the deepest chain of calls.
pub(crate) fn effects(program: &Program, natives: &Natives<'_>) -> (Vec<Effects>, usize) {
    let calls = calls::of_all(program);
    let order = calls::callees_first(&calls);
    let mut effects = vec![Effects::default(); program.functions.len()];
    let mut depths = vec![0_usize; program.functions.len()];
    for &index in &order {
        let function = &program.functions[index];
        let mut own = Effects {
            memo: function.memo.is_some(),
            context: function.memo.is_some(),
            fails: false,
        };
        walk(&function.body, &mut |stmt| {
            own_effects(stmt, natives, &mut own);
        });
        for call in &calls[index] {
            let callee = call.function.index();
            own.context |= effects[callee].context;
            own.fails |= effects[callee].fails;
            depths[index] = depths[index].max(depths[callee] + 1);
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
        StmtKind::Test { test, .. } => own.context |= asks_the_context(test),
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
        | StmtKind::Lookup { .. }
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
        | StmtKind::Group { .. }
        | StmtKind::Extend { .. }
        | StmtKind::Finish { .. }
        | StmtKind::Return { .. }
        | StmtKind::Enter { .. }
        | StmtKind::Indexed { .. }
        | StmtKind::Mark => {}
    }
}

fn asks_the_context(test: &Test) -> bool {
    match test {
        Test::Unmasked(_) | Test::Mocked(_) | Test::Lenient => true,
        Test::Not(inner) => asks_the_context(inner),
        Test::Truthy(_)
        | Test::Compare { .. }
        | Test::ArrayOf { .. }
        | Test::ObjectOf { .. }
        | Test::Collection(_)
        | Test::Member { .. }
        | Test::Holds { .. }
        | Test::Set(_) => false,
    }
}
