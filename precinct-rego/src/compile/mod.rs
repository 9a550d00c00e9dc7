//! From syntax trees to modules that can be lowered, and the errors that authors see.
//!
//! ```text
//! modules -> names resolved -> variables unique -> calls and operands apart -> bodies in a safe order -> types checked
//! ```
//!
//! * [`options`], [`compiled`]: what goes in, what comes out
//! * [`stages`], [`query`]: the stages of modules and of a query, in their order
//! * [`resolve`], [`declare`] (with [`rename`], [`scopes`]): what names stand for
//! * [`templates`], [`prints`], [`metadata`]: constructs that are spelled out as others
//! * [`expand`], [`hoist`], [`with`]: what has to be evaluated gets an expression of its own
//! * [`rule_tree`], [`conflicts`], [`functions`]: which rules there are, and whether they go together
//! * [`graph`] (with [`narrow`]), [`recursion`] (with [`origins`]): which rules read which
//! * [`safety`] (with [`outputs`], [`unify`]): every variable has a value when it is read
//! * [`partial`]: what remains of a query when `input` is not known
//! * [`types`]: what values can be
//! * [`visit`], [`visit_mut`], [`vars`], [`locals`], [`errors`], [`nesting`], [`scope_labels`]: what stages share

mod compiled;
mod conflicts;
mod declare;
mod errors;
mod expand;
mod functions;
mod graph;
mod hoist;
mod keys;
mod locals;
mod metadata;
mod narrow;
mod nesting;
mod options;
mod origins;
mod outputs;
pub mod partial;
mod prints;
mod query;
mod recursion;
mod rename;
mod resolve;
mod rule_tree;
mod safety;
mod scope_labels;
mod scopes;
mod stages;
mod templates;
pub mod types;
mod unify;
mod vars;
pub(crate) mod visit;
pub(crate) mod visit_mut;
mod with;

#[cfg(test)]
mod tests;

pub use compiled::{Compiled, CompiledQuery};
pub use graph::Graph;
pub use metadata::{AnnotationSet, asks_for_annotations};
pub use options::{CompileOptions, FetchSchema, PathCheck, QueryOptions};
pub(crate) use rule_tree::rule_ref;
pub use rule_tree::{Key, RuleId, RuleNode, Rules, is_multi_value};
pub use stages::{compile, resolved};
