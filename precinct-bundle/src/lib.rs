//! Bundles: policies and data as one unit that is built, named by its digest, signed, verified and activated.
//!
//! ```text
//! directory ─┐                     ┌─ digest
//! archive ───┴─> files ─> verified ┴─> bundle (manifest, modules, data) ─> activation
//! ```
//!
//! * [`files`]: the files in memory, and the limits on them
//! * [`archive`], [`directory`]: where files come from
//! * [`digest`]: what names them
//! * [`manifest`]: what a bundle says of itself

pub mod archive;
pub mod digest;
pub mod directory;
mod error;
pub mod files;
pub mod manifest;

pub use digest::Digest;
pub use error::Error;
pub use files::{Files, Limits};
pub use manifest::Manifest;
