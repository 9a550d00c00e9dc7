//! Rules that cannot stand side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::functions::with_original_names;
use super::rule_tree::{Key, RuleId, RuleNode, Rules, is_multi_value, package_span};
use super::visit::{ground_prefix, refs_ground};
use crate::ast::display::ref_text;
use crate::ast::{Module, Rule, Span, Term, Var};
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

/// What the checks look at.
pub(super) struct Conflicts<'a> {
    pub(super) modules: &'a [Module],
    pub(super) rules: &'a Rules,
    pub(super) tree: &'a RuleNode,
    pub(super) original: &'a HashMap<Var, Var>,
    pub(super) sources: &'a Sources,
}

impl Conflicts<'_> {
    /// All conflicts among the rules.
    pub(super) fn find(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        self.tree.depth_first(&mut |node| {
            errors.extend(self.at(node));
            false
        });
        errors.extend(self.with_packages());
        errors
    }

    fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(self.modules, id)
    }

    fn text(&self, reference: &[Term]) -> String {
        ref_text(&with_original_names(reference, self.original))
    }

    fn place(&self, span: Span) -> String {
        let name = self.sources.get(span.source).map(|source| &source.name);
        match name {
            Some(name) if !name.is_empty() => format!("{name}:{}", span.row),
            _ => format!("{}:{}", span.row, span.col),
        }
    }

    fn at(&self, node: &RuleNode) -> Option<Diagnostic> {
        let rules: Vec<(RuleId, &Rule)> = node
            .rules
            .iter()
            .filter_map(|id| Some((*id, self.rule(*id)?)))
            .collect();
        let (_, first) = rules.first()?;
        let name = self.text(self.rules.reference(rules.last()?.0));
        let ground = |id: RuleId| refs_ground(self.rules.reference(id));

        let mut below = Vec::new();
        if !node.children.is_empty() {
            if rules.iter().any(|(id, _)| ground(*id)) {
                below = self.below(node, &|_| true);
            }
            if below.is_empty() && rules.iter().any(|(id, _)| !ground(*id)) {
                below = self.below(node, &|rule| !rule.head.args.is_empty());
            }
        }
        if !below.is_empty() {
            let lines: Vec<String> = below
                .iter()
                .map(|(reference, span)| {
                    format!("  rule {} at {}", self.text(reference), self.place(*span))
                })
                .collect();
            return Some(Diagnostic::new(
                Code::Type,
                first.span,
                format!("rule {name} conflicts with:\n{}", lines.join("\n")),
            ));
        }

        let kinds: BTreeSet<bool> = rules
            .iter()
            .map(|(_, rule)| is_multi_value(&rule.head))
            .collect();
        let arities: BTreeSet<usize> = rules.iter().map(|(_, rule)| rule.head.args.len()).collect();
        let complete = |(id, rule): &(RuleId, &Rule)| !is_multi_value(&rule.head) && ground(*id);
        let some_complete = rules.iter().any(complete);
        let some_partial = !rules.iter().all(complete);
        let sets: BTreeSet<bool> = rules
            .iter()
            .filter(|(_, rule)| is_multi_value(&rule.head))
            .map(|(id, _)| ground(*id))
            .collect();
        if kinds.len() > 1 || arities.len() > 1 || (some_complete && some_partial) || sets.len() > 1
        {
            return Some(Diagnostic::new(
                Code::Type,
                first.span,
                format!("conflicting rules {name} found"),
            ));
        }

        let defaults: Vec<&(RuleId, &Rule)> =
            rules.iter().filter(|(_, rule)| rule.default).collect();
        if let [(id, _), _, ..] = defaults.as_slice() {
            let places: Vec<String> = defaults
                .iter()
                .map(|(_, rule)| self.place(rule.span))
                .collect();
            return Some(Diagnostic::new(
                Code::Type,
                package_span(self.modules, self.rules, *id),
                format!(
                    "multiple default rules {name} found at {}",
                    places.join(", ")
                ),
            ));
        }
        None
    }

    /// The rules below a node, in order, without those whose references extend another one's.
    fn below(&self, node: &RuleNode, wanted: &dyn Fn(&Rule) -> bool) -> Vec<(&[Term], Span)> {
        let mut found: Vec<(&[Term], Span)> = Vec::new();
        for child in node.children.values() {
            child.depth_first(&mut |node| {
                for id in &node.rules {
                    let Some(rule) = self.rule(*id).filter(|rule| wanted(rule)) else {
                        continue;
                    };
                    let reference = self.rules.reference(*id);
                    if !found.iter().any(|(known, _)| reference.starts_with(known)) {
                        found.retain(|(known, _)| !known.starts_with(reference));
                        found.push((reference, rule.span));
                    }
                }
                false
            });
        }
        found.sort_by(|a, b| a.0.cmp(b.0));
        found
    }

    /// Rules at paths where packages are.
    fn with_packages(&self) -> Vec<Diagnostic> {
        let mut packages: BTreeMap<Vec<Key>, Vec<&Module>> = BTreeMap::new();
        for module in self.modules {
            packages
                .entry(keys(&module.package.path))
                .or_default()
                .push(module);
        }
        let mut errors = Vec::new();
        for id in self.rules.iter() {
            let (Some(rule), Some(at)) = (self.rule(id), self.rules.module(id)) else {
                continue;
            };
            let Some(module) = self.modules.get(at) else {
                continue;
            };
            let reference = self.rules.reference(id);
            let head = &rule.head.reference;
            if ground_prefix(head).len() < head.len()
                || !module.rules.iter().any(|it| std::ptr::eq(it, rule))
            {
                continue;
            }
            for other in packages.get(&keys(reference)).into_iter().flatten() {
                if std::ptr::eq(*other, module) {
                    continue;
                }
                errors.push(Diagnostic::new(
                    Code::Type,
                    module.package.span,
                    format!(
                        "{} conflicts with rule {} defined at {}",
                        other.package,
                        ref_text(head),
                        self.place(rule.span)
                    ),
                ));
            }
        }
        errors
    }
}

