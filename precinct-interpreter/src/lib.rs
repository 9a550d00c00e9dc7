//! Runs policies at once, from their IR, without a Rust compiler.
//!
//! * [`policy`]: from source text to answers
//! * [`builtins`]: the runtime's builtins, as the front end asks for them
//! * [`engine`]: IR to register code, and the machine that runs it

pub mod builtins;
pub mod engine;
pub mod policy;
mod values;

pub use builtins::BuiltinTable;
pub use engine::{Engine, Hooks, LoadError, NoHooks, Options, Place};
pub use policy::{Failure, Policy, PolicyOptions, Query, Row, Text};
