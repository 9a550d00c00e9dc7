//! Which variables occur in a piece of syntax.

use std::collections::BTreeSet;

use crate::ast::{Body, Expr, ExprKind, TemplatePart, Term, TermValue, Var, With};

/// A set of variables, ordered so that errors come in the same order each time.
pub(super) type VarSet = BTreeSet<Var>;

/// Which occurrences are passed over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skip {
    /// The heads of references.
    pub ref_heads: bool,
    /// The names of called functions.
    pub call_heads: bool,
    /// The keys of objects.
    pub object_keys: bool,
    /// The insides of comprehensions, `every` and template strings.
    pub closures: bool,
    /// The insides of sets.
    pub sets: bool,
}

impl Skip {
    /// What safety asks: everything that must have a value where the expression stands.
    pub(super) const SAFETY: Self = Self {
        ref_heads: false,
        call_heads: true,
        object_keys: false,
        closures: true,
        sets: false,
    };

    /// The variables that a pattern binds.
    pub(super) const PATTERN: Self = Self {
        ref_heads: true,
        call_heads: false,
        object_keys: true,
        closures: true,
        sets: false,
    };
}

/// Collects variables.
pub(super) struct Collector<'f> {
    pub(super) skip: Skip,
    pub(super) vars: VarSet,
    /// Adds what an operand of `not`, `and` or `or` needs from outside; without it their bodies are walked.
    pub(super) operands: Option<&'f dyn Fn(&Body) -> VarSet>,
}

impl Collector<'_> {
    pub(super) fn new(skip: Skip) -> Self {
        Self {
            skip,
            vars: VarSet::new(),
            operands: None,
        }
    }

    pub(super) fn body(&mut self, body: &Body) {
        for expr in body {
            self.expr(expr);
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(terms) => self.call(terms),
            ExprKind::Some(terms) => terms.iter().for_each(|term| self.term(term)),
            ExprKind::Every(every) => {
                self.term(&every.domain);
                if !self.skip.closures {
                    if let Some(key) = &every.key {
                        self.term(key);
                    }
                    self.term(&every.value);
                    self.body(&every.body);
                }
            }
            ExprKind::Not(not) => self.operand(&not.body, not.explicit),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                self.operand(&sides.lhs, sides.lhs_explicit);
                self.operand(&sides.rhs, sides.rhs_explicit);
            }
        }
        for with in &expr.with {
            self.with(with);
        }
    }

    fn operand(&mut self, body: &Body, explicit: bool) {
        match self.operands {
            Some(needs) if !explicit => self.vars.extend(needs(body)),
            Some(_) => {}
            None => self.body(body),
        }
    }

    pub(super) fn with(&mut self, with: &With) {
        self.term(&with.target);
        self.term(&with.value);
    }

    fn call(&mut self, terms: &[Term]) {
        let Some((operator, args)) = terms.split_first() else {
            return;
        };
        match &operator.value {
            TermValue::Ref(parts) if self.skip.call_heads => {
                parts.iter().skip(1).for_each(|part| self.term(part));
            }
            _ => self.term(operator),
        }
        args.iter().for_each(|arg| self.term(arg));
    }

    pub(super) fn term(&mut self, term: &Term) {
        match &term.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_) => {}
            TermValue::Var(var) => {
                self.vars.insert(var.clone());
            }
            TermValue::Ref(parts) => {
                let skipped = usize::from(self.skip.ref_heads);
                parts.iter().skip(skipped).for_each(|part| self.term(part));
            }
            TermValue::Array(items) => items.iter().for_each(|item| self.term(item)),
            TermValue::Set(items) => {
                if !self.skip.sets {
                    items.iter().for_each(|item| self.term(item));
                }
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    if !self.skip.object_keys {
                        self.term(key);
                    }
                    self.term(value);
                }
            }
            TermValue::Call(terms) => self.call(terms),
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                if !self.skip.closures {
                    self.term(&c.term);
                    self.body(&c.body);
                }
            }
            TermValue::ObjectComprehension(c) => {
                if !self.skip.closures {
                    self.term(&c.key);
                    self.term(&c.value);
                    self.body(&c.body);
                }
            }
            TermValue::Template(template) => {
                if !self.skip.closures {
                    for part in &template.parts {
                        match part {
                            TemplatePart::Text(term) => self.term(term),
                            TemplatePart::Expr(expr) => self.expr(expr),
                        }
                    }
                }
            }
        }
    }
}

/// The variables of a term.
pub(super) fn of_term(term: &Term, skip: Skip) -> VarSet {
    let mut collector = Collector::new(skip);
    collector.term(term);
    collector.vars
}

/// The variables of an expression.
pub(super) fn of_expr(expr: &Expr, skip: Skip) -> VarSet {
    let mut collector = Collector::new(skip);
    collector.expr(expr);
    collector.vars
}

/// The variables of a body.
pub(super) fn of_body(body: &Body, skip: Skip) -> VarSet {
    let mut collector = Collector::new(skip);
    collector.body(body);
    collector.vars
}

/// `_`, as the parser names it.
pub(super) fn is_wildcard(var: &str) -> bool {
    var.starts_with('$')
}

/// A name that the compiler made.
pub(super) fn is_generated(var: &str) -> bool {
    var.starts_with("__local") || is_wildcard(var)
}

/// `input` and `data` have a value everywhere.
pub(super) fn reserved() -> VarSet {
    [Var::from("input"), Var::from("data")].into()
}

/// The variables that a body declares by `:=` and `some`, comprehensions apart.
pub(super) fn declared_in_body(body: &Body) -> VarSet {
    let mut vars = VarSet::new();
    for expr in body {
        declared_in(expr, &mut vars);
    }
    vars
}

/// Adds the variables that an expression declares.
pub(super) fn declared_in(expr: &Expr, vars: &mut VarSet) {
    let all = Skip::default();
    match &expr.kind {
        ExprKind::Call(terms) if expr.operator_is("assign") && terms.len() == 3 => {
            vars.extend(of_term(&terms[1], all));
        }
        ExprKind::Some(symbols) => {
            for symbol in symbols {
                match &symbol.value {
                    TermValue::Var(var) => {
                        vars.insert(var.clone());
                    }
                    TermValue::Call(parts) => {
                        let bound = parts.len().saturating_sub(1);
                        for part in parts.iter().take(bound).skip(1) {
                            vars.extend(of_term(part, all));
                        }
                    }
                    _ => {}
                }
            }
        }
        ExprKind::Every(every) => every.body.iter().for_each(|expr| declared_in(expr, vars)),
        ExprKind::Not(not) => not.body.iter().for_each(|expr| declared_in(expr, vars)),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            sides
                .lhs
                .iter()
                .chain(&sides.rhs)
                .for_each(|expr| declared_in(expr, vars));
        }
        ExprKind::Term(_) | ExprKind::Call(_) => {}
    }
}
