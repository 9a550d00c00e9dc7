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
//! * [`roots`]: the parts of `data` that bundles own
//! * [`bundle`]: the meaning of the files
//! * [`document`]: base documents, merged and hashed
//! * [`memory`]: documents that were read before
//! * [`patch`]: the changes of a delta bundle
//! * [`signature`]: who vouches for it
//! * [`load`]: modules and documents from the paths of a command line

pub mod archive;
pub mod bundle;
pub mod digest;
pub mod directory;
pub mod document;
mod error;
pub mod files;
pub mod guard;
pub mod load;
pub mod manifest;
pub mod memory;
pub mod patch;
pub mod revision;
pub mod roots;
pub mod signature;

pub use bundle::Bundle;
pub use digest::Digest;
pub use error::Error;
pub use files::{Files, Limits};
pub use guard::{Admitted, Guard};
pub use manifest::Manifest;
pub use memory::Memory;
