//! Runs policies at once, from their IR, without a Rust compiler.
//!
//! * [`policy`]: from source text to answers
//! * [`mod@capabilities`]: the runtime's builtins, as the compiler reads them
//! * [`batch`]: many inputs at once
//! * [`partial`]: what remains of queries when not all is known
//! * [`optimize`]: policies as far as their data decides them
//! * [`coverage`]: which parts of a policy were evaluated
//! * [`hosts`]: builtins that need the front end
//! * [`stack`]: where an evaluation was when an error ended it
//! * [`trace`]: what an evaluation did, step by step
//! * [`engine`]: IR to register code, and the machine that runs it

pub mod batch;
pub mod capabilities;
pub mod coverage;
pub mod engine;
mod hosts;
pub mod optimize;
pub mod partial;
pub mod policy;
pub mod stack;
pub mod trace;
mod values;

pub use batch::Batch;
pub use capabilities::{capabilities, capabilities_v0};
pub use engine::{Engine, Hooks, LoadError, NoHooks, Options, Place};
pub use hosts::hosts;
pub use partial::{Partial, PartialError, PartialQuery};
pub use policy::{Failure, Policy, PolicyOptions, Query, Row, Text};
pub use precinct_rego::ir::FunctionId;
