//! Compiled policies as a shared library: what stands on both sides of the boundary between it and a server.
//!
//! Library and server may come from different compilers, so no layout of Rust crosses the boundary: only the C structures of
//! [`raw`], bytes, and JSON. Base documents are handed over once for each session, inputs and answers once a decision.
//!
//! * [`handshake`]: what a library is made for, and what a server expects
//! * [`raw`]: the structures and symbols of the boundary
//! * [`session`]: policies with base documents, asked by path; the library's side

pub mod handshake;
pub mod raw;
pub mod session;

pub use handshake::Handshake;
pub use session::Session;
