//! Bundles in registries of container images (OCI Distribution Specification 1.1).
//!
//! ```text
//! reference ──> manifest, or an index of manifests ──> the layer with the bundle ──> bytes, verified against their digest
//!                        └── 401 with a challenge ──> token
//! ```
//!
//! * [`registry`]: a registry, asked for bundles
//! * [`reference`]: the name of an image
//! * [`manifest`]: what an image consists of
//! * [`challenge`]: what a registry wants to see first

mod challenge;
mod manifest;
mod reference;
mod registry;

pub use registry::Registry;
