//! The rules of all modules by their paths, and what contradicts what.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::display;
use crate::ast::{Module, Rule, Span, Term, TermValue};
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

/// The position of a rule: module, rule.
pub(super) type RuleAt = (usize, usize);

/// The tree of virtual documents, by the constant parts of rule heads.
#[derive(Debug, Default)]
pub(super) struct RuleTree {
    root: Node,
}

#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) rules: Vec<RuleAt>,
    pub(super) children: BTreeMap<Key, Node>,
    /// The number of parameters, when the rules here are functions.
    arity: Option<usize>,
    /// A module's package ends here.
    packages: Vec<usize>,
}

/// A constant part of a rule's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// Anything but a string, as it is written.
    Other(String),
    /// A string.
    Text(Arc<str>),
}

fn key(term: &Term) -> Option<Key> {
    match &term.value {
        TermValue::String(text) => Some(Key::Text(text.clone())),
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) => {
            Some(Key::Other(term.to_string()))
        }
        _ => None,
    }
}

/// The constant parts of a reference behind its head.
fn keys(parts: &[Term]) -> Vec<Key> {
    parts.iter().skip(1).map_while(key).collect()
}

/// The whole path of a rule: the package's, then the head's.
pub(super) fn full_path(module: &Module, rule: &Rule) -> Vec<Term> {
    let mut path = module.package.path.clone();
    for (index, part) in rule.head.reference.iter().enumerate() {
        let mut part = part.clone();
        if index == 0
            && let TermValue::Var(name) = &part.value
        {
            part.value = TermValue::String(name.clone());
        }
        path.push(part);
    }
    path
}

/// Whether a rule's head is constant.
fn is_ground(rule: &Rule) -> bool {
    rule.head
        .reference
        .iter()
        .skip(1)
        .all(|part| key(part).is_some())
}

/// Whether a rule adds members to a set.
fn is_multi_value(rule: &Rule) -> bool {
    rule.head.value.is_none()
}

impl RuleTree {
    pub(super) fn new(modules: &[Module]) -> Self {
        let mut tree = Self::default();
        for (number, module) in modules.iter().enumerate() {
            tree.node_mut(&keys(&module.package.path))
                .packages
                .push(number);
            for (index, rule) in module.rules.iter().enumerate() {
                let node = tree.node_mut(&keys(&full_path(module, rule)));
                node.rules.push((number, index));
                node.arity.get_or_insert(rule.head.args.len());
            }
        }
        tree
    }

    fn node_mut(&mut self, path: &[Key]) -> &mut Node {
        path.iter().fold(&mut self.root, |node, key| {
            node.children.entry(key.clone()).or_default()
        })
    }

    /// The node of a reference's path, all of which is constant.
    pub(super) fn find(&self, reference: &[Term]) -> Option<&Node> {
        let head = reference.first()?;
        if !matches!(&head.value, TermValue::Var(name) if name.as_ref() == "data") {
            return None;
        }
        reference
            .iter()
            .skip(1)
            .try_fold(&self.root, |node, part| node.children.get(&key(part)?))
    }

    /// Whether rules or packages stand at the reference.
    pub(super) fn has(&self, reference: &[Term]) -> bool {
        self.find(reference).is_some()
    }

    /// The number of parameters of the rules that stand at the reference.
    pub(super) fn arity(&self, reference: &[Term]) -> Option<usize> {
        self.find(reference)?.arity
    }

    /// Whether a function stands at the reference.
    pub(super) fn is_function(&self, reference: &[Term]) -> bool {
        self.arity(reference).is_some_and(|arity| arity > 0)
    }

    /// Whether rules stand above the last part of the reference.
    pub(super) fn has_rules_above(&self, reference: &[Term]) -> bool {
        let mut node = &self.root;
        for part in reference
            .iter()
            .take(reference.len().saturating_sub(1))
            .skip(1)
        {
            let Some(next) = key(part).and_then(|key| node.children.get(&key)) else {
                return false;
            };
            if !next.rules.is_empty() {
                return true;
            }
            node = next;
        }
        false
    }

