//! Where rules stand: a tree over the constant beginnings of their references.
//!
//! A node with rules has none below it: rules whose references go on share the function of the shortest one. A `with`
//! that replaces a document hides the node of it for a while.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Module, Ref, Term, TermValue};
use crate::compile::rule_ref;

/// The position of a rule in [`Tree::rules`].
pub(super) type RuleIndex = usize;

/// The position of a node in the tree.
pub(super) type Node = usize;

/// A rule with its whole reference.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) rule: &'a crate::ast::Rule,
    pub(super) reference: Ref,
}

#[derive(Debug, Default)]
struct Content {
    rules: Vec<RuleIndex>,
    /// The node for each key, and what hides it: the last one counts.
    children: BTreeMap<Arc<str>, Vec<Option<Node>>>,
}

/// The tree, its root standing above `data`.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    /// The rules, in the order of the modules.
    pub(super) rules: Vec<Placed<'a>>,
    nodes: Vec<Content>,
}

const ROOT: Node = 0;

impl<'a> Tree<'a> {
    /// The rules of these modules.
    pub(super) fn new(modules: &'a [Module]) -> Self {
        let mut tree = Self {
            rules: Vec::new(),
            nodes: vec![Content::default()],
        };
        for module in modules {
            if module.rules.is_empty() {
                // A package without rules is an empty object.
                tree.shallowest_or_new(&module.package.path);
            }
            for rule in &module.rules {
                let reference = rule_ref(module, &rule.head);
                let node = tree.shallowest_or_new(constant_beginning(&reference));
                let mut rules = tree.descendants(node);
                rules.push(tree.rules.len());
                tree.rules.push(Placed { rule, reference });
                tree.nodes[node] = Content {
                    rules,
                    children: BTreeMap::new(),
                };
            }
        }
        tree
    }

    fn shallowest_or_new(&mut self, path: &[Term]) -> Node {
        let mut node = ROOT;
        for part in path {
            if !self.nodes[node].rules.is_empty() {
                break;
            }
            let Some(key) = key(part) else { break };
            node = if let Some(child) = self.child(node, key) {
                child
            } else {
                let new = self.nodes.len();
                self.nodes.push(Content::default());
                let children = &mut self.nodes[node].children;
                children.entry(key.clone()).or_default().push(Some(new));
                new
            };
        }
        node
    }

    fn descendants(&self, node: Node) -> Vec<RuleIndex> {
        let content = &self.nodes[node];
        let mut rules = content.rules.clone();
        for child in content.children.values().flatten().flatten() {
            rules.extend(self.descendants(*child));
        }
        rules
    }

    /// The node of `data`, unless it is hidden.
    pub(super) fn data(&self) -> Option<Node> {
        self.child(ROOT, "data")
    }

    /// The node of a whole reference.
    pub(super) fn find(&self, reference: &[Term]) -> Option<Node> {
        let (head, rest) = reference.split_first()?;
        let TermValue::Var(name) = &head.value else {
            return None;
        };
        let start = self.child(ROOT, name)?;
        rest.iter()
            .try_fold(start, |node, part| self.child_at(node, part))
    }

    /// The node below for this part of a reference.
    pub(super) fn child_at(&self, node: Node, part: &Term) -> Option<Node> {
        match &part.value {
            TermValue::String(name) => self.child(node, name),
            _ => None,
        }
    }

    pub(super) fn child(&self, node: Node, key: &str) -> Option<Node> {
        *self.nodes[node].children.get(key)?.last()?
    }

    /// The keys of the nodes below, in their order, without those that are hidden.
    pub(super) fn keys(&self, node: Node) -> Vec<Arc<str>> {
        let children = self.nodes[node].children.iter();
        children
            .filter(|(_, nodes)| matches!(nodes.last(), Some(Some(_))))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// How many keys there are below, and have been.
    pub(super) fn width(&self, node: Node) -> usize {
        self.nodes[node].children.len()
    }

    /// The rules at a node.
    pub(super) fn rules_at(&self, node: Node) -> &[RuleIndex] {
        &self.nodes[node].rules
    }

    /// How many parameters the function at a node has.
    pub(super) fn arity(&self, node: Node) -> usize {
        let first = self.rules_at(node).first();
        first.map_or(0, |index| self.rules[*index].rule.head.args.len())
    }

    /// Hides the node of a reference.
    pub(super) fn hide(&mut self, reference: &[Term]) {
        if let Some((node, key)) = self.above(reference) {
            let children = &mut self.nodes[node].children;
            children.entry(key).or_default().push(None);
        }
    }

    /// Undoes one [`Tree::hide`].
    pub(super) fn show(&mut self, reference: &[Term]) {
        if let Some((node, key)) = self.above(reference)
            && let Some(nodes) = self.nodes[node].children.get_mut(&key)
        {
            nodes.pop();
        }
    }

    /// The node above that of a reference, and the last key.
    fn above(&self, reference: &[Term]) -> Option<(Node, Arc<str>)> {
        let (last, rest) = reference.split_last()?;
        let node = if rest.is_empty() {
            ROOT
        } else {
            self.find(rest)?
        };
        Some((node, key(last)?.clone()))
    }
}

fn key(part: &Term) -> Option<&Arc<str>> {
    match &part.value {
        TermValue::Var(name) | TermValue::String(name) => Some(name),
        _ => None,
    }
}

/// The parts of a reference up to the first one that is no string.
fn constant_beginning(reference: &[Term]) -> &[Term] {
    let mut parts = reference.iter().skip(1);
    let end = parts.position(|part| !matches!(part.value, TermValue::String(_)));
    &reference[..end.map_or(reference.len(), |at| at + 1)]
}
