//! What has to be evaluated moves out of heads, of the terms of comprehensions and of operands, into expressions
//! that come before.
//!
//! ```text
//! p contains data.foo[i] if i < 2    ==>  p contains __local0__ if { i < 2; __local0__ = data.foo[i] }
//! [x[0] | x = y]                     ==>  [__local0__ | x = y; __local0__ = x[0]]
//! f(data.bar)                        ==>  __local0__ = data.bar; f(__local0__)
//! ```

use super::locals::{Locals, append, equality_operands, is_equality};
use super::visit::{is_scalar, requires_evaluation};
use super::visit_mut::{self, NodeMut};
use crate::ast::{Body, Expr, ExprKind, Head, Rule, Term, TermValue};

/// The operands of a rule's reference: afterwards each is a scalar or a variable.
pub(super) fn head_reference(locals: &mut Locals, rule: &mut Rule) {
    let Head { reference, key, .. } = &mut rule.head;
    let last = reference.len().saturating_sub(1);
    for (position, part) in reference.iter_mut().enumerate().skip(1) {
        if is_scalar(&part.value) || matches!(part.value, TermValue::Var(_)) {
            continue;
        }
        let is_key = position == last && key.as_ref() == Some(part);
        let binding = locals.hoist(part);
        if is_key {
            *key = Some(part.clone());
        }
        append(&mut rule.body, vec![binding]);
    }
}

/// Key, value and arguments of a rule.
pub(super) fn head(locals: &mut Locals, rule: &mut Rule) {
    let head = &mut rule.head;
    let terms = head
        .key
        .iter_mut()
        .chain(&mut head.value)
        .chain(&mut head.args);
    for term in terms.filter(|term| requires_evaluation(term)) {
        let binding = locals.hoist(term);
        append(&mut rule.body, vec![binding]);
    }
}

/// The terms of all comprehensions below a node.
pub(super) fn comprehension_terms(locals: &mut Locals, node: NodeMut<'_>) -> bool {
    if let NodeMut::Term(term) = node {
        match &mut term.value {
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                collected(locals, &mut it.term, &mut it.body);
            }
            TermValue::ObjectComprehension(it) => {
                collected(locals, &mut it.key, &mut it.body);
                collected(locals, &mut it.value, &mut it.body);
            }
            _ => {}
        }
    }
    false
}

fn collected(locals: &mut Locals, term: &mut Term, body: &mut Body) {
    if requires_evaluation(term) {
        let binding = locals.hoist(term);
        append(body, vec![binding]);
    }
}

/// The operands of a body's expressions: references and comprehensions are bound to variables first.
pub(super) fn operands(locals: &mut Locals, body: &mut Body) {
    let mut result = Body::with_capacity(body.len());
    for mut expr in body.drain(..) {
        let mut hoist = Hoist {
            locals,
            result: &mut result,
        };
        hoist.expr(&mut expr);
        result.push(expr);
    }
    *body = result;
}

struct Hoist<'a> {
    locals: &'a mut Locals,
    result: &'a mut Body,
}

impl Hoist<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        let equality = is_equality(expr);
        if equality && equality_operands(expr).is_none() {
            return;
        }
        let with = std::mem::take(&mut expr.with);
        let start = self.result.len();
        match &mut expr.kind {
            ExprKind::Call(terms) if equality => {
                for term in terms.iter_mut().skip(1) {
                    self.side(term);
                }
            }
            ExprKind::Call(terms) => {
                for term in terms.iter_mut().skip(1) {
                    self.operand(term);
                }
            }
            ExprKind::Every(every) => {
                self.operand(&mut every.domain);
                operands(self.locals, &mut every.body);
            }
            ExprKind::Not(not) => operands(self.locals, &mut not.body),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                operands(self.locals, &mut sides.lhs);
                operands(self.locals, &mut sides.rhs);
            }
            ExprKind::Term(term) => self.side(term),
            ExprKind::Some(_) => {}
        }
        for binding in self.result.iter_mut().skip(start) {
            binding.with.clone_from(&with);
        }
        expr.with = with;
    }

    /// A side of a unification can be a reference or comprehension itself.
    fn side(&mut self, term: &mut Term) {
        match &mut term.value {
            TermValue::Ref(parts) => {
                for part in parts.iter_mut().skip(1) {
                    self.operand(part);
                }
            }
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                operands(self.locals, &mut it.body);
            }
            TermValue::ObjectComprehension(it) => operands(self.locals, &mut it.body),
            _ => self.operand(term),
        }
    }

    fn operand(&mut self, term: &mut Term) {
        match &mut term.value {
            TermValue::Ref(_)
            | TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_) => {
                self.side(term);
                let subject = term.value.clone();
                let binding = self.locals.hoist(term);
                self.locals.stands_for(term, subject);
                self.result.push(binding);
            }
            TermValue::Array(items) | TermValue::Set(items) => {
                for item in items {
                    self.operand(item);
                }
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.operand(key);
                    self.operand(value);
                }
            }
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Template(_)
            | TermValue::Var(_)
            | TermValue::Call(_) => {}
        }
    }
}

/// The sides of equations in test rules: their values can then be reported when the test fails.
pub(super) fn test_equations(locals: &mut Locals, body: &mut Body) {
    let mut result = Body::with_capacity(body.len());
    for mut expr in body.drain(..) {
        if !expr.negated && !expr.generated {
            let with = expr.with.clone();
            let equality = is_equality(&expr);
            match &mut expr.kind {
                ExprKind::Call(terms) if equality => {
                    for term in terms.iter_mut().skip(1).take(2) {
                        let is_ref = matches!(term.value, TermValue::Ref(_));
                        if !is_ref && !term.value.is_comprehension() {
                            continue;
                        }
                        let mut binding = locals.hoist(term);
                        binding.with.clone_from(&with);
                        result.push(binding);
                    }
                }
                ExprKind::Every(every) => test_equations(locals, &mut every.body),
                _ => {}
            }
        }
        append(&mut result, vec![expr]);
    }
    *body = result;
}

/// `==` and `:=` become unification. Until then they bind less, or nothing, which the order of bodies depends on.
pub(super) fn equations(node: NodeMut<'_>) -> bool {
    if let NodeMut::Expr(expr) = node {
        rename_operator(expr, "equal");
        rename_operator(expr, super::locals::ASSIGNED);
    }
    false
}

/// `:=` becomes unification.
pub(super) fn assignments(node: NodeMut<'_>) -> bool {
    if let NodeMut::Expr(expr) = node {
        rename_operator(expr, super::locals::ASSIGNED);
    }
    false
}

fn rename_operator(expr: &mut Expr, from: &str) {
    if expr.operator_is(from)
        && let ExprKind::Call(terms) = &mut expr.kind
        && let [operator, _, _] = terms.as_mut_slice()
    {
        *operator = super::locals::unify_operator(operator.span);
    }
}

/// Hoists the terms of all comprehensions of a body.
pub(super) fn comprehensions_in_body(locals: &mut Locals, body: &mut Body) {
    visit_mut::body(body, &mut |node| comprehension_terms(locals, node));
}
