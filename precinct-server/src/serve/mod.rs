//! Connections.
//!
//! * [`address`]: where a server listens
//! * [`listener`]: connections accepted, served and, at the end, finished

pub mod address;
pub mod listener;

pub use address::Address;
pub use listener::{Limits, Server};
