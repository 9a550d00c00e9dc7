//! What the `with` modifiers of a program replace. Every one is known before the first function is written, because a
//! reference that stands far from any `with` has to look whether its rules are hidden or its function is replaced.

use std::sync::Arc;

use super::emit::{Emitter, Lowered};
use super::tables::{Tables, dotted_name, index, name_and_path};
use super::tree::data_path;
use crate::ast::{Body, Child, Rule, Term, With};
use crate::ir::{CallTarget, FunctionId, FunctionKind, MaskId, MockId, StmtKind};

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
                let by = self.replacement(with);
                Some(Target::Function(self.add_mock(&name, by)))
            }
        }
    }

    /// What takes the place of a function: another one, or a document of rules, which is evaluated where the function is
    /// called and not before. `None` for values.
    pub(super) fn replacement(&mut self, with: &With) -> Option<CallTarget> {
        self.callable(&with.value)
            .or_else(|| self.document_instead(with).map(CallTarget::Function))
    }

    /// The function that gives the document at the node that the value of a modifier names, whatever the arguments.
    fn document_instead(&mut self, with: &With) -> Option<FunctionId> {
        let (head, path, operands) = name_and_path(&with.value)?;
        let (node, steps) = self.descend(&path);
        if head != "data" || path.len() < operands || steps < path.len() {
            return None;
        }
        let arity = self.arity(&with.target)?;
        if let Some(id) = self.instead.get(&(node, arity)) {
            return Some(*id);
        }
        let id = self.reserve();
        self.instead.insert((node, arity), id);
        Some(id)
    }

    /// How many arguments a function or builtin takes.
    fn arity(&mut self, function: &Term) -> Option<u32> {
        let (head, path, _) = name_and_path(function)?;
        if head == "data" {
            let (node, _) = self.descend(&path);
            return self.nodes.get(node.index()).map(|node| index(node.arity));
        }
        let name = dotted_name(function)?;
        self.builtin(&name).map(|(_, signature)| signature.arity)
    }

    /// Writes the functions that give documents in the place of functions.
    pub(super) fn write_documents_instead(&mut self) -> Lowered<()> {
        let mut wanted: Vec<_> = self.instead.iter().map(|(to, id)| (*to, *id)).collect();
        wanted.sort_unstable_by_key(|(_, id)| *id);
        for ((node, arity), id) in wanted {
            let span = self.nodes[node.index()].span;
            let name = data_path(&self.program.tree[node.index()].path);
            let mut e = Emitter::new(self, span);
            for _ in 0..arity {
                e.value();
            }
            e.attempt(|e, _| {
                let value = e.document(node);
                e.emit(StmtKind::Return { value });
                Ok(())
            })?;
            let function = e.finish(name, FunctionKind::Part, arity, None, span);
            self.define(id, function);
        }
        Ok(())
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
