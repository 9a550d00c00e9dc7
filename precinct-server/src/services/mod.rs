//! Servers that bundles come from and logs go to.
//!
//! ```text
//! Client: what is asked ──> Outgoing ── credentials ──> Outgoing ── connections (trust, identity) ──> answer
//! ```
//!
//! * [`client`]: a client of one server
//! * [`oci`]: bundles in registries of container images
//! * [`outgoing`]: a request before it is sent
//! * [`connections`]: connections to a service
//! * [`trust`]: whom the other side must be known to
//! * [`identity`]: the certificate that this server shows
//! * [`encrypted_key`]: private keys behind a passphrase
//! * [`credentials`]: how this server says who it is
//! * [`surroundings`]: what credentials are made of besides the configuration

pub mod client;
mod connections;
mod credentials;
mod encrypted_key;
mod identity;
mod oci;
mod outgoing;
pub mod surroundings;
mod trust;

pub use client::{Client, FetchError, Fetched};
pub use surroundings::Surroundings;
