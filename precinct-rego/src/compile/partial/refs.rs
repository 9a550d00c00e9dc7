//! References: through the tree of documents, and into values.

use super::bindings::{At, made, variable};
use super::walk::{Frame, Outcome, Then, Walk};
use crate::ast::order::{compare, sorted_entries, sorted_terms};
use crate::ast::{Ref, Term, TermValue};
use crate::compile::rule_tree::RuleNode;
use crate::compile::visit::is_ground;

/// A reference that has to equal something.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    pub(super) parts: &'p [Term],
    pub(super) at: At,
    pub(super) other: &'p Term,
    pub(super) other_at: At,
}

/// How far into a value a reference has led.
pub(super) struct Within<'v> {
    /// The position of the next operand.
    pub(super) at: usize,
    pub(super) value: &'v Term,
    /// The table of the value's variables.
    pub(super) table: At,
}

impl<'c> Walk<'c> {
    fn operand(&self, path: &Path<'_>, at: usize) -> Option<Term> {
        let part = path.parts.get(at)?;
        Some(self.bindings.plug(part, path.at))
    }

    /// Follows a reference below `data`. `plugged` holds the operands up to `at` as they are known.
    pub(super) fn tree(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        at: usize,
        plugged: Ref,
        node: Option<&'c RuleNode>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some(operand) = self.operand(path, at) else {
            return self.whole(frame, path, &plugged, node, then);
        };
        if is_ground(&operand.value) {
            return self.enter(frame, path, at, plugged, node, &operand, then);
        }
        let reached = plugged.get(..at).unwrap_or_default();
        let saved = || made(TermValue::Ref(plugged.clone()));
        if self.inlining.disabled(reached, true) || self.unknowns.contains_ref(reached, At::MAX) {
            return self.save_equality(frame, &saved(), path.at, path.other, path.other_at, then);
        }
        let document = self.base(reached);
        let mut keys = document.as_ref().map(keys_of).unwrap_or_default();
        if let Some(node) = node {
            for key in node.children.keys() {
                let key = key.term();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let Some(part) = path.parts.get(at) else {
            return Ok(());
        };
        for key in keys {
            self.unify(frame, &key, path.at, part, path.at, &mut |walk| {
                walk.enter(frame, path, at, plugged.clone(), node, &key, then)
            })?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a step of the walk along a path")]
    fn enter(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        at: usize,
        mut plugged: Ref,
        node: Option<&'c RuleNode>,
        operand: &Term,
        then: Then<'_, 'c>,
    ) -> Outcome {
        if let Some(part) = plugged.get_mut(at) {
            *part = operand.clone();
        }
        let mut below = None;
        if !self.is_replaced(plugged.get(..=at).unwrap_or_default()) {
            below = node.and_then(|node| node.child(operand));
            if let Some(node) = below
                && !node.rules.is_empty()
            {
                return self.document(frame, path, at, &plugged, node, then);
            }
        }
        self.tree(frame, path, at + 1, plugged, below, then)
    }

    /// The reference ends within the tree: the document is what is stored, and what rules define below.
    fn whole(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        plugged: &[Term],
        node: Option<&'c RuleNode>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        if self.ref_unknown(plugged, path.at) {
            let saved = made(TermValue::Ref(plugged.to_vec()));
            return self.save_equality(frame, &saved, path.at, path.other, path.other_at, then);
        }
        let stored = self.base(plugged);
        let defined = match node {
            Some(node) => self.defined(frame, plugged, node)?,
            None => None,
        };
        let value = match (stored, defined) {
            (Some(stored), Some(defined)) => merged(&defined, &stored),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => return Ok(()),
        };
        self.unify(frame, path.other, path.other_at, &value, path.at, then)
    }

    /// What rules define below a path.
    fn defined(
        &mut self,
        frame: &Frame<'_>,
        plugged: &[Term],
        node: &'c RuleNode,
    ) -> Result<Option<Term>, super::Refused> {
        let mut entries = Vec::new();
        for (key, child) in &node.children {
            if child.hidden {
                continue;
            }
            let mut below = plugged.to_vec();
            below.push(key.term());
            let mut found = None;
            if child.rules.is_empty() {
                found = self.defined(frame, &below, child)?;
            } else {
                let leaf = variable("$_leaf");
                let document = made(TermValue::Ref(below));
                self.unify(frame, &document, frame.at, &leaf, frame.at, &mut |walk| {
                    found = Some(walk.bindings.plug(&leaf, frame.at));
                    Ok(())
                })?;
            }
            if let Some(value) = found {
                entries.push((key.term(), value));
            }
        }
        Ok(Some(made(TermValue::Object(entries))))
    }

    fn is_replaced(&self, reached: &[Term]) -> bool {
        let within = |target: &Ref| super::unknowns::has_prefix(reached, target);
        self.targets.iter().flatten().any(within)
    }

    /// The base document at a path, with what replaces it.
    pub(super) fn base(&self, path: &[Term]) -> Option<Term> {
        let keys = path.get(1..)?;
        let replaced = self.replaced.as_ref().and_then(|it| find(it, keys));
        if self.is_replaced(path) {
            return replaced.cloned();
        }
        match (replaced, find(&self.data, keys)) {
            (Some(replaced), Some(stored)) => Some(merged(replaced, stored)),
            (Some(only), None) | (None, Some(only)) => Some(only.clone()),
            (None, None) => None,
        }
    }

    /// Follows a reference into a value.
    pub(super) fn member(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        within: &Within<'_>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some(operand) = self.operand(path, within.at) else {
            let (value, table) = (within.value, within.table);
            return self.unify(frame, value, table, path.other, path.other_at, then);
        };
        if self.unknowns.contains(within.value, within.table) {
            return self.member_of_unknown(frame, path, within, then);
        }
        if is_ground(&operand.value) {
            return self.member_at(frame, path, within, &operand, then);
        }
        let Some(part) = path.parts.get(within.at) else {
            return Ok(());
        };
        let keys = keys_of(within.value);
        for key in keys {
            self.unify(frame, &key, within.table, part, path.at, &mut |walk| {
                let key = walk.bindings.plug(&key, within.table);
                walk.member_at(frame, path, within, &key, then)
            })?;
        }
        self.unknown_members(frame, path, within, then)
    }

    fn member_at(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        within: &Within<'_>,
        operand: &Term,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let whole: Ref = self.whole_path(path, within.at, operand);
        if self
            .unknowns
            .covers(whole.get(..=within.at).unwrap_or_default())
        {
            let saved = made(TermValue::Ref(whole));
            return self.save_equality(frame, &saved, path.at, path.other, path.other_at, then);
        }
        let Some((value, table)) = self.get(within, operand) else {
            return Ok(());
        };
        let inner = Within {
            at: within.at + 1,
            value: &value,
            table,
        };
        self.member(frame, path, &inner, then)
    }

    /// The reference as far as its operands are known, with this one at the position.
    fn whole_path(&self, path: &Path<'_>, at: usize, operand: &Term) -> Ref {
        path.parts
            .iter()
            .enumerate()
            .map(|(position, part)| {
                if position == at {
                    operand.clone()
                } else {
                    self.bindings.plug(part, path.at)
                }
            })
            .collect()
    }

    /// Keys that lead to what is not known, where the value has none.
    fn unknown_members(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        within: &Within<'_>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let prefix: Ref = path
            .parts
            .iter()
            .take(within.at)
            .map(|part| self.bindings.plug(part, path.at))
            .collect();
        let Some(part) = path.parts.get(within.at) else {
            return Ok(());
        };
        for key in self.unknowns.keys(&prefix) {
            if self.get(within, &key).is_some() {
                continue;
            }
            let whole = self.whole_path(path, within.at, &key);
            if !self.unknowns.overlaps(&whole, path.at) {
                continue;
            }
            let saved = made(TermValue::Ref(whole));
            self.unify(frame, &key, path.at, part, path.at, &mut |walk| {
                walk.save_equality(frame, &saved, path.at, path.other, path.other_at, then)
            })?;
        }
        Ok(())
    }

    /// A member of something that is not known: the rest of the reference is about a variable that stands for it.
    fn member_of_unknown(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        within: &Within<'_>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let head = variable(format!("$_ref_{}", frame.fresh()));
        let mut rest = vec![head.clone()];
        rest.extend_from_slice(path.parts.get(within.at..).unwrap_or_default());
        let rest = made(TermValue::Ref(rest));
        self.unify(
            frame,
            within.value,
            within.table,
            &head,
            path.at,
            &mut |walk| walk.unify(frame, &rest, path.at, path.other, path.other_at, then),
        )
    }

    /// The member of a value at a key.
    fn get(&self, within: &Within<'_>, key: &Term) -> Option<(Term, At)> {
        let found = match &within.value.value {
            TermValue::Object(entries) => entries
                .iter()
                .find(|(it, _)| self.same(it, within.table, key))
                .map(|(_, value)| value)?,
            TermValue::Set(items) => {
                items.iter().find(|it| self.same(it, within.table, key))?;
                key
            }
            TermValue::Array(items) => match &key.value {
                TermValue::Number(number) => items.get(number.parse::<usize>().ok()?)?,
                _ => return None,
            },
            _ => return None,
        };
        let (value, table) = self.bindings.apply(found, within.table);
        Some((value.clone(), table))
    }

    fn same(&self, item: &Term, table: At, key: &Term) -> bool {
        if is_ground(&item.value) {
            compare(item, key).is_eq()
        } else {
            compare(&self.bindings.plug(item, table), key).is_eq()
        }
    }
}

/// What a value's members are found under, in order.
pub(super) fn keys_of(value: &Term) -> Vec<Term> {
    match &value.value {
        TermValue::Object(entries) => sorted_entries(entries)
            .into_iter()
            .map(|(key, _)| key.clone())
            .collect(),
        TermValue::Set(items) => sorted_terms(items).into_iter().cloned().collect(),
        TermValue::Array(items) => (0..items.len())
            .map(|at| made(TermValue::Number(at.to_string().into())))
            .collect(),
        _ => Vec::new(),
    }
}

/// The part of a constant at a path.
pub(super) fn find<'t>(value: &'t Term, path: &[Term]) -> Option<&'t Term> {
    path.iter()
        .try_fold(value, |value, key| match &value.value {
            TermValue::Object(entries) => entries
                .iter()
                .find(|(it, _)| compare(it, key).is_eq())
                .map(|(_, value)| value),
            TermValue::Array(items) => match &key.value {
                TermValue::Number(number) => items.get(number.parse::<usize>().ok()?),
                _ => None,
            },
            TermValue::Set(items) => items.iter().find(|it| compare(it, key).is_eq()),
            _ => None,
        })
}

/// Both objects in one; where they meet the first has its way.
pub(super) fn merged(first: &Term, second: &Term) -> Term {
    let (TermValue::Object(ours), TermValue::Object(theirs)) = (&first.value, &second.value) else {
        return first.clone();
    };
    let mut entries: Vec<(Term, Term)> = Vec::new();
    for (key, value) in ours {
        let other = theirs.iter().find(|(it, _)| it == key);
        let value = match other {
            Some((_, other)) => merged(value, other),
            None => value.clone(),
        };
        entries.push((key.clone(), value));
    }
    for (key, value) in theirs {
        if !ours.iter().any(|(it, _)| it == key) {
            entries.push((key.clone(), value.clone()));
        }
    }
    made(TermValue::Object(
        sorted_entries(&entries).into_iter().cloned().collect(),
    ))
}
