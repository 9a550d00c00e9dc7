//! The documents that rules define: inlined where that says the same, as rules of support where not.

use super::Refused;
use super::bindings::{QUERY, made};
use super::index::Group;
use super::propagate::Propagation;
use super::refs::{Path, Within, merged};
use super::saved::{conflict, named, plugged as plugged_body, split};
use super::walk::{Frame, Outcome, Then, Walk, is_condition};
use crate::ast::display::ref_text;
use crate::ast::order::{compare, sorted_terms};
use crate::ast::{Head, HeadKeywords, Ref, Rule, Span, Term, TermValue, Var};
use crate::compile::rule_tree::{RuleId, RuleNode, is_multi_value};
use crate::compile::vars::{self, Scope, VarSet};
use crate::compile::visit::is_constant;

/// A reference to a document of rules, the last part of whose path is at a position.
#[derive(Clone, Copy)]
struct Site<'s> {
    path: &'s Path<'s>,
    at: usize,
    /// The reference, its first operands as they are known.
    plugged: &'s [Term],
}

impl Site<'_> {
    fn document(&self) -> &[Term] {
        self.plugged.get(..=self.at).unwrap_or(self.plugged)
    }

    fn written(&self) -> &[Term] {
        self.path.parts.get(..=self.at).unwrap_or(self.path.parts)
    }
}

impl<'c> Walk<'c> {
    /// A reference has led to rules.
    pub(super) fn document(
        &mut self,
        frame: &Frame<'_>,
        path: &Path<'_>,
        at: usize,
        plugged: &[Term],
        node: &'c RuleNode,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let group = self.group(&self.extent_rules(node));
        let site = Site { path, at, plugged };
        if !group.branches.is_empty() && self.ref_unknown(path.parts, path.at) {
            let whole = made(TermValue::Ref(path.parts.to_vec()));
            return self.save_equality(frame, &whole, path.at, path.other, path.other_at, then);
        }
        if !group.multi_value && group.ground {
            return self.complete(frame, &site, &group, then);
        }
        let empty = if group.multi_value && group.ground {
            TermValue::Set(Vec::new())
        } else {
            TermValue::Object(Vec::new())
        };
        self.several(frame, &site, &group, made(empty), then)
    }

    fn complete(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        group: &Group,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let any = group.rules.first().or(group.default.as_ref());
        let Some(any) = any else { return Ok(()) };
        if self.compiled.rules.parameters(*any) > 0 {
            return Ok(());
        }
        if !self.ref_unknown(site.path.parts, site.path.at) {
            return self.complete_known(frame, site, group, then);
        }
        let mut support = false;
        let default = group.default.and_then(|id| self.rule(id));
        if let Some(value) = default.and_then(|rule| rule.head.value.as_ref()) {
            let other = self.bindings.plug(site.path.other, site.path.other_at);
            let asks_truth = self.inlining.truths && is_condition(site.path.other);
            support = !(asks_truth && matches!(value.value, TermValue::Boolean(false)))
                && (!is_constant(&other.value) || *value == other);
        }
        if support || self.inlining.shallow || self.inlining.disabled(site.document(), false) {
            return self.complete_support(frame, site, group, then);
        }
        for id in &group.rules {
            let Some(rule) = self.rule(*id) else { continue };
            let Some(value) = &rule.head.value else {
                continue;
            };
            self.child(frame, &rule.body, &mut |walk, child| {
                walk.value_at(frame, site, value, child, then)
            })?;
        }
        Ok(())
    }

    /// Goes on with the value of a rule.
    fn value_at(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        value: &Term,
        child: &Frame<'_>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let (value, table) = self.bindings.applied(value, child.at);
        let value = value.into_owned();
        let within = Within {
            at: site.at + 1,
            value: &value,
            table,
        };
        self.member(frame, site.path, &within, then)
    }

