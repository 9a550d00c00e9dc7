//! Objects.

use std::fmt;
use std::iter::Zip;
use std::slice;

use super::Value;
use super::array::ArrayIter;
use super::members::{Keys, Members, sort_entries};
use super::packed::{Pack, Run, RunIter};
use crate::arena::Arena;

/// An object: keys in order, all different, and their values. They lie beside each other, or are words of a packed
/// document.
#[derive(Clone, Copy)]
pub struct Object<'a>(Place<'a>);

#[derive(Clone, Copy)]
enum Place<'a> {
    Plain(&'a Members<'a>),
    Packed(&'a Pack, u32),
}

impl<'a> Object<'a> {
    /// `{}`
    pub const EMPTY: Object<'static> = Object::new(Members::NONE);

    /// The object of these members.
    #[must_use]
    #[inline]
    pub const fn new(members: &'a Members<'a>) -> Self {
        Self(Place::Plain(members))
    }

    #[inline]
    pub(super) const fn packed(pack: &'a Pack, at: u32) -> Self {
        Self(Place::Packed(pack, at))
    }

    /// Sorts entries, keeps the last of equal keys.
    #[must_use]
    pub fn from_entries(arena: &'a Arena, mut entries: Vec<(Value<'a>, Value<'a>)>) -> Value<'a> {
        let kept = sort_entries(&mut entries);
        Self::from_sorted(arena, &entries[..kept])
    }

    /// Takes entries that are sorted by key, with all keys different.
    #[must_use]
    pub fn from_sorted(arena: &'a Arena, entries: &[(Value<'a>, Value<'a>)]) -> Value<'a> {
        debug_assert!(entries.is_sorted_by(|a, b| a.0 < b.0));
        if entries.is_empty() {
            return Value::EMPTY_OBJECT;
        }
        let keys = arena.alloc_slice_fill_iter(entries.iter().map(|(key, _)| *key));
        Self::from_parts(arena, Keys::new(arena, keys), entries)
    }

    /// An object with these keys, which the entries have too.
    pub(crate) fn from_parts(
        arena: &'a Arena,
        keys: &'a Keys<'a>,
        entries: &[(Value<'a>, Value<'a>)],
    ) -> Value<'a> {
        let values = arena.alloc_slice_fill_iter(entries.iter().map(|(_, value)| *value));
        Value::Object(Self::new(arena.alloc(Members::constant(keys, values))))
    }

    /// All entries, in the order of the keys.
    #[must_use]
    #[inline]
    pub fn entries(self) -> Entries<'a> {
        match self.0 {
            Place::Plain(members) => Entries(Lists::Plain(members.keys(), members.values())),
            Place::Packed(pack, at) => {
                let (keys, values) = pack.entries(at);
                Entries(Lists::Packed(keys, values))
            }
        }
    }

