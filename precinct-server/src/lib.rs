//! Decisions over HTTP: what `precinct run --server` runs.
//!
//! * [`configuration`]: the configuration file, as OPA's users write it
//! * [`app`]: what all requests share
//! * [`decision`]: what is told of a decision, and to whom
//! * [`log`], [`monitoring`]: what operators see
//! * [`state`]: policies, documents and bundles that decide
//! * [`evaluation`]: questions to a state, and their answers
//! * [`http`]: requests as they are read and answers as they are written
//! * [`routes`]: the REST API
//! * [`serve`]: connections
//! * [`run`]: a server from its first to its last request

pub mod app;
pub mod configuration;
pub mod decision;
pub mod evaluation;
pub mod http;
pub mod log;
pub mod monitoring;
pub mod routes;
pub mod run;
pub mod serve;
pub mod state;
