//! What the `with` modifiers of a program replace. Every one is known before the first function is written, because a
//! reference that stands far from any `with` has to look whether its rules are hidden or its function is replaced.

use std::sync::Arc;

use super::tables::{Tables, dotted_name, name_and_path};
use crate::ast::{Body, Child, Rule, Term, With};
use crate::ir::{CallTarget, MaskId, MockId};

/// What a `with` replaces.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A path of `input`.
    Input(Vec<Arc<str>>),
    /// A path of `data`.
    Data(Vec<Arc<str>>, MaskId),
    /// A function or builtin.
    Function(MockId),
}

impl Tables<'_> {
    /// Resolves the target of a modifier, and notes the replacement.
    pub(super) fn target(&mut self, with: &With) -> Option<Target> {
        let (head, path, _) = name_and_path(&with.target)?;
        match head {
            "input" => Some(Target::Input(path)),
            "data" if self.function_at(&path).is_none() => {
                let mask = self.mask(&path);
                Some(Target::Data(path, mask))
            }
            _ => {
                let name = dotted_name(&with.target)?;
                let by = self.callable(&with.value);
                Some(Target::Function(self.add_mock(&name, by)))
            }
        }
    }

    /// The function or builtin that the term names.
    pub(super) fn callable(&mut self, term: &Term) -> Option<CallTarget> {
        let (head, path, operands) = name_and_path(term)?;
        if path.len() < operands {
            return None;
        }
        if head == "data" {
            return self.function_at(&path).map(CallTarget::Function);
        }
        let name = dotted_name(term)?;
        let (id, _) = self.builtin(&name)?;
        Some(CallTarget::Builtin(id))
    }

    /// Notes every replacement in a rule and its `else` branches.
    pub(super) fn note_rule(&mut self, rule: &Rule) {
        for branch in rule.branches() {
            branch.each_child(|child| self.note(child));
        }
    }

    /// Notes every replacement in a body.
    pub(super) fn note_body(&mut self, body: &Body) {
        self.note(Child::Body(body));
    }

    fn note(&mut self, child: Child<'_>) {
        match child {
            Child::Term(term) => term.each_child(|child| self.note(child)),
            Child::Body(body) => body.iter().for_each(|expr| self.note(Child::Expr(expr))),
            Child::Expr(expr) => {
                for with in &expr.with {
                    self.target(with);
                }
                expr.each_child(|child| self.note(child));
            }
        }
    }
}
