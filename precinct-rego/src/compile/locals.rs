//! Variables that the compiler makes: `__local0__`, `__local1__`, …

use std::collections::{HashMap, HashSet};

use super::vars::is_generated;
use super::visit::{self, Node};
use crate::ast::{Body, Expr, ExprKind, Module, Span, Term, TermValue, Var};

/// Makes new variables, none of which the author wrote.
pub(super) struct Locals {
    prefix: &'static str,
    next: u32,
    taken: HashSet<Var>,
    /// The terms that made variables stand for, to be shown in messages.
    pub(super) subjects: HashMap<Var, TermValue>,
}

impl Locals {
    /// Variables for modules.
    pub(super) fn for_modules(modules: &[Module]) -> Self {
        let mut taken = HashSet::new();
        for module in modules {
            visit::module(module, &mut |node| note(node, &mut taken));
            for rule in &module.rules {
                for branch in rule.branches() {
                    visit::terms(&branch.head.reference, &mut |node| note(node, &mut taken));
                }
            }
        }
        Self::new("__local", taken)
    }

    /// Variables for a query.
    pub(super) fn for_query(body: &Body) -> Self {
        let mut taken = HashSet::new();
        visit::body(body, &mut |node| note(node, &mut taken));
        Self::new("__localq", taken)
    }

    fn new(prefix: &'static str, taken: HashSet<Var>) -> Self {
        Self {
            prefix,
            next: 0,
            taken,
            subjects: HashMap::new(),
        }
    }

    /// A new variable.
    pub(super) fn fresh(&mut self) -> Var {
        loop {
            let name: Var = format!("{}{}__", self.prefix, self.next).into();
            self.next += 1;
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }

    /// A new variable, said to stand where the span tells.
    pub(super) fn fresh_term(&mut self, span: Span) -> Term {
        Term {
            span,
            value: TermValue::Var(self.fresh()),
        }
    }

    /// Puts a new variable in the place of the term; the answer is the expression that binds it.
    pub(super) fn hoist(&mut self, term: &mut Term) -> Expr {
        let variable = self.fresh_term(term.span);
        let term = std::mem::replace(term, variable.clone());
        generated_equality(variable, term)
    }

    /// Notes what a made variable stands for.
    pub(super) fn stands_for(&mut self, variable: &Term, subject: TermValue) {
        if let TermValue::Var(name) = &variable.value {
            self.subjects.insert(name.clone(), subject);
        }
    }
}

/// Only names that look like ours can be in the way.
fn note(node: Node<'_>, taken: &mut HashSet<Var>) -> bool {
    if let Node::Term(Term {
        value: TermValue::Var(name),
        ..
    }) = node
        && is_generated(name)
    {
        taken.insert(name.clone());
    }
    false
}

/// The operator of unification.
pub(super) fn unify_operator(span: Span) -> Term {
    operator("eq", span)
}

/// A one-part operator.
pub(super) fn operator(name: &str, span: Span) -> Term {
    Term {
        span,
        value: TermValue::Ref(vec![Term {
            span,
            value: TermValue::Var(name.into()),
        }]),
    }
}

/// `lhs = rhs`, standing where the right side stands.
pub(super) fn equality(lhs: Term, rhs: Term) -> Expr {
    let span = rhs.span;
    expression(span, ExprKind::Call(vec![unify_operator(span), lhs, rhs]))
}

/// As [`equality`], marked as not written by the author.
pub(super) fn generated_equality(lhs: Term, rhs: Term) -> Expr {
    Expr {
        generated: true,
        ..equality(lhs, rhs)
    }
}

/// An expression without modifiers.
pub(super) fn expression(span: Span, kind: ExprKind) -> Expr {
    Expr {
        span,
        kind,
        negated: false,
        generated: false,
        with: Vec::new(),
    }
}

/// `true`
pub(super) fn always(span: Span) -> Expr {
    expression(
        span,
        ExprKind::Term(Term {
            span,
            value: TermValue::Boolean(true),
        }),
    )
}

/// The operator of an assignment whose left side has its new names. It counts as unification, but its left side must
/// not bind the right one; when bodies are in order it becomes unification.
pub(super) const ASSIGNED: &str = ":=";

/// The operands of `lhs = rhs`, and of assignments whose left side has its new names.
pub(super) fn equality_operands(expr: &Expr) -> Option<(&Term, &Term)> {
    if is_equality(expr) {
        two_operands(expr)
    } else {
        None
    }
}

/// The operands of `lhs := rhs` as the author wrote it.
pub(super) fn assignment_operands(expr: &Expr) -> Option<(&Term, &Term)> {
    if expr.operator_is("assign") {
        two_operands(expr)
    } else {
        None
    }
}

fn two_operands(expr: &Expr) -> Option<(&Term, &Term)> {
    match &expr.kind {
        ExprKind::Call(terms) => match terms.as_slice() {
            [_, lhs, rhs] => Some((lhs, rhs)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the expression is a unification.
pub(super) fn is_equality(expr: &Expr) -> bool {
    expr.operator_is("eq") || expr.operator_is(ASSIGNED)
}

/// Adds expressions to a body, in the place of a lone `true`.
pub(super) fn append(body: &mut Body, mut more: Vec<Expr>) {
    if more.is_empty() {
        return;
    }
    if let [only] = body.as_slice()
        && matches!(
            &only.kind,
            ExprKind::Term(Term {
                value: TermValue::Boolean(true),
                ..
            })
        )
    {
        body.clear();
    }
    body.append(&mut more);
}
