//! Which variables a piece of syntax names.

use std::collections::BTreeSet;

use super::outputs::unsatisfied_operand_vars;
use super::visit::{self, Node};
use crate::ast::{
    Body, Comprehension, Expr, ExprKind, Head, TemplatePart, Term, TermValue, Var, With,
};

/// Variables in the order of their names.
pub(super) type VarSet = BTreeSet<Var>;

/// How many parameters the function of this reference has; `None` if there is no such function.
pub(super) type Arity<'a> = &'a dyn Fn(&[Term]) -> Option<usize>;

/// What a collection of variables leaves out.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each leaves out one thing, in any combination"
)]
pub(super) struct Scope<'a> {
    /// The heads of references.
    pub(super) ref_heads: bool,
    /// The operators of calls, and the heads of references in `with` modifiers.
    pub(super) operators: bool,
    /// The keys of objects.
    pub(super) object_keys: bool,
    /// Bodies within expressions, and template strings.
    pub(super) closures: bool,
    /// Sets.
    pub(super) sets: bool,
    /// Template strings.
    pub(super) templates: bool,
    /// With this, the variables that bare operands of `not`, `and` and `or` need from outside are collected.
    pub(super) operands: Option<Arity<'a>>,
}

impl<'a> Scope<'a> {
    /// What the check for safety looks at.
    pub(super) const SAFETY: Self = Self {
        ref_heads: false,
        operators: true,
        object_keys: false,
        closures: true,
        sets: false,
        templates: false,
        operands: None,
    };

    /// What unification can bind.
    pub(super) const BINDABLE: Self = Self {
        ref_heads: true,
        operators: false,
        object_keys: true,
        closures: true,
        sets: false,
        templates: false,
        operands: None,
    };

    /// As [`Scope::SAFETY`], with what bare operands need.
    pub(super) fn safety_with_operands(arity: Arity<'a>) -> Self {
        Self {
            operands: Some(arity),
            ..Self::SAFETY
        }
    }

    pub(super) fn of_body(self, body: &[Expr]) -> VarSet {
        let mut vars = VarSet::new();
        self.body(body, &mut vars);
        vars
    }

    pub(super) fn of_expr(self, expr: &Expr) -> VarSet {
        let mut vars = VarSet::new();
        self.expr(expr, &mut vars);
        vars
    }

    pub(super) fn of_term(self, term: &Term) -> VarSet {
        let mut vars = VarSet::new();
        self.term(term, &mut vars);
        vars
    }

    pub(super) fn of_terms(self, terms: &[Term]) -> VarSet {
        let mut vars = VarSet::new();
        self.terms(terms, &mut vars);
        vars
    }

    pub(super) fn body(self, body: &[Expr], vars: &mut VarSet) {
        for expr in body {
            self.expr(expr, vars);
        }
    }

    pub(super) fn terms(self, terms: &[Term], vars: &mut VarSet) {
        for term in terms {
            self.term(term, vars);
        }
    }

    /// The operands of a reference, and its head unless heads are left out.
    pub(super) fn reference(self, parts: &[Term], vars: &mut VarSet) {
        let skipped = usize::from(self.ref_heads).min(parts.len());
        self.terms(&parts[skipped..], vars);
    }

