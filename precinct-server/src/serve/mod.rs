//! Connections.
//!
//! * [`address`]: where a server listens
//! * [`tls`]: certificates of the server, and those that clients show
//! * [`lanes`]: the threads that serve
//! * [`pace`]: which requests take long
//! * [`listener`]: connections accepted, served and, at the end, finished

pub mod address;
pub mod lanes;
pub mod listener;
pub mod pace;
pub mod tls;

pub use address::Address;
pub use lanes::Lanes;
pub use listener::{Limits, Server};
