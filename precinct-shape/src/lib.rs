//! How a Rust type is written by `serde`, as far as its attributes say: for `#[derive(Input)]`, which makes code of that,
//! and for build scripts, which hold policies against it.
//!
//! * [`attributes`]: what attributes say
//! * [`names`]: the renaming rules of `serde`

pub mod attributes;
pub mod names;

pub use attributes::Attributes;
pub use names::Rule;
