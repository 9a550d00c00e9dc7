//! Calls of builtins, functions that are replaced, and `with`.

use std::collections::HashMap;
use std::rc::Rc;

use super::bindings::made;
use super::refs::merged;
use super::walk::{Frame, Outcome, Then, Walk};
use crate::ast::display::ref_text;
use crate::ast::{Expr, ExprKind, Ref, Term, TermValue, With};
use crate::compile::locals::expression;
use crate::compile::vars;
use crate::compile::visit::{self, Node, ground_prefix};

impl<'c> Walk<'c> {
    /// Calls a function; an operand more than it has parameters receives the result.
    pub(super) fn call(
        &mut self,
        frame: &Frame<'_>,
        terms: &[Term],
        then: Then<'_, 'c>,
    ) -> Outcome {
        let Some(TermValue::Ref(operator)) = terms.first().map(|it| &it.value) else {
            return Ok(());
        };
        let mock = self.mock_of(operator);
        if let Some(mock) = &mock
            && let TermValue::Ref(function) = &mock.value
            && self.is_function(function)
        {
            let mut call = terms.to_vec();
            if let Some(first) = call.first_mut() {
                *first = mock.clone();
            }
            self.mocks.push(Vec::new());
            let outcome = self.nested(frame.span(), &mut |walk| {
                walk.call(frame, &call, &mut |walk| {
                    let inner = walk.mocks.pop().unwrap_or_default();
                    let outcome = then(walk);
                    walk.mocks.push(inner);
                    outcome
                })
            });
            self.mocks.pop();
            return outcome;
        }
        let arity = self
            .arity(operator)
            .unwrap_or(terms.len().saturating_sub(1));
        if let Some(mock) = mock {
            return match terms.get(arity + 1) {
                Some(output) => self.unify(frame, output, frame.at, &mock, frame.at, then),
                None if matches!(mock.value, TermValue::Boolean(false)) => Ok(()),
                None => then(self),
            };
        }
        if vars::begins_with(operator, "data") {
            return self.function(frame, operator, terms, then);
        }
        if let Some(expr) = frame.expr()
            && self.expr_unknown(expr, frame.at)
        {
            return self.save_call(frame, terms, arity, then);
        }
        self.builtin(frame, operator, terms, arity, then)
    }

    fn builtin(
        &mut self,
        frame: &Frame<'_>,
        operator: &Ref,
        terms: &[Term],
        arity: usize,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let name = ref_text(operator);
        let void = self
            .compiled
            .options
            .capabilities
            .builtin(&name)
            .is_some_and(|it| it.decl.result.is_none());
        let count = if void { terms.len() } else { arity + 1 };
        let operands: Vec<Term> = terms
            .iter()
            .take(count)
            .skip(1)
            .map(|it| self.bindings.plug(it, frame.at))
            .collect();
        let answers = self.runtime.call(&name, &operands, frame.span())?;
        for answer in answers {
            match terms.get(arity + 1) {
                Some(output) if !void => {
                    self.unify(frame, output, frame.at, &answer, frame.at, then)?;
                }
                _ if !void && matches!(answer.value, TermValue::Boolean(false)) => {}
                _ => then(self)?,
            }
        }
        Ok(())
    }

    /// Saves a call; its output is not known from here on.
    pub(super) fn save_call(
        &mut self,
        frame: &Frame<'_>,
        terms: &[Term],
        arity: usize,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let expr = expression(frame.span(), ExprKind::Call(terms.to_vec()));
        let output = terms.last().filter(|_| terms.len() == arity + 2);
        let outputs: Vec<_> = output.map(|it| (it, frame.at)).into_iter().collect();
        self.saving(frame, expr, (frame.at, frame.at), &outputs, then)
    }

    fn mock_of(&self, operator: &Ref) -> Option<Term> {
        let mocks = self.mocks.last()?;
        let found = mocks.iter().rev().find(|(target, _)| target == operator);
        found.map(|(_, mock)| mock.clone())
    }

    /// Whether the reference names a builtin or a function of a policy.
    pub(super) fn is_function(&self, reference: &Ref) -> bool {
        let it = self.compiled;
        if !vars::begins_with(reference, "data") {
            return it
                .options
                .capabilities
                .builtin(&ref_text(reference))
                .is_some();
        }
        it.tree
            .find(reference)
            .and_then(|node| node.rules.first())
            .is_some_and(|id| it.rules.parameters(*id) > 0)
    }

