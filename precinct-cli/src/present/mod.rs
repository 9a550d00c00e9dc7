//! How results and errors look.
//!
//! * [`coverage`]: which parts of policies were evaluated
//! * [`tree`]: the syntax tree by indentation
//! * [`difference`]: what `fmt --diff` shows
//! * [`json`]: JSON as Go's encoder writes it
//! * [`table`]: tables with box-drawing lines
//! * [`errors`]: errors as text and as JSON
//! * [`results`]: the answers of a query in all formats

pub mod coverage;
pub mod difference;
pub mod errors;
pub mod json;
pub mod results;
pub mod table;
pub mod tree;
