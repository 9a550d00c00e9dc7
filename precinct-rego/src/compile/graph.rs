//! Which rules read which.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use super::narrow;
use super::origins::{self, Origin};
use super::rule_tree::{RuleId, RuleNode, Rules};
use super::vars::{self, Scope, VarSet, name};
use super::visit::{self, Node, is_constant};
use crate::ast::{Module, Ref, Rule, Term, TermValue, Var};
use crate::capabilities::Capabilities;

/// The rules that each rule may read.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    dependencies: Vec<BTreeSet<RuleId>>,
    dependents: Vec<BTreeSet<RuleId>>,
    /// References that may select rules only through a variable. They are read for messages only.
    dynamic: HashMap<RuleId, Vec<DynamicRef>>,
}

/// A reference that may select rules through a variable.
#[derive(Clone, Debug)]
pub(super) struct DynamicRef {
    /// As it stands in the rule.
    pub(super) reference: Ref,
    /// With known values put in, if that leaves one reference.
    pub(super) selecting: Ref,
    /// Variables that may have a value when it is evaluated.
    pub(super) bound: VarSet,
    /// Where its variables get their values.
    pub(super) origins: HashMap<Var, Origin>,
    pub(super) rules: Vec<RuleId>,
}

/// A reference and a rule that it selects.
struct Dependency {
    /// Counts references of a rule.
    source: usize,
    reference: Ref,
    selecting: Ref,
    at: usize,
    rule: RuleId,
    is_static: bool,
    bound: VarSet,
}

impl Graph {
    pub(super) fn new(
        modules: &[Module],
        rules: &Rules,
        tree: &RuleNode,
        capabilities: &Capabilities,
    ) -> Self {
        let count = rules.iter().count();
        let mut graph = Self {
            dependencies: vec![BTreeSet::new(); count],
            dependents: vec![BTreeSet::new(); count],
            dynamic: HashMap::new(),
        };
        for id in rules.iter() {
            if let Some(rule) = rules.get(modules, id) {
                let mut reader = Reader {
                    rule,
                    rules,
                    tree,
                    bindings: None,
                    known: None,
                    bound: None,
                    sources: 0,
                    selected: BTreeSet::new(),
                    dependencies: Vec::new(),
                };
                reader.read();
                let (selected, dependencies) = (reader.selected, reader.dependencies);
                for target in selected {
                    for branch in rules.with_branches(target) {
                        graph.add(id, branch);
                    }
                }
                if dependencies.iter().any(|it| !it.is_static) {
                    let refs = dynamic_refs(rule, dependencies, capabilities);
                    graph.dynamic.insert(id, refs);
                }
            }
        }
        graph
    }

    fn add(&mut self, from: RuleId, to: RuleId) {
        if let Some(set) = self.dependencies.get_mut(from.index()) {
            set.insert(to);
        }
        if let Some(set) = self.dependents.get_mut(to.index()) {
            set.insert(from);
        }
    }

    /// The rules that this one may read.
    pub fn dependencies(&self, id: RuleId) -> impl Iterator<Item = RuleId> + '_ {
        self.dependencies
            .get(id.index())
            .into_iter()
            .flatten()
            .copied()
    }

    /// The rules that may read this one.
    pub fn dependents(&self, id: RuleId) -> impl Iterator<Item = RuleId> + '_ {
        self.dependents
            .get(id.index())
            .into_iter()
            .flatten()
            .copied()
    }

    /// The reference that may make one rule read the other; `None` if it reads it in any case.
    pub(super) fn dynamic_edge(
        &self,
        from: RuleId,
        to: RuleId,
        rules: &Rules,
    ) -> Option<&DynamicRef> {
        self.dynamic.get(&from)?.iter().find(|edge| {
            edge.rules
                .iter()
                .any(|rule| rules.with_branches(*rule).contains(&to))
        })
    }

    /// The rules, each behind all that it reads. Rules of a cycle come in any order.
    ///
    /// `compare` decides where the dependencies leave a choice.
    #[must_use]
    pub fn sorted(&self, compare: &dyn Fn(RuleId, RuleId) -> Ordering) -> Vec<RuleId> {
        let count = self.dependencies.len();
        let mut all: Vec<RuleId> = (0u32..).map(RuleId).take(count).collect();
        all.sort_by(|a, b| compare(*a, *b));
        let mut rank = vec![0; count];
        for (position, id) in all.iter().enumerate() {
            rank[id.index()] = position;
        }
        let children = |id: RuleId| {
            let mut list: Vec<RuleId> = self.dependencies(id).collect();
            list.sort_by_key(|child| std::cmp::Reverse(rank[child.index()]));
            list
        };
        let mut seen = vec![false; count];
        let mut sorted = Vec::with_capacity(count);
        for id in all {
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            let mut stack = vec![(id, children(id))];
            while let Some((current, open)) = stack.last_mut() {
                match open.pop() {
                    Some(next) if !seen[next.index()] => {
                        seen[next.index()] = true;
                        stack.push((next, children(next)));
                    }
                    Some(_) => {}
                    None => {
                        sorted.push(*current);
                        stack.pop();
                    }
                }
            }
        }
        sorted
    }

    /// The rules that are part of a cycle or read one that is.
    pub(super) fn entangled(&self) -> BTreeSet<RuleId> {
        let mut open: Vec<usize> = self.dependencies.iter().map(BTreeSet::len).collect();
        let mut free: Vec<usize> = (0..open.len()).filter(|index| open[*index] == 0).collect();
        let mut left: BTreeSet<RuleId> = (0u32..).map(RuleId).take(open.len()).collect();
        while let Some(index) = free.pop() {
            let id = RuleId(u32::try_from(index).unwrap_or(u32::MAX));
            left.remove(&id);
            for dependent in self.dependents(id) {
                let count = &mut open[dependent.index()];
                *count -= 1;
                if *count == 0 {
                    free.push(dependent.index());
                }
            }
        }
        left
    }
}