    /// All rules that a reference can select: those on its way, and below where it leads or becomes variable.
    pub(super) fn selected(&self, reference: &[Term]) -> Vec<RuleAt> {
        let mut found = Vec::new();
        let is_data = reference.first().is_some_and(
            |head| matches!(&head.value, TermValue::Var(name) if name.as_ref() == "data"),
        );
        if is_data {
            select(&self.root, &reference[1..], &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The contradictions between rules.
    pub(super) fn conflicts(&self, modules: &[Module], sources: &Sources) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        conflicts_at(&self.root, modules, sources, &mut errors);
        self.package_conflicts(modules, sources, &mut errors);
        errors
    }

    fn package_conflicts(
        &self,
        modules: &[Module],
        sources: &Sources,
        errors: &mut Vec<Diagnostic>,
    ) {
        for (number, module) in modules.iter().enumerate() {
            for rule in module.rules.iter().filter(|rule| is_ground(rule)) {
                let path = full_path(module, rule);
                let Some(node) = self.find(&path) else {
                    continue;
                };
                for &other in node.packages.iter().filter(|other| **other != number) {
                    errors.push(Diagnostic::new(
                        Code::Type,
                        module.package.span,
                        format!(
                            "package {} conflicts with rule {} defined at {}",
                            modules[other].package,
                            display::ref_text(&rule.head.reference),
                            location(rule.span, sources)
                        ),
                    ));
                }
            }
        }
    }
}

fn select(node: &Node, rest: &[Term], found: &mut Vec<RuleAt>) {
    found.extend(&node.rules);
    let Some((part, rest)) = rest.split_first() else {
        return all_below(node, found);
    };
    match key(part) {
        Some(key) => {
            if let Some(next) = node.children.get(&key) {
                select(next, rest, found);
            }
        }
        None => node
            .children
            .values()
            .for_each(|next| select(next, rest, found)),
    }
}

fn all_below(node: &Node, found: &mut Vec<RuleAt>) {
    for next in node.children.values() {
        found.extend(&next.rules);
        all_below(next, found);
    }
}

fn location(span: Span, sources: &Sources) -> String {
    let name = sources
        .get(span.source)
        .map(|source| source.name.to_string());
    format!("{}:{}", name.unwrap_or_default(), span.row)
}

fn conflicts_at(node: &Node, modules: &[Module], sources: &Sources, errors: &mut Vec<Diagnostic>) {
    if !node.rules.is_empty() {
        check_node(node, modules, sources, errors);
    }
    for next in node.children.values() {
        conflicts_at(next, modules, sources, errors);
    }
}

fn check_node(node: &Node, modules: &[Module], sources: &Sources, errors: &mut Vec<Diagnostic>) {
    let rules: Vec<(&Module, &Rule)> = node
        .rules
        .iter()
        .map(|&(module, rule)| (&modules[module], &modules[module].rules[rule]))
        .collect();
    let Some(&(first_module, first)) = rules.first() else {
        return;
    };
    let (last_module, last) = rules.last().copied().unwrap_or((first_module, first));
    let name = display::ref_text(&full_path(last_module, last));
    let any = |test: &dyn Fn(&Rule) -> bool| rules.iter().any(|(_, rule)| test(rule));
    let mut below = Vec::new();
    if any(&is_ground) && !node.children.is_empty() {
        all_below(node, &mut below);
    } else if any(&|rule| !is_ground(rule)) {
        all_below(node, &mut below);
        below.retain(|&(module, rule)| !modules[module].rules[rule].head.args.is_empty());
    }
    if !below.is_empty() {
        let places: Vec<String> = below
            .iter()
            .map(|&(module, rule)| {
                let (module, rule) = (&modules[module], &modules[module].rules[rule]);
                format!(
                    "rule {} defined at {}",
                    display::ref_text(&full_path(module, rule)),
                    location(rule.span, sources)
                )
            })
            .collect();
        let text = match &places[..] {
            [one] => format!(" {one}"),
            many => format!(":\n  {}", many.join("\n  ")),
        };
        errors.push(Diagnostic::new(
            Code::Type,
            first.span,
            format!("rule {name} conflicts with{text}"),
        ));
        return;
    }
    let complete = |rule: &Rule| !is_multi_value(rule) && is_ground(rule);
    let mixed = any(&is_multi_value) && any(&|rule| !is_multi_value(rule));
    let arities = any(&|rule| rule.head.args.len() != first.head.args.len());
    let partial = any(&complete) && any(&|rule| !complete(rule));
    let sets = any(&|rule| is_multi_value(rule) && is_ground(rule))
        && any(&|rule| is_multi_value(rule) && !is_ground(rule));
    if mixed || arities || partial || sets {
        let text = format!("conflicting rules {name} found");
        errors.push(Diagnostic::new(Code::Type, first.span, text));
        return;
    }
    let defaults: Vec<&(&Module, &Rule)> = rules.iter().filter(|(_, rule)| rule.default).collect();
    if let [(module, _), _, ..] = defaults.as_slice() {
        let places: Vec<String> = defaults
            .iter()
            .map(|(_, rule)| location(rule.span, sources))
            .collect();
        errors.push(Diagnostic::new(
            Code::Type,
            module.package.span,
            format!(
                "multiple default rules {name} found at {}",
                places.join(", ")
            ),
        ));
    }
}
