//! Runs policies at once, from their IR, without a Rust compiler.
//!
//! * [`policy`]: from source text to answers
//! * [`mod@capabilities`]: the runtime's builtins, as the compiler reads them
//! * [`batch`]: many inputs at once
//! * [`coverage`]: which parts of a policy were evaluated
//! * [`hosts`]: builtins that need the front end
//! * [`engine`]: IR to register code, and the machine that runs it

pub mod batch;
pub mod capabilities;
pub mod coverage;
pub mod engine;
mod hosts;
pub mod policy;
mod values;

pub use batch::Batch;
pub use capabilities::{capabilities, capabilities_v0};
pub use engine::{Engine, Hooks, LoadError, NoHooks, Options, Place};
pub use hosts::hosts;
pub use policy::{Failure, Policy, PolicyOptions, Query, Row, Text};
