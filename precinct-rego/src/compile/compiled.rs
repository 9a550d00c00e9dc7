//! What compilation gives.

use std::collections::HashMap;
use std::sync::Arc;

use super::conflicts;
use super::errors::Places;
use super::graph::Graph;
use super::metadata::AnnotationSet;
use super::options::CompileOptions;
use super::rule_tree::{RuleId, RuleNode, Rules};
use super::types::TypeTree;
use crate::ast::{Body, Rule, TermValue, Var};
use crate::error::Diagnostic;

/// Modules that can be lowered: names resolved, variables unique, bodies in a safe order.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The modules, ordered by the names of their sources.
    pub modules: Vec<crate::ast::Module>,
    /// All rules of the modules.
    pub rules: Rules,
    /// The documents that the rules define. The root stands for `data`.
    pub tree: RuleNode,
    /// Which rules read which.
    pub graph: Graph,
    /// New names of variables to those in the source.
    pub renamed: HashMap<Var, Var>,
    /// The terms that made variables stand for, as the author wrote them.
    pub subjects: HashMap<Var, TermValue>,
    /// The annotations of the modules.
    pub annotations: AnnotationSet,
    /// What is known of the types of builtins and documents.
    pub types: TypeTree,
    /// How the modules were compiled; queries are compiled in the same way.
    pub options: CompileOptions,
    pub(super) places: Places,
}

impl Compiled {
    /// The rule of this identifier.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(&self.modules, id)
    }

    /// Errors for the rules at paths where the base documents have something.
    #[must_use]
    pub fn path_conflicts(&self, exists: &dyn Fn(&[Arc<str>]) -> bool) -> Vec<Diagnostic> {
        conflicts::with_data(&self.tree, &self.rules, &self.modules, exists, &[])
    }

    /// The rules in an order in which each follows all that it reads.
    #[must_use]
    pub fn sorted_rules(&self) -> Vec<RuleId> {
        sorted(&self.modules, &self.rules, &self.graph, &self.places)
    }
}

/// The rules in an order in which each follows all that it reads; otherwise by place, then reference.
pub(super) fn sorted(
    modules: &[crate::ast::Module],
    rules: &Rules,
    graph: &Graph,
    places: &Places,
) -> Vec<RuleId> {
    let span = |id| {
        rules
            .get(modules, id)
            .map(|rule| rule.span)
            .unwrap_or_default()
    };
    graph.sorted(&|a, b| {
        places
            .compare(span(a), span(b))
            .then_with(|| rules.reference(a).cmp(rules.reference(b)))
    })
}

/// A query that can be lowered.
#[derive(Clone, Debug)]
pub struct CompiledQuery {
    /// Its expressions, in a safe order.
    pub body: Body,
    /// The variables of the query that its answers show: name in the query, name in `body`.
    pub variables: Vec<(Var, Var)>,
    /// New names of variables to those in the query.
    pub renamed: HashMap<Var, Var>,
}
