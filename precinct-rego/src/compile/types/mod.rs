//! Types of values, as far as they can be told before evaluation, and errors where no value can ever fit.
//!
//! * [`kinds`]: the types and what can be asked of them
//! * [`text`]: types in messages, reports and capabilities
//! * [`unifies`]: whether two types have a value in common
//! * [`tree`], [`mod@env`]: what is known of documents and variables
//! * [`infer`], [`refs`], [`check`]: the checks
//! * [`schema`] (with [`described`]): types from JSON schemas
//! * [`errors`] (with [`shorten`]): what authors are told

mod check;
mod described;
mod env;
mod errors;
mod infer;
mod kinds;
mod refs;
mod schema;
mod shorten;
mod text;
mod tree;
mod unifies;

pub(super) use check::Checker;
pub use described::Recursive;
pub use kinds::{ArrayType, FunctionType, ObjectType, Parameter, Type};
pub use schema::SchemaMap;
pub(super) use schema::{SchemaTypes, Schemas, from_schema, input_error};
pub use tree::TypeTree;
