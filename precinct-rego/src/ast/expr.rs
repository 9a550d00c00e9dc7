//! Bodies and the expressions that they consist of.

use super::{Ref, Span, Term, TermValue};

/// A query: expressions that must all hold.
pub type Body = Vec<Expr>;

/// One expression of a body.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where the expression stands.
    pub span: Span,
    /// What must hold.
    pub kind: ExprKind,
    /// `not expr` in its classic form: holds when the expression is undefined or false.
    pub negated: bool,
    /// Not written by the author: made by the parser (a rule's implied `true`) or by a rewriting stage.
    pub generated: bool,
    /// The `with` modifiers, in the order of the source.
    pub with: Vec<With>,
}

/// What an expression can be.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A term that must be defined and not false.
    Term(Term),
    /// An operator or function and its arguments. The first term holds the operator as a [`Ref`]
    /// (`equal`, `assign`, `plus`, `data.a.f`, …); an extra last argument receives the result.
    Call(Vec<Term>),
    /// `some x, y`; `some k, v in xs` holds one call of `internal.member_2` or `internal.member_3`.
    Some(Vec<Term>),
    /// `every k, v in domain { body }`
    Every(Box<Every>),
    /// `not { body }` of `future.keywords.not` and `rego.v2`, and their `not expr` (`explicit` is false then).
    Not(Box<NotBody>),
    /// `lhs and rhs` of `rego.v2`.
    And(Box<Logical>),
    /// `lhs or rhs` of `rego.v2`.
    Or(Box<Logical>),
}

/// `every k, v in domain { body }`
#[derive(Clone, Debug)]
pub struct Every {
    /// Where the expression stands.
    pub span: Span,
    /// The variable for the key, if it is named.
    pub key: Option<Term>,
    /// The variable for the value.
    pub value: Term,
    /// What is iterated.
    pub domain: Term,
    /// What must hold for each entry.
    pub body: Body,
}

/// The parts of a negation with a scope of its own.
#[derive(Clone, Debug)]
pub struct NotBody {
    /// Where the negation stands.
    pub span: Span,
    /// What must not hold.
    pub body: Body,
    /// Written with braces.
    pub explicit: bool,
}

/// The sides of `and` and `or`.
#[derive(Clone, Debug)]
pub struct Logical {
    /// Where the expression stands.
    pub span: Span,
    /// The left side.
    pub lhs: Body,
    /// The right side.
    pub rhs: Body,
    /// The left side was written with braces.
    pub lhs_explicit: bool,
    /// The right side was written with braces.
    pub rhs_explicit: bool,
}

/// `with target as value`
#[derive(Clone, Debug)]
pub struct With {
    /// Where the modifier stands.
    pub span: Span,
    /// What is replaced: a reference into `input` or `data`, or a function.
    pub target: Term,
    /// What it is replaced by.
    pub value: Term,
}

impl Expr {
    /// The operator's reference, when the expression is a call.
    #[must_use]
    pub fn operator(&self) -> Option<&Ref> {
        match &self.kind {
            ExprKind::Call(terms) => match &terms.first()?.value {
                TermValue::Ref(reference) => Some(reference),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the expression calls the operator of this one-part name (`equal`, `assign`, `plus`, …).
    #[must_use]
    pub fn operator_is(&self, name: &str) -> bool {
        match self.operator().map(Vec::as_slice) {
            Some([head]) => matches!(&head.value, TermValue::Var(v) if v.as_ref() == name),
            _ => false,
        }
    }
}
