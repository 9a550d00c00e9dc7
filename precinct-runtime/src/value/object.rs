//! Objects.

use super::Value;
use super::index::Index;
use crate::arena::Arena;

/// An object: entries in the order of their keys, all keys different.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    entries: &'a [(Value<'a>, Value<'a>)],
    index: Option<&'a Index<'a>>,
}

/// Below this many entries a string key is looked for from the front.
const LINEAR: usize = 8;

impl<'a> Object<'a> {
    /// `{}`
    pub const EMPTY: &'static Object<'static> = &Object {
        entries: &[],
        index: None,
    };

    /// Sorts entries, keeps the last of equal keys.
    #[must_use]
    pub fn from_entries(arena: &'a Arena, mut entries: Vec<(Value<'a>, Value<'a>)>) -> Value<'a> {
        sort_entries(&mut entries);
        Self::from_sorted(arena, &entries)
    }

    /// Takes entries that are sorted by key, with all keys different.
    #[must_use]
    pub fn from_sorted(arena: &'a Arena, entries: &[(Value<'a>, Value<'a>)]) -> Value<'a> {
        debug_assert!(entries.is_sorted_by(|a, b| a.0 < b.0));
        if entries.is_empty() {
            return Value::EMPTY_OBJECT;
        }
        let entries = arena.alloc_slice_copy(entries);
        let index = Index::build(arena, entries.len(), |at| entries[at].0);
        Value::Object(arena.alloc(Self { entries, index }))
    }

    /// An object that is known when a policy is compiled: sorted by key, with all keys different.
    #[must_use]
    pub const fn constant(entries: &'a [(Value<'a>, Value<'a>)]) -> Self {
        Self {
            entries,
            index: None,
        }
    }

    /// All entries, in the order of the keys.
    #[must_use]
    #[inline]
    pub const fn entries(&self) -> &'a [(Value<'a>, Value<'a>)] {
        self.entries
    }

    /// All keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        self.entries.iter().map(|(key, _)| *key)
    }

    /// All values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        self.entries.iter().map(|(_, value)| *value)
    }

    /// The number of keys.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// There is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where a key stands among the entries.
    #[must_use]
    #[inline]
    pub fn position(&self, key: Value<'_>) -> Option<usize> {
        if let Value::String(name) = key {
            return self.position_str(name);
        }
        match self.index {
            Some(index) => index.find(key, |at| self.entries[at].0.equals(key)),
            None => self
                .entries
                .binary_search_by(|(have, _)| have.compare(key))
                .ok(),
        }
    }

    #[inline]
    fn position_str(&self, name: &str) -> Option<usize> {
        let is = |key: Value<'_>| matches!(key, Value::String(have) if have == name);
        if self.entries.len() <= LINEAR {
            return self.entries.iter().position(|(key, _)| is(*key));
        }
        match self.index {
            Some(index) => index.find(Value::String(name), |at| is(self.entries[at].0)),
            None => self
                .entries
                .binary_search_by(|(have, _)| have.compare(Value::String(name)))
                .ok(),
        }
    }

    /// The value under a key.
    #[must_use]
    #[inline]
    pub fn get(&self, key: Value<'_>) -> Option<Value<'a>> {
        self.position(key).map(|at| self.entries[at].1)
    }

    /// The value under a string key.
    #[must_use]
    #[inline]
    pub fn get_str(&self, name: &str) -> Option<Value<'a>> {
        self.position_str(name).map(|at| self.entries[at].1)
    }

    /// A copy with one entry set, added or replaced.
    #[must_use]
    pub fn with(&self, arena: &'a Arena, key: Value<'a>, value: Value<'a>) -> Value<'a> {
        let mut entries = Vec::with_capacity(self.entries.len() + 1);
        entries.extend_from_slice(self.entries);
        match entries.binary_search_by(|(have, _)| have.compare(key)) {
            Ok(at) => entries[at].1 = value,
            Err(at) => entries.insert(at, (key, value)),
        }
        Self::from_sorted(arena, &entries)
    }

    pub(super) fn copy_into<'b>(&self, arena: &'b Arena) -> &'b Object<'b> {
        let entries = arena.alloc_slice_fill_iter(
            self.entries
                .iter()
                .map(|(key, value)| (key.copy_into(arena), value.copy_into(arena))),
        );
        arena.alloc(Object {
            entries,
            index: self.index.map(|index| index.copy_into(arena)),
        })
    }
}

/// Sorts by key and keeps the last of equal keys.
pub(crate) fn sort_entries<'a>(entries: &mut Vec<(Value<'a>, Value<'a>)>) {
    if entries.is_sorted_by(|a, b| a.0 < b.0) {
        return;
    }
    entries.sort_by(|a, b| a.0.compare(b.0));
    // `dedup_by` passes the later entry first; its value moves into the one that stays.
    entries.dedup_by(|later, kept| {
        let same = later.0.equals(kept.0);
        if same {
            kept.1 = later.1;
        }
        same
    });
}
