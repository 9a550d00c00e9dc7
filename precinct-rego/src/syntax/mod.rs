//! Text to syntax tree.
//!
//! `rego.pest` defines the tokens. Statements are put together by recursive descent with the structure of OPA's own
//! parser: what a line break means, which words are keywords and which reading of `{…}` comes first depend on what
//! was read before, and errors are to appear at the same places with the same words.
//!
//! * [`options`]: version of the language, capabilities
//! * [`token`], [`lexer`], [`plain`]: tokens
//! * [`tree`], [`copy`], [`build`]: nodes while they are read, and how they become the [`ast`](crate::ast)
//! * [`parser`]: where the parser is, errors, going back
//! * [`statements`], [`rules`], [`literals`], [`logical`], [`terms`], [`collections`], [`strings`]: the grammar
//! * [`module`], [`check`]: statements to a module, and the checks that a version asks for
//! * [`metadata`], [`metadata_errors`], [`attach`]: `# METADATA` blocks

mod attach;
mod build;
mod builtins;
mod check;
mod collections;
mod copy;
mod entry;
mod lexer;
mod literals;
mod logical;
mod metadata;
mod metadata_errors;
mod module;
mod options;
mod parser;
mod plain;
mod rules;
mod statements;
mod strings;
mod terms;
mod token;
mod tree;

pub use entry::{check_statements, parse_module, parse_query, parse_ref, parse_term};
pub use options::{ParseCapabilities, ParseOptions};
