//! Modules, their rules and everything around them.

use super::{Annotations, Body, Ref, Span, Term, Var};

/// A version of the language, as OPA numbers them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegoVersion {
    /// Before OPA 1.0: `if`, `contains`, `in` and `every` need an import.
    V0,
    /// Modules that must be valid under both v0 and v1 (`--v0-v1`): v0 with `import rego.v1` implied.
    V0CompatV1,
    /// OPA 1.0 and later.
    #[default]
    V1,
    /// v1 with `and`, `or` and `not { … }`.
    V2,
}

/// One source file of a policy.
#[derive(Clone, Debug)]
pub struct Module {
    /// `package a.b`, its path starting with `data`.
    pub package: Package,
    /// The imports, in the order of the source.
    pub imports: Vec<Import>,
    /// The rules, in the order of the source.
    pub rules: Vec<Rule>,
    /// Every comment, in the order of the source.
    pub comments: Vec<Comment>,
    /// Every `# METADATA` block, in the order of the source. Rules refer to them by index.
    pub annotations: Vec<Annotations>,
    /// The version that the module was parsed as, imports considered.
    pub version: RegoVersion,
}

/// A comment, without its `#`.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Where the comment stands, the `#` included.
    pub span: Span,
    /// The text behind the `#`.
    pub text: String,
}

/// `package a.b`
#[derive(Clone, Debug)]
pub struct Package {
    /// Where the declaration stands.
    pub span: Span,
    /// The path, starting with `data`.
    pub path: Ref,
}

/// `import data.a.b as c`
#[derive(Clone, Debug)]
pub struct Import {
    /// Where the declaration stands.
    pub span: Span,
    /// A reference (or a lone variable, `input`).
    pub path: Term,
    /// The name behind `as`, if one was given, and its place.
    pub alias: Option<(Var, Span)>,
}

/// A rule, one for each head and body: `f(x) := 1 if { a } { b }` gives two.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Where the rule stands.
    pub span: Span,
    /// `default p := v`
    pub default: bool,
    /// What the rule defines.
    pub head: Head,
    /// When it holds. Never empty: without a body in the source it is a generated `true`.
    pub body: Body,
    /// The body was not written by the author.
    pub generated_body: bool,
    /// `else := v if { … }`
    pub else_rule: Option<Box<Rule>>,
    /// Indices into [`Module::annotations`] of the blocks that are attached to the rule.
    pub annotations: Vec<u32>,
}

/// A rule's head.
#[derive(Clone, Debug)]
pub struct Head {
    /// Where the head stands.
    pub span: Span,
    /// The name, for heads of a single name; empty for `a.b.c`.
    pub name: Var,
    /// The reference that is defined: a variable, then operands.
    pub reference: Ref,
    /// The parameters; functions have at least one.
    pub args: Vec<Term>,
    /// The key of `p contains key`, and of `p[key] := v` with a single name.
    pub key: Option<Term>,
    /// The value; `None` for partial sets.
    pub value: Option<Term>,
    /// The value was given with `:=`.
    pub assign: bool,
    /// The value `true` was implied.
    pub generated_value: bool,
    /// Which of the keywords `if` and `contains` the author wrote.
    pub keywords: HeadKeywords,
}

/// Keywords that appear in a rule head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadKeywords {
    /// `if`
    pub r#if: bool,
    /// `contains`
    pub contains: bool,
}
