//! `with` modifiers: what they may replace, and values that are bound before.
//!
//! ```text
//! p with input.x as f(data.y)    ==>    __local0__ = data.y; …; p with input.x as __local1__
//! ```

use std::collections::BTreeSet;

use super::locals::Locals;
use super::rule_tree::{RuleNode, Rules};
use super::vars::{begins_with, name};
use super::visit::{self, Node, requires_evaluation};
use crate::ast::display::ref_text;
use crate::ast::{Body, Expr, Span, Term, TermValue, With};
use crate::capabilities::Capabilities;
use crate::error::{Code, Diagnostic};

/// What the checks need to know.
pub(super) struct Modifiers<'a> {
    pub(super) rules: &'a Rules,
    pub(super) tree: &'a RuleNode,
    pub(super) capabilities: &'a Capabilities,
    pub(super) unsafe_builtins: &'a BTreeSet<String>,
    pub(super) allow_undefined_functions: bool,
}

/// Whether there are modifiers below a body.
pub(super) fn any(body: &Body) -> bool {
    let mut found = false;
    visit::body(body, &mut |node| {
        found |= matches!(node, Node::With(_));
        found
    });
    found
}

impl Modifiers<'_> {
    /// Rewrites the modifiers of a body's own expressions. At an error the body is left as it is.
    ///
    /// Expressions that one expression was taken apart into share its modifiers: their values are bound once.
    pub(super) fn body(&self, locals: &mut Locals, body: &mut Body) -> Result<(), Box<Diagnostic>> {
        if body.iter().all(|expr| expr.with.is_empty()) {
            return Ok(());
        }
        let mut result = Body::with_capacity(body.len());
        let mut shared: Option<(Vec<With>, Vec<With>)> = None;
        for mut expr in body.drain(..) {
            let written = expr.with.clone();
            if let Some((same, bound)) = &shared
                && is_same(same, &written)
            {
                expr.with.clone_from(bound);
                result.push(expr);
                continue;
            }
            for index in 0..expr.with.len() {
                if self.check(&mut expr, index)?
                    && let Some(with) = expr.with.get_mut(index)
                {
                    result.push(locals.hoist(&mut with.value));
                }
            }
            shared = Some((written, expr.with.clone()));
            result.push(expr);
        }
        *body = result;
        Ok(())
    }

    /// The answer is whether the value has to be bound before.
    fn check(&self, expr: &mut Expr, index: usize) -> Result<bool, Box<Diagnostic>> {
        let Some(with) = expr.with.get_mut(index) else {
            return Ok(false);
        };
        if let Some(name) = name(&with.value)
            && self.capabilities.has_builtin(name)
        {
            as_reference(&mut with.value);
        }
        let is_builtin = self.is_builtin(&with.target)?;
        let reference = match &with.target.value {
            TermValue::Ref(parts) => Some(parts.clone()),
            _ => None,
        };
        match reference {
            Some(parts) if begins_with(&parts, "data") => {
                if let Some(answer) = self.check_data(&parts, with.target.span, &with.value)? {
                    return Ok(answer);
                }
            }
            Some(parts) if begins_with(&parts, "input") => {}
            _ if is_builtin => {
                as_reference(&mut with.target);
                self.check_builtin(&with.target)?;
                if self.is_function(&with.value)? {
                    return Ok(false);
                }
            }
            reference
                if self.allow_undefined_functions
                    && (reference.is_some() || name(&with.target).is_some()) =>
            {
                return Ok(false);
            }
            _ => {
                return fault(
                    Code::Type,
                    with.target.span,
                    "with keyword target must reference existing input, data, or a function",
                );
            }
        }
        Ok(requires_evaluation(&with.value))
    }

    fn check_data(
        &self,
        target: &[Term],
        span: Span,
        value: &Term,
    ) -> Result<Option<bool>, Box<Diagnostic>> {
        let (last, way) = match target {
            [_, way @ .., last] => (Some(last), way),
            _ => (None, [].as_slice()),
        };
        let mut node = Some(self.tree);
        for part in way {
            let child = node.and_then(|node| node.child(part));
            if child.is_some_and(|child| !child.rules.is_empty()) {
                return fault(
                    Code::Compile,
                    span,
                    "with keyword cannot partially replace virtual document(s)",
                );
            }
            if child.is_none() {
                break;
            }
            node = child;
        }
        let replaced = last.and_then(|last| node?.child(last));
        if replaced.is_some_and(|node| self.holds_function(node)) && self.is_function(value)? {
            return Ok(Some(false));
        }
        if let TermValue::Ref(parts) = &value.value
            && self
                .tree
                .find(parts)
                .is_some_and(|node| self.holds_function(node))
        {
            return Ok(Some(false));
        }
        Ok(None)
    }

    fn holds_function(&self, node: &RuleNode) -> bool {
        node.rules.iter().any(|id| self.rules.parameters(*id) > 0)
    }

    fn check_builtin(&self, target: &Term) -> Result<(), Box<Diagnostic>> {
        let TermValue::Ref(parts) = &target.value else {
            return Ok(());
        };
        let text = ref_text(parts);
        let fail = |message: String| {
            let message = format!("with keyword replacing built-in function: {message}");
            fault(Code::Compile, target.span, message)
        };
        if matches!(
            text.as_str(),
            "eq" | "rego.metadata.chain" | "rego.metadata.rule"
        ) {
            return fail(format!("replacement of \"{text}\" invalid"));
        }
        if begins_with(parts, "internal") {
            return fail(format!(
                "replacement of internal function \"{text}\" invalid"
            ));
        }
        match self.capabilities.builtin(&text) {
            Some(builtin) if builtin.relation => fail("target must not be a relation".to_owned()),
            Some(builtin) if builtin.is_void() => {
                fail("target must not be a void function".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether a value names something that can be called, or a rule.
    fn is_function(&self, value: &Term) -> Result<bool, Box<Diagnostic>> {
        if let TermValue::Ref(parts) = &value.value
            && self.tree.find(parts).is_some()
        {
            return Ok(true);
        }
        self.is_builtin(value)
    }

    fn is_builtin(&self, term: &Term) -> Result<bool, Box<Diagnostic>> {
        let text = match &term.value {
            TermValue::Ref(parts) => ref_text(parts),
            TermValue::Var(name) => name.to_string(),
            _ => return Ok(false),
        };
        if self.unsafe_builtins.contains(&text) {
            return fault(
                Code::Compile,
                term.span,
                format!(
                    "with keyword replacing built-in function: target must not be unsafe: \"{text}\""
                ),
            );
        }
        Ok(self.capabilities.has_builtin(&text))
    }
}

/// A lone name becomes a reference of one part.
/// Whether these are modifiers of one place in the source.
fn is_same(one: &[With], other: &[With]) -> bool {
    one.iter()
        .map(|with| with.span)
        .eq(other.iter().map(|with| with.span))
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.target == other.target && one.value == other.value)
}

fn as_reference(term: &mut Term) {
    if name(term).is_some() {
        term.value = TermValue::Ref(vec![term.clone()]);
    }
}

fn fault<T>(code: Code, span: Span, message: impl Into<String>) -> Result<T, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::new(code, span, message)))
}
