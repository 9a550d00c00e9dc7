//! Evaluations of whole packages: what is told of the documents and functions for which nothing is called.

use std::sync::Arc;

use precinct_rego::ir::{FunctionId, NodeId, TreeNode};

use super::Tracer;
use crate::trace::matched::Matched;
use crate::trace::{Op, Subject};

/// Where an evaluation of a whole package is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Package {
    pub(super) node: NodeId,
    /// How many of the nodes below are done.
    pub(super) done: usize,
}

impl Tracer<'_, '_> {
    /// All rules of a function.
    fn whole(&self, name: &Arc<str>) -> Matched {
        let mut matched = Matched::default();
        let rules = self.outline.rules.values();
        for rule in rules.filter(|rule| rule.text == *name && !rule.default && !rule.otherwise) {
            matched.add(rule.span, rule);
        }
        matched
    }

    /// Tells of the nodes of the package that is evaluated which nothing is called for: documents that are known already,
    /// and functions. They are those before the one that is called, or all that are left.
    pub(super) fn pass_over(&mut self, called: Option<FunctionId>) {
        let Some(package) = self.calls.last().and_then(|call| call.package) else {
            return;
        };
        let Some((ids, at, span)) = self.here() else {
            return;
        };
        let Some(node) = self.program.tree.get(package.node.index()) else {
            return;
        };
        let children: Vec<_> = node
            .children
            .values()
            .filter_map(|child| self.program.tree.get(child.index()))
            .collect();
        let is_called = |child: &&TreeNode| called.is_some() && child.document == called;
        let end = match called {
            Some(_) => match children.iter().position(is_called) {
                Some(at) => at,
                None => return,
            },
            None => children.len(),
        };
        for child in children.get(package.done..end).unwrap_or_default() {
            let Some(function) = child.document.or(child.function) else {
                continue;
            };
            let Some(known) = self.program.functions.get(function.index()) else {
                continue;
            };
            let name = Arc::clone(&known.name);
            let said = match child.document {
                Some(_) => self.indexed.get(&name).cloned(),
                None => Some(self.whole(&name).said(self.early_exit)),
            };
            if let Some(said) = said {
                self.push(Op::Index, ids, Subject::Expr(at), span, name);
                self.say(said);
            }
        }
        if let Some(package) = self.calls.last_mut().and_then(|call| call.package.as_mut()) {
            package.done = end + 1;
        }
    }
}
