//! Keys and signatures for JSON Web Tokens and signed bundles, in plain Rust.
//!
//! | module | what it holds |
//! |---|---|
//! | [`key`] | key material as numbers and bytes, independent of its encoding |
//! | [`pem`], [`der`], [`pkix`] | reading keys from PEM and DER (RFC 7468, 5280, 8017, 5915, 5958) |
//! | [`jwk`] | reading and writing JSON Web Keys and key sets (RFC 7517) |
//! | [`algorithm`], [`signature`] | the algorithms of RFC 7518 and 8037, signing and verifying bytes |
//! | [`compact`] | the compact serialization of JSON Web Signatures (RFC 7515) |
//! | [`x509`] | certificates and requests for them (RFC 5280, RFC 2986) |
//! | [`hash`] | digests and keyed digests |
//!
//! Data flows from text to [`key::Key`], and from there with an [`algorithm::Algorithm`] to a signature or a verdict.
//! Nothing here reads files, clocks or the environment; randomness comes from the operating system, only to sign.

pub mod algorithm;
pub mod base64;
pub mod compact;
pub mod der;
pub mod hash;
pub mod jwk;
pub mod key;
pub mod pem;
pub mod pkix;
pub mod signature;
pub mod x509;

pub use algorithm::Algorithm;
pub use key::Key;
