//! Copies of heads, for rules that share one, and nodes that are given another place.

use crate::ast::Span;

use super::parser::Parser;
use super::tree::{ExprId, ExprKind, HeadNode, Operand, Part, TermId, TermKind, Tree, WithNode};

impl Parser<'_> {
    /// A head of its own nodes.
    pub(super) fn copy_head(&mut self, head: &HeadNode) -> HeadNode {
        let mut copy = head.clone();
        let tree = &mut self.tree;
        copy_all(tree, &mut copy.reference);
        copy_all(tree, &mut copy.args);
        copy.key = head.key.map(|key| copy_term(tree, key));
        copy.value = head.value.map(|value| copy_term(tree, value));
        copy
    }

    /// Moves a head and all of its nodes; as in OPA, the reference stays.
    pub(super) fn place_head(&mut self, head: &mut HeadNode, span: Span) {
        head.span = span;
        let terms = head.args.iter().chain(&head.key).chain(&head.value);
        for term in terms {
            place_term(&mut self.tree, *term, span);
        }
    }
}

fn copy_all(tree: &mut Tree, terms: &mut [TermId]) {
    for term in terms {
        *term = copy_term(tree, *term);
    }
}

fn copy_term(tree: &mut Tree, id: TermId) -> TermId {
    let node = tree.term(id).clone();
    let mut kind = node.kind;
    match &mut kind {
        TermKind::Null
        | TermKind::Boolean(_)
        | TermKind::Number(_)
        | TermKind::String(_)
        | TermKind::Var(_) => {}
        TermKind::Ref(terms)
        | TermKind::Array(terms)
        | TermKind::Set(terms)
        | TermKind::Call(terms) => copy_all(tree, terms),
        TermKind::Object(entries) => {
            for (key, value) in entries {
                *key = copy_term(tree, *key);
                *value = copy_term(tree, *value);
            }
        }
        TermKind::Template(parts, _) => {
            for part in parts {
                match part {
                    Part::Text(term) => *term = copy_term(tree, *term),
                    Part::Expr(expr) => *expr = copy_expr(tree, *expr),
                }
            }
        }
        TermKind::ArrayComprehension(term, body) | TermKind::SetComprehension(term, body) => {
            *term = copy_term(tree, *term);
            copy_body(tree, body);
        }
        TermKind::ObjectComprehension(key, value, body) => {
            *key = copy_term(tree, *key);
            *value = copy_term(tree, *value);
            copy_body(tree, body);
        }
    }
    tree.add_term(node.span, kind)
}

fn copy_body(tree: &mut Tree, body: &mut [ExprId]) {
    for expr in body {
        *expr = copy_expr(tree, *expr);
    }
}

fn copy_expr(tree: &mut Tree, id: ExprId) -> ExprId {
    let mut node = tree.expr(id).clone();
    match &mut node.kind {
        ExprKind::Term(term) => *term = copy_term(tree, *term),
        ExprKind::Call(terms) | ExprKind::Some(_, terms) => copy_all(tree, terms),
        ExprKind::Every(every) => {
            every.key = every.key.map(|key| copy_term(tree, key));
            every.value = copy_term(tree, every.value);
            every.domain = copy_term(tree, every.domain);
            copy_body(tree, &mut every.body);
        }
        ExprKind::Not { body, .. } => copy_body(tree, body),
        ExprKind::Logical(logical) => {
            for Operand { body, .. } in [&mut logical.lhs, &mut logical.rhs] {
                copy_body(tree, body);
            }
        }
    }
    for WithNode { target, value, .. } in &mut node.with {
        *target = copy_term(tree, *target);
        *value = copy_term(tree, *value);
    }
    let copy = tree.add_expr(node.kind, node.span);
    let target = tree.expr_mut(copy);
    target.negated = node.negated;
    target.generated = node.generated;
    target.with = node.with;
    copy
}

fn place_term(tree: &mut Tree, id: TermId, span: Span) {
    tree.term_mut(id).span = span;
    match tree.kind(id).clone() {
        TermKind::Null
        | TermKind::Boolean(_)
        | TermKind::Number(_)
        | TermKind::String(_)
        | TermKind::Var(_) => {}
        TermKind::Ref(terms)
        | TermKind::Array(terms)
        | TermKind::Set(terms)
        | TermKind::Call(terms) => {
            for term in terms {
                place_term(tree, term, span);
            }
        }
        TermKind::Object(entries) => {
            for (key, value) in entries {
                place_term(tree, key, span);
                place_term(tree, value, span);
            }
        }
        TermKind::Template(parts, _) => {
            for part in parts {
                match part {
                    Part::Text(term) => place_term(tree, term, span),
                    Part::Expr(expr) => place_everywhere(tree, expr, span),
                }
            }
        }
        TermKind::ArrayComprehension(term, body) | TermKind::SetComprehension(term, body) => {
            place_term(tree, term, span);
            place_body(tree, &body, span);
        }
        TermKind::ObjectComprehension(key, value, body) => {
            place_term(tree, key, span);
            place_term(tree, value, span);
            place_body(tree, &body, span);
        }
    }
}

fn place_body(tree: &mut Tree, body: &[ExprId], span: Span) {
    for expr in body {
        place_everywhere(tree, *expr, span);
    }
}

/// Gives an expression and all that it holds one place, as OPA does with the literal of `else`.
pub(super) fn place_everywhere(tree: &mut Tree, id: ExprId, span: Span) {
    tree.expr_mut(id).span = Some(span);
    let mut node = tree.expr(id).clone();
    match &mut node.kind {
        ExprKind::Term(term) => place_term(tree, *term, span),
        ExprKind::Call(terms) => {
            for term in terms {
                place_term(tree, *term, span);
            }
        }
        ExprKind::Some(at, terms) => {
            *at = span;
            for term in terms {
                place_term(tree, *term, span);
            }
        }
        ExprKind::Every(every) => {
            every.span = span;
            for term in every.key.iter().chain([&every.value, &every.domain]) {
                place_term(tree, *term, span);
            }
            place_body(tree, &every.body, span);
        }
        ExprKind::Not { span: at, body, .. } => {
            *at = span;
            place_body(tree, body, span);
        }
        ExprKind::Logical(logical) => {
            logical.span = span;
            place_body(tree, &logical.lhs.body, span);
            place_body(tree, &logical.rhs.body, span);
        }
    }
    for with in &mut node.with {
        with.span = span;
        place_term(tree, with.target, span);
        place_term(tree, with.value, span);
    }
    let target = tree.expr_mut(id);
    target.kind = node.kind;
    target.with = node.with;
}
