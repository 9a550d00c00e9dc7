//! The engine over the IR.
