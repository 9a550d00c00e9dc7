//! What compiled policies link: values, operations, builtins and the context of an evaluation.
//!
//! A value lives in an [`Arena`] and is `Copy`; whoever evaluates owns the arena and resets it after the decision.
//! Base documents live in a [`Document`] of their own, which many evaluations read at the same time.
//!
//! * [`value`]: the data model of Rego: order, equality, lookup, builders
//! * [`number`]: numbers as OPA computes with them
//! * [`json`]: bytes to values and back
//! * [`context`]: everything one evaluation carries
//! * [`octets`]: strings that hold bytes which are no UTF-8
//! * [`ops`]: what the statements of the IR do, shared by both engines
//! * [`input`]: what a policy can ask of an input that is not a [`Value`]
//! * [`index`]: which of many rules can apply
//! * [`batch`]: many inputs at once
//! * [`builtin`], [`builtins`]: the table of builtin functions and their families
//! * [`calls`]: what functions gave for their arguments
//! * [`compiled`]: policies of a program, asked by path
//! * [`evaluator`]: what decisions reuse: memory, base data, bounds
//! * [`library`]: compiled policies as a shared library: the boundary between it and a server
//! * [`matcher`]: constant patterns
//! * [`automaton`]: constant patterns that were compiled together with the policy
//! * [`patterns`]: compiled patterns that outlive an evaluation
//! * `words`: looking at a text sixteen bytes at a time
//! * [`error`]: how an evaluation fails

pub mod arena;
pub mod automaton;
pub mod batch;
pub mod builtin;
pub mod builtins;
pub mod calls;
pub mod compiled;
pub mod context;
pub mod counting;
pub mod error;
pub mod evaluator;
#[doc(hidden)]
pub mod generated;
pub mod index;
pub mod input;
mod joins;
pub mod json;
pub mod library;
pub mod matcher;
pub mod number;
pub mod octets;
pub mod ops;
pub mod patterns;
pub mod value;
mod words;

pub use arena::{Arena, Document};
pub use batch::evaluate_many;
pub use builtin::Builtin;
pub use context::Context;
pub use error::{BuiltinError, EvalError};
pub use evaluator::Evaluator;
pub use input::{Input, TypedInput};
pub use number::Number;
pub use precinct_derive::Input;
pub use value::{ArrayBuilder, Object, ObjectBuilder, Set, SetBuilder, Value};