    /// All keys in order.
    #[inline]
    pub fn keys(self) -> ArrayIter<'a> {
        match self.0 {
            Place::Plain(members) => ArrayIter::over(members.keys()),
            Place::Packed(pack, at) => ArrayIter::over_run(pack.entries(at).0),
        }
    }

    /// All values in the order of their keys.
    #[inline]
    pub fn values(self) -> ArrayIter<'a> {
        match self.0 {
            Place::Plain(members) => ArrayIter::over(members.values()),
            Place::Packed(pack, at) => ArrayIter::over_run(pack.entries(at).1),
        }
    }

    /// The number of keys.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            Place::Plain(members) => members.values().len(),
            Place::Packed(pack, at) => pack.keys_len(at),
        }
    }

    /// There is no key.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value under a key.
    #[must_use]
    #[inline]
    pub fn get(self, key: Value<'_>) -> Option<Value<'a>> {
        match self.0 {
            Place::Plain(members) => members.get(key),
            Place::Packed(pack, at) => pack.get(at, key.as_str()?),
        }
    }

    /// The value under a string key.
    #[must_use]
    #[inline]
    pub fn get_str(self, name: &str) -> Option<Value<'a>> {
        match self.0 {
            Place::Plain(members) => members.get_str(name),
            Place::Packed(pack, at) => pack.get(at, name),
        }
    }

    /// A copy with one entry set, added or replaced.
    #[must_use]
    pub fn with(self, arena: &'a Arena, key: Value<'a>, value: Value<'a>) -> Value<'a> {
        match self.0 {
            Place::Plain(members) => members.with(arena, key, value),
            Place::Packed(pack, at) => {
                let (keys, values) = pack.entries(at);
                let keys = arena.alloc_slice_fill_iter(keys.iter());
                let values = arena.alloc_slice_fill_iter(values.iter());
                let Some(there) = key.as_str().and_then(|name| pack.position(at, name)) else {
                    return Members::constant(arena.alloc(Keys::constant(keys)), values)
                        .with(arena, key, value);
                };
                values[there] = value;
                Value::Object(Self::new(
                    arena.alloc(Members::constant(Keys::new(arena, keys), values)),
                ))
            }
        }
    }

    /// Keys and values, where they lie beside each other in memory.
    #[inline]
    pub(super) const fn lists(self) -> Option<(&'a [Value<'a>], &'a [Value<'a>])> {
        match self.0 {
            Place::Plain(members) => Some((members.keys(), members.values())),
            Place::Packed(..) => None,
        }
    }

    pub(super) fn copy_into(self, arena: &Arena) -> Object<'_> {
        match self.0 {
            Place::Plain(members) => Object::new(members.copy_into(arena)),
            Place::Packed(pack, at) => {
                let (keys, values) = pack.entries(at);
                let copy = |run: Run<'_>| {
                    arena.alloc_slice_fill_iter(run.iter().map(|value| value.copy_into(arena)))
                };
                let keys = Keys::new(arena, copy(keys));
                Object::new(arena.alloc(Members::constant(keys, copy(values))))
            }
        }
    }

    /// Whether the object is packed.
    pub(crate) const fn is_packed(self) -> bool {
        matches!(self.0, Place::Packed(..))
    }

    /// Where the object lies. Objects that are there at one time and lie at one place are one.
    pub(crate) fn place(self) -> (usize, usize) {
        match self.0 {
            Place::Plain(members) => (members.values().as_ptr().addr(), members.values().len()),
            Place::Packed(pack, at) => pack.place(at),
        }
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

/// The entries of an object in the order of the keys.
#[derive(Debug, Clone, Copy)]
pub struct Entries<'a>(Lists<'a>);

#[derive(Debug, Clone, Copy)]
enum Lists<'a> {
    Plain(&'a [Value<'a>], &'a [Value<'a>]),
    Packed(Run<'a>, Run<'a>),
}

impl<'a> Entries<'a> {
    /// All entries in order.
    #[inline]
    pub fn iter(self) -> EntriesIter<'a> {
        match self.0 {
            Lists::Plain(keys, values) => EntriesIter(Iter::Plain(keys.iter().zip(values))),
            Lists::Packed(keys, values) => {
                EntriesIter(Iter::Packed(keys.iter().zip(values.iter())))
            }
        }
    }

    /// The number of entries.
    #[must_use]
    #[inline]
    pub const fn len(self) -> usize {
        match self.0 {
            Lists::Plain(keys, _) => keys.len(),
            Lists::Packed(keys, _) => keys.len(),
        }
    }

    /// There is no entry.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The entry at a position.
    #[must_use]
    #[inline]
    pub fn get(self, at: usize) -> Option<(Value<'a>, Value<'a>)> {
        match self.0 {
            Lists::Plain(keys, values) => Some((*keys.get(at)?, *values.get(at)?)),
            Lists::Packed(keys, values) => Some((keys.get(at)?, values.get(at)?)),
        }
    }
}

/// Goes over entries.
#[derive(Debug, Clone)]
pub struct EntriesIter<'a>(Iter<'a>);

#[derive(Debug, Clone)]
enum Iter<'a> {
    Plain(Zip<slice::Iter<'a, Value<'a>>, slice::Iter<'a, Value<'a>>>),
    Packed(Zip<RunIter<'a>, RunIter<'a>>),
}

impl<'a> Iterator for EntriesIter<'a> {
    type Item = (Value<'a>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Iter::Plain(entries) => entries.next().map(|(key, value)| (*key, *value)),
            Iter::Packed(entries) => entries.next(),
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Iter::Plain(entries) => entries.size_hint(),
            Iter::Packed(entries) => entries.size_hint(),
        }
    }
}

impl DoubleEndedIterator for EntriesIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Iter::Plain(entries) => entries.next_back().map(|(key, value)| (*key, *value)),
            Iter::Packed(entries) => entries.next_back(),
        }
    }
}

impl ExactSizeIterator for EntriesIter<'_> {}

impl Default for Entries<'_> {
    fn default() -> Self {
        Self(Lists::Plain(&[], &[]))
    }
}

impl<'a> IntoIterator for Entries<'a> {
    type Item = (Value<'a>, Value<'a>);
    type IntoIter = EntriesIter<'a>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
