//! Connections.
//!
//! * [`address`]: where a server listens
//! * [`tls`]: certificates of the server, and those that clients show
//! * [`listener`]: connections accepted, served and, at the end, finished

pub mod address;
pub mod listener;
pub mod tls;

pub use address::Address;
pub use listener::{Limits, Server};
