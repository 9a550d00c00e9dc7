//! Loops over a list that look for what has a certain value at a path say so: an engine that has an index for that goes
//! to the entries that may have it, and leaves out the others.
//!
//! ```text
//! l0 = base["users"]       else 'r          l0 = base["users"]       else 'r
//! scan 'n l0 as _, l1                       scan 'n l0 as _, l1 where base["users"] has input["id"] at ["id"]
//!   l2 = l1["id"]          else 'n    ==>     …
//!   l3 = input["id"]       else 'n
//!   test l2 == l3          else 'n
//! ```
//!
//! The loop's statements stay: as with [`super::select`], an index may err on one side.

use std::collections::HashMap;
use std::sync::Arc;

use super::entries::{Wanted, wanted};
use crate::ir::{Constant, Function, Join, Local, Operand, StmtKind, Subject, visit};

pub(super) fn run(function: &mut Function, constants: &[Constant]) {
    let mut loops = false;
    visit::each(&function.body, &mut |stmt| {
        loops |= matches!(stmt.kind, StmtKind::Scan { .. });
    });
    if !loops {
        return;
    }
    let mut lists: HashMap<Local, Option<Vec<Arc<str>>>> = HashMap::new();
    visit::each(&function.body, &mut |stmt| {
        for target in stmt.kind.targets() {
            let path = match &stmt.kind {
                StmtKind::Data { path, .. } if !path.is_empty() => Some(path.clone()),
                _ => None,
            };
            // A local that is set twice may hold either.
            lists
                .entry(target)
                .and_modify(|known| *known = None)
                .or_insert(path);
        }
    });
    visit::each_mut(&mut function.body, &mut |stmt| {
        let StmtKind::Scan {
            label,
            source,
            key,
            value: Some(value),
            body,
            join,
        } = &mut stmt.kind
        else {
            return;
        };
        let list = match source {
            Operand::Local(source) => lists.get(source).cloned().flatten(),
            Operand::Constant(_) => None,
        };
        // Other lists are looked through for a constant once; base documents are by every decision.
        let pays =
            |wanted: &Wanted| list.is_some() || !matches!(wanted.value, Subject::Constant(_));
        let mut found = wanted(constants, *label, *key, *value, body).into_iter();
        *join = found.find(pays).map(|found| {
            Box::new(Join {
                list,
                path: found.path,
                wanted: found.value,
            })
        });
    });
}
