//! Calls: of functions that exist, with the right number of arguments, and that may be called.

use std::collections::{BTreeSet, HashMap};

use super::vars::Arity;
use super::visit::{self, Node};
use super::visit_mut::{self, NodeMut};
use crate::ast::display::{operator_text, ref_text};
use crate::ast::{Body, Expr, ExprKind, Module, Term, TermValue, Var};
use crate::capabilities::{Builtin, Capabilities};
use crate::error::{Code, Diagnostic};

/// Something with expressions in it.
pub(super) enum Within<'a> {
    Module(&'a Module),
    Body(&'a Body),
}

impl<'a> Within<'a> {
    fn walk(&self, f: visit::Visit<'_, 'a>) {
        match self {
            Self::Module(module) => visit::module(module, f),
            Self::Body(body) => visit::body(body, f),
        }
    }
}

fn operator(terms: &[Term]) -> Option<&Vec<Term>> {
    match &terms.first()?.value {
        TermValue::Ref(parts) => Some(parts),
        _ => None,
    }
}

/// Calls of functions without a result in places that need one.
pub(super) fn void_calls(within: &Within<'_>, capabilities: &Capabilities) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    within.walk(&mut |node| {
        if let Node::Term(term) = node
            && let TermValue::Call(terms) = &term.value
            && let Some(operator) = operator(terms)
            && capabilities
                .builtin(&operator_text(operator))
                .is_some_and(Builtin::is_void)
        {
            errors.push(Diagnostic::new(
                Code::Type,
                term.span,
                format!("{term} used as value"),
            ));
        }
        false
    });
    errors
}

/// The author's names in a reference.
pub(super) fn with_original_names(parts: &[Term], original: &HashMap<Var, Var>) -> Vec<Term> {
    let mut parts = parts.to_vec();
    visit_mut::terms(&mut parts, &mut |node| {
        if let NodeMut::Term(Term {
            value: TermValue::Var(name),
            ..
        }) = node
            && let Some(author) = original.get(name)
        {
            *name = author.clone();
        }
        false
    });
    parts
}

/// Calls of functions that do not exist, or with a wrong number of arguments.
pub(super) fn undefined(
    within: &Within<'_>,
    arity: Arity<'_>,
    original: &HashMap<Var, Var>,
    mismatch: &dyn Fn(&[Term], &Expr) -> Option<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    within.walk(&mut |node| {
        let Node::Expr(expr) = node else {
            return false;
        };
        let ExprKind::Call(terms) = &expr.kind else {
            return false;
        };
        let Some(operator) = operator(terms) else {
            // A local variable that hides `input` or `data`.
            let message = "undefined function ";
            errors.push(Diagnostic::new(Code::Type, expr.span, message));
            return true;
        };
        let operands = terms.len() - 1;
        let Some(arity) = arity(operator) else {
            let name = ref_text(&with_original_names(operator, original));
            errors.push(Diagnostic::new(
                Code::Type,
                expr.span,
                format!("undefined function {name}"),
            ));
            return true;
        };
        let fits = if expr.generated {
            expr.operator_is("eq") || operands == arity + 1
        } else {
            operands == arity || operands == arity + 1
        };
        if fits {
            return false;
        }
        let given = if expr.generated {
            operands - 1
        } else {
            operands
        };
        let name = with_original_names(operator, original);
        errors.push(mismatch(&name, expr).unwrap_or_else(|| {
            let plural = if given == 1 { "" } else { "s" };
            Diagnostic::new(
                Code::Type,
                expr.span,
                format!(
                    "function {} has arity {arity}, got {given} argument{plural}",
                    ref_text(&name)
                ),
            )
        }));
        true
    });
    errors
}

/// Calls of builtins that must not be called.
pub(super) fn forbidden(within: &Within<'_>, names: &BTreeSet<String>) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    within.walk(&mut |node| {
        if let Node::Expr(expr) = node
            && let Some(operator) = expr.operator().map(|parts| operator_text(parts))
            && names.contains(operator.as_ref())
        {
            errors.push(Diagnostic::new(
                Code::Type,
                expr.span,
                format!("unsafe built-in function calls in expression: {operator}"),
            ));
        }
        false
    });
    errors
}

/// Calls of builtins that OPA advises against.
pub(super) fn deprecated(within: &Within<'_>, capabilities: &Capabilities) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    within.walk(&mut |node| {
        let (terms, span) = match node {
            Node::Expr(Expr {
                kind: ExprKind::Call(terms),
                span,
                ..
            }) => (terms, *span),
            Node::Term(Term {
                value: TermValue::Call(terms),
                ..
            }) => (terms, terms.first().map(|it| it.span).unwrap_or_default()),
            _ => return false,
        };
        if let Some(parts) = operator(terms) {
            let name = operator_text(parts);
            if capabilities
                .builtin(&name)
                .is_some_and(|builtin| builtin.deprecated)
            {
                errors.push(Diagnostic::new(
                    Code::Type,
                    span,
                    format!("deprecated built-in function calls in expression: {name}"),
                ));
            }
        }
        false
    });
    errors
}
