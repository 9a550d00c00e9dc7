//! From compiled modules to OPA's plans: what `plan.json` in a bundle holds, for engines that execute OPA's IR.
//!
//! What comes in is the syntax tree as the compiler leaves it. What goes out is equal to what OPA plans, statement by
//! statement and place by place, since others have built on its numbers. precinct's own engines know nothing of it:
//! they execute [`crate::ir`].
//!
//! ```text
//! entry point x/allow   ==>   plan "x/allow": l2 = g0.data.x.allow(l0, l1); answer {"result": l2}
//! allow if input.y            func g0.data.x.allow(l0, l1): l4 = l0.y; l4 != false; l3 = true; …; return l2
//! ```
//!
//! * [`policy`], [`json`]: plans as data, and as text
//! * [`entrypoints`]: what is planned
//! * [`planner`], [`scopes`], [`tree`]: what is kept while planning
//! * [`rules`]: the functions
//! * [`exprs`], [`modifiers`], [`calls`], [`unify`], [`terms`]: what each piece of syntax becomes
//! * [`refs`], [`documents`], [`dynamic`]: references, those below `data`, those whose path is known only at run time

mod calls;
mod documents;
mod dynamic;
mod entrypoints;
mod exprs;
mod json;
mod modifiers;
mod planner;
pub mod policy;
mod refs;
mod rules;
mod scopes;
mod terms;
mod tree;
mod unify;

#[cfg(test)]
mod tests;

pub use entrypoints::{Entrypoint, Options, plan};
pub use policy::Policy;
