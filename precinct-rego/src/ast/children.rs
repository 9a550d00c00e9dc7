//! What a node holds, one level down.

use super::{Body, Expr, ExprKind, Rule, TemplatePart, Term, TermValue};

/// A node right below another.
#[derive(Clone, Copy, Debug)]
pub enum Child<'a> {
    /// A term.
    Term(&'a Term),
    /// An expression in a template string.
    Expr(&'a Expr),
    /// The body of a rule, of a comprehension or of an expression.
    Body(&'a Body),
}

impl Rule {
    /// The rule and its `else` branches, in the order in which they are tried.
    pub fn branches(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |rule| rule.else_rule.as_deref())
    }

    /// Calls the function with what the head holds (arguments, reference, key, value) and with the body; not with what is
    /// in `else` branches.
    pub fn each_child<'a>(&'a self, mut f: impl FnMut(Child<'a>)) {
        let head = &self.head;
        let terms = head.args.iter().chain(&head.reference);
        let terms = terms.chain(&head.key).chain(&head.value);
        terms.for_each(|term| f(Child::Term(term)));
        f(Child::Body(&self.body));
    }
}

impl Expr {
    /// Calls the function with what the expression holds; what `with` replaces and its replacement come last.
    pub fn each_child<'a>(&'a self, mut f: impl FnMut(Child<'a>)) {
        match &self.kind {
            ExprKind::Term(term) => f(Child::Term(term)),
            ExprKind::Call(terms) | ExprKind::Some(terms) => {
                for term in terms {
                    f(Child::Term(term));
                }
            }
            ExprKind::Every(every) => {
                let names = every.key.iter().chain([&every.value, &every.domain]);
                names.for_each(|term| f(Child::Term(term)));
                f(Child::Body(&every.body));
            }
            ExprKind::Not(not) => f(Child::Body(&not.body)),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                f(Child::Body(&sides.lhs));
                f(Child::Body(&sides.rhs));
            }
        }
        for with in &self.with {
            f(Child::Term(&with.target));
            f(Child::Term(&with.value));
        }
    }
}

impl Term {
    /// Calls the function with what the term holds.
    pub fn each_child<'a>(&'a self, mut f: impl FnMut(Child<'a>)) {
        match &self.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Var(_) => {}
            TermValue::Template(template) => {
                for part in &template.parts {
                    f(match part {
                        TemplatePart::Text(term) => Child::Term(term),
                        TemplatePart::Expr(expr) => Child::Expr(expr),
                    });
                }
            }
            TermValue::Ref(terms)
            | TermValue::Array(terms)
            | TermValue::Set(terms)
            | TermValue::Call(terms) => terms.iter().for_each(|term| f(Child::Term(term))),
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    f(Child::Term(key));
                    f(Child::Term(value));
                }
            }
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                f(Child::Term(&it.term));
                f(Child::Body(&it.body));
            }
            TermValue::ObjectComprehension(it) => {
                f(Child::Term(&it.key));
                f(Child::Term(&it.value));
                f(Child::Body(&it.body));
            }
        }
    }
}
