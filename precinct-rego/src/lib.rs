//! Rego, from text to IR: `source -> syntax -> ast -> compiled modules -> ir -> optimised ir`.
//!
//! The crate is pure: it reads no file, clock, environment or network, and starts no thread.
//!
//! * [`source`]: the texts
//! * [`advice`]: what to do about errors
//! * [`analysis`]: questions that tools ask
//! * [`ast`]: the syntax tree
//! * [`syntax`]: from text to tree
//! * [`error`]: diagnostics with their codes
//! * [`mod@format`]: from tree to text
//! * [`capabilities`]: builtins and features that policies can use
//! * [`compile`]: names, variables, order, types: modules that can be lowered
//! * [`spelling`]: names that look alike
//! * [`render`]: diagnostics as pictures
//! * [`json_schema`]: what schemas say about the kinds of values
//! * [`ir`]: what the engines execute
//! * [`lower`]: from compiled modules to IR
//! * [`optimise`]: the same program, quicker
//! * [`plan`]: from compiled modules to OPA's plans

pub mod advice;
pub mod analysis;
pub mod ast;
pub mod capabilities;
pub mod compile;
pub mod error;
pub mod format;
pub mod ir;
pub mod json_schema;
pub mod lower;
pub mod optimise;
pub mod plan;
pub mod render;
pub mod source;
pub mod spelling;
pub mod syntax;
