//! Compiles Rego policies to Rust source: what a build script calls, and the generator behind it.
//!
//! ```text
//! policies/*.rego -> modules -> IR -> (effects, kinds, reads, names) -> Rust items in OUT_DIR
//! ```
//!
//! * [`automaton`]: constant patterns as automata
//! * [`batch`]: many programs in one crate
//! * [`builder`]: what a build script calls
//! * [`folder`]: policies and base documents of a folder
//! * [`emit`]: IR to Rust
//! * [`error`]: what keeps policies from becoming Rust
//! * [`constants`]: constants as statics
//! * [`effects`]: which functions need a context, can fail, remember their result
//! * [`kinds`]: which functions are always defined, and of which type
//! * [`library`]: policies as a shared library that a bundle carries
//! * [`locals`]: where locals are declared
//! * [`names`]: Rust names for Rego names
//! * [`natives`]: builtins that are computed in place
//! * [`question`]: a query as a program of its own
//! * [`shape`]: schemas of the input, from Rust types and to structs
//! * [`visit`]: the parts of a statement
//! * [`workshop`]: where generated programs are built

mod automaton;
pub mod batch;
pub mod builder;
mod constants;
mod effects;
mod emit;
mod error;
mod folder;
mod kinds;
pub mod library;
mod locals;
mod names;
mod natives;
pub mod question;
mod shape;
mod visit;
pub mod workshop;

pub use builder::Builder;
pub use emit::{GenerateError, Options, generate};
pub use error::BuildError;
