//! The rules of a document that OPA's index lets through, and what a trace says about them.

use std::collections::HashSet;
use std::sync::Arc;

use precinct_rego::ast::Span;

use super::outline::Scope;

/// Some rules of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Matched {
    /// Each by the first of its chain of `else`.
    chains: HashSet<Span>,
    /// What they give.
    value: Option<Arc<str>>,
    /// Some give something else than others, or what is not known before they are evaluated.
    mixed: bool,
}

impl Matched {
    /// Adds a rule of this chain.
    pub(super) fn add(&mut self, chain: Span, rule: &Scope) {
        self.chains.insert(chain);
        let differs = self.value.is_some() && self.value != rule.constant;
        self.mixed |= rule.collects || rule.constant.is_none() || differs;
        self.value.clone_from(&rule.constant);
    }

    /// The first that holds is enough.
    pub(super) fn early(&self) -> bool {
        !self.mixed
    }

    /// `(matched 1 rule, early exit)`
    pub(super) fn said(&self, early_exit: bool) -> String {
        let count = self.chains.len();
        let plural = if count == 1 { "rule" } else { "rules" };
        let early = if early_exit && self.early() {
            ", early exit"
        } else {
            ""
        };
        format!("(matched {count} {plural}{early})")
    }
}
