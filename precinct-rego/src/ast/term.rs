//! Terms: values, variables, references, calls and comprehensions.

use std::sync::Arc;

use super::{Body, Expr, Span};

/// A variable's name. Wildcards (`_`) are named `$0`, `$1`, … by the parser, in order of their appearance in a module.
pub type Var = Arc<str>;

/// A term and the place where it was written.
#[derive(Clone, Debug)]
pub struct Term {
    /// Where the term stands.
    pub span: Span,
    /// What the term is.
    pub value: TermValue,
}

/// What a term can be.
#[derive(Clone, Debug)]
pub enum TermValue {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number, kept as it was written (`1e2`, `1.50`).
    Number(Arc<str>),
    /// A string, its escapes resolved.
    String(Arc<str>),
    /// A string with `{expression}` parts: `$"…{x}…"`.
    Template(Template),
    /// A variable.
    Var(Var),
    /// A reference: a head (variable, call, array, …) and at least one operand (`data.a[x]`), or a lone `input`/`data`.
    Ref(Ref),
    /// `[a, b]`
    Array(Vec<Term>),
    /// `{a: b}`, in the order of the source.
    Object(Vec<(Term, Term)>),
    /// `{a, b}`, `set()`, in the order of the source.
    Set(Vec<Term>),
    /// `[term | body]`
    ArrayComprehension(Box<Comprehension>),
    /// `{term | body}`
    SetComprehension(Box<Comprehension>),
    /// `{key: value | body}`
    ObjectComprehension(Box<ObjectComprehension>),
    /// `f(x)`, `a + b`: the operator as a term that holds a [`Ref`], then the arguments.
    Call(Vec<Term>),
}

/// A reference's parts: its head, then its operands. `a.b` and `a["b"]` both hold the string `b`.
pub type Ref = Vec<Term>;

/// The parts of `[term | body]` and `{term | body}`.
#[derive(Clone, Debug)]
pub struct Comprehension {
    /// What is collected.
    pub term: Term,
    /// The query whose answers are collected.
    pub body: Body,
}

/// The parts of `{key: value | body}`.
#[derive(Clone, Debug)]
pub struct ObjectComprehension {
    /// The key of each entry.
    pub key: Term,
    /// The value of each entry.
    pub value: Term,
    /// The query whose answers are collected.
    pub body: Body,
}

/// The parts of a template string.
#[derive(Clone, Debug)]
pub struct Template {
    /// Text and expressions in turn.
    pub parts: Vec<TemplatePart>,
    /// Written with backquotes.
    pub multi_line: bool,
}

/// A part of a template string.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// A string (or another constant) that stands for itself.
    Text(Term),
    /// An expression in braces.
    Expr(Box<Expr>),
}

impl TermValue {
    /// OPA's name of the kind of value, as messages and JSON give it.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Template(_) => "templatestring",
            Self::Var(_) => "var",
            Self::Ref(_) => "ref",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Set(_) => "set",
            Self::ArrayComprehension(_) => "arraycomprehension",
            Self::SetComprehension(_) => "setcomprehension",
            Self::ObjectComprehension(_) => "objectcomprehension",
            Self::Call(_) => "call",
        }
    }

    /// `[term | body]`, `{term | body}` or `{key: value | body}`.
    pub const fn is_comprehension(&self) -> bool {
        matches!(
            self,
            Self::ArrayComprehension(_) | Self::SetComprehension(_) | Self::ObjectComprehension(_)
        )
    }

    /// An array, object or set, written out or as a comprehension.
    pub const fn is_composite(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_) | Self::Set(_)) || self.is_comprehension()
    }

    /// Whether the value holds no variable: the heads of references don't count, closures and templates do.
    pub fn is_ground(&self) -> bool {
        let all = |terms: &[Term]| terms.iter().all(|term| term.value.is_ground());
        match self {
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::String(_) => true,
            Self::Template(_)
            | Self::Var(_)
            | Self::ArrayComprehension(_)
            | Self::SetComprehension(_)
            | Self::ObjectComprehension(_) => false,
            Self::Ref(parts) => all(parts.get(1..).unwrap_or_default()),
            Self::Array(items) | Self::Set(items) | Self::Call(items) => all(items),
            Self::Object(entries) => entries
                .iter()
                .all(|(key, value)| key.value.is_ground() && value.value.is_ground()),
        }
    }
}
