//! What is wrong with a text.

/// A place in a text, everything from 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// In characters.
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The message of libyaml, with a line as Go's port of it counts: the scanner's errors from 1, those of the grammar from 0.
/// The line is that of what was begun, if that is not the first.
pub(super) fn message(begun: Mark, at: Mark, scanner: bool, problem: &str) -> String {
    let line = if begun.line == 0 { at.line } else { begun.line };
    if line == 0 {
        format!("yaml: {problem}")
    } else {
        format!("yaml: line {}: {problem}", line + usize::from(scanner))
    }
}
