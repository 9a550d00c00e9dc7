//! What the statements of the IR do, for both engines.
//!
//! * [`call`]: calling builtins: recording, error handling, counting
//! * [`collection`]: lookup, membership, tests, literals, builders with their conflicts
//! * [`with`]: replacing parts of input and data

pub mod call;
pub mod collection;
pub mod conflicts;
pub mod with;

pub use call::{call_builtin, call_host, fail};
pub use collection::{
    Conflict, add_at, assign_once, conflict, extend, insert, is_array_of, is_collection,
    is_object_of, member, object, put_at,
};
pub use conflicts::{Conflicts, Noted};
pub use with::{Undo, put_data, put_function, put_input, undo};
