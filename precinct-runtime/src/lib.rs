//! What compiled policies link.
