//! Recorded exchanges with a policy engine, replayed against precinct.
//!
//! A scenario holds files, steps and the answers that were recorded. Answers are exact but for placeholders, which
//! stand for what no two runs share: durations, identifiers, moments.
//!
//! * [`scenario`]: the record as it is stored
//! * [`content`]: files and outputs in their several notations
//! * [`matching`]: comparison with placeholders
//! * [`command`]: steps that run a command line
//! * [`server`]: steps that ask a server
//! * [`address`]: where servers of tests listen
//! * [`http`]: requests and answers
//! * [`known`]: steps that differ, with reasons
//! * [`upstream`]: the control plane of a scenario
//! * [`waiting`]: waiting for a server

pub mod address;
pub mod command;
pub mod content;
pub mod http;
pub mod known;
pub mod matching;
pub mod scenario;
pub mod server;
pub mod upstream;
pub mod waiting;
