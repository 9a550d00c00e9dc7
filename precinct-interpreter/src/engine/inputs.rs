//! The parts of the input that were read last. They hold until a `with` replaces the input, or no longer does.

use precinct_runtime::Value;

use super::code::NOWHERE;

/// A power of two, so that a path's place is found by its last bits.
const PLACES: usize = 4;

/// Of the paths that share a place, the last one.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a>([(u32, Option<Value<'a>>); PLACES]);

impl Default for Inputs<'_> {
    fn default() -> Self {
        Self([(NOWHERE, None); PLACES])
    }
}

impl<'a> Inputs<'a> {
    /// What is at a path, if that is known: it can be that nothing is there.
    #[inline]
    #[expect(
        clippy::option_option,
        reason = "not known, and known not to be there, are two things"
    )]
    pub(super) fn get(&self, path: u32) -> Option<Option<Value<'a>>> {
        let (known, value) = self.0[path as usize % PLACES];
        (known == path).then_some(value)
    }

    #[inline]
    pub(super) fn put(&mut self, path: u32, value: Option<Value<'a>>) {
        self.0[path as usize % PLACES] = (path, value);
    }
}
