//! Which locals the arms of a select have for themselves: thousands of arms, of which few run, do not need thousands of
//! registers.
//!
//! Locals that can hold nothing are left out: they must not hold what another arm put into their register.

use precinct_rego::ir::visit::each;
use precinct_rego::ir::{Function, Local, LocalKind, Operand, Stmt, StmtKind};

use super::code::Reg;

/// Where a local is mentioned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    /// In this arm alone.
    Arm(u32),
    /// Outside of arms, or in several.
    Anywhere,
}

/// For each local that belongs to one arm the number of its register among those that all arms share.
pub(super) fn registers(function: &Function) -> Vec<Option<Reg>> {
    let mut has_arms = false;
    each(&function.body, &mut |stmt| {
        has_arms |= matches!(stmt.kind, StmtKind::Select { .. });
    });
    if !has_arms {
        return vec![None; function.locals.len()];
    }
    let mut places = vec![Place::Nowhere; function.locals.len()];
    let params = function.params as usize;
    places
        .iter_mut()
        .take(params)
        .for_each(|p| *p = Place::Anywhere);
    let mut arms = 0;
    visit(&function.body, None, &mut arms, &mut places);
    let mut taken = vec![0; arms as usize];
    places
        .iter()
        .zip(&function.locals)
        .map(|(place, info)| match place {
            // Passes leave locals behind that nothing mentions any more: any register does.
            Place::Nowhere => Some(0),
            Place::Arm(arm) if info.kind == LocalKind::Value => {
                let next = taken.get_mut(*arm as usize)?;
                *next += 1;
                Some(*next - 1)
            }
            _ => None,
        })
        .collect()
}

/// Selects in arms of other selects are part of that arm.
fn visit(stmts: &[Stmt], arm: Option<u32>, arms: &mut u32, places: &mut [Place]) {
    for stmt in stmts {
        for local in mentioned(&stmt.kind) {
            if let Some(place) = places.get_mut(local.0 as usize) {
                *place = match (*place, arm) {
                    (Place::Nowhere, Some(arm)) => Place::Arm(arm),
                    (Place::Arm(known), Some(arm)) if known == arm => Place::Arm(arm),
                    _ => Place::Anywhere,
                };
            }
        }
        let opens = arm.is_none() && matches!(stmt.kind, StmtKind::Select { .. });
        for body in stmt.kind.bodies() {
            let inside = if opens {
                *arms += 1;
                Some(*arms - 1)
            } else {
                arm
            };
            visit(body, inside, arms, places);
        }
    }
}

fn mentioned(kind: &StmtKind) -> Vec<Local> {
    let mut locals: Vec<Local> = kind.targets().collect();
    if let StmtKind::Test { test, .. } = kind {
        test.asked(&mut |local| locals.push(local));
    }
    kind.operands(&mut |operand| {
        if let Operand::Local(local) = operand {
            locals.push(local);
        }
    });
    locals
}
