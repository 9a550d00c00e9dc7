//! Random policies, evaluated by precinct and by a real OPA; what differs is cut down to a small case.
//!
//! * [`random`]: numbers from a seed
//! * [`tree`]: texts that know which of their parts can go
//! * [`generate`]: policies, inputs and base documents
//! * [`engine`]: precinct's answer to a case
//! * [`native`]: some of the cases answered by native code
//! * [`oracle`]: OPA's answers
//! * [`shrink`]: small cases from large ones

pub mod engine;
pub mod generate;
pub mod native;
pub mod oracle;
pub mod random;
pub mod shrink;
pub mod tree;