    fn complete_known(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        group: &Group,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let key = ref_text(site.document());
        if let Some(known) = self.cache.last().and_then(|it| it.get(&key)).cloned() {
            let Some(value) = known else { return Ok(()) };
            let within = Within {
                at: site.at + 1,
                value: &value,
                table: site.path.at,
            };
            return self.member(frame, site.path, &within, then);
        }
        let mut known = None;
        for id in &group.rules {
            let branches = group.branches.get(id).into_iter().flatten();
            for id in std::iter::once(id).chain(branches) {
                if self.complete_rule(frame, site, *id, &key, &mut known, then)? {
                    break;
                }
            }
        }
        if known.is_none()
            && let Some(default) = group.default
        {
            self.complete_rule(frame, site, default, &key, &mut known, then)?;
        }
        if known.is_none() {
            self.remember(key, None);
        }
        Ok(())
    }

    fn remember(&mut self, key: String, value: Option<Term>) {
        if let Some(cache) = self.cache.last_mut() {
            cache.insert(key, value);
        }
    }

    /// Evaluates one rule, all of which is known. Answers whether it has a value.
    fn complete_rule(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        id: RuleId,
        key: &str,
        known: &mut Option<Term>,
        then: Then<'_, 'c>,
    ) -> Result<bool, Refused> {
        let Some(rule) = self.rule(id) else {
            return Ok(false);
        };
        let Some(value) = &rule.head.value else {
            return Ok(false);
        };
        let mut found = false;
        self.child(frame, &rule.body, &mut |walk, child| {
            let result = walk.bindings.plug(value, child.at);
            found = true;
            if let Some(known) = known {
                if *known != result {
                    let what = "complete rules must not produce multiple outputs";
                    return Err(conflict(rule.span, what));
                }
                return Ok(());
            }
            *known = Some(result.clone());
            walk.remember(key.to_owned(), Some(result));
            walk.value_at(frame, site, value, child, then)
        })?;
        Ok(found)
    }

    fn complete_support(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        group: &Group,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let path = self.namespaced(site.document());
        let mut defined = self.support.exists(&path);
        if !defined {
            for id in group.rules.iter().chain(&group.default) {
                defined |= self.complete_support_rule(frame, site, *id, &path)?;
            }
        }
        if !defined {
            return Ok(());
        }
        let reference = made(TermValue::Ref(self.namespaced(site.path.parts)));
        let (at, other, other_at) = (site.path.at, site.path.other, site.path.other_at);
        self.save_equality(frame, &reference, at, other, other_at, then)
    }

    fn complete_support_rule(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        id: RuleId,
        path: &[Term],
    ) -> Result<bool, Refused> {
        let (Some(rule), Some(module)) = (self.rule(id), self.compiled.rules.module(id)) else {
            return Ok(false);
        };
        let package = self
            .compiled
            .modules
            .get(module)
            .map_or(1, |it| it.package.path.len());
        let reference = named(site.document().get(package..).unwrap_or_default());
        let package: Ref = path
            .get(..path.len().saturating_sub(reference.len()))
            .unwrap_or_default()
            .to_vec();
        let mut defined = false;
        self.apart(frame, rule, &mut |walk, child| {
            defined = true;
            let Some(body) = walk.rest() else {
                return Ok(());
            };
            let value = rule.head.value.as_ref();
            let value = value.map(|it| walk.bindings.plug_for(it, child.at, QUERY));
            let head = support_head(reference.clone(), Vec::new(), None, value);
            walk.add_support(package.clone(), rule, head, body)
        })?;
        Ok(defined)
    }

