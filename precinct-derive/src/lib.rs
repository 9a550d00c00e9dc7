//! Derives `Input`.
