//! Where a piece of syntax stands in its source.

/// Index of a source in the [`Sources`](crate::source::Sources) that were given to the compiler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A stretch of one source: byte offsets, and the row and column where it starts.
///
/// Rows and columns count from 1. Columns count characters (Unicode scalar values), as OPA's locations do.
/// Equality of syntax ignores spans: two terms are equal when their values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The source that holds the text.
    pub source: SourceId,
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset behind the last byte.
    pub end: u32,
    /// Row of the first character, from 1.
    pub row: u32,
    /// Column of the first character, from 1.
    pub col: u32,
}