/// Reads what one rule depends on.
struct Reader<'a> {
    rule: &'a Rule,
    rules: &'a Rules,
    tree: &'a RuleNode,
    bindings: Option<Vec<narrow::Binding>>,
    /// What is known before the expression of this index.
    known: Option<(usize, narrow::Known)>,
    /// Variables that may have a value before the expression of this index.
    bound: Option<(usize, VarSet)>,
    sources: usize,
    selected: BTreeSet<RuleId>,
    dependencies: Vec<Dependency>,
}

impl<'a> Reader<'a> {
    fn read(&mut self) {
        let rule = self.rule;
        for (at, expr) in rule.body.iter().enumerate() {
            visit::expr(expr, &mut |node| self.node(node, at));
        }
        visit::head(rule, &mut |node| self.node(node, rule.body.len()));
    }

    fn node(&mut self, node: Node<'a>, at: usize) -> bool {
        if let Node::Term(Term {
            value: TermValue::Ref(reference),
            ..
        }) = node
            && vars::begins_with(reference, "data")
        {
            self.reference(reference, at);
        }
        false
    }

    fn reference(&mut self, reference: &'a Ref, at: usize) {
        if reference
            .iter()
            .skip(1)
            .all(|part| is_constant(&part.value))
        {
            for id in self.tree.selected_by(reference, self.rules) {
                self.selected.insert(id);
                self.depend(reference, reference, at, id, true, VarSet::new());
            }
            self.sources += 1;
            return;
        }
        let body = &self.rule.body;
        let bindings = self.bindings.get_or_insert_with(|| narrow::bindings(body));
        if self.known.as_ref().is_none_or(|(index, _)| *index != at) {
            self.known = Some((at, narrow::known_before(bindings, at)));
        }
        let expanded = match &self.known {
            Some((_, known)) if !known.is_empty() => narrow::expand(reference, known),
            _ => vec![reference.clone()],
        };
        let selecting = match expanded.as_slice() {
            [only] => only.clone(),
            _ => reference.clone(),
        };
        if self.bound.as_ref().is_none_or(|(index, _)| *index != at) {
            self.bound = Some((at, vars_before(self.rule, at)));
        }
        let bound = self
            .bound
            .as_ref()
            .map(|(_, vars)| vars.clone())
            .unwrap_or_default();
        for one in &expanded {
            for id in self.tree.selected_by(one, self.rules) {
                self.selected.insert(id);
                let is_static = selects(&selecting, self.rules.reference(id), &bound, None);
                self.depend(reference, &selecting, at, id, is_static, bound.clone());
            }
        }
        self.sources += 1;
    }

    fn depend(
        &mut self,
        reference: &Ref,
        selecting: &Ref,
        at: usize,
        rule: RuleId,
        is_static: bool,
        bound: VarSet,
    ) {
        self.dependencies.push(Dependency {
            source: self.sources,
            reference: if is_static {
                Ref::new()
            } else {
                reference.clone()
            },
            selecting: if is_static {
                Ref::new()
            } else {
                selecting.clone()
            },
            at,
            rule,
            is_static,
            bound,
        });
    }
}

fn dynamic_refs(
    rule: &Rule,
    dependencies: Vec<Dependency>,
    capabilities: &Capabilities,
) -> Vec<DynamicRef> {
    let certain: BTreeSet<RuleId> = dependencies
        .iter()
        .filter(|it| it.is_static)
        .map(|it| it.rule)
        .collect();
    let mut found: Vec<(usize, DynamicRef)> = Vec::new();
    for it in dependencies {
        if certain.contains(&it.rule) {
            continue;
        }
        match found.last_mut() {
            Some((source, last)) if *source == it.source => last.rules.push(it.rule),
            _ => found.push((
                it.source,
                DynamicRef {
                    origins: origins::of_vars(rule, it.at, &it.selecting, capabilities),
                    reference: it.reference,
                    selecting: it.selecting,
                    bound: it.bound,
                    rules: vec![it.rule],
                },
            )),
        }
    }
    found.into_iter().map(|(_, edge)| edge).collect()
}

/// The variables that may have a value when the expression at `index` is evaluated.
fn vars_before(rule: &Rule, index: usize) -> VarSet {
    let scope = Scope::default();
    let mut found = scope.of_terms(&rule.head.args);
    for term in rule.head.key.iter().chain(&rule.head.value) {
        scope.term(term, &mut found);
    }
    scope.body(rule.body.get(..index).unwrap_or(&rule.body), &mut found);
    found
}

/// Whether a reference selects a rule whatever its variables hold.
///
/// A variable that has no value yet and stands in the reference once enumerates all there is. With `positions`, those
/// parts of the reference are collected that must be equal to the rule's.
pub(super) fn selects(
    reference: &[Term],
    rule: &[Term],
    bound: &VarSet,
    mut positions: Option<&mut Vec<usize>>,
) -> bool {
    let mut is_static = true;
    for (index, (part, wanted)) in reference.iter().zip(rule).enumerate().skip(1) {
        if !is_constant(&wanted.value) {
            continue;
        }
        if let Some(var) = name(part)
            && !bound.contains(var)
            && reference.iter().filter(|it| name(it) == Some(var)).count() == 1
        {
            continue;
        }
        if is_constant(&part.value) {
            if part != wanted {
                return false;
            }
            continue;
        }
        match positions.as_deref_mut() {
            Some(list) => list.push(index),
            None => return false,
        }
        is_static = false;
    }
    is_static
}
