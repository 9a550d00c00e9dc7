//! Questions to a state, and their answers.
//!
//! * [`ask`]: the document at a path, or the answers of a query
//! * [`errors`]: errors as the REST API writes them
//! * [`explain`]: what an evaluation did
//! * [`labels`]: labels of rules that held
//! * [`metrics`]: how long its steps took
//! * `native`: the document at a path, by code that is compiled in, or by the library of a bundle
//! * [`scratch`]: storage for the values of one request

pub mod ask;
pub mod errors;
pub mod explain;
pub mod labels;
pub mod metrics;
mod native;
pub mod scratch;
