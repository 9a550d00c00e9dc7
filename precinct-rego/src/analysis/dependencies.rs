//! The documents that a query depends on.
//!
//! Variables stand for the references that they are bound to, so that `x := data.a; x.b` depends on `data.a.b`.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::order::{compare, compare_values};
use crate::ast::{Body, Expr, ExprKind, Ref, Rule, Term, TermValue, Var};
use crate::compile::visit::{self, Node};
use crate::compile::{Compiled, RuleId, RuleNode};

/// How many parts a reference that variables were replaced in may have, and how many a variable may stand for:
/// variables that are bound to parts of each other would go on without end.
const PARTS: usize = 64;
const REFERENCES: usize = 4096;

/// What a query depends on, each list in order and without doubles.
#[derive(Clone, Debug, Default)]
pub struct Dependencies {
    /// Documents from outside: parts of `input`, and of `data` where no rule defines them.
    pub base: Vec<Ref>,
    /// Documents that rules define.
    pub virtual_documents: Vec<Ref>,
}

/// What the query depends on. References end where they become dynamic: `data.a[x]` counts as `data.a`.
#[must_use]
pub fn of_query(compiled: &Compiled, query: &Body) -> Dependencies {
    let mut pending = vec![minimal(query_references(query))];
    let mut seen = BTreeSet::new();
    let mut found = Dependencies::default();
    while let Some(references) = pending.pop() {
        for reference in references {
            let reference = constant_prefix(&reference);
            let rules = rules_of(compiled, reference);
            if rules.is_empty() {
                found.base.push(reference.to_vec());
            }
            for id in rules {
                if !seen.insert(id) {
                    continue;
                }
                let path = visit::ground_prefix(compiled.rules.reference(id));
                found.virtual_documents.push(path.to_vec());
                let mut inner = Vec::new();
                for branch in compiled.rules.with_branches(id) {
                    if let Some(rule) = compiled.rule(branch) {
                        inner.extend(rule_references(rule));
                    }
                }
                pending.push(minimal(inner));
            }
        }
    }
    in_order(&mut found.base);
    in_order(&mut found.virtual_documents);
    found
}

pub(super) fn in_order(references: &mut Vec<Ref>) {
    references.sort_by(|a, b| order(a, b));
    references.dedup_by(|a, b| order(a, b).is_eq());
}