    pub(super) fn expr(self, expr: &Expr, vars: &mut VarSet) {
        match &expr.kind {
            ExprKind::Term(term) => self.term(term, vars),
            ExprKind::Call(terms) => self.call(terms, vars),
            ExprKind::Some(terms) => self.terms(terms, vars),
            ExprKind::Every(every) if self.closures => {
                self.term(&every.domain, vars);
                return;
            }
            ExprKind::Every(every) => {
                if let Some(key) = &every.key {
                    self.term(key, vars);
                }
                self.term(&every.value, vars);
                self.term(&every.domain, vars);
                self.body(&every.body, vars);
            }
            ExprKind::Not(not) => self.operand(&not.body, not.explicit, vars),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                self.operand(&sides.lhs, sides.lhs_explicit, vars);
                self.operand(&sides.rhs, sides.rhs_explicit, vars);
            }
        }
        for with in &expr.with {
            self.with(with, vars);
        }
    }

    fn operand(self, body: &Body, explicit: bool, vars: &mut VarSet) {
        if let Some(arity) = self.operands {
            if !explicit {
                vars.extend(unsatisfied_operand_vars(body, arity));
            }
        } else if !self.closures {
            self.body(body, vars);
        }
    }

    pub(super) fn with(self, with: &With, vars: &mut VarSet) {
        if self.operators {
            if let TermValue::Ref(parts) = &with.target.value {
                self.terms(parts.get(1..).unwrap_or_default(), vars);
            }
            match &with.value.value {
                TermValue::Ref(parts) => self.terms(parts.get(1..).unwrap_or_default(), vars),
                _ => self.term(&with.value, vars),
            }
        } else {
            self.term(&with.target, vars);
            self.term(&with.value, vars);
        }
    }

    fn call(self, terms: &[Term], vars: &mut VarSet) {
        if self.operators
            && let Some((operator, arguments)) = terms.split_first()
        {
            if let TermValue::Ref(parts) = &operator.value {
                self.terms(parts.get(1..).unwrap_or_default(), vars);
            }
            self.terms(arguments, vars);
        } else {
            self.terms(terms, vars);
        }
    }

    pub(super) fn term(self, term: &Term, vars: &mut VarSet) {
        match &term.value {
            TermValue::Var(name) => {
                if !vars.contains(name) {
                    vars.insert(name.clone());
                }
            }
            TermValue::Template(template) if !(self.closures || self.templates) => {
                for part in &template.parts {
                    match part {
                        TemplatePart::Text(term) => self.term(term, vars),
                        TemplatePart::Expr(expr) => self.expr(expr, vars),
                    }
                }
            }
            TermValue::Ref(parts) => self.reference(parts, vars),
            TermValue::Array(items) => self.terms(items, vars),
            TermValue::Set(items) if !self.sets => self.terms(items, vars),
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    if !self.object_keys {
                        self.term(key, vars);
                    }
                    self.term(value, vars);
                }
            }
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                if !self.closures {
                    self.comprehension(it, vars);
                }
            }
            TermValue::ObjectComprehension(it) => {
                if !self.closures {
                    self.term(&it.key, vars);
                    self.term(&it.value, vars);
                    self.body(&it.body, vars);
                }
            }
            TermValue::Call(terms) => self.call(terms, vars),
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Template(_)
            | TermValue::Set(_) => {}
        }
    }

    fn comprehension(self, it: &Comprehension, vars: &mut VarSet) {
        self.term(&it.term, vars);
        self.body(&it.body, vars);
    }
}

/// Every variable of a rule's head, its name left out.
pub(super) fn of_head(head: &Head) -> Vec<&Term> {
    let mut found = Vec::new();
    let parts = head.reference.iter().skip(1);
    for term in head
        .args
        .iter()
        .chain(&head.key)
        .chain(&head.value)
        .chain(parts)
    {
        each(term, &mut |term| found.push(term));
    }
    found
}

/// Calls the function with every variable of the term.
pub(super) fn each<'a>(term: &'a Term, f: &mut dyn FnMut(&'a Term)) {
    visit::term(term, &mut |node| {
        if let Node::Term(term) = node
            && matches!(term.value, TermValue::Var(_))
        {
            f(term);
        }
        false
    });
}

/// Every variable of the term.
pub(super) fn of_term(term: &Term) -> VarSet {
    Scope::default().of_term(term)
}

/// The name of the variable that a term is.
pub(super) fn name(term: &Term) -> Option<&Var> {
    match &term.value {
        TermValue::Var(name) => Some(name),
        _ => None,
    }
}

/// The name of the root document that the term is as a whole: `input` or `data`.
pub(super) fn root_document(term: &Term) -> Option<&Var> {
    match &term.value {
        TermValue::Ref(parts) => match parts.as_slice() {
            [head] => name(head).filter(|name| is_root(name)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a reference begins with this root document.
pub(super) fn begins_with(reference: &[Term], root: &str) -> bool {
    reference
        .first()
        .and_then(name)
        .is_some_and(|name| name.as_ref() == root)
}

/// `input` and `data`.
pub(super) fn is_root(name: &str) -> bool {
    matches!(name, "input" | "data")
}

/// The root documents as variables.
pub(super) fn roots() -> VarSet {
    ["data", "input"].into_iter().map(Var::from).collect()
}

/// Made by the compiler, not by an author.
pub(super) fn is_generated(name: &str) -> bool {
    name.starts_with("__local")
}

/// `_`
pub(super) fn is_wildcard(name: &str) -> bool {
    name.starts_with('$')
}

/// A variable as messages show it.
pub(super) fn shown(name: &str) -> &str {
    if is_wildcard(name) { "_" } else { name }
}
