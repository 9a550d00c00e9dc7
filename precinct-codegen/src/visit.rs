//! What a statement reads, writes, holds and leaves through: one exhaustive list that every analysis shares.

use precinct_rego::ir::{
    CallTarget, Label, Local, Operand, Patch, Replacement, Stmt, StmtKind, Test,
};

/// The parts of one statement, statements inside it apart.
#[derive(Debug, Default)]
pub(crate) struct Parts<'p> {
    /// Locals that it assigns or builds on.
    pub(crate) writes: Vec<Local>,
    /// Locals that it reads besides its operands: builders and tested optionals.
    pub(crate) touches: Vec<Local>,
    /// Values that it reads.
    pub(crate) reads: Vec<Operand>,
    /// Labels that it leaves through.
    pub(crate) exits: Vec<Label>,
    /// Functions and builtins that it can call.
    pub(crate) calls: Vec<CallTarget>,
    /// The statements inside it.
    pub(crate) bodies: Vec<&'p [Stmt]>,
}

impl Parts<'_> {
    /// All locals that the statement reads or builds on.
    pub(crate) fn read_locals(&self) -> impl Iterator<Item = Local> + '_ {
        self.reads
            .iter()
            .filter_map(|operand| match operand {
                Operand::Local(local) => Some(*local),
                Operand::Constant(_) => None,
            })
            .chain(self.touches.iter().copied())
    }
}

/// Takes a statement apart.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each kind of statement, nothing else"
)]
pub(crate) fn parts(stmt: &Stmt) -> Parts<'_> {
    let mut parts = Parts::default();
    match &stmt.kind {
        StmtKind::Block { label: _, body } => parts.bodies.push(body),
        StmtKind::Break { label } => parts.exits.push(*label),
        StmtKind::Scan {
            label: _,
            source,
            key,
            value,
            join,
            body,
        } => {
            parts.reads.push(*source);
            let wanted = join.as_ref().and_then(|join| join.wanted.local());
            parts.reads.extend(wanted.map(Operand::Local));
            parts.writes.extend(key);
            parts.writes.extend(value);
            parts.bodies.push(body);
        }
        StmtKind::Switch { on, cases, default } => {
            parts.reads.push(*on);
            parts.bodies.extend(cases.iter().map(|case| &case.body[..]));
            parts.bodies.push(default);
        }
        StmtKind::Select { subjects, arms } => {
            for subject in subjects {
                parts.reads.extend(subject.local().map(Operand::Local));
            }
            parts.bodies.extend(arms.iter().map(|arm| &arm.body[..]));
        }
        StmtKind::Assign { target, source } => {
            parts.reads.push(*source);
            parts.writes.push(*target);
        }
        StmtKind::Clear { target } => parts.writes.push(*target),
        StmtKind::Input {
            target,
            path: _,
            otherwise,
        }
        | StmtKind::Data {
            target,
            path: _,
            otherwise,
        } => {
            parts.writes.push(*target);
            parts.exits.push(*otherwise);
        }
        StmtKind::Get {
            target,
            source,
            key,
            otherwise,
        } => {
            parts.reads.extend([*source, *key]);
            parts.writes.push(*target);
            parts.exits.push(*otherwise);
        }
        StmtKind::Call {
            target,
            function,
            args,
            otherwise,
        } => {
            parts.reads.extend(args);
            parts.writes.push(*target);
            parts.calls.push(*function);
            parts.exits.push(*otherwise);
        }
        StmtKind::Lookup {
            target,
            whole,
            keyed,
            keys,
            keys_first: _,
            otherwise,
        } => {
            parts.reads.extend(keys);
            parts.writes.push(*target);
            parts
                .calls
                .extend([*whole, *keyed].map(CallTarget::Function));
            parts.exits.push(*otherwise);
        }
        StmtKind::CallReplacement {
            target,
            mock: _,
            candidates,
            args,
            otherwise,
        } => {
            parts.reads.extend(args);
            parts.writes.push(*target);
            parts.calls.extend(candidates);
            parts.exits.push(*otherwise);
        }
        StmtKind::Test { test, otherwise } => {
            test_parts(test, &mut parts);
            parts.exits.push(*otherwise);
        }
        StmtKind::Array { target, items } | StmtKind::Set { target, items } => {
            parts.reads.extend(items);
            parts.writes.push(*target);
        }
        StmtKind::Object { target, entries } => {
            for (key, value) in entries {
                parts.reads.extend([*key, *value]);
            }
            parts.writes.push(*target);
        }
        StmtKind::Begin { builder } => parts.writes.push(*builder),
        StmtKind::Push { builder, value } => {
            parts.reads.push(*value);
            parts.touches.push(*builder);
        }
        StmtKind::Group {
            builder,
            key,
            value,
            is_set: _,
        }
        | StmtKind::Insert {
            builder,
            key,
            value,
            conflict: _,
        } => {
            parts.reads.extend([*key, *value]);
            parts.touches.push(*builder);
        }
        StmtKind::Extend { builder, source } => {
            parts.reads.push(*source);
            parts.touches.push(*builder);
        }
        StmtKind::PutAt {
            builder,
            path,
            value,
        } => {
            parts.reads.extend(path);
            parts.reads.push(*value);
            parts.touches.push(*builder);
        }
        StmtKind::AddAt {
            builder,
            path,
            value,
        } => {
            parts.reads.extend(path);
            parts.reads.extend(value);
            parts.touches.push(*builder);
        }
        StmtKind::Finish { target, builder } => {
            parts.writes.push(*target);
            parts.touches.push(*builder);
        }
        StmtKind::AssignOnce {
            target,
            source,
            conflict: _,
        } => {
            parts.reads.push(*source);
            parts.writes.push(*target);
            parts.touches.push(*target);
        }
        StmtKind::Return { value } => parts.reads.push(*value),
        StmtKind::With { patches, body } => {
            for patch in patches {
                match patch {
                    Patch::Input { path: _, value }
                    | Patch::Data {
                        path: _,
                        value,
                        mask: _,
                    } => parts.reads.push(*value),
                    Patch::Function { mock: _, by } => match by {
                        Replacement::Value(value) => parts.reads.push(*value),
                        Replacement::Call(_) => {}
                    },
                }
            }
            parts.bodies.push(body);
        }
        StmtKind::Enter { rule: _ }
        | StmtKind::Indexed { rule: _ }
        | StmtKind::Mark
        | StmtKind::Fail { .. } => {}
    }
    parts
}

fn test_parts(test: &Test, parts: &mut Parts<'_>) {
    match test {
        Test::Truthy(value) | Test::Collection(value) => parts.reads.push(*value),
        Test::Compare {
            comparison: _,
            left,
            right,
        } => parts.reads.extend([*left, *right]),
        Test::ArrayOf { value, length: _ } | Test::ObjectOf { value, length: _ } => {
            parts.reads.push(*value);
        }
        Test::Member { value, collection } => parts.reads.extend([*value, *collection]),
        Test::Set(local) => parts.touches.push(*local),
        Test::Holds { builder, least: _ } => parts.touches.push(*builder),
        Test::Lenient | Test::Unmasked(_) | Test::Mocked(_) => {}
        Test::Not(inner) => test_parts(inner, parts),
    }
}

/// Calls the visitor for each statement, those inside others too, outer ones first.
pub(crate) fn walk<'p>(stmts: &'p [Stmt], visit: &mut impl FnMut(&'p Stmt)) {
    for stmt in stmts {
        visit(stmt);
        for body in parts(stmt).bodies {
            walk(body, visit);
        }
    }
}
