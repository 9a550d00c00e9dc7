//! Where each local of a function is declared in Rust.
//!
//! A local that is assigned by one statement, and read only behind it in the same list of statements, becomes a plain
//! `let` at that statement. All others are declared at the top of the function.

use precinct_rego::ir::{Function, Label, Local, LocalKind, Stmt, StmtKind};

use crate::visit::{parts, walk};

/// How a local is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declaration {
    /// Never mentioned.
    Nowhere,
    /// By `let` where it is assigned.
    InPlace,
    /// At the top of the function.
    AtTop,
}

/// The declarations of a function's locals, and what else a reader of the whole body knows.
pub(crate) struct Locals {
    declarations: Vec<Declaration>,
    used_labels: Vec<Label>,
}

impl Locals {
    /// Plans the declarations of a function.
    pub(crate) fn new(function: &Function) -> Self {
        let mut uses = vec![Uses::default(); function.locals.len()];
        let mut path = Vec::new();
        collect(&function.body, &mut path, &mut 0, &mut uses);
        let declarations = uses
            .iter()
            .enumerate()
            .map(|(index, uses)| {
                if index < function.params as usize {
                    // Parameters are declared by the signature; one that is assigned again needs a variable.
                    return if uses.writes.is_empty() {
                        Declaration::InPlace
                    } else {
                        Declaration::AtTop
                    };
                }
                if uses.writes.is_empty() && uses.reads.is_empty() {
                    return Declaration::Nowhere;
                }
                let plain = function.locals[index].kind == LocalKind::Value;
                if plain && uses.one_scope() {
                    Declaration::InPlace
                } else {
                    Declaration::AtTop
                }
            })
            .collect();
        let mut used_labels = Vec::new();
        walk(&function.body, &mut |stmt: &Stmt| {
            used_labels.extend(parts(stmt).exits);
        });
        used_labels.sort_unstable();
        used_labels.dedup();
        Self {
            declarations,
            used_labels,
        }
    }

    /// How the local is declared.
    pub(crate) fn declaration(&self, local: Local) -> Declaration {
        self.declarations[local.0 as usize]
    }

    /// Some statement leaves through the label.
    pub(crate) fn is_used(&self, label: Label) -> bool {
        self.used_labels.binary_search(&label).is_ok()
    }
}

/// A statement's place: for each list of statements on the way, its number and the position in it.
type Place = Vec<(u32, u32)>;

#[derive(Clone, Default)]
struct Uses {
    writes: Vec<(Place, Scope)>,
    reads: Vec<Place>,
}

/// Where a local is visible that is declared where it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Behind the statement.
    Behind,
    /// Inside the statement's body.
    Inside,
}

impl Uses {
    fn one_scope(&self) -> bool {
        let [(write, scope)] = &self.writes[..] else {
            return false;
        };
        let Some(((list, at), outer)) = write.split_last() else {
            return false;
        };
        self.reads.iter().all(|read| {
            read.starts_with(outer)
                && read.get(outer.len()).is_some_and(|(read_list, read_at)| {
                    read_list == list
                        && match scope {
                            Scope::Behind => read_at > at,
                            Scope::Inside => read_at == at && read.len() > write.len(),
                        }
                })
        })
    }
}

fn collect(stmts: &[Stmt], path: &mut Place, lists: &mut u32, uses: &mut [Uses]) {
    let list = *lists;
    *lists += 1;
    for (at, stmt) in (0_u32..).zip(stmts) {
        path.push((list, at));
        let parts = parts(stmt);
        let scope = match stmt.kind {
            StmtKind::Scan { .. } => Scope::Inside,
            _ => Scope::Behind,
        };
        for local in &parts.writes {
            uses[local.0 as usize].writes.push((path.clone(), scope));
        }
        for local in parts.read_locals() {
            uses[local.0 as usize].reads.push(path.clone());
        }
        for body in parts.bodies {
            collect(body, path, lists, uses);
        }
        path.pop();
    }
}
