//! Variables that only stand for something are taken out of what remains.

use std::collections::{BTreeMap, BTreeSet};

use super::bindings::{made, variable};
use crate::ast::{Body, Expr, ExprKind, Ref, Span, Term, TermValue, Var};
use crate::compile::Compiled;
use crate::compile::locals::{always, equality, equality_operands, expression};
use crate::compile::outputs;
use crate::compile::stages;
use crate::compile::vars::{self, Scope, VarSet};
use crate::compile::visit::{self, Node, is_constant, is_ground};
use crate::compile::visit_mut::{self, NodeMut};

/// Variables that are equal: each set has a name, and a constant if one is known.
#[derive(Default)]
struct Equal {
    parents: BTreeMap<Var, Var>,
    constants: BTreeMap<Var, Term>,
}

impl Equal {
    fn root(&self, name: &Var) -> Option<Var> {
        let mut name = name;
        loop {
            let parent = self.parents.get(name)?;
            if parent == name {
                return Some(name.clone());
            }
            name = parent;
        }
    }

    fn add(&mut self, name: &Var) -> Var {
        self.root(name).unwrap_or_else(|| {
            self.parents.insert(name.clone(), name.clone());
            name.clone()
        })
    }

    /// False when the sets stand for different constants.
    fn merge(&mut self, a: &Var, b: &Var, live: &VarSet) -> bool {
        let (a, b) = (self.add(a), self.add(b));
        if a == b {
            return true;
        }
        let (kept, gone) = if live.contains(&a) { (a, b) } else { (b, a) };
        self.parents.insert(gone.clone(), kept.clone());
        match self.constants.remove(&gone) {
            Some(other) => self.fix(&kept, &other),
            None => true,
        }
    }

    fn fix(&mut self, root: &Var, value: &Term) -> bool {
        match self.constants.get(root) {
            Some(known) => known == value,
            None => {
                self.constants.insert(root.clone(), value.clone());
                true
            }
        }
    }

    /// What the variable is replaced by.
    fn value(&self, name: &Var) -> Option<TermValue> {
        let root = self.root(name)?;
        Some(match self.constants.get(&root) {
            Some(constant) => constant.value.clone(),
            None => TermValue::Var(root),
        })
    }
}

pub(super) struct Propagation<'c> {
    compiled: &'c Compiled,
    /// Variables that have to stay.
    live: VarSet,
    equal: Equal,
    removed: BTreeMap<Var, TermValue>,
    heads: BTreeSet<Var>,
    /// Made up, so that a reference stays for its definedness.
    placeholders: BTreeSet<Var>,
}

impl<'c> Propagation<'c> {
    pub(super) fn new(compiled: &'c Compiled, live: VarSet) -> Self {
        Self {
            compiled,
            live,
            equal: Equal::default(),
            removed: BTreeMap::new(),
            heads: BTreeSet::new(),
            placeholders: BTreeSet::new(),
        }
    }

    /// The body without variables that it does not need. `filled`: an empty result is written as `true`.
    pub(super) fn apply(mut self, query: Body, filled: bool) -> Body {
        if !self.collect(&query) {
            return query;
        }
        let mut result: Body = Vec::new();
        for expr in &query {
            let mut expr = expr.clone();
            let negated = expr.negated;
            self.replace(&mut expr, negated);
            if let ExprKind::Not(not) = &mut expr.kind {
                let live = self.live_in(&not.body);
                let inner = Propagation::new(self.compiled, live);
                not.body = inner.apply(std::mem::take(&mut not.body), true);
            }
            if self.stays(&expr, negated) {
                result.push(expr);
            }
        }
        self.bind_live(&mut result);
        if !self.restore(&mut result) {
            return query;
        }
        if filled && result.is_empty() {
            result.push(Expr {
                generated: true,
                ..always(Span::default())
            });
        }
        result
    }

