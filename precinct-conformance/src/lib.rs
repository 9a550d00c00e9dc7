//! Evaluation cases with the answers that a real OPA gave, and the verdict on an engine's answers.
//!
//! * [`case`]: what is asked and what is expected
//! * [`engines`]: the engines that answer
//! * [`files`]: where cases are read from
//! * [`mod@judge`]: whether an answer is the expected one
//! * [`plans`]: what is built into plans
//! * [`recording`]: asking a real OPA
//! * [`report`]: totals and failures
//! * [`source`]: recorded parses, layouts and errors
//! * [`traces`]: what is told of an evaluation

pub mod case;
pub mod engines;
pub mod files;
pub mod judge;
pub mod plans;
pub mod recording;
pub mod report;
pub mod source;
pub mod traces;

pub use case::{Answer, Case, Expected, Version};
pub use judge::judge;
pub use report::{Failure, Report};
