//! Placeholder table of contents, filled by the crate's first module.
