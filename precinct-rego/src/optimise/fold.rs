//! Tests whose outcome is known, statements that are never reached, blocks that nobody leaves early.

use super::marks::Marks;
use crate::ir::{Comparison, Constant, ConstantId, Function, Operand, Stmt, StmtKind, Test, visit};

pub(super) fn run(function: &mut Function, constants: &[Constant]) {
    let mut known = Known {
        constants,
        set: Marks::default(),
    };
    visit::each(&function.body, &mut |stmt| {
        for target in stmt.kind.targets() {
            known.set.insert(target.0);
        }
    });
    visit::each_body(&mut function.body, &mut |body| {
        tests(body, &known);
        unreachable(body);
        last_exits(body);
    });
    let mut used = Marks::default();
    visit::each(&function.body, &mut |stmt| {
        if let Some(label) = stmt.kind.exit() {
            used.insert(label.0);
        }
    });
    visit::each_body(&mut function.body, &mut |body| {
        unwrap(body, &used);
        unreachable(body);
    });
}

/// What decides tests.
struct Known<'a> {
    constants: &'a [Constant],
    /// The locals that some statement sets.
    set: Marks,
}

/// Drops tests that always hold; those that never do become a `break`.
fn tests(body: &mut Vec<Stmt>, known: &Known<'_>) {
    let may_change = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Test { test, .. } => outcome(test, known).is_some(),
        StmtKind::Switch { on, .. } => matches!(on, Operand::Constant(_)),
        _ => false,
    };
    if !body.iter().any(may_change) {
        return;
    }
    let mut kept = Vec::with_capacity(body.len());
    for mut stmt in body.drain(..) {
        match &mut stmt.kind {
            StmtKind::Test { test, otherwise } => match outcome(test, known) {
                Some(true) => {}
                Some(false) => {
                    stmt.kind = StmtKind::Break { label: *otherwise };
                    kept.push(stmt);
                }
                None => kept.push(stmt),
            },
            StmtKind::Switch { on, cases, default } => {
                let Operand::Constant(on) = on else {
                    kept.push(stmt);
                    continue;
                };
                let fits: Vec<Option<bool>> = cases
                    .iter()
                    .map(|case| equal(*on, case.constant, known.constants))
                    .collect();
                if let Some(hit) = fits.iter().position(|k| *k == Some(true)) {
                    kept.append(&mut cases[hit].body);
                } else if fits.iter().all(|k| *k == Some(false)) {
                    kept.append(default);
                } else {
                    kept.push(stmt);
                }
            }
            _ => kept.push(stmt),
        }
    }
    *body = kept;
}

fn outcome(test: &Test, known: &Known<'_>) -> Option<bool> {
    match test {
        Test::Truthy(Operand::Constant(id)) => {
            Some(known.constants.get(id.index())? != &Constant::Boolean(false))
        }
        Test::Compare {
            comparison,
            left: Operand::Constant(left),
            right: Operand::Constant(right),
        } => match comparison {
            Comparison::Equal => equal(*left, *right, known.constants),
            Comparison::NotEqual => equal(*left, *right, known.constants).map(|equal| !equal),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => None,
        },
        Test::Not(test) => outcome(test, known).map(|holds| !holds),
        Test::Set(local) => (!known.set.contains(local.0)).then_some(false),
        Test::Truthy(Operand::Local(_))
        | Test::Compare { .. }
        | Test::ArrayOf { .. }
        | Test::ObjectOf { .. }
        | Test::Collection(_)
        | Test::Member { .. }
        | Test::Holds { .. }
        | Test::Lenient
        | Test::Unmasked(_)
        | Test::Mocked(_) => None,
    }
}

/// Whether two constants are equal, as far as their texts tell.
fn equal(left: ConstantId, right: ConstantId, constants: &[Constant]) -> Option<bool> {
    if left == right {
        return Some(true);
    }
    let (left, right) = (constants.get(left.index())?, constants.get(right.index())?);
    (is_distinct(left) || is_distinct(right)).then_some(left == right)
}

/// The constant differs from every constant that is written differently.
pub(super) fn is_distinct(constant: &Constant) -> bool {
    match constant {
        Constant::Null | Constant::Boolean(_) | Constant::String(_) => true,
        Constant::Number(_) | Constant::Array(_) | Constant::Object(_) | Constant::Set(_) => false,
    }
}

/// Cuts off what stands behind a statement that never goes on.
fn unreachable(body: &mut Vec<Stmt>) {
    if let Some(end) = body.iter().position(|stmt| stmt.kind.diverges()) {
        body.truncate(end + 1);
    }
}

/// Drops what leads at the end of a block or loop to where control goes anyway, and blocks that are empty then.
fn last_exits(body: &mut Vec<Stmt>) {
    for stmt in body.iter_mut() {
        if let StmtKind::Block { label, body } | StmtKind::Scan { label, body, .. } = &mut stmt.kind
            && let Some(Stmt {
                kind: StmtKind::Break { label: target },
                ..
            }) = body.last()
            && target == label
        {
            body.pop();
        }
    }
    body.retain(|stmt| !matches!(&stmt.kind, StmtKind::Block { body, .. } if body.is_empty()));
}

/// Puts the statements of blocks that nobody leaves early in their place.
fn unwrap(body: &mut Vec<Stmt>, used: &Marks) {
    let is_unused = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Block { label, .. } if !used.contains(label.0));
    if !body.iter().any(is_unused) {
        return;
    }
    let mut kept = Vec::with_capacity(body.len());
    for mut stmt in body.drain(..) {
        match &mut stmt.kind {
            StmtKind::Block { label, body } if !used.contains(label.0) => kept.append(body),
            _ => kept.push(stmt),
        }
    }
    *body = kept;
}