    /// Whether the modifier replaces a function, and not a document.
    pub(super) fn replaces_function(&self, with: &With) -> bool {
        match &with.target.value {
            TermValue::Ref(target) => {
                !(vars::begins_with(target, "data") || vars::begins_with(target, "input"))
                    || (vars::begins_with(target, "data") && self.is_function(target))
            }
            TermValue::Var(name) => !vars::is_root(name),
            _ => false,
        }
    }

    /// Evaluates an expression with its modifiers.
    pub(super) fn with(&mut self, frame: &Frame<'_>, expr: &Expr, then: Then<'_, 'c>) -> Outcome {
        let mut disabled: Vec<Ref> = Vec::new();
        let mut disable = |node: Node<'_>| {
            if let Node::Term(Term {
                value: TermValue::Ref(parts),
                ..
            }) = node
            {
                disabled.push(ground_prefix(parts).to_vec());
            }
            false
        };
        for with in &expr.with {
            if !self.replaces_function(with) {
                let within = |it| self.unknowns.contains_within(it, frame.at, &self.bindings);
                if within(&with.value) {
                    return self.save_whole(frame, expr, then);
                }
                visit::term(&with.target, &mut disable);
            }
            visit::term(&with.value, &mut disable);
        }
        let bare = Expr {
            with: Vec::new(),
            ..expr.clone()
        };
        visit::expr(&bare, &mut disable);
        let mut change = Change {
            input: self.input.clone(),
            replaced: self.replaced.clone(),
            targets: Vec::new(),
            mocks: Vec::new(),
            disabled,
        };
        for with in &expr.with {
            let value = self.bindings.plug(&with.value, frame.at);
            let Some(target) = super::bindings::as_reference(&with.target) else {
                continue;
            };
            if self.replaces_function(with) {
                change.mocks.push((target.to_vec(), value));
                if !vars::begins_with(&target, "data") {
                    continue;
                }
            } else if vars::begins_with(&target, "input") {
                change.input = Some(Rc::new(placed(change.input.as_deref(), &target, value)));
            } else {
                change.replaced = Some(Rc::new(placed(change.replaced.as_deref(), &target, value)));
            }
            change.targets.push(target.to_vec());
        }
        self.enter_change(&mut change);
        let outcome = self.step(frame, expr, &mut |walk| {
            walk.leave_change(&mut change);
            let outcome = then(walk);
            walk.enter_change(&mut change);
            outcome
        });
        self.leave_change(&mut change);
        outcome
    }

    fn enter_change(&mut self, change: &mut Change) {
        std::mem::swap(&mut self.input, &mut change.input);
        std::mem::swap(&mut self.replaced, &mut change.replaced);
        self.targets.push(change.targets.clone());
        self.cache.push(HashMap::new());
        self.inlining.push(change.disabled.clone());
        self.unknown_rules.clear();
        if let Some(mocks) = self.mocks.last_mut() {
            mocks.extend(change.mocks.iter().cloned());
        }
    }

    fn leave_change(&mut self, change: &mut Change) {
        std::mem::swap(&mut self.input, &mut change.input);
        std::mem::swap(&mut self.replaced, &mut change.replaced);
        self.targets.pop();
        self.cache.pop();
        self.inlining.pop();
        self.unknown_rules.clear();
        if let Some(mocks) = self.mocks.last_mut() {
            mocks.truncate(mocks.len().saturating_sub(change.mocks.len()));
        }
    }
}

/// What a `with` changes while its expression is evaluated.
struct Change {
    input: Option<Rc<Term>>,
    replaced: Option<Rc<Term>>,
    targets: Vec<Ref>,
    mocks: Vec<(Ref, Term)>,
    disabled: Vec<Ref>,
}

/// A document with a value at the place that the target names.
fn placed(document: Option<&Term>, target: &[Term], value: Term) -> Term {
    let mut value = value;
    let keys = target.get(1..).unwrap_or_default();
    if keys.is_empty() {
        return value;
    }
    // The value replaces what is there: only what lies beside it stays.
    let mut rest = document.cloned();
    if let Some(document) = &mut rest {
        remove(document, keys);
    }
    for key in keys.iter().rev() {
        value = made(TermValue::Object(vec![(key.clone(), value)]));
    }
    match rest {
        Some(rest) => merged(&value, &rest),
        None => value,
    }
}

fn remove(document: &mut Term, keys: &[Term]) {
    let Some((key, below)) = keys.split_first() else {
        return;
    };
    if let TermValue::Object(entries) = &mut document.value {
        if below.is_empty() {
            entries.retain(|(it, _)| it != key);
        } else if let Some((_, value)) = entries.iter_mut().find(|(it, _)| it == key) {
            remove(value, below);
        }
    }
}
