//! Arrays.

use std::fmt;

use super::Value;
use super::packed::{Pack, Run, RunIter};
use crate::arena::Arena;

/// The elements of an array: values beside each other, or words of a packed document.
#[derive(Clone, Copy)]
pub struct Array<'a>(Items<'a>);

#[derive(Clone, Copy)]
enum Items<'a> {
    Plain(&'a [Value<'a>]),
    Packed(&'a Pack, u32),
}

impl<'a> Array<'a> {
    /// `[]`
    pub const EMPTY: Array<'static> = Array::new(&[]);

    /// The array of these elements.
    #[must_use]
    #[inline]
    pub const fn new(items: &'a [Value<'a>]) -> Self {
        Self(Items::Plain(items))
    }

    #[inline]
    pub(super) const fn packed(pack: &'a Pack, at: u32) -> Self {
        Self(Items::Packed(pack, at))
    }

    /// The number of elements.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            Items::Plain(items) => items.len(),
            Items::Packed(pack, at) => pack.len(at),
        }
    }

    /// There is no element.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The element at a position.
    #[must_use]
    #[inline]
    pub fn get(self, at: usize) -> Option<Value<'a>> {
        match self.0 {
            Items::Plain(items) => items.get(at).copied(),
            Items::Packed(pack, place) => pack.items(place).get(at),
        }
    }

    /// The first element.
    #[must_use]
    pub fn first(self) -> Option<Value<'a>> {
        self.get(0)
    }

    /// The last element.
    #[must_use]
    pub fn last(self) -> Option<Value<'a>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All elements in order.
    #[inline]
    pub fn iter(self) -> ArrayIter<'a> {
        ArrayIter(match self.0 {
            Items::Plain(items) => Iter::Plain(items.iter()),
            Items::Packed(pack, at) => Iter::Packed(pack.items(at).iter()),
        })
    }

    /// The elements beside each other in memory: where they are, or a copy in the arena.
    #[must_use]
    pub fn slice(self, arena: &'a Arena) -> &'a [Value<'a>] {
        match self.0 {
            Items::Plain(items) => items,
            Items::Packed(pack, at) => arena.alloc_slice_fill_iter(pack.items(at).iter()),
        }
    }

    /// A copy of the elements.
    #[must_use]
    pub fn to_vec(self) -> Vec<Value<'a>> {
        self.iter().collect()
    }

    /// Whether the array is one of a document's long lists and has the member; `None` if it has to be looked through.
    pub(crate) fn indexed(self, member: Value<'_>) -> Option<bool> {
        match self.0 {
            Items::Plain(items) => super::lists::contains(items, member),
            Items::Packed(pack, at) => pack.contains(at, member),
        }
    }

    /// Whether something was looked up in this long list before.
    pub(crate) fn is_indexed(self) -> bool {
        match self.0 {
            Items::Plain(items) => super::lists::is_made(items),
            Items::Packed(pack, at) => pack.has_slots(at),
        }
    }

    /// The elements where they lie beside each other in memory; `None` if they are packed.
    #[must_use]
    pub const fn as_slice(self) -> Option<&'a [Value<'a>]> {
        match self.0 {
            Items::Plain(items) => Some(items),
            Items::Packed(..) => None,
        }
    }

    /// Where the elements lie. Arrays that are there at one time and lie at one place are one.
    pub(crate) fn place(self) -> (usize, usize) {
        match self.0 {
            Items::Plain(items) => (items.as_ptr().addr(), items.len()),
            Items::Packed(pack, at) => pack.place(at),
        }
    }
}

impl fmt::Debug for Array<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Default for Array<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a> From<&'a [Value<'a>]> for Array<'a> {
    #[inline]
    fn from(items: &'a [Value<'a>]) -> Self {
        Self::new(items)
    }
}

impl<'a> IntoIterator for Array<'a> {
    type Item = Value<'a>;
    type IntoIter = ArrayIter<'a>;

    #[inline]
    fn into_iter(self) -> ArrayIter<'a> {
        self.iter()
    }
}

/// Goes over values beside each other.
#[derive(Debug, Clone)]
pub struct ArrayIter<'a>(Iter<'a>);

#[derive(Debug, Clone)]
enum Iter<'a> {
    Plain(std::slice::Iter<'a, Value<'a>>),
    Packed(RunIter<'a>),
}

impl<'a> Iterator for ArrayIter<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        match &mut self.0 {
            Iter::Plain(items) => items.next().copied(),
            Iter::Packed(items) => items.next(),
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Iter::Plain(items) => items.size_hint(),
            Iter::Packed(items) => items.size_hint(),
        }
    }
}

impl DoubleEndedIterator for ArrayIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Iter::Plain(items) => items.next_back().copied(),
            Iter::Packed(items) => items.next_back(),
        }
    }
}

impl ExactSizeIterator for ArrayIter<'_> {}

impl<'a> ArrayIter<'a> {
    #[inline]
    pub(super) fn over(items: &'a [Value<'a>]) -> Self {
        Self(Iter::Plain(items.iter()))
    }

    #[inline]
    pub(super) fn over_run(run: Run<'a>) -> Self {
        Self(Iter::Packed(run.iter()))
    }
}
