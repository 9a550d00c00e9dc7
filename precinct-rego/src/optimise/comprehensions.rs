//! What the passes over comprehensions have in common: where they stand, and who reads them.
//!
//! ```text
//! begin l1
//! …                    the body: statements that push
//! l2 = finish l1
//! ```

use std::collections::HashMap;

use crate::ir::{Function, Label, Local, LocalInfo, LocalKind, Operand, Stmt, StmtKind, visit};

/// A comprehension in a list of statements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The position of its `begin`.
    pub(super) begin: usize,
    /// The position of its `finish`.
    pub(super) finish: usize,
    pub(super) builder: Local,
    pub(super) target: Local,
}

impl Place {
    /// The comprehension that a statement finishes.
    pub(super) fn at(stmts: &[Stmt], finish: usize) -> Option<Self> {
        let StmtKind::Finish { target, builder } = stmts.get(finish)?.kind else {
            return None;
        };
        let begin = stmts[..finish].iter().rposition(
            |stmt| matches!(stmt.kind, StmtKind::Begin { builder: begun } if begun == builder),
        )?;
        Some(Self {
            begin,
            finish,
            builder,
            target,
        })
    }

    /// The statements that push.
    pub(super) fn body<'s>(&self, stmts: &'s [Stmt]) -> &'s [Stmt] {
        stmts.get(self.begin + 1..self.finish).unwrap_or_default()
    }
}

/// How often each local is mentioned.
pub(super) fn mentions(stmts: &[Stmt]) -> HashMap<Local, usize> {
    let mut found = HashMap::new();
    visit::each(stmts, &mut |stmt| {
        mentioned(&stmt.kind, &mut |local| {
            *found.entry(local).or_default() += 1;
        });
    });
    found
}

/// Calls `f` on every local that the statement itself reads, sets or builds on.
pub(super) fn mentioned(stmt: &StmtKind, f: &mut impl FnMut(Local)) {
    stmt.operands(&mut |operand| {
        if let Operand::Local(local) = operand {
            f(local);
        }
    });
    for target in stmt.targets() {
        f(target);
    }
    match stmt {
        StmtKind::Begin { builder }
        | StmtKind::Push { builder, .. }
        | StmtKind::Group { builder, .. }
        | StmtKind::Insert { builder, .. }
        | StmtKind::Extend { builder, .. }
        | StmtKind::PutAt { builder, .. }
        | StmtKind::AddAt { builder, .. }
        | StmtKind::Finish { builder, .. } => f(*builder),
        StmtKind::Test { test, .. } => test.asked(f),
        _ => {}
    }
}

/// The locals that statements set or build on.
pub(super) fn written(stmts: &[Stmt]) -> std::collections::HashSet<Local> {
    let mut found = std::collections::HashSet::new();
    visit::each(stmts, &mut |stmt| {
        found.extend(stmt.kind.targets());
        if let StmtKind::Begin { builder } = stmt.kind {
            found.insert(builder);
        }
    });
    found
}

/// Nothing of what the statements set is mentioned elsewhere.
pub(super) fn keep_to_themselves(stmts: &[Stmt], everywhere: &HashMap<Local, usize>) -> bool {
    let here = mentions(stmts);
    written(stmts)
        .iter()
        .all(|local| here.get(local) == everywhere.get(local))
}

/// New locals and labels of a function.
pub(super) struct Fresh<'f> {
    locals: &'f mut Vec<LocalInfo>,
    labels: u32,
}

impl<'f> Fresh<'f> {
    /// Of a function whose body is held apart.
    pub(super) fn new(locals: &'f mut Vec<LocalInfo>, body: &[Stmt]) -> Self {
        Self {
            locals,
            labels: next_label(body),
        }
    }

    /// What a local holds.
    pub(super) fn kind(&self, local: Local) -> Option<LocalKind> {
        self.locals.get(local.0 as usize).map(|info| info.kind)
    }

    pub(super) fn local(&mut self, kind: LocalKind) -> Local {
        self.locals.push(LocalInfo { kind, name: None });
        Local(u32::try_from(self.locals.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels - 1)
    }
}

/// A label that is not given in the statements, nor any after it.
pub(super) fn next_label(stmts: &[Stmt]) -> u32 {
    let mut labels = 0;
    visit::each(stmts, &mut |stmt| {
        if let StmtKind::Block { label, .. } | StmtKind::Scan { label, .. } = &stmt.kind {
            labels = labels.max(label.0 + 1);
        }
    });
    labels
}

/// The function's body, taken out to be changed beside its locals.
pub(super) fn taken(function: &mut Function) -> Vec<Stmt> {
    std::mem::take(&mut function.body)
}
