//! The REST API of OPA ("REST API" in its documentation).
//!
//! * [`request`]: a request as handlers see it
//! * [`authorization`]: whether a policy lets a request in
//! * [`data`]: documents, read and evaluated at `/v1/data`
//! * [`webhook`]: the older form of that at `/v0/data` and `POST /`
//! * [`documents`]: documents, written
//! * [`policies`]: modules, read and exchanged
//! * [`query`]: ad hoc queries
//! * [`compile`]: queries evaluated in part
//! * [`filters`]: rules as data filters
//! * [`health`] and [`operation`]: what operators ask
//! * [`dispatch`]: which handler a path belongs to

pub mod authorization;
pub mod compile;
pub mod data;
pub mod dispatch;
pub mod documents;
pub mod filters;
pub mod health;
pub mod operation;
pub mod policies;
pub mod query;
pub mod request;
pub mod webhook;

pub use dispatch::handle;
