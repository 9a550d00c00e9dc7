//! The syntax tree of Rego, in the shape that OPA's `parse` prints.
//!
//! * [`span`]: where a node stands
//! * [`term`]: values, variables, references, calls, comprehensions
//! * [`expr`]: bodies and expressions
//! * [`module`]: modules, rules, heads, imports
//! * [`annotations`]: `# METADATA` blocks
//! * [`children`]: what a node holds
//! * [`display`]: syntax as text
//! * [`json`]: syntax as JSON
//! * [`order`]: the order of terms

pub mod annotations;
pub mod children;
pub mod display;
pub mod expr;
pub mod json;
pub mod module;
pub mod order;
pub mod span;
pub mod term;

pub use annotations::{Annotations, Author, CompileAnnotation, RelatedResource, SchemaAnnotation};
pub use children::Child;
pub use expr::{Body, Every, Expr, ExprKind, Logical, NotBody, With};
pub use module::{Comment, Head, HeadKeywords, Import, Module, Package, RegoVersion, Rule};
pub use span::{SourceId, Span};
pub use term::{
    Comprehension, ObjectComprehension, Ref, Template, TemplatePart, Term, TermValue, Var,
};
