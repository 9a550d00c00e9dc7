//! The tree of virtual documents: which rules stand where, and the documents of its inner nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::emit::{Emitter, Lowered};
use super::tables::{Tables, index, strings};
use crate::ast::{Module, Rule, Span, Term, TermValue};
use crate::ir::{
    Conflict, Constant, FunctionKind, LocalKind, NodeId, RuleId, RuleInfo, StmtKind, Test, TreeNode,
};

/// The rules at one node.
#[derive(Default)]
pub(super) struct NodeRules<'a> {
    /// In the order of the modules.
    pub(super) rules: Vec<PlacedRule<'a>>,
    /// The number of parameters, for functions.
    pub(super) arity: usize,
    /// Where the first package or rule of the node stands.
    pub(super) span: Span,
}

/// A rule and its place below the node.
#[derive(Clone, Copy)]
pub(super) struct PlacedRule<'a> {
    pub(super) rule: &'a Rule,
    /// The identifier of the rule; its `else` branches have the next ones.
    pub(super) id: RuleId,
    /// The operands of the head behind the node's path; the first is no string.
    pub(super) rest: &'a [Term],
}

impl NodeRules<'_> {
    /// The node's rules define a document: they are not functions.
    pub(super) fn has_document(&self) -> bool {
        !self.rules.is_empty() && self.arity == 0
    }

    /// The rules say what the whole document is, and not what it holds.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_general()
            && self
                .rules
                .iter()
                .any(|placed| placed.rule.head.value.is_some())
    }

    /// The heads of some rules have parts that are known only at run time.
    pub(super) fn is_general(&self) -> bool {
        self.rules.iter().any(|placed| !placed.rest.is_empty())
    }
}

impl<'a> Tables<'a> {
    /// Puts every rule of the modules at its place, and reserves a function for each node.
    pub(super) fn plant(&mut self, modules: &'a [Module]) {
        self.program.tree.push(TreeNode::default());
        self.nodes.push(NodeRules::default());
        for module in modules {
            let package = package_path(module);
            self.node(&package, module.package.span);
            for rule in &module.rules {
                self.plant_rule(&package, rule);
            }
        }
        for position in 0..self.nodes.len() {
            let is_function = self.nodes[position].arity > 0;
            let id = self.reserve();
            let node = &mut self.program.tree[position];
            if is_function {
                node.function = Some(id);
            } else {
                node.document = Some(id);
            }
        }
    }

    fn plant_rule(&mut self, package: &[Arc<str>], rule: &'a Rule) {
        let (head, operands) = match rule.head.reference.split_first() {
            Some((head, operands)) => (term_name(head), operands),
            None => (Some(&rule.head.name), [].as_slice()),
        };
        let mut path = package.to_vec();
        path.push(head.map_or_else(|| Arc::clone(&rule.head.name), Arc::clone));
        let names = strings(operands);
        let rest = &operands[names.len()..];
        path.extend(names);
        let node = self.node(&path, rule.span);
        let text: Arc<str> = rule_path(&path, rest).into();
        let mut first = None;
        for branch in rule.branches() {
            let id = self.rule(RuleInfo {
                path: Arc::clone(&text),
                span: branch.span,
            });
            first.get_or_insert(id);
        }
        let rules = &mut self.nodes[node.index()];
        if rules.rules.is_empty() {
            rules.span = rule.span;
        }
        rules.arity = rules.arity.max(rule.head.args.len());
        if let Some(id) = first {
            rules.rules.push(PlacedRule { rule, id, rest });
        }
    }

    /// The node at this path, made if need be.
    fn node(&mut self, path: &[Arc<str>], span: Span) -> NodeId {
        let (mut node, steps) = self.descend(path);
        for length in steps..path.len() {
            let child = NodeId(index(self.program.tree.len()));
            self.program.tree.push(TreeNode {
                path: path[..=length].to_vec(),
                children: BTreeMap::new(),
                document: None,
                function: None,
            });
            self.nodes.push(NodeRules {
                span,
                ..NodeRules::default()
            });
            self.program.tree[node.index()]
                .children
                .insert(Arc::clone(&path[length]), child);
            node = child;
        }
        node
    }

