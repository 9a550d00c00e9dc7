//! ` in rule p`: told where a line holds rules of more than one name, because the place alone leaves it open which
//! one is meant.

use std::collections::{BTreeSet, HashMap};

use super::visit::ground_prefix;
use crate::ast::display::ref_text;
use crate::ast::{Module, Rule};

/// The labels of one module's rules.
pub(super) struct ScopeLabels {
    shared_rows: BTreeSet<u32>,
}

impl ScopeLabels {
    pub(super) fn new(module: &Module) -> Self {
        let mut first: HashMap<u32, &[crate::ast::Term]> = HashMap::new();
        let mut shared_rows = BTreeSet::new();
        for rule in module.rules.iter().flat_map(Rule::branches) {
            let name = ground_prefix(&rule.head.reference);
            if *first.entry(rule.span.row).or_insert(name) != name {
                shared_rows.insert(rule.span.row);
            }
        }
        Self { shared_rows }
    }

    /// What to add to a message about the rule.
    pub(super) fn label(&self, rule: &Rule) -> String {
        if self.shared_rows.contains(&rule.span.row) {
            format!(" in rule {}", ref_text(ground_prefix(&rule.head.reference)))
        } else {
            String::new()
        }
    }
}
