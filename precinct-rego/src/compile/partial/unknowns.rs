//! What is not known, what must not be inlined, and which expressions have to be saved for that.

use std::collections::BTreeSet;

use super::bindings::{At, Bindings, as_reference};
use super::walk::Walk;
use crate::ast::display::ref_text;
use crate::ast::{Expr, ExprKind, Ref, Term, TermValue, Var};
use crate::compile::rule_tree::RuleId;
use crate::compile::vars;
use crate::compile::visit::{self, Node, ground_prefix, is_ground, is_scalar};

/// References and variables that are not known.
#[derive(Debug, Default)]
pub(super) struct Unknowns {
    refs: Vec<Ref>,
    /// Variables that saved expressions give values to, with their tables.
    vars: Vec<(Var, At)>,
}

pub(super) fn has_prefix(reference: &[Term], prefix: &[Term]) -> bool {
    reference.len() >= prefix.len() && reference.iter().zip(prefix).all(|(a, b)| a == b)
}

impl Unknowns {
    pub(super) fn new(refs: Vec<Ref>) -> Self {
        Self {
            refs,
            vars: Vec::new(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.vars.len()
    }

    pub(super) fn push(&mut self, name: Var, at: At) {
        self.vars.push((name, at));
    }

    pub(super) fn truncate(&mut self, count: usize) {
        self.vars.truncate(count);
    }

    fn has_var(&self, name: &Var, at: At) -> bool {
        self.vars
            .iter()
            .any(|(it, table)| *table == at && it == name)
    }

    fn has_head(&self, parts: &[Term], at: At) -> bool {
        parts
            .first()
            .and_then(vars::name)
            .is_some_and(|name| self.has_var(name, at))
    }

    /// Whether a variable is not known, or a reference lies within or around one that is not.
    pub(super) fn contains(&self, term: &Term, at: At) -> bool {
        if let Some(parts) = as_reference(term) {
            return self.contains_ref(&parts, at);
        }
        matches!(&term.value, TermValue::Var(name) if self.has_var(name, at))
    }

    pub(super) fn contains_ref(&self, parts: &[Term], at: At) -> bool {
        let meets = |it: &Ref| has_prefix(it, parts) || has_prefix(parts, it);
        self.refs.iter().any(meets) || self.has_head(parts, at)
    }

    /// Whether a variable within the term is not known.
    pub(super) fn contains_within(&self, term: &Term, at: At, bindings: &Bindings) -> bool {
        let mut found = false;
        visit::term(term, &mut |node| {
            if let Node::Term(it) = node
                && let TermValue::Var(_) = &it.value
                && !found
            {
                let (value, next) = bindings.apply(it, at);
                found = if std::ptr::eq(value, it) {
                    self.contains(it, at)
                } else {
                    self.contains_within(value, next, bindings)
                };
            }
            found
        });
        found
    }

    /// As [`Unknowns::contains_ref`]; operands that are not ground match all.
    pub(super) fn overlaps(&self, parts: &[Term], at: At) -> bool {
        let meets = |it: &Ref| {
            it.first() == parts.first()
                && it
                    .iter()
                    .zip(parts)
                    .skip(1)
                    .all(|(x, y)| x == y || !is_ground(&x.value) || !is_ground(&y.value))
        };
        self.refs.iter().any(meets) || self.has_head(parts, at)
    }

    /// Whether the whole document at the reference is not known.
    pub(super) fn covers(&self, parts: &[Term]) -> bool {
        self.refs.iter().any(|it| has_prefix(parts, it))
    }

    /// The keys right below the reference that lead to what is not known.
    pub(super) fn keys(&self, prefix: &[Term]) -> Vec<Term> {
        let mut keys: Vec<Term> = Vec::new();
        for it in &self.refs {
            if let Some(key) = it.get(prefix.len())
                && has_prefix(it, prefix)
                && is_ground(&key.value)
                && !keys.contains(key)
            {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// The variables under their names outside of their tables.
    pub(super) fn names(&self, bindings: &Bindings, outside: At) -> BTreeSet<Var> {
        let mut names = BTreeSet::new();
        for (name, at) in &self.vars {
            let plugged = bindings.plug_for(&super::bindings::variable(name.clone()), *at, outside);
            if let TermValue::Var(name) = plugged.value {
                names.insert(name);
            }
        }
        names
    }
}

/// References that must not be inlined.
#[derive(Debug, Default)]
pub(super) struct Inlining {
    pub(super) shallow: bool,
    /// Defaults of false don't matter to conditions.
    pub(super) truths: bool,
    /// Those that the caller named, and those of `with` expressions that are being evaluated.
    asked: Vec<Ref>,
    modified: Vec<Vec<Ref>>,
}

impl Inlining {
    pub(super) fn new(shallow: bool, truths: bool, asked: Vec<Ref>) -> Self {
        Self {
            shallow,
            truths,
            asked,
            modified: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, refs: Vec<Ref>) {
        self.modified.push(refs);
    }

    pub(super) fn pop(&mut self) {
        self.modified.pop();
    }

    /// `asked_only` leaves those of `with` expressions aside.
    pub(super) fn disabled(&self, parts: &[Term], asked_only: bool) -> bool {
        let meets = |it: &Ref| has_prefix(it, parts) || has_prefix(parts, it);
        self.asked.iter().any(meets) || (!asked_only && self.modified.iter().flatten().any(meets))
    }
}

impl Walk<'_> {
    pub(super) fn expr_unknown(&mut self, expr: &Expr, at: At) -> bool {
        let mut rules = Vec::new();
        let mut found = false;
        visit::expr(expr, &mut |node| {
            self.look(node, Some(at), &mut rules, &mut found)
        });
        found || rules.into_iter().any(|id| self.rule_unknown(id))
    }

    pub(super) fn body_unknown(&mut self, body: &[Expr], at: At) -> bool {
        body.iter().any(|expr| self.expr_unknown(expr, at))
    }

    pub(super) fn term_unknown(&mut self, term: &Term, at: At) -> bool {
        let mut rules = Vec::new();
        let mut found = false;
        visit::term(term, &mut |node| {
            self.look(node, Some(at), &mut rules, &mut found)
        });
        found || rules.into_iter().any(|id| self.rule_unknown(id))
    }

    pub(super) fn ref_unknown(&mut self, parts: &[Term], at: At) -> bool {
        let term = super::bindings::made(TermValue::Ref(parts.to_vec()));
        self.term_unknown(&term, at)
    }

    /// Whether evaluating the rule, or what it reads, would save something.
    fn rule_unknown(&mut self, id: RuleId) -> bool {
        if let Some(known) = self.unknown_rules.get(&id) {
            return *known;
        }
        // Policies are not recursive, so that the entry is only read once it is settled.
        self.unknown_rules.insert(id, false);
        let Some(rule) = self.compiled.rule(id) else {
            return false;
        };
        let mut rules = Vec::new();
        let mut found = false;
        for rule in rule.branches() {
            let mut look = |node: Node<'_>| self.look(node, None, &mut rules, &mut found);
            visit::head(rule, &mut look);
            visit::body(&rule.body, &mut look);
        }
        let found = found || rules.into_iter().any(|id| self.rule_unknown(id));
        self.unknown_rules.insert(id, found);
        found
    }

    /// Looks for what requires saving; the answer says whether what is within the node has been looked at.
    fn look(
        &self,
        node: Node<'_>,
        at: Option<At>,
        rules: &mut Vec<RuleId>,
        found: &mut bool,
    ) -> bool {
        *found = *found || self.requires_saving(node, at, rules);
        if let Node::Term(term) = node
            && let TermValue::Ref(parts) = &term.value
            && parts
                .first()
                .and_then(vars::name)
                .is_some_and(|name| vars::is_root(name))
        {
            // The root is not read as a whole.
            for operand in parts.iter().skip(1) {
                visit::term(operand, &mut |node| self.look(node, at, rules, found));
            }
            return true;
        }
        *found
    }

    /// Whether the node by itself requires saving; the rules that it reads are noted. Without a table the node stands in
    /// a rule, whose variables are its own.
    fn requires_saving(&self, node: Node<'_>, at: Option<At>, rules: &mut Vec<RuleId>) -> bool {
        match node {
            Node::Expr(expr) => {
                !expr.with.is_empty() || (!self.nondeterministic && self.is_nondeterministic(expr))
            }
            Node::Term(term) => {
                if let Some(parts) = as_reference(term) {
                    if self.unknowns.overlaps(&parts, at.unwrap_or(At::MAX))
                        || self.inlining.disabled(constant_prefix(&parts), true)
                    {
                        return true;
                    }
                    let parts = match at {
                        Some(at) => self.narrowed(&parts, at),
                        None => parts.to_vec(),
                    };
                    let tree = &self.compiled.tree;
                    rules.extend(tree.selected_by(&parts, &self.compiled.rules));
                    return false;
                }
                match (&term.value, at) {
                    (TermValue::Var(_), Some(at)) => {
                        self.unknowns.contains_within(term, at, &self.bindings)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The reference with variables that stand for scalars replaced.
    fn narrowed(&self, parts: &[Term], at: At) -> Ref {
        let narrow = |part: &Term| {
            let (value, _) = self.bindings.apply(part, at);
            if is_scalar(&value.value) { value } else { part }.clone()
        };
        parts.iter().map(narrow).collect()
    }

    fn is_nondeterministic(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Call(_) => expr.operator().is_some_and(|operator| {
                let capabilities = &self.compiled.options.capabilities;
                capabilities
                    .builtin(&ref_text(operator))
                    .is_some_and(|it| it.nondeterministic)
            }),
            _ => false,
        }
    }
}

/// The parts up to the first operand that is not a constant.
fn constant_prefix(parts: &[Term]) -> &[Term] {
    let ground = ground_prefix(parts);
    let constant = ground
        .iter()
        .skip(1)
        .take_while(|it| visit::is_constant(&it.value))
        .count();
    ground.get(..=constant).unwrap_or(ground)
}