    /// Lists the documents that can be asked for by their paths.
    pub(super) fn note_entrypoints(&mut self) {
        let mut nodes = vec![NodeId(0)];
        while let Some(id) = nodes.pop() {
            let node = &self.program.tree[id.index()];
            if let Some(document) = node.document {
                self.program
                    .entrypoints
                    .insert(node.path.join("/"), document);
            }
            if !self.nodes[id.index()].has_document() {
                nodes.extend(node.children.values());
            }
        }
    }

    /// The document of an inner node: the documents below, with base data there laid over
    /// them.
    pub(super) fn inner_document(&mut self, node: NodeId) -> Lowered<()> {
        let tree_node = &self.program.tree[node.index()];
        let Some(id) = tree_node.document else {
            return Ok(());
        };
        let path = tree_node.path.clone();
        let children: Vec<_> = tree_node
            .children
            .iter()
            .map(|(name, child)| (Arc::clone(name), *child))
            .collect();
        let span = self.nodes[node.index()].span;
        let masks = self.masks_over(&path);
        let memo = self.memo();
        let name = data_path(&path);
        let path_is_root = path.is_empty();
        let mut e = Emitter::new(self, span);
        e.attempt(|e, _| {
            if !masks.is_empty() {
                let outer = e.fail;
                e.attempt(|e, _| {
                    e.test(Test::Not(Box::new(Test::Unmasked(masks))));
                    e.fail = outer;
                    let value = e.base(path.clone());
                    e.emit(StmtKind::Return { value });
                    Ok(())
                })?;
            }
            let value = e.build(LocalKind::ObjectBuilder, |e, builder| {
                for (name, child) in children {
                    // Policies of the engine itself are no part of the documents that users see.
                    if path_is_root && name.as_ref() == super::refs::HIDDEN {
                        continue;
                    }
                    if e.tables.program.tree[child.index()].document.is_none() {
                        continue;
                    }
                    e.attempt(|e, _| {
                        let value = e.document(child);
                        let key = e.constant(Constant::String(name));
                        e.emit(StmtKind::Insert {
                            builder,
                            key,
                            value,
                            conflict: Conflict::Replace,
                        });
                        Ok(())
                    })?;
                }
                e.attempt(|e, _| {
                    let source = e.base_document(path)?;
                    e.emit(StmtKind::Extend { builder, source });
                    Ok(())
                })
            })?;
            e.emit(StmtKind::Return { value });
            Ok(())
        })?;
        let function = e.finish(name, FunctionKind::Tree(node), 0, Some(memo), span);
        self.define(id, function);
        Ok(())
    }
}

fn package_path(module: &Module) -> Vec<Arc<str>> {
    strings(module.package.path.get(1..).unwrap_or_default())
}

fn term_name(term: &Term) -> Option<&Arc<str>> {
    match &term.value {
        TermValue::Var(name) | TermValue::String(name) => Some(name),
        _ => None,
    }
}

/// `data.a.b`
pub(super) fn data_path(path: &[Arc<str>]) -> Arc<str> {
    let mut text = "data".to_owned();
    for part in path {
        push_part(&mut text, part);
    }
    text.into()
}

/// `data.a.b[x]`
fn rule_path(path: &[Arc<str>], rest: &[Term]) -> String {
    let mut text = data_path(path).to_string();
    for term in rest {
        match &term.value {
            TermValue::String(part) => push_part(&mut text, part),
            TermValue::Var(name) | TermValue::Number(name) => {
                text.push('[');
                text.push_str(name);
                text.push(']');
            }
            TermValue::Boolean(value) => {
                text.push_str(if *value { "[true]" } else { "[false]" });
            }
            TermValue::Null => text.push_str("[null]"),
            TermValue::Template(_)
            | TermValue::Ref(_)
            | TermValue::Array(_)
            | TermValue::Object(_)
            | TermValue::Set(_)
            | TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_)
            | TermValue::Call(_) => text.push_str("[_]"),
        }
    }
    text
}

fn push_part(text: &mut String, part: &str) {
    let plain = part
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain {
        text.push('.');
        text.push_str(part);
    } else {
        text.push_str("[\"");
        text.push_str(&part.replace('\\', "\\\\").replace('"', "\\\""));
        text.push_str("\"]");
    }
}
