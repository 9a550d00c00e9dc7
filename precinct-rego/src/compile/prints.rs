//! `print` calls: left out, or with operands whose being undefined does not stop the rule.
//!
//! ```text
//! print("x is", input.x)  ==>  internal.print([{__local0__ | __local0__ = "x is"}, {__local1__ | __local1__ = input.x}])
//! ```

use std::collections::HashMap;

use super::locals::{Locals, always};
use super::outputs;
use super::templates::captured;
use super::vars::{self, Arity, Scope, VarSet, is_generated, shown};
use super::visit::{self, Node};
use super::visit_mut::{self, NodeMut};
use crate::ast::{Body, Expr, ExprKind, Term, TermValue, Var};
use crate::error::{Code, Diagnostic};

fn is_print(expr: &Expr) -> bool {
    expr.operator_is("print")
}

/// Whether the body, or one in it, prints.
pub(super) fn prints(body: &Body) -> bool {
    let mut found = false;
    visit::body(body, &mut |node| {
        if let Node::Expr(expr) = node {
            found |= is_print(expr);
        }
        found
    });
    found
}

/// Removes the print calls from the bodies that a walk comes across.
pub(super) fn erase(node: NodeMut<'_>) -> bool {
    if let NodeMut::Body(body) = node {
        let span = body.first().map(|expr| expr.span);
        let before = body.len();
        body.retain(|expr| !is_print(expr));
        if body.is_empty() && before > 0 {
            body.push(always(span.unwrap_or_default()));
        }
    }
    false
}

/// What keeping print calls needs to know.
pub(super) struct Prints<'a> {
    pub(super) locals: &'a mut Locals,
    pub(super) arity: Arity<'a>,
    pub(super) original: &'a HashMap<Var, Var>,
}

impl Prints<'_> {
    /// Rewrites the print calls of a body and of all bodies in it.
    pub(super) fn body(&mut self, body: &mut Body, globals: &VarSet) -> Vec<Diagnostic> {
        for index in 0..body.len() {
            let (before, rest) = body.split_at_mut(index);
            let Some(expr) = rest.first_mut() else {
                continue;
            };
            if !has_closures(expr) {
                continue;
            }
            let mut safe = outputs::of_body(before, self.arity, globals);
            safe.extend(globals.iter().cloned());
            let errors = self.closures(expr, &mut safe);
            if !errors.is_empty() {
                return errors;
            }
        }
        for index in 0..body.len() {
            let (before, rest) = body.split_at_mut(index);
            if let Some(expr) = rest.first_mut().filter(|expr| is_print(expr)) {
                let errors = self.call(before, expr, globals);
                if !errors.is_empty() {
                    return errors;
                }
            }
        }
        Vec::new()
    }

    fn closures(&mut self, expr: &mut Expr, safe: &mut VarSet) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        visit_mut::expr(expr, &mut |node| match node {
            NodeMut::Every(every) => {
                safe.extend(every.key.as_ref().map(vars::of_term).unwrap_or_default());
                safe.extend(vars::of_term(&every.value));
                errors.extend(self.body(&mut every.body, safe));
                true
            }
            NodeMut::Not(not) => {
                errors.extend(self.body(&mut not.body, safe));
                true
            }
            NodeMut::Logical(sides) => {
                errors.extend(self.body(&mut sides.lhs, safe));
                errors.extend(self.body(&mut sides.rhs, safe));
                true
            }
            NodeMut::Term(term) => match &mut term.value {
                TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                    errors.extend(self.body(&mut it.body, safe));
                    true
                }
                TermValue::ObjectComprehension(it) => {
                    errors.extend(self.body(&mut it.body, safe));
                    true
                }
                _ => false,
            },
            NodeMut::Body(_) | NodeMut::Expr(_) | NodeMut::With(_) => false,
        });
        errors
    }

    fn call(&mut self, before: &[Expr], expr: &mut Expr, globals: &VarSet) -> Vec<Diagnostic> {
        let ExprKind::Call(terms) = &mut expr.kind else {
            return Vec::new();
        };
        let mut safe = outputs::of_body(before, self.arity, globals);
        safe.extend(globals.iter().cloned());
        let generated = Scope::default().of_body(before).into_iter();
        safe.extend(generated.filter(|name| is_generated(name)));
        let arguments = terms.split_off(terms.len().min(1));
        let mut errors = Vec::new();
        for argument in &arguments {
            for name in Scope::SAFETY.of_term(argument).difference(&safe) {
                let name = self.original.get(name).unwrap_or(name);
                errors.push(Diagnostic::new(
                    Code::Compile,
                    argument.span,
                    format!("var {} is undeclared", shown(name)),
                ));
            }
        }
        if !errors.is_empty() {
            return errors;
        }
        let items = arguments
            .into_iter()
            .map(|argument| captured(self.locals, argument))
            .collect();
        let span = expr.span;
        let part = |value| Term { span, value };
        *terms = vec![
            part(TermValue::Ref(vec![
                part(TermValue::Var("internal".into())),
                part(TermValue::String("print".into())),
            ])),
            part(TermValue::Array(items)),
        ];
        // OPA makes a new expression here: modifiers and negation of the call are gone.
        expr.with.clear();
        expr.negated = false;
        expr.generated = false;
        errors
    }
}

fn has_closures(expr: &Expr) -> bool {
    let mut found = false;
    visit::expr(expr, &mut |node| {
        found |= match node {
            Node::Every(_) | Node::Not(_) | Node::Logical(_) => true,
            Node::Term(term) => matches!(
                term.value,
                TermValue::ArrayComprehension(_)
                    | TermValue::SetComprehension(_)
                    | TermValue::ObjectComprehension(_)
            ),
            Node::Body | Node::Expr(_) | Node::With(_) => false,
        };
        found
    });
    found
}