fn order(a: &[Term], b: &[Term]) -> std::cmp::Ordering {
    a.iter()
        .zip(b)
        .map(|(one, other)| compare(one, other))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn same(a: &Term, b: &Term) -> bool {
    compare_values(&a.value, &b.value).is_eq()
}

pub(super) fn has_prefix(reference: &[Term], prefix: &[Term]) -> bool {
    reference.len() >= prefix.len() && reference.iter().zip(prefix).all(|(a, b)| same(a, b))
}

/// Those of which no other is the beginning, as far as neighbours in the order tell.
fn minimal(mut references: Vec<Ref>) -> Vec<Ref> {
    in_order(&mut references);
    references.dedup_by(|later, earlier| has_prefix(later, earlier));
    references
}

pub(super) fn constant_prefix(reference: &[Term]) -> &[Term] {
    let length = reference
        .iter()
        .skip(1)
        .take_while(|part| visit::is_constant(&part.value))
        .count();
    reference.get(..=length).unwrap_or(reference)
}

/// The rules that define the document, a part of it, or what it is a part of.
pub(super) fn rules_of(compiled: &Compiled, reference: &[Term]) -> BTreeSet<RuleId> {
    let mut found = BTreeSet::new();
    if !matches!(reference.first().map(|head| &head.value), Some(TermValue::Var(name)) if &**name == "data")
    {
        return found;
    }
    found.extend(compiled.tree.virtual_document(reference));
    if let Some(node) = compiled.tree.find(reference) {
        below(node, &mut found);
    }
    found
}

fn below(node: &RuleNode, found: &mut BTreeSet<RuleId>) {
    found.extend(&node.rules);
    for child in node.children.values().filter(|child| !child.hidden) {
        below(child, found);
    }
}

fn is_root(head: &Term) -> bool {
    matches!(&head.value, TermValue::Var(name) if matches!(&**name, "data" | "input"))
}

/// All references within a node that start at a document.
fn query_references(query: &Body) -> Vec<Ref> {
    let mut vars = BTreeSet::new();
    for expr in query {
        variables(expr, false, &mut vars);
    }
    let mut found = body_references(query, &vars);
    for expr in query {
        references(expr, &mut |parts| {
            if parts.first().is_some_and(is_root) {
                found.push(parts.clone());
            }
        });
    }
    found
}

fn rule_references(rule: &Rule) -> Vec<Ref> {
    let mut head = BTreeSet::new();
    visit::head(rule, &mut |node| {
        note_variable(node, &mut head);
        false
    });
    visit::terms(
        rule.head.reference.get(1..).unwrap_or_default(),
        &mut |node| {
            note_variable(node, &mut head);
            false
        },
    );
    let mut found = body_references(&rule.body, &head);
    visit::head(rule, &mut |node| {
        if let Node::Term(Term {
            value: TermValue::Ref(parts),
            ..
        }) = node
            && parts.first().is_some_and(is_root)
        {
            found.push(parts.clone());
        }
        false
    });
    found
}

fn note_variable(node: Node<'_>, found: &mut BTreeSet<Var>) {
    if let Node::Term(Term {
        value: TermValue::Var(name),
        ..
    }) = node
    {
        found.insert(name.clone());
    }
}

/// The variables of an expression; without the heads of references when these are to be left out.
fn variables(expr: &Expr, no_heads: bool, found: &mut BTreeSet<Var>) {
    visit::expr(expr, &mut |node| {
        collect(node, no_heads, found);
        no_heads && matches!(node, Node::Term(term) if matches!(term.value, TermValue::Ref(_)))
    });
}

fn collect(node: Node<'_>, no_heads: bool, found: &mut BTreeSet<Var>) {
    match node {
        Node::Term(Term {
            value: TermValue::Ref(parts),
            ..
        }) if no_heads => {
            for part in parts.iter().skip(1) {
                visit::term(part, &mut |inner| {
                    collect(inner, no_heads, found);
                    matches!(inner, Node::Term(term) if matches!(term.value, TermValue::Ref(_)))
                });
            }
        }
        _ => note_variable(node, found),
    }
}

fn references(expr: &Expr, f: &mut dyn FnMut(&Ref)) {
    visit::expr(expr, &mut |node| {
        if let Node::Term(Term {
            value: TermValue::Ref(parts),
            ..
        }) = node
        {
            f(parts);
        }
        false
    });
}

/// References that a variable stands for.
type Bound = BTreeMap<Var, Vec<Ref>>;

/// The references of a body, those behind variables included, when `head` are the variables that are asked for.
fn body_references(body: &Body, head: &BTreeSet<Var>) -> Vec<Ref> {
    let (bindings, others) = bindings(body);
    let bound = joined(&bindings);
    let mut resolved: Vec<Ref> = Vec::new();
    let mut head_references = Vec::new();
    let mut used = BTreeSet::new();
    for expr in others {
        if let Some(parts) = ends_in_head_variable(expr, head) {
            head_references.extend(expanded(parts, &bound));
            continue;
        }
        references(expr, &mut |parts| resolved.extend(expanded(parts, &bound)));
        variables(expr, true, &mut used);
    }
    for reference in head_references {
        // What is known in more detail already need not be named again.
        if !resolved.iter().any(|known| has_prefix(known, &reference)) {
            resolved.push(reference.clone());
        }
        inner_references(&reference, &bound, &mut resolved);
    }
    for expr in body {
        references(expr, &mut |parts| {
            for part in parts.iter().skip(1) {
                if let TermValue::Var(name) = &part.value {
                    used.insert(name.clone());
                }
            }
        });
    }
    let alias = |name: &Var, stands_for: &Vec<Ref>| {
        stands_for.len() == 1 && !head.contains(name) && !used.contains(name)
    };
    for (name, stands_for) in &bound {
        for reference in stands_for {
            if !alias(name, stands_for) {
                resolved.extend(expanded(reference, &bound));
            }
            inner_references(reference, &bound, &mut resolved);
        }
    }
    let known = resolved.len();
    for (_, stands_for) in bound.iter().filter(|(name, list)| alias(name, list)) {
        for reference in stands_for {
            let covered = resolved
                .iter()
                .take(known)
                .any(|other| has_prefix(other, reference) || has_prefix(reference, other));
            if !covered {
                resolved.push(reference.clone());
            }
        }
    }
    resolved
}

/// The reference that is the whole expression and whose last part is a variable of the head.
fn ends_in_head_variable<'a>(expr: &'a Expr, head: &BTreeSet<Var>) -> Option<&'a Ref> {
    let ExprKind::Term(Term {
        value: TermValue::Ref(parts),
        ..
    }) = &expr.kind
    else {
        return None;
    };
    match &parts.last()?.value {
        TermValue::Var(name) if head.contains(name) => Some(parts),
        _ => None,
    }
}

/// The references within the parts of a reference.
fn inner_references(reference: &[Term], bound: &Bound, resolved: &mut Vec<Ref>) {
    visit::terms(reference, &mut |node| {
        if let Node::Term(Term {
            value: TermValue::Ref(parts),
            ..
        }) = node
        {
            resolved.extend(expanded(parts, bound));
        }
        false
    });
}

/// Equalities of a variable and a reference; and all other expressions.
fn bindings(body: &Body) -> (Vec<(&Var, &Ref)>, Vec<&Expr>) {
    let mut bindings = Vec::new();
    let mut others = Vec::new();
    for expr in body {
        let pair = match &expr.kind {
            ExprKind::Call(list) if expr.operator_is("eq") => match list.as_slice() {
                [_, one, other] => match (&one.value, &other.value) {
                    (TermValue::Var(name), TermValue::Ref(parts))
                    | (TermValue::Ref(parts), TermValue::Var(name)) => Some((name, parts)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        match pair {
            Some(pair) => bindings.push(pair),
            None => others.push(expr),
        }
    }
    (bindings, others)
}

/// What each variable stands for, variables in front of references replaced.
fn joined(bindings: &[(&Var, &Ref)]) -> Bound {
    let mut bound = Bound::new();
    loop {
        let mut changed = false;
        for (name, reference) in bindings {
            for full in expanded(reference, &bound) {
                let list = bound.entry((*name).clone()).or_default();
                let known = list.iter().any(|other| order(other, &full).is_eq());
                if !known && full.len() <= PARTS && list.len() < REFERENCES {
                    list.push(full);
                    changed = true;
                }
            }
        }
        if !changed {
            return bound;
        }
    }
}

/// The reference with what its variable in front stands for; nothing when that is unknown.
fn expanded(reference: &Ref, bound: &Bound) -> Vec<Ref> {
    let Some((head, rest)) = reference.split_first() else {
        return Vec::new();
    };
    if is_root(head) {
        return vec![reference.clone()];
    }
    let TermValue::Var(name) = &head.value else {
        return Vec::new();
    };
    let stands_for = bound.get(name).map(Vec::as_slice).unwrap_or_default();
    stands_for
        .iter()
        .map(|front| front.iter().chain(rest).cloned().collect())
        .collect()
}
