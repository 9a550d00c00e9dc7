//! The values of a query's expressions. OPA captures them in variables, and asks behind the last expression whether they
//! are true where the query has several expressions or answers.
//!
//! ```text
//! data.p.a; f(1)        data.p.a = _; f(1, _); _; _
//! ```

use precinct_rego::ast::{Body, Expr, ExprKind, Term, TermValue};

/// What becomes of each expression.
pub(super) struct Captures {
    kinds: Vec<Kind>,
    /// The query can have several answers, or has several expressions.
    several: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `term = _`
    Term,
    /// `call(…, _)`
    Call,
    /// It has no value.
    Plain,
    /// The compiler took it out of another one.
    Part,
}

impl Captures {
    pub(super) fn of(body: &Body) -> Self {
        let kinds: Vec<Kind> = body.iter().map(kind).collect();
        let written = kinds.iter().filter(|kind| **kind != Kind::Part).count();
        Self {
            several: written > 1 || body.iter().any(has_iteration),
            kinds,
        }
    }

    /// The text of an expression whose value is captured, and whether it is nothing but a value.
    pub(super) fn text(&self, number: usize, text: &str) -> Option<(String, bool)> {
        match self.kinds.get(number)? {
            Kind::Term => Some((format!("{text} = _"), true)),
            Kind::Call => {
                let open = text.strip_suffix(')')?;
                let separator = if open.ends_with('(') { "" } else { ", " };
                Some((format!("{open}{separator}_)"), false))
            }
            Kind::Plain | Kind::Part => None,
        }
    }

    /// The expressions whose values are asked for behind the last one.
    pub(super) fn asked(&self) -> Vec<usize> {
        let is_captured = |number: &usize| matches!(self.kinds[*number], Kind::Term | Kind::Call);
        let all = if self.several { self.kinds.len() } else { 0 };
        (0..all).filter(is_captured).collect()
    }
}

fn kind(expr: &Expr) -> Kind {
    let equates = ["eq", "assign"].iter().any(|name| expr.operator_is(name));
    match &expr.kind {
        _ if expr.generated => Kind::Part,
        _ if expr.negated || equates => Kind::Plain,
        ExprKind::Term(_) => Kind::Term,
        ExprKind::Call(_) => Kind::Call,
        _ => Kind::Plain,
    }
}

/// A reference in it has a variable among its keys.
fn has_iteration(expr: &Expr) -> bool {
    let mut next: Vec<&Term> = match &expr.kind {
        ExprKind::Term(term) => vec![term],
        ExprKind::Call(terms) => terms.iter().skip(1).collect(),
        _ => Vec::new(),
    };
    while let Some(term) = next.pop() {
        match &term.value {
            TermValue::Ref(parts) => {
                let is_var = |part: &Term| matches!(part.value, TermValue::Var(_));
                if parts.iter().skip(1).any(is_var) {
                    return true;
                }
                next.extend(parts.iter().skip(1));
            }
            TermValue::Array(inner) | TermValue::Set(inner) | TermValue::Call(inner) => {
                next.extend(inner);
            }
            TermValue::Object(entries) => {
                next.extend(entries.iter().flat_map(|(key, value)| [key, value]));
            }
            _ => {}
        }
    }
    false
}
