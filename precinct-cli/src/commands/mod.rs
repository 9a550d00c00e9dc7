//! The sub-commands, one file each.
//!
//! * [`version`]: what this binary is

pub mod version;
