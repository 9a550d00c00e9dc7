//! Decisions over HTTP: what `precinct run --server` runs.
//!
//! * [`configuration`]: the configuration file, as OPA's users write it
//! * [`app`]: what all requests share
//! * [`decision`]: what is told of a decision, and to whom
//! * [`decision_log`]: OPA's decision log
//! * [`activations`]: which bundles were active, so that none comes back that is older
//! * [`records`]: precinct's own records of decisions
//! * [`services`]: servers that bundles come from and logs go to
//! * [`management`]: what runs beside the requests
//! * [`log`]: lines for operators
//! * [`monitoring`]: numbers for operators
//! * [`native`]: policies of a bundle as a shared library that the bundle carries
//! * [`shadow`]: candidates for activation, asked what was asked before
//! * [`state`]: policies, documents and bundles that decide
//! * [`evaluation`]: questions to a state, and their answers
//! * [`filters`]: conditions for data stores
//! * [`http`]: requests as they are read and answers as they are written
//! * [`routes`]: the REST API
//! * [`serve`]: connections and their limits
//! * [`watch`]: files that change
//! * [`pages`]: memory of the program that is given back
//! * [`run`]: a server from its first to its last request

pub mod activations;
pub mod app;
pub mod configuration;
pub mod decision;
pub mod decision_log;
pub mod evaluation;
pub mod filters;
pub mod http;
pub mod log;
pub mod management;
pub mod monitoring;
pub mod native;
pub mod pages;
pub mod records;
pub mod routes;
pub mod run;
pub mod serve;
pub mod services;
pub mod shadow;
pub mod state;
pub mod watch;
