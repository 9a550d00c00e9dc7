//! Which rule needs which, and rules that need themselves.

use super::tree::{RuleAt, RuleTree, full_path};
use super::walk;
use crate::ast::display;
use crate::ast::{Module, Rule, TermValue};
use crate::error::{Code, Diagnostic};

/// For each rule of each module, the rules that it refers to.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    edges: Vec<Vec<Vec<RuleAt>>>,
}

impl Graph {
    pub(super) fn new(modules: &[Module], tree: &RuleTree) -> Self {
        let edges = modules
            .iter()
            .map(|module| module.rules.iter().map(|rule| needs(rule, tree)).collect())
            .collect();
        Self { edges }
    }

    fn of(&self, (module, rule): RuleAt) -> &[RuleAt] {
        &self.edges[module][rule]
    }

    /// An error for each rule that can lead to itself.
    pub(super) fn recursion(&self, modules: &[Module]) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for (number, module) in modules.iter().enumerate() {
            for (index, rule) in module.rules.iter().enumerate() {
                if let Some(path) = self.way_back((number, index)) {
                    let name = |&(module, rule): &RuleAt| {
                        let (module, rule) = (&modules[module], &modules[module].rules[rule]);
                        display::ref_text(&full_path(module, rule))
                    };
                    let names: Vec<String> = path.iter().map(name).collect();
                    let text = format!(
                        "rule {} is recursive: {}",
                        name(&(number, index)),
                        names.join(" -> ")
                    );
                    errors.push(Diagnostic::new(Code::Recursion, rule.span, text));
                }
            }
        }
        errors
    }

    /// The first way from a rule back to itself, depth first. Each rule is visited once, without recursion.
    fn way_back(&self, start: RuleAt) -> Option<Vec<RuleAt>> {
        let mut seen = std::collections::HashSet::new();
        let mut path = vec![start];
        let mut next = vec![0_usize];
        while let (Some(&at), Some(position)) = (path.last(), next.last_mut()) {
            match self.of(at).get(*position) {
                None => {
                    path.pop();
                    next.pop();
                }
                Some(&to) => {
                    *position += 1;
                    if to == start {
                        path.push(start);
                        return Some(path);
                    }
                    if seen.insert(to) {
                        path.push(to);
                        next.push(0);
                    }
                }
            }
        }
        None
    }
}

fn needs(rule: &Rule, tree: &RuleTree) -> Vec<RuleAt> {
    let mut found = Vec::new();
    let mut current = Some(rule);
    while let Some(rule) = current {
        let mut visit = |term: &crate::ast::Term| {
            if let TermValue::Ref(parts) = &term.value {
                found.extend(tree.selected(parts));
            }
        };
        let head = &rule.head;
        for part in head
            .args
            .iter()
            .chain(head.reference.iter().skip(1))
            .chain(&head.key)
            .chain(&head.value)
        {
            walk::terms(part, &mut visit);
        }
        rule.body
            .iter()
            .for_each(|expr| walk::terms_of(expr, &mut visit));
        current = rule.else_rule.as_deref();
    }
    found.sort_unstable();
    found.dedup();
    found
}
