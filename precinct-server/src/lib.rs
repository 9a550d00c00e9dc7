//! Decisions over HTTP: what `precinct run --server` runs.
//!
//! * [`configuration`]: the configuration file, as OPA's users write it

pub mod configuration;
