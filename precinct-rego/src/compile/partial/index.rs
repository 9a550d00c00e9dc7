//! Rules that certainly do not hold, by what their bodies require of known documents.

use std::collections::HashMap;

use super::bindings::At;
use super::refs::find;
use super::walk::Walk;
use crate::ast::{Expr, ExprKind, Rule, Term, TermValue};
use crate::compile::locals::equality_operands;
use crate::compile::rule_tree::{RuleId, RuleNode, is_multi_value};
use crate::compile::vars;
use crate::compile::visit::{is_constant, refs_ground};

/// The rules of a document that could hold.
#[derive(Default)]
pub(super) struct Group {
    pub(super) rules: Vec<RuleId>,
    /// The branches that follow the rules.
    pub(super) branches: HashMap<RuleId, Vec<RuleId>>,
    pub(super) default: Option<RuleId>,
    pub(super) multi_value: bool,
    /// No rule has a variable in its reference.
    pub(super) ground: bool,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.default.is_none()
    }
}

impl<'c> Walk<'c> {
    pub(super) fn group(&self, rules: &[RuleId]) -> Group {
        let mut group = Group {
            ground: true,
            ..Group::default()
        };
        for (position, id) in rules.iter().enumerate() {
            let Some(rule) = self.compiled.rule(*id) else {
                continue;
            };
            if position == 0 {
                group.multi_value = is_multi_value(&rule.head);
            }
            group.ground &= refs_ground(self.compiled.rules.reference(*id));
            if rule.default {
                group.default = Some(*id);
                continue;
            }
            let mut open = self
                .compiled
                .rules
                .with_branches(*id)
                .into_iter()
                .filter(|id| self.may_hold(*id));
            if let Some(first) = open.next() {
                group.rules.push(first);
                let rest: Vec<RuleId> = open.collect();
                if !rest.is_empty() {
                    group.branches.insert(first, rest);
                }
            }
        }
        group
    }

    /// The rules of a document, with those below when a reference has a variable: both define its parts.
    pub(super) fn extent_rules(&self, node: &RuleNode) -> Vec<RuleId> {
        let rules = &self.compiled.rules;
        if node
            .rules
            .iter()
            .all(|id| refs_ground(rules.reference(*id)))
        {
            return node.rules.clone();
        }
        let mut all = Vec::new();
        node.depth_first(&mut |below| {
            all.extend(&below.rules);
            false
        });
        all
    }

    fn may_hold(&self, id: RuleId) -> bool {
        let body: &[Expr] = self.rule(id).map_or(&[], |rule| &rule.body);
        body.iter().all(|expr| self.expr_may_hold(expr))
    }

    pub(super) fn rule(&self, id: RuleId) -> Option<&'c Rule> {
        self.compiled.rule(id)
    }

    fn expr_may_hold(&self, expr: &Expr) -> bool {
        if expr.negated || !expr.with.is_empty() {
            return true;
        }
        match &expr.kind {
            ExprKind::Term(term) => self.known(term).is_none_or(|value| value.is_some()),
            ExprKind::Call(_) => {
                let Some((lhs, rhs)) = equality_operands(expr) else {
                    return true;
                };
                self.sides_may_meet(lhs, rhs) && self.sides_may_meet(rhs, lhs)
            }
            _ => true,
        }
    }

    fn sides_may_meet(&self, reference: &Term, other: &Term) -> bool {
        let decides = match &other.value {
            TermValue::Object(_) | TermValue::Set(_) => false,
            value => is_constant(value) || matches!(value, TermValue::Var(_)),
        };
        let Some(known) = self.known(reference).filter(|_| decides) else {
            return true;
        };
        match known {
            Some(value) => !is_constant(&other.value) || *other == value,
            None => false,
        }
    }

    /// What a reference to a known document stands for: `Some(None)` is nothing. `None`: it cannot be told.
    #[expect(
        clippy::option_option,
        reason = "what is known to be nothing is another answer than what is not known"
    )]
    fn known(&self, term: &Term) -> Option<Option<Term>> {
        let TermValue::Ref(parts) = &term.value else {
            return None;
        };
        let simple = parts.iter().skip(1).all(|it| is_constant(&it.value));
        if !simple
            || self.inlining.disabled(parts, true)
            || self.unknowns.contains_ref(parts, At::MAX)
        {
            return None;
        }
        match vars::name(parts.first()?)?.as_ref() {
            "input" => {
                let keys = parts.get(1..)?;
                let value = self.input.as_deref().and_then(|it| find(it, keys));
                Some(value.cloned())
            }
            "data"
                if self
                    .compiled
                    .tree
                    .selected_by(parts, &self.compiled.rules)
                    .is_empty() =>
            {
                Some(self.base(parts))
            }
            _ => None,
        }
    }
}
