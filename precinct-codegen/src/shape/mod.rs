//! What a gateway's input looks like, as a JSON Schema: read off a Rust type, or given and turned into one.
//!
//! ```text
//! struct Call { tool: String, count: u32 }  ──[rust]──>  {"type": "object", "properties": {"tool": …, "count": …}}
//!                                                              │ [check]: type errors of the policies are warnings
//! pub struct Request<'r> { … }  <──[structs]──  schema of `input` (a file, an annotation)
//! ```
//!
//! * [`rust`]: from the source of a type to a schema
//! * [`structs`]: from a schema to structs
//! * [`schemas`]: schemas from files and annotations

pub(crate) mod rust;
pub(crate) mod schemas;
pub(crate) mod structs;
