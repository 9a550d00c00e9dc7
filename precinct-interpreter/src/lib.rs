//! Runs policies at once, from their IR, without a Rust compiler.
//!
//! * [`engine`]: IR to register code, and the machine that runs it

pub mod engine;

pub use engine::{Engine, Hooks, LoadError, NoHooks, Options, Place};
