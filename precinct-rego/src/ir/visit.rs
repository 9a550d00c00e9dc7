//! What a statement reads, writes, leaves through and holds, for passes that treat all statements alike.

use super::{Arm, Case, Label, Local, Operand, Patch, Replacement, Stmt, StmtKind, Subject, Test};

impl StmtKind {
    /// Calls `f` on each operand that the statement itself reads, those of the statements it holds left out.
    pub fn operands_mut(&mut self, f: &mut impl FnMut(&mut Operand)) {
        match self {
            Self::Block { .. }
            | Self::Break { .. }
            | Self::Clear { .. }
            | Self::Input { .. }
            | Self::Data { .. }
            | Self::Begin { .. }
            | Self::Finish { .. }
            | Self::Enter { .. }
            | Self::Indexed { .. }
            | Self::Mark
            | Self::Fail { .. } => {}
            Self::Scan { source, join, .. } => {
                f(source);
                if let Some(join) = join {
                    subject_mut(&mut join.wanted, f);
                }
            }
            Self::Assign { source, .. }
            | Self::Extend { source, .. }
            | Self::AssignOnce { source, .. } => f(source),
            Self::Switch { on, .. } => f(on),
            Self::Select { subjects, .. } => {
                for subject in subjects {
                    subject_mut(subject, f);
                }
            }
            Self::Get { source, key, .. } => {
                f(source);
                f(key);
            }
            Self::Call { args, .. }
            | Self::Lookup { keys: args, .. }
            | Self::CallReplacement { args, .. } => {
                args.iter_mut().for_each(f);
            }
            Self::Test { test, .. } => test.operands_mut(f),
            Self::Array { items, .. } | Self::Set { items, .. } => items.iter_mut().for_each(f),
            Self::Object { entries, .. } => {
                for (key, value) in entries {
                    f(key);
                    f(value);
                }
            }
            Self::Push { value, .. } | Self::Return { value } => f(value),
            Self::Group { key, value, .. } | Self::Insert { key, value, .. } => {
                f(key);
                f(value);
            }
            Self::PutAt { path, value, .. } => {
                path.iter_mut().for_each(&mut *f);
                f(value);
            }
            Self::AddAt { path, value, .. } => {
                path.iter_mut().for_each(&mut *f);
                value.iter_mut().for_each(f);
            }
            Self::With { patches, .. } => {
                for patch in patches {
                    match patch {
                        Patch::Input { value, .. }
                        | Patch::Data { value, .. }
                        | Patch::Function {
                            by: Replacement::Value(value),
                            ..
                        } => f(value),
                        Patch::Function {
                            by: Replacement::Call(_),
                            ..
                        } => {}
                    }
                }
            }
        }
    }

    /// Calls `f` on each operand that the statement itself reads, those of the statements it holds left out.
    pub fn operands(&self, f: &mut impl FnMut(Operand)) {
        let mut shallow = match self {
            Self::Block { .. } => return,
            Self::Scan { source, join, .. } => {
                f(*source);
                if let Some(local) = join.as_ref().and_then(|join| join.wanted.local()) {
                    f(Operand::Local(local));
                }
                return;
            }
            Self::Switch { on, .. } => return f(*on),
            Self::Select { subjects, .. } => Self::Select {
                subjects: subjects.clone(),
                arms: Vec::new(),
            },
            Self::With { patches, .. } => Self::With {
                patches: patches.clone(),
                body: Vec::new(),
            },
            simple => simple.clone(),
        };
        shallow.operands_mut(&mut |operand| f(*operand));
    }