    /// Which variables are equal to which, and which stand before operands. False when the query cannot hold.
    fn collect(&mut self, query: &Body) -> bool {
        for expr in query {
            if expr.negated || !expr.with.is_empty() {
                continue;
            }
            let Some((lhs, rhs)) = equality_operands(expr) else {
                continue;
            };
            let possible = match (plain_name(lhs), plain_name(rhs)) {
                (Some(a), Some(b)) => self.equal.merge(a, b, &self.live),
                (Some(name), None) if is_constant(&rhs.value) => {
                    let root = self.equal.add(name);
                    self.equal.fix(&root, rhs)
                }
                (None, Some(name)) if is_constant(&lhs.value) => {
                    let root = self.equal.add(name);
                    self.equal.fix(&root, lhs)
                }
                _ => true,
            };
            if !possible {
                return false;
            }
        }
        let mut heads = Vec::new();
        visit::body(query, &mut |node| {
            if let Node::Term(Term {
                value: TermValue::Ref(parts),
                ..
            }) = node
                && let Some(name) = parts.first().and_then(vars::name)
            {
                heads.push(name.clone());
            }
            false
        });
        for name in heads {
            match self.equal.root(&name) {
                Some(root) => {
                    self.equal.constants.remove(&root);
                    self.heads.insert(root);
                }
                None => {
                    self.heads.insert(name);
                }
            }
        }
        true
    }

    fn replace(&self, expr: &mut Expr, negated: bool) {
        visit_mut::expr(expr, &mut |node| {
            if let NodeMut::Term(term) = node {
                match &mut term.value {
                    TermValue::Var(name) => {
                        if let Some(value) = self.replacement(name, negated) {
                            term.value = value;
                        }
                    }
                    TermValue::Ref(parts) => self.replace_head(parts, negated),
                    _ => {}
                }
            }
            false
        });
    }

    fn replacement(&self, name: &Var, negated: bool) -> Option<TermValue> {
        let value = self.equal.value(name);
        let root = match &value {
            Some(TermValue::Var(root)) => root,
            Some(_) => return value,
            None => name,
        };
        let Some(removed) = self.removed.get(root) else {
            return value;
        };
        let own = Scope::default().of_term(&made(removed.clone()));
        if (negated && !is_ground(removed)) || own.contains(root) {
            return value;
        }
        Some(removed.clone())
    }

    fn replace_head(&self, parts: &mut Ref, negated: bool) {
        let Some(name) = parts.first().and_then(plain_name).cloned() else {
            return;
        };
        let head = self.equal.value(&name).unwrap_or(TermValue::Var(name));
        let removed = match &head {
            TermValue::Var(root) => self.removed.get(root),
            _ => None,
        };
        let base = match removed {
            Some(base) if !negated || is_ground(base) => base.clone(),
            _ => head,
        };
        match base {
            TermValue::Ref(base) => {
                parts.splice(..1, base);
            }
            other => {
                if let Some(first) = parts.first_mut() {
                    first.value = other;
                }
            }
        }
    }

    /// Whether the expression is needed. One that is not is noted where it says what a variable is.
    fn stays(&mut self, expr: &Expr, negated: bool) -> bool {
        if negated || !expr.with.is_empty() {
            return true;
        }
        if let Some((lhs, rhs)) = equality_operands(expr) {
            if lhs == rhs {
                if self.is_of_live(lhs) {
                    let name: Var = format!("__localcp{}__", self.placeholders.len()).into();
                    self.placeholders.insert(name.clone());
                    self.removed.insert(name, lhs.value.clone());
                }
                return false;
            }
            for (variable, value) in [(lhs, rhs), (rhs, lhs)] {
                if let Some(name) = plain_name(variable)
                    && !self.live.contains(name)
                    && matches!(value.value, TermValue::Ref(_) | TermValue::Call(_))
                {
                    self.removed.insert(name.clone(), value.value.clone());
                    return false;
                }
            }
            return true;
        }
        match &expr.kind {
            ExprKind::Call(terms) => {
                if let Some(operator) = expr.operator()
                    && self.arity(operator).is_some_and(|it| it + 2 == terms.len())
                    && let Some((output, call)) = terms.split_last()
                    && let Some(name) = plain_name(output)
                    && !self.live.contains(name)
                    && !self.heads.contains(name)
                {
                    let call = TermValue::Call(call.to_vec());
                    self.removed.insert(name.clone(), call);
                    return false;
                }
                match terms.as_slice() {
                    [_, lhs, rhs, ..] if expr.operator_is("equal") => lhs != rhs,
                    _ => true,
                }
            }
            ExprKind::Term(term) => {
                !is_constant(&term.value) || matches!(term.value, TermValue::Boolean(false))
            }
            _ => true,
        }
    }

