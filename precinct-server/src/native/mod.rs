//! Policies of a bundle as a shared library that the bundle carries.
//!
//! ```text
//! verified bundle ─> state: the interpreter answers
//!        │ its library: made for this server? for these texts?
//!        v                                                    beside the requests
//!    sealed memory ─> loaded ─> session: base documents ─> the same state: the library answers
//! ```
//!
//! A library is machine code, so it is loaded only from a bundle whose signature was verified, and the bytes that were
//! verified are those that are loaded. Where a library has no answer, the interpreter is asked.
//!
//! * [`carried`]: the library of a bundle, and why it is not loaded
//! * [`library`]: a library in memory; all calls into it
//! * [`loader`]: states, one after the other, get the session of their library
//! * `sealed`: bytes as a file that nobody can change

pub mod carried;
pub mod library;
pub mod loader;
mod sealed;

pub use carried::Carried;
pub use library::Session;
pub use loader::Loader;
