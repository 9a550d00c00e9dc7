//! Making syntax: fresh variables, equalities, calls.

use std::sync::Arc;

use super::vars::VarSet;
use crate::ast::{Body, Expr, ExprKind, Span, Term, TermValue, Var};

/// Gives fresh names: `__local0__`, `__local1__`, …
#[derive(Debug, Default)]
pub(super) struct Fresh {
    next: u32,
    taken: VarSet,
    prefix: &'static str,
}

impl Fresh {
    /// Names that none of `taken` is.
    pub(super) fn new(prefix: &'static str, taken: VarSet) -> Self {
        Self {
            next: 0,
            taken,
            prefix,
        }
    }

    pub(super) fn var(&mut self) -> Var {
        loop {
            let name = format!("__local{}{}__", self.prefix, self.next);
            self.next += 1;
            if !self.taken.contains(name.as_str()) {
                return name.into();
            }
        }
    }

    pub(super) fn term(&mut self, span: Span) -> Term {
        term(span, TermValue::Var(self.var()))
    }

    /// `__localN__ = value`, made by the compiler.
    pub(super) fn equality(&mut self, value: Term) -> (Term, Expr) {
        let local = self.term(value.span);
        let expr = equality(local.clone(), value);
        (local, expr)
    }
}

pub(super) fn term(span: Span, value: TermValue) -> Term {
    Term { span, value }
}

pub(super) fn var(span: Span, name: &str) -> Term {
    term(span, TermValue::Var(Arc::from(name)))
}

/// A reference of these names: the first a variable, the others strings.
pub(super) fn reference(span: Span, names: &[&str]) -> Term {
    let parts = names
        .iter()
        .enumerate()
        .map(|(index, name)| match index {
            0 => var(span, name),
            _ => term(span, TermValue::String(Arc::from(*name))),
        })
        .collect();
    term(span, TermValue::Ref(parts))
}

/// An expression that the compiler made.
pub(super) fn generated(span: Span, kind: ExprKind) -> Expr {
    Expr {
        span,
        kind,
        negated: false,
        generated: true,
        with: Vec::new(),
    }
}

/// `left = right`, made by the compiler.
pub(super) fn equality(left: Term, right: Term) -> Expr {
    let span = right.span;
    generated(
        span,
        ExprKind::Call(vec![reference(span, &["eq"]), left, right]),
    )
}

/// `true`, for bodies that would be empty.
pub(super) fn truth(span: Span) -> Expr {
    generated(span, ExprKind::Term(term(span, TermValue::Boolean(true))))
}

/// Adds expressions to a body; a body that only says `true` is replaced.
pub(super) fn append(body: &mut Body, more: Vec<Expr>) {
    if more.is_empty() {
        return;
    }
    if let [only] = body.as_slice()
        && matches!(&only.kind, ExprKind::Term(term) if matches!(term.value, TermValue::Boolean(true)))
        && only.with.is_empty()
        && !only.negated
    {
        body.clear();
    }
    body.extend(more);
}

/// `null`, booleans, numbers, strings.
pub(super) fn is_scalar(term: &Term) -> bool {
    matches!(
        term.value,
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_)
    )
}

/// Whether a reference is one whole root document: `input`, `data`.
pub(super) fn is_root(term: &Term) -> bool {
    match &term.value {
        TermValue::Ref(parts) => match parts.as_slice() {
            [head] => {
                matches!(&head.value, TermValue::Var(name) if matches!(name.as_ref(), "input" | "data"))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a term holds a reference or a comprehension at any depth: it has to be evaluated.
pub(super) fn needs_evaluation(term: &Term) -> bool {
    match &term.value {
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => false,
        TermValue::Ref(_)
        | TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_)
        | TermValue::Template(_)
        | TermValue::Call(_) => true,
        TermValue::Array(items) | TermValue::Set(items) => items.iter().any(needs_evaluation),
        TermValue::Object(entries) => entries
            .iter()
            .any(|(key, value)| needs_evaluation(key) || needs_evaluation(value)),
    }
}