fn keys(reference: &[Term]) -> Vec<Key> {
    reference.iter().skip(1).filter_map(Key::of).collect()
}

/// Rules at paths where the base documents have something.
pub(super) fn with_data(
    tree: &RuleNode,
    rules: &Rules,
    modules: &[Module],
    exists: &dyn Fn(&[Arc<str>]) -> bool,
    roots: &[String],
) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let mut search = Search {
        rules,
        modules,
        exists,
        errors: &mut errors,
    };
    if roots.is_empty() || roots.iter().any(String::is_empty) {
        search.children(tree, &mut Vec::new());
        return errors;
    }
    for root in roots {
        let mut path: Vec<Arc<str>> = root.split('/').map(Arc::from).collect();
        let node = path.iter().try_fold(tree, |node, key| {
            node.children.get(&Key::String(key.clone()))
        });
        if let Some(node) = node {
            search.children(node, &mut path);
        }
    }
    errors
}

struct Search<'a> {
    rules: &'a Rules,
    modules: &'a [Module],
    exists: &'a dyn Fn(&[Arc<str>]) -> bool,
    errors: &'a mut Vec<Diagnostic>,
}

impl Search<'_> {
    fn children(&mut self, node: &RuleNode, path: &mut Vec<Arc<str>>) {
        for (key, child) in &node.children {
            let Key::String(key) = key else {
                continue;
            };
            path.push(key.clone());
            if !child.rules.is_empty() && (self.exists)(path) {
                let span = child
                    .rules
                    .first()
                    .and_then(|id| self.rules.get(self.modules, *id))
                    .map_or_else(Span::default, |rule| rule.span);
                self.errors.push(Diagnostic::new(
                    Code::Compile,
                    span,
                    format!("conflicting rule for data path {} found", path.join("/")),
                ));
            } else {
                self.children(child, path);
            }
            path.pop();
        }
    }
}
