//! Policy tests: running them, and reporting how they went.
//!
//! * [`runner`]: finding and running them
//! * [`result`]: how one test went
//! * [`report`]: for people and as JSON

pub mod report;
pub mod result;
pub mod runner;
