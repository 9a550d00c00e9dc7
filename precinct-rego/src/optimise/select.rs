//! Indexes over many rules: neighbouring blocks that begin with conditions on texts or constants become the arms of one
//! `select`.
//!
//! Of the keys of a block the one is taken that the fewest other blocks have, so that rules that all begin with
//! `startswith(input.path, "/api/")` are told apart by what comes next. The blocks stay as they are, in their order.

use std::collections::HashMap;

use super::company::Company;
use super::conditions::{Condition, Finder};
use super::index::writes;
use crate::ir::{Arm, Function, Stmt, StmtKind, Subject, When};

/// Fewer blocks than this stay as they are.
const WORTHWHILE: usize = 8;

/// So many blocks become arms even where no index helps, so that engines can treat them alike.
const MANY: usize = 64;

/// Each subject is looked up at each evaluation, so there should not be more than these.
const SUBJECTS: usize = 16;

pub(super) fn run(function: &mut Function, finder: &Finder<'_>) {
    body(&mut function.body, finder);
}

fn body(stmts: &mut Vec<Stmt>, finder: &Finder<'_>) {
    for stmt in stmts.iter_mut() {
        for inner in stmt.kind.bodies_mut() {
            body(inner, finder);
        }
    }
    if stmts.len() < WORTHWHILE {
        return;
    }
    let mut done = Vec::new();
    let mut run = Vec::new();
    for stmt in stmts.drain(..) {
        if matches!(stmt.kind, StmtKind::Block { .. }) {
            run.push(stmt);
        } else {
            close(&mut run, &mut done, finder);
            done.push(stmt);
        }
    }
    close(&mut run, &mut done, finder);
    *stmts = done;
}

/// Puts a run of blocks where it belongs, as a select if that helps.
fn close(run: &mut Vec<Stmt>, done: &mut Vec<Stmt>, finder: &Finder<'_>) {
    let arms = if run.len() < WORTHWHILE {
        None
    } else {
        arms(run, finder)
    };
    let (Some((subjects, whens)), Some(span)) = (arms, run.first().map(|stmt| stmt.span)) else {
        done.append(run);
        return;
    };
    let arms = run
        .drain(..)
        .zip(whens)
        .map(|(stmt, when)| Arm {
            when,
            body: vec![stmt],
        })
        .collect();
    done.push(Stmt {
        span,
        kind: StmtKind::Select { subjects, arms },
    });
}

/// The subjects, and for each block when it can do anything; nothing if that would not rule out enough of them.
fn arms(blocks: &[Stmt], finder: &Finder<'_>) -> Option<(Vec<Subject>, Vec<When>)> {
    let mut found: Vec<Vec<Condition>> = blocks.iter().map(|block| finder.of(block)).collect();
    let mut fixed: HashMap<Subject, bool> = HashMap::new();
    for condition in found.iter().flatten() {
        if !fixed.contains_key(&condition.subject) {
            let subject = condition.subject.clone();
            let is_fixed = !writes(blocks, &subject);
            fixed.insert(subject, is_fixed);
        }
    }
    for conditions in &mut found {
        conditions.retain(|condition| fixed.get(&condition.subject) == Some(&true));
    }
    let company = Company::new(&found, finder.constants);
    let mut subjects: Vec<Subject> = Vec::new();
    let mut keyed = 0;
    let whens = found
        .iter()
        .map(|conditions| {
            let Some((count, best)) = conditions
                .iter()
                .map(|condition| (company.of(condition), condition))
                .min_by_key(|(count, condition)| (*count, condition.goes_through()))
            else {
                return When::Always;
            };
            if count * 2 > blocks.len() {
                return When::Always;
            }
            let known = subjects.iter().position(|subject| *subject == best.subject);
            if known.is_none() && subjects.len() >= SUBJECTS {
                return When::Always;
            }
            keyed += 1;
            let subject = known.unwrap_or_else(|| {
                subjects.push(best.subject.clone());
                subjects.len() - 1
            });
            When::Keys {
                subject: u32::try_from(subject).unwrap_or(u32::MAX),
                keys: best.keys.clone(),
            }
        })
        .collect();
    (keyed >= WORTHWHILE || blocks.len() >= MANY).then_some((subjects, whens))
}