    /// Evaluates the body of a rule of support: what is saved is its own.
    pub(super) fn apart(
        &mut self,
        frame: &Frame<'_>,
        rule: &Rule,
        then: &mut dyn FnMut(&mut Self, &Frame<'_>) -> Outcome,
    ) -> Outcome {
        self.saved.push(Vec::new());
        let outcome = self.child(frame, &rule.body, then);
        self.saved.pop();
        outcome
    }

    /// What has been saved as a body, unless its types say that it never holds.
    pub(super) fn rest(&self) -> Option<Vec<crate::ast::Expr>> {
        let saved = self.saved.last().map_or(&[][..], Vec::as_slice);
        let body = plugged_body(saved, &self.bindings, QUERY);
        self.passes_type_check(&body).then_some(body)
    }

    /// Adds a rule of support, simplified.
    pub(super) fn add_support(
        &mut self,
        package: Ref,
        rule: &Rule,
        head: Head,
        body: Vec<crate::ast::Expr>,
    ) -> Outcome {
        let mut body = body;
        if !self.inlining.shallow {
            body = Propagation::new(self.compiled, head_vars(&head)).apply(body, true);
        }
        self.insert_support(package, rule.default, head, body)
    }

    pub(super) fn insert_support(
        &mut self,
        package: Ref,
        default: bool,
        head: Head,
        body: Vec<crate::ast::Expr>,
    ) -> Outcome {
        self.count()?;
        let rule = Rule {
            span: Span::default(),
            default,
            head,
            body,
            generated_body: false,
            else_rule: None,
            annotations: Vec::new(),
        };
        self.support.insert(package, rule, self.options);
        Ok(())
    }

    /// The reference under which the support of a rule stands.
    pub(super) fn namespaced(&self, parts: &[Term]) -> Ref {
        if self.options.in_place {
            return parts.to_vec();
        }
        self.in_namespace(parts)
    }

    /// The reference below the namespace of support.
    pub(super) fn in_namespace(&self, parts: &[Term]) -> Ref {
        let mut parts = parts.to_vec();
        let name = TermValue::String(self.options.namespace.as_str().into());
        parts.insert(1.min(parts.len()), made(name));
        parts
    }

    /// Sets and objects that rules define part by part.
    fn several(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        group: &Group,
        empty: Term,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let path = site.path;
        let unknown = self.ref_unknown(site.written(), path.at);
        if path.parts.len() == site.at + 1 {
            if unknown {
                return self.several_support(frame, site, group, empty, then);
            }
            let value = self.extent(frame, site, group, empty)?;
            return self.unify(frame, path.other, path.other_at, &value, path.at, then);
        }
        if (unknown && self.inlining.shallow) || self.inlining.disabled(site.written(), false) {
            return self.several_support(frame, site, group, empty, then);
        }
        if group.is_empty() {
            return Ok(());
        }
        let longest = self.longest(group, path.parts.len());
        let operands = path.parts.get(site.at + 1..longest).unwrap_or_default();
        if self.ref_unknown(operands, path.at) {
            for id in &group.rules {
                self.rule_then_head(frame, site, *id, then)?;
            }
            return Ok(());
        }
        if unknown {
            for id in &group.rules {
                self.head_then_rule(frame, site, *id, &mut |walk, child, rule| {
                    walk.rule_member(frame, site, (*id, rule), child, then)
                })?;
            }
            return Ok(());
        }
        let value = match self.bindings.plug(&path.parts[site.at + 1], path.at).value {
            TermValue::Var(_) => self.extent(frame, site, group, empty)?,
            _ => self.extent_for(frame, site, group, empty, longest)?,
        };
        let within = Within {
            at: site.at + 1,
            value: &value,
            table: path.at,
        };
        self.member(frame, path, &within, then)
    }

    /// How much of the reference the references of rules can reach.
    fn longest(&self, group: &Group, ceiling: usize) -> usize {
        let length = |id: &RuleId| {
            let more = usize::from(group.multi_value);
            self.compiled.rules.reference(*id).len() + more
        };
        group
            .rules
            .iter()
            .map(length)
            .max()
            .unwrap_or(0)
            .min(ceiling)
    }

    /// The whole document.
    fn extent(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        group: &Group,
        empty: Term,
    ) -> Result<Term, Refused> {
        let key = ref_text(site.document());
        if let Some(Some(known)) = self.cache.last().and_then(|it| it.get(&key)) {
            return Ok(known.clone());
        }
        let mut value = empty;
        for id in &group.rules {
            let Some(rule) = self.rule(*id) else { continue };
            self.child(frame, &rule.body, &mut |walk, child| {
                walk.collect(site, *id, rule, child, &mut value)
            })?;
        }
        settle(&mut value);
        self.remember(key, Some(value.clone()));
        Ok(value)
    }

    /// The part of the document that the reference's operands leave.
    fn extent_for(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        group: &Group,
        empty: Term,
        longest: usize,
    ) -> Result<Term, Refused> {
        let whole = ref_text(site.document());
        let operands: Ref = site
            .path
            .parts
            .get(site.at + 1..longest)
            .unwrap_or_default()
            .iter()
            .map(|it| self.bindings.plug(it, site.path.at))
            .collect();
        let key = format!("{whole} {}", ref_text(&operands));
        for key in [&whole, &key] {
            if let Some(Some(known)) = self.cache.last().and_then(|it| it.get(key)) {
                return Ok(known.clone());
            }
        }
        let mut value = empty;
        for id in &group.rules {
            self.head_then_rule(frame, site, *id, &mut |walk, child, rule| {
                walk.collect(site, *id, rule, child, &mut value)
            })?;
        }
        settle(&mut value);
        let filled = match &value.value {
            TermValue::Set(items) => !items.is_empty(),
            TermValue::Object(entries) => !entries.is_empty(),
            _ => true,
        };
        if filled {
            self.remember(key, Some(value.clone()));
        }
        Ok(value)
    }

    /// Adds what a rule defines to the document.
    fn collect(
        &mut self,
        site: &Site<'_>,
        id: RuleId,
        rule: &Rule,
        child: &Frame<'_>,
        document: &mut Term,
    ) -> Outcome {
        let clash = || conflict(rule.head.span, "object keys must be unique");
        let rest = self
            .compiled
            .rules
            .reference(id)
            .get(site.at + 1..)
            .unwrap_or_default();
        let keys: Ref = rest
            .iter()
            .map(|it| self.bindings.plug(it, child.at))
            .collect();
        let mut leaf = document;
        for (position, key) in keys.iter().enumerate() {
            let TermValue::Object(entries) = &mut leaf.value else {
                return Err(clash());
            };
            let last = position + 1 == keys.len();
            let at = match entries.iter().position(|(it, _)| compare(it, key).is_eq()) {
                Some(at) => at,
                None => {
                    let below = if !last {
                        TermValue::Object(Vec::new())
                    } else if is_multi_value(&rule.head) {
                        TermValue::Set(Vec::new())
                    } else {
                        let Some(value) = &rule.head.value else {
                            return Ok(());
                        };
                        let value = self.bindings.plug(value, child.at);
                        entries.push((key.clone(), value));
                        return Ok(());
                    };
                    entries.push((key.clone(), made(below)));
                    entries.len() - 1
                }
            };
            let Some((_, next)) = entries.get_mut(at) else {
                return Ok(());
            };
            leaf = next;
        }
        match (&rule.head.value, &rule.head.key) {
            (Some(value), _) => {
                if *leaf == self.bindings.plug(value, child.at) {
                    Ok(())
                } else {
                    Err(clash())
                }
            }
            (None, Some(key)) => {
                let TermValue::Set(items) = &mut leaf.value else {
                    return Err(clash());
                };
                let key = self.bindings.plug(key, child.at);
                if !items.contains(&key) {
                    items.push(key);
                }
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Makes the rule's head fit the reference, then evaluates its body.
    fn head_then_rule(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        id: RuleId,
        then: &mut dyn FnMut(&mut Self, &Frame<'_>, &'c Rule) -> Outcome,
    ) -> Outcome {
        let Some(rule) = self.rule(id) else {
            return Ok(());
        };
        self.child_with(frame, &rule.body, &mut |walk, child| {
            walk.fit_head(child, site, id, rule, child.at, &mut |walk| {
                walk.body(child, &mut |walk| then(walk, child, rule))
            })
        })
    }

    /// Evaluates the rule's body, then makes its head fit the reference.
    fn rule_then_head(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        id: RuleId,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some(rule) = self.rule(id) else {
            return Ok(());
        };
        self.child(frame, &rule.body, &mut |walk, child| {
            walk.fit_head(frame, site, id, rule, child.at, &mut |walk| {
                walk.rule_member(frame, site, (id, rule), child, then)
            })
        })
    }

    fn fit_head(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        id: RuleId,
        rule: &'c Rule,
        rule_at: super::bindings::At,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let compiled = self.compiled;
        let reference = compiled.rules.reference(id);
        let parts = site.path.parts;
        let mut pairs: Vec<(&Term, &Term)> =
            parts.iter().zip(reference).skip(site.at + 1).collect();
        if is_multi_value(&rule.head)
            && reference.len() < parts.len()
            && let (Some(part), Some(key)) = (parts.get(reference.len()), &rule.head.key)
        {
            pairs.push((part, key));
        }
        self.unify_pairs(frame, &pairs, site.path.at, rule_at, then)
    }

    /// Goes on with what one rule adds to the document.
    fn rule_member(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        (id, rule): (RuleId, &Rule),
        child: &Frame<'_>,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some(value) = rule.head.value.as_ref().or(rule.head.key.as_ref()) else {
            return Ok(());
        };
        let (value, table) = self.bindings.applied(value, child.at);
        let mut value = value.into_owned();
        if is_multi_value(&rule.head) {
            value = made(TermValue::Set(vec![value]));
        }
        let reference = self.compiled.rules.reference(id);
        for key in reference.iter().skip(site.at + 1).rev() {
            value = made(TermValue::Object(vec![(key.clone(), value)]));
        }
        let within = Within {
            at: site.at + 1,
            value: &value,
            table,
        };
        self.member(frame, site.path, &within, then)
    }

    fn several_support(
        &mut self,
        frame: &Frame<'_>,
        site: &Site<'_>,
        group: &Group,
        empty: Term,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let path = self.namespaced(site.document());
        let mut reference = made(TermValue::Ref(self.namespaced(site.path.parts)));
        let mut defined = self.support.exists(&path);
        if !defined {
            for id in &group.rules {
                defined |= self.several_support_rule(frame, *id)?;
            }
        }
        if !defined {
            if site.path.parts.len() != site.at + 1 {
                return Ok(());
            }
            reference = empty;
        }
        let (at, other, other_at) = (site.path.at, site.path.other, site.path.other_at);
        self.save_equality(frame, &reference, at, other, other_at, then)
    }

    fn several_support_rule(&mut self, frame: &Frame<'_>, id: RuleId) -> Result<bool, Refused> {
        let Some(rule) = self.rule(id) else {
            return Ok(false);
        };
        let compiled = self.compiled;
        let mut defined = false;
        self.apart(frame, rule, &mut |walk, child| {
            defined = true;
            let Some(body) = walk.rest() else {
                return Ok(());
            };
            let plug = |it: &Term| walk.bindings.plug_for(it, child.at, QUERY);
            let value = rule.head.value.as_ref().map(plug);
            let mut reference = walk.namespaced(compiled.rules.reference(id));
            for part in reference.iter_mut().skip(1) {
                *part = plug(part);
            }
            let (package, reference) = split(&reference);
            let key = if is_multi_value(&rule.head) {
                rule.head.key.as_ref().map(plug)
            } else {
                reference.last().filter(|_| reference.len() == 2).cloned()
            };
            let head = support_head(reference, Vec::new(), key, value);
            walk.add_support(package, rule, head, body)
        })?;
        Ok(defined)
    }
}

/// The head of a rule of support.
pub(super) fn support_head(
    reference: Ref,
    args: Vec<Term>,
    key: Option<Term>,
    value: Option<Term>,
) -> Head {
    let short = reference.len() == 1 || (reference.len() == 2 && value.is_some());
    let name: Var = reference
        .first()
        .filter(|_| short)
        .and_then(vars::name)
        .cloned()
        .unwrap_or_else(|| "".into());
    Head {
        span: Span::default(),
        name,
        reference,
        args,
        key,
        value,
        assign: false,
        generated_value: false,
        keywords: HeadKeywords::default(),
    }
}

fn head_vars(head: &Head) -> VarSet {
    let parts = head.args.iter().chain(&head.key).chain(&head.value);
    let mut names = VarSet::new();
    for term in parts.chain(head.reference.iter().skip(1)) {
        names.extend(Scope::default().of_term(term));
    }
    names
}

/// Brings the members of sets into their order.
fn settle(document: &mut Term) {
    match &mut document.value {
        TermValue::Set(items) => *items = sorted_terms(items).into_iter().cloned().collect(),
        TermValue::Object(entries) => {
            for (_, value) in entries.iter_mut() {
                settle(value);
            }
            let nothing = made(TermValue::Object(Vec::new()));
            *document = merged(document, &nothing);
        }
        _ => {}
    }
}
