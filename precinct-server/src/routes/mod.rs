//! The REST API of OPA ("REST API" in its documentation).
//!
//! * [`request`]: a request as handlers see it
//! * [`authorization`]: whether a policy lets a request in
//! * [`data`]: documents, read and evaluated (`/v1/data`)
//! * [`webhook`]: the older form of that (`/v0/data`, `POST /`)
//! * [`documents`]: documents, written
//! * [`policies`]: modules
//! * [`query`]: queries
//! * [`health`], [`operation`]: what operators ask
//! * [`dispatch`]: which handler a path belongs to

pub mod authorization;
pub mod data;
pub mod dispatch;
pub mod documents;
pub mod health;
pub mod operation;
pub mod policies;
pub mod query;
pub mod request;
pub mod webhook;

pub use dispatch::handle;