    /// The locals that the statement itself sets; builders that it begins or fills are not among them.
    pub fn targets(&self) -> impl Iterator<Item = Local> + use<> {
        let (first, second) = match self {
            Self::Assign { target, .. }
            | Self::Clear { target }
            | Self::Input { target, .. }
            | Self::Data { target, .. }
            | Self::Get { target, .. }
            | Self::Call { target, .. }
            | Self::Lookup { target, .. }
            | Self::CallReplacement { target, .. }
            | Self::Array { target, .. }
            | Self::Object { target, .. }
            | Self::Set { target, .. }
            | Self::Finish { target, .. }
            | Self::AssignOnce { target, .. } => (Some(*target), None),
            Self::Scan { key, value, .. } => (*key, *value),
            Self::Block { .. }
            | Self::Break { .. }
            | Self::Switch { .. }
            | Self::Select { .. }
            | Self::Test { .. }
            | Self::Begin { .. }
            | Self::Push { .. }
            | Self::Group { .. }
            | Self::Insert { .. }
            | Self::Extend { .. }
            | Self::PutAt { .. }
            | Self::AddAt { .. }
            | Self::Return { .. }
            | Self::With { .. }
            | Self::Enter { .. }
            | Self::Indexed { .. }
            | Self::Mark
            | Self::Fail { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The label through which the statement itself can leave.
    pub fn exit(&self) -> Option<Label> {
        match self {
            Self::Break { label } => Some(*label),
            Self::Input { otherwise, .. }
            | Self::Data { otherwise, .. }
            | Self::Get { otherwise, .. }
            | Self::Call { otherwise, .. }
            | Self::Lookup { otherwise, .. }
            | Self::CallReplacement { otherwise, .. }
            | Self::Test { otherwise, .. } => Some(*otherwise),
            Self::Block { .. }
            | Self::Scan { .. }
            | Self::Switch { .. }
            | Self::Select { .. }
            | Self::Assign { .. }
            | Self::Clear { .. }
            | Self::Array { .. }
            | Self::Object { .. }
            | Self::Set { .. }
            | Self::Begin { .. }
            | Self::Push { .. }
            | Self::Group { .. }
            | Self::Insert { .. }
            | Self::Extend { .. }
            | Self::PutAt { .. }
            | Self::AddAt { .. }
            | Self::Finish { .. }
            | Self::AssignOnce { .. }
            | Self::Return { .. }
            | Self::With { .. }
            | Self::Enter { .. }
            | Self::Indexed { .. }
            | Self::Mark
            | Self::Fail { .. } => None,
        }
    }

    /// The lists of statements that the statement holds.
    pub fn bodies(&self) -> impl Iterator<Item = &Vec<Stmt>> {
        let (cases, one, arms): (&[Case], _, &[Arm]) = match self {
            Self::Block { body, .. } | Self::Scan { body, .. } | Self::With { body, .. } => {
                (&[], Some(body), &[])
            }
            Self::Switch { cases, default, .. } => (cases, Some(default), &[]),
            Self::Select { arms, .. } => (&[], None, arms),
            _ => (&[], None, &[]),
        };
        let cases = cases.iter().map(|case| &case.body);
        cases.chain(one).chain(arms.iter().map(|arm| &arm.body))
    }

    /// The lists of statements that the statement holds, to be changed.
    pub fn bodies_mut(&mut self) -> impl Iterator<Item = &mut Vec<Stmt>> {
        let (cases, one, arms): (&mut [Case], _, &mut [Arm]) = match self {
            Self::Block { body, .. } | Self::Scan { body, .. } | Self::With { body, .. } => {
                (&mut [], Some(body), &mut [])
            }
            Self::Switch { cases, default, .. } => (cases, Some(default), &mut []),
            Self::Select { arms, .. } => (&mut [], None, arms),
            _ => (&mut [], None, &mut []),
        };
        let cases = cases.iter_mut().map(|case| &mut case.body);
        let arms = arms.iter_mut().map(|arm| &mut arm.body);
        cases.chain(one).chain(arms)
    }

    /// Control never goes on behind the statement.
    pub fn diverges(&self) -> bool {
        matches!(
            self,
            Self::Break { .. } | Self::Return { .. } | Self::Fail { .. }
        )
    }
}

/// Calls `f` on the local of a subject; a constant can't take its place.
fn subject_mut(subject: &mut Subject, f: &mut impl FnMut(&mut Operand)) {
    match subject {
        Subject::Local(local) => {
            let mut operand = Operand::Local(*local);
            f(&mut operand);
            if let Operand::Local(replaced) = operand {
                *local = replaced;
            }
        }
        Subject::Get(source, _) => subject_mut(source, f),
        Subject::Input(_) | Subject::Data(_) | Subject::Constant(_) => {}
    }
}

impl Test {
    /// Calls `f` on each operand of the test.
    pub fn operands_mut(&mut self, f: &mut impl FnMut(&mut Operand)) {
        match self {
            Self::Truthy(value)
            | Self::Collection(value)
            | Self::ArrayOf { value, .. }
            | Self::ObjectOf { value, .. } => f(value),
            Self::Compare { left, right, .. } => {
                f(left);
                f(right);
            }
            Self::Member { value, collection } => {
                f(value);
                f(collection);
            }
            Self::Set(_)
            | Self::Holds { .. }
            | Self::Lenient
            | Self::Unmasked(_)
            | Self::Mocked(_) => {}
            Self::Not(test) => test.operands_mut(f),
        }
    }

    /// Calls `f` on the `Optional` or builder that the test asks about.
    pub fn asked(&self, f: &mut impl FnMut(Local)) {
        match self {
            Self::Set(local) | Self::Holds { builder: local, .. } => f(*local),
            Self::Not(test) => test.asked(f),
            Self::Truthy(_)
            | Self::Compare { .. }
            | Self::ArrayOf { .. }
            | Self::ObjectOf { .. }
            | Self::Collection(_)
            | Self::Member { .. }
            | Self::Lenient
            | Self::Unmasked(_)
            | Self::Mocked(_) => {}
        }
    }
}

/// Calls `f` on every statement, outer ones first.
pub fn each<'a>(stmts: &'a [Stmt], f: &mut impl FnMut(&'a Stmt)) {
    for stmt in stmts {
        f(stmt);
        for body in stmt.kind.bodies() {
            each(body, f);
        }
    }
}

/// Calls `f` on every statement, to change it, inner ones first.
pub fn each_mut(stmts: &mut [Stmt], f: &mut impl FnMut(&mut Stmt)) {
    for stmt in stmts {
        for body in stmt.kind.bodies_mut() {
            each_mut(body, f);
        }
        f(stmt);
    }
}

/// Calls `f` on every list of statements, to change it, inner ones first.
pub fn each_body(stmts: &mut Vec<Stmt>, f: &mut impl FnMut(&mut Vec<Stmt>)) {
    for stmt in stmts.iter_mut() {
        for body in stmt.kind.bodies_mut() {
            each_body(body, f);
        }
    }
    f(stmts);
}