    fn is_of_live(&self, term: &Term) -> bool {
        match &term.value {
            TermValue::Ref(parts) => parts
                .first()
                .and_then(vars::name)
                .is_some_and(|name| self.live.contains(name)),
            _ => false,
        }
    }

    fn arity(&self, operator: &[Term]) -> Option<usize> {
        let it = self.compiled;
        stages::arity(operator, &it.options, &it.tree, &it.rules)
    }

    fn live_in(&self, body: &Body) -> VarSet {
        let bound = |name: &Var| {
            self.live.contains(name)
                || self.equal.root(name).is_some()
                || self.removed.contains_key(name)
        };
        Scope::SAFETY
            .of_body(body)
            .into_iter()
            .filter(bound)
            .collect()
    }

    /// Variables that have to stay have their values in the result.
    fn bind_live(&self, result: &mut Body) {
        for name in &self.live {
            let Some(root) = self.equal.root(name) else {
                continue;
            };
            let value = match (self.equal.constants.get(&root), self.removed.get(&root)) {
                (Some(constant), _) => constant.clone(),
                (None, Some(removed)) => made(removed.clone()),
                (None, None) if root != *name => variable(root),
                (None, None) => continue,
            };
            result.push(equality(variable(name.clone()), value));
        }
    }

    /// What was taken out returns where it decides whether the query holds, or gives variables their values. False when
    /// variables remain without one.
    fn restore(&self, result: &mut Body) -> bool {
        let arity = |operator: &[Term]| self.arity(operator);
        let mut safe = vars::roots();
        safe.extend(self.live.iter().cloned());
        safe.extend(outputs::of_body(result, &arity, &safe));
        let mut open: VarSet = Scope::safety_with_operands(&arity)
            .of_body(result)
            .difference(&safe)
            .cloned()
            .collect();
        for (name, value) in self.removed.iter().rev() {
            let again = equality(variable(name.clone()), made(value.clone()));
            let given = outputs::of_expr(&again, &arity, &safe);
            let before = open.len();
            open.retain(|name| !given.contains(name));
            let of_root = match value {
                TermValue::Ref(parts) => match parts.as_slice() {
                    [only] => vars::name(only).is_some_and(|name| safe.contains(name)),
                    _ => false,
                },
                _ => false,
            };
            if open.len() < before || (!of_root && !is_contained(value, result)) {
                if self.placeholders.contains(name) && matches!(value, TermValue::Ref(_)) {
                    let term = ExprKind::Term(made(value.clone()));
                    result.push(expression(Span::default(), term));
                } else {
                    result.push(again);
                }
                safe.extend(given);
            }
        }
        open.is_empty()
    }
}

fn plain_name(term: &Term) -> Option<&Var> {
    match &term.value {
        TermValue::Var(name) if !vars::is_root(name) => Some(name),
        _ => None,
    }
}

/// Whether a reference, or a longer one, or a value stands in the body, closures aside.
fn is_contained(value: &TermValue, body: &Body) -> bool {
    let mut found = false;
    let mut look = |node: Node<'_>| {
        if let Node::Term(term) = node {
            found |= match (&term.value, value) {
                (
                    TermValue::ArrayComprehension(_)
                    | TermValue::SetComprehension(_)
                    | TermValue::ObjectComprehension(_),
                    _,
                ) => return true,
                (TermValue::Ref(parts), TermValue::Ref(wanted)) => {
                    super::unknowns::has_prefix(parts, wanted)
                }
                (it, _) => crate::ast::order::compare_values(it, value).is_eq(),
            };
        }
        found
    };
    for expr in body {
        match &expr.kind {
            ExprKind::Every(every) => {
                for term in every.key.iter().chain([&every.value, &every.domain]) {
                    visit::term(term, &mut look);
                }
            }
            _ => visit::expr(expr, &mut look),
        }
    }
    found
}
