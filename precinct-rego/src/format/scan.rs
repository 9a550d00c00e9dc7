//! What the formatter has to know of a module, or of a term, before it writes it.

use std::collections::{BTreeSet, HashSet};

use crate::ast::{Body, Expr, ExprKind, Module, Rule, TemplatePart, Term, TermValue, Var};

/// Something that is visited.
#[derive(Clone, Copy)]
pub(super) enum Node<'n> {
    Term(&'n Term),
    Expr(&'n Expr),
}

/// Visits a term and all that it holds, until `visit` returns false.
pub(super) fn walk_term<'n>(term: &'n Term, visit: &mut impl FnMut(Node<'n>) -> bool) -> bool {
    if !visit(Node::Term(term)) {
        return false;
    }
    match &term.value {
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => true,
        TermValue::Ref(terms)
        | TermValue::Array(terms)
        | TermValue::Set(terms)
        | TermValue::Call(terms) => terms.iter().all(|term| walk_term(term, visit)),
        TermValue::Object(entries) => entries
            .iter()
            .all(|(key, value)| walk_term(key, visit) && walk_term(value, visit)),
        TermValue::Template(template) => template.parts.iter().all(|part| match part {
            TemplatePart::Text(term) => walk_term(term, visit),
            TemplatePart::Expr(expr) => walk_expr(expr, visit),
        }),
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            walk_term(&c.term, visit) && walk_body(&c.body, visit)
        }
        TermValue::ObjectComprehension(c) => {
            walk_term(&c.key, visit) && walk_term(&c.value, visit) && walk_body(&c.body, visit)
        }
    }
}

/// Visits an expression and all that it holds, until `visit` returns false.
pub(super) fn walk_expr<'n>(expr: &'n Expr, visit: &mut impl FnMut(Node<'n>) -> bool) -> bool {
    if !visit(Node::Expr(expr)) {
        return false;
    }
    let terms = match &expr.kind {
        ExprKind::Term(term) => walk_term(term, visit),
        ExprKind::Call(terms) | ExprKind::Some(terms) => {
            terms.iter().all(|term| walk_term(term, visit))
        }
        ExprKind::Every(every) => {
            every.key.iter().all(|key| walk_term(key, visit))
                && walk_term(&every.value, visit)
                && walk_term(&every.domain, visit)
                && walk_body(&every.body, visit)
        }
        ExprKind::Not(not) => walk_body(&not.body, visit),
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            walk_body(&logical.lhs, visit) && walk_body(&logical.rhs, visit)
        }
    };
    terms
        && expr
            .with
            .iter()
            .all(|with| walk_term(&with.target, visit) && walk_term(&with.value, visit))
}

fn walk_body<'n>(body: &'n Body, visit: &mut impl FnMut(Node<'n>) -> bool) -> bool {
    body.iter().all(|expr| walk_expr(expr, visit))
}

/// Visits a rule and its `else` branches, the references of heads left out.
pub(super) fn walk_rule<'n>(rule: &'n Rule, visit: &mut impl FnMut(Node<'n>) -> bool) {
    for rule in rule.branches() {
        let head = rule.head.args.iter().chain(&rule.head.key);
        for term in head.chain(&rule.head.value) {
            walk_term(term, visit);
        }
        walk_body(&rule.body, visit);
    }
}

/// What one pass over the module finds.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Keywords that expressions use.
    pub(super) keywords: BTreeSet<&'static str>,
    /// Wildcards that stand in more than one place, and so need a name.
    pub(super) shared_wildcards: HashSet<Var>,
    /// A rule is defined by a reference of several parts.
    pub(super) ref_heads: bool,
}

/// Looks through the module.
pub(super) fn scan(module: &Module) -> Findings {
    let mut found = Findings::default();
    let mut wildcards = Wildcards::default();
    for rule in &module.rules {
        let head = &rule.head;
        let parts = head.reference.len();
        if parts > 2 || parts == 2 && head.key.is_some() && head.value.is_none() {
            found.ref_heads = true;
        }
        walk_rule(rule, &mut |node| {
            match node {
                Node::Term(term) => wildcards.note(term),
                Node::Expr(expr) => found.keywords.extend(keyword(expr)),
            }
            true
        });
    }
    found.shared_wildcards = wildcards.shared;
    found
}

/// The wildcards of a query that stand in more than one place.
pub(super) fn shared_wildcards(body: &Body) -> HashSet<Var> {
    let mut wildcards = Wildcards::default();
    walk_body(body, &mut |node| {
        if let Node::Term(term) = node {
            wildcards.note(term);
        }
        true
    });
    wildcards.shared
}

#[derive(Default)]
struct Wildcards {
    seen: HashSet<Var>,
    shared: HashSet<Var>,
}

impl Wildcards {
    fn note(&mut self, term: &Term) {
        if let TermValue::Var(name) = &term.value
            && name.starts_with('$')
            && !self.seen.insert(name.clone())
        {
            self.shared.insert(name.clone());
        }
    }
}

/// The keyword that the expression needs.
fn keyword(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        ExprKind::Call(terms) => {
            let operator = terms.first()?.to_string();
            matches!(operator.as_str(), "internal.member_2" | "internal.member_3").then_some("in")
        }
        ExprKind::Every(_) => Some("every"),
        ExprKind::Not(_) => Some("not"),
        ExprKind::And(_) => Some("and"),
        ExprKind::Or(_) => Some("or"),
        ExprKind::Term(_) | ExprKind::Some(_) => None,
    }
}
