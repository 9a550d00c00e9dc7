//! What generated code calls. Not for people: it changes together with the generator.
//!
//! * [`scan`]: reading only those parts of a JSON text that a policy asks for
//! * `text`: tests of strings whose other side is known when the policy is compiled
//! * [`mod@answer`]: a program that answers one query
//! * [`case`]: running one of many programs
//! * `entered`: rules that are counted without a context
//! * `features`: builtins that are not there
//! * [`natives`]: builtins that are computed in place
//! * [`origins`]: where the values of a document come from, for the error when they differ
//! * [`run`]: loops, builtins, replaced functions

pub mod answer;
pub mod case;
pub(crate) mod entered;
mod features;
pub mod natives;
pub mod origins;
pub mod run;
pub mod scan;
pub mod text;

pub use crate::arena::{Arena, Document};
pub use crate::automaton::Automaton;
pub use crate::builtin::Builtin;
pub use crate::calls::Given;
pub use crate::compiled::Compiled;
pub use crate::context::{Context, Memo, Mock};
pub use crate::error::{EvalError, Location};
pub use crate::evaluator::{DecisionError, Evaluator, InputError, Needs};
pub use crate::index::{Index, Key};
pub use crate::input::{Input, TypedInput};
pub use crate::matcher::Matcher;
pub use crate::number::Number;
pub use crate::ops::{
    Conflict, add_at, assign_once, call_builtin, extend, insert, is_array_of, is_collection,
    is_object_of, member, object, put_at, put_data, put_function, undo,
};
pub use crate::value::document::DocumentBuilder;
pub use crate::value::{
    Array, ArrayBuilder, Keys, Members, Object, ObjectBuilder, Set, SetBuilder, Value,
};

pub use std::string::String;

pub use answer::{Asked, answer};
pub use case::run_case;
pub use entered::enter_rule;
pub use natives::{
    below, contains, count, count_parts, ends_with, glob_between, glob_exact, in_table, integer,
    literal_set, member_within, part, position, split, starts_with, text,
};
pub use origins::{Origins, disagreement};
pub use run::{
    Base, Flow, Slot, between, elements, entries, equal, fail, fields, joined, less,
    literal_object, located, lookup, lookup_keys, matched, not_replaced, patched, replaced,
    running, scratch,
};
pub use scan::Scanner;
pub use text::{Table, among, bool_of, str_of};

/// The version of this module that generated code was made for.
pub const VERSION: u32 = 4;
