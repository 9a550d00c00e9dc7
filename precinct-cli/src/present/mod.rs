//! How results and errors look.
//!
//! * [`annotations`]: metadata blocks as text
//! * [`benchmark`]: what evaluations cost
//! * [`capabilities`]: builtins and features
//! * [`coverage`]: which parts of policies were evaluated
//! * [`tree`]: the syntax tree by indentation
//! * [`difference`]: what `fmt --diff` shows
//! * [`json`]: JSON as Go's encoder writes it
//! * [`table`]: tables with box-drawing lines
//! * [`errors`]: errors as text and as JSON
//! * [`explain`]: what an evaluation did
//! * [`profile`]: where the time of a decision goes
//! * [`results`]: the answers of a query in all formats

pub mod annotations;
pub mod benchmark;
pub mod capabilities;
pub mod coverage;
pub mod difference;
pub mod errors;
pub mod explain;
pub mod json;
pub mod profile;
pub mod results;
pub mod table;
pub mod tree;
