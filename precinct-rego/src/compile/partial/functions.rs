//! Functions of policies.

use super::bindings::{QUERY, made};
use super::documents::support_head;
use super::index::Group;
use super::saved::{conflict, split};
use super::walk::{Frame, Outcome, Then, Walk};
use crate::ast::{ExprKind, Ref, Rule, Term, TermValue, Var};
use crate::compile::locals::expression;
use crate::compile::rule_tree::RuleId;
use crate::compile::vars::Scope;

/// A call of a function.
struct Called<'t> {
    operator: &'t Ref,
    terms: &'t [Term],
    /// How many parameters the function has.
    parameters: usize,
}

impl Called<'_> {
    /// Whether the call has no operand that receives the result: it must not be false then.
    fn is_condition(&self) -> bool {
        self.terms.len() == self.parameters + 1
    }
}

impl<'c> Walk<'c> {
    pub(super) fn function(
        &mut self,
        frame: &Frame<'_>,
        operator: &Ref,
        terms: &[Term],
        then: Then<'_, 'c>,
    ) -> Outcome {
        let compiled = self.compiled;
        let Some(node) = compiled.tree.find(operator) else {
            return Ok(());
        };
        let group = self.group(&node.rules);
        let Some(any) = group.rules.first().or(group.default.as_ref()) else {
            return Ok(());
        };
        let called = Called {
            operator,
            terms,
            parameters: compiled.rules.parameters(*any),
        };
        if !group.branches.is_empty()
            && let Some(expr) = frame.expr()
            && self.expr_unknown(expr, frame.at)
        {
            return self.save_call(frame, terms, called.parameters, then);
        }
        let default = group.default.and_then(|id| self.rule(id));
        let answers = default.is_some_and(|rule| {
            let is_false = |it: &Term| matches!(it.value, TermValue::Boolean(false));
            !called.is_condition() || !rule.head.value.as_ref().is_some_and(is_false)
        });
        if answers || self.inlining.shallow || self.inlining.disabled(operator, false) {
            let operands = terms.iter().skip(1).take(called.parameters);
            let unknown = self.ref_unknown(operator, frame.at)
                || operands
                    .into_iter()
                    .any(|it| self.term_unknown(it, frame.at));
            if unknown {
                return self.function_support(frame, &called, &group, then);
            }
        }
        self.function_value(frame, &called, &group, then)
    }

    fn function_value(
        &mut self,
        frame: &Frame<'_>,
        called: &Called<'_>,
        group: &Group,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let mut known = None;
        for id in &group.rules {
            let branches = group.branches.get(id).into_iter().flatten();
            for id in std::iter::once(id).chain(branches) {
                if self.function_rule(frame, called, *id, &mut known, then)? {
                    break;
                }
            }
        }
        if known.is_none()
            && let Some(default) = group.default
        {
            self.function_rule(frame, called, default, &mut known, then)?;
        }
        Ok(())
    }

    /// Evaluates one rule. Answers whether it has a value.
    fn function_rule(
        &mut self,
        frame: &Frame<'_>,
        called: &Called<'_>,
        id: RuleId,
        known: &mut Option<Term>,
        then: Then<'_, 'c>,
    ) -> Result<bool, super::Refused> {
        let Some(rule) = self.rule(id) else {
            return Ok(false);
        };
        let Some(value) = &rule.head.value else {
            return Ok(false);
        };
        let mut pairs: Vec<(&Term, &Term)> =
            called.terms.iter().skip(1).zip(&rule.head.args).collect();
        if let Some(output) = called.terms.get(rule.head.args.len() + 1) {
            pairs.push((output, value));
        }
        let mut found = false;
        self.child_with(frame, &rule.body, &mut |walk, child| {
            walk.unify_pairs(child, &pairs, frame.at, child.at, &mut |walk| {
                walk.body(child, &mut |walk| {
                    if called.is_condition() && walk.unknowns.contains(value, child.at) {
                        let expr = expression(frame.span(), ExprKind::Term(value.clone()));
                        return walk.saving(frame, expr, (child.at, child.at), &[], then);
                    }
                    let result = walk.bindings.plug(value, child.at);
                    found = true;
                    if called.is_condition() && matches!(result.value, TermValue::Boolean(false)) {
                        if known.as_ref().is_some_and(|it| *it != result) {
                            let what =
                                "functions must not produce multiple outputs for same inputs";
                            return Err(conflict(rule.span, what));
                        }
                        *known = Some(result);
                        return Ok(());
                    }
                    *known = Some(result);
                    then(walk)
                })
            })
        })?;
        Ok(found)
    }

    fn function_support(
        &mut self,
        frame: &Frame<'_>,
        called: &Called<'_>,
        group: &Group,
        then: Then<'_, 'c>,
    ) -> Outcome {
        let path = self.namespaced(called.operator);
        if !self.support.exists(&path) {
            for id in group.rules.iter().chain(&group.default) {
                if let Some(rule) = self.rule(*id) {
                    self.function_support_rule(frame, rule, &path)?;
                }
            }
        }
        if !self.support.exists(&path) {
            return Ok(());
        }
        let mut terms = called.terms.to_vec();
        if let Some(first) = terms.first_mut() {
            *first = made(TermValue::Ref(path));
        }
        self.save_call(frame, &terms, called.parameters, then)
    }

    fn function_support_rule(
        &mut self,
        frame: &Frame<'_>,
        rule: &'c Rule,
        path: &[Term],
    ) -> Outcome {
        let parameters: Vec<Var> = Scope::default()
            .of_terms(&rule.head.args)
            .into_iter()
            .collect();
        self.saved.push(Vec::new());
        let outcome = self.child_with(frame, &rule.body, &mut |walk, child| {
            let before = walk.unknowns.count();
            for name in &parameters {
                walk.unknowns.push(name.clone(), child.at);
            }
            let outcome = walk.body(child, &mut |walk| {
                let Some(body) = walk.rest() else {
                    return Ok(());
                };
                let plug = |it: &Term| walk.bindings.plug_for(it, child.at, QUERY);
                let args = rule.head.args.iter().map(plug).collect();
                let value = rule.head.value.as_ref().map(plug);
                let head = support_head(rule.head.reference.clone(), args, None, value);
                let (package, _) = split(path);
                walk.insert_support(package, rule.default, head, body)
            });
            walk.unknowns.truncate(before);
            outcome
        });
        self.saved.pop();
        outcome
    }
}
