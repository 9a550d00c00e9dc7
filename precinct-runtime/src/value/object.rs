//! Objects.
//!
//! Keys and values lie in two slices, so that objects of one shape can share their keys.

use super::Value;
use super::index::Index;
use crate::arena::Arena;

/// An object: keys in order, all different, and their values.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    keys: &'a Keys<'a>,
    values: &'a [Value<'a>],
}

/// The keys of an object.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    list: &'a [Value<'a>],
    index: Option<&'a Index<'a>>,
}

impl<'a> Keys<'a> {
    pub(crate) const NONE: &'static Keys<'static> = &Keys {
        list: &[],
        index: None,
    };

    /// Keys that are known when a policy is compiled: sorted, all different.
    #[must_use]
    pub const fn constant(list: &'a [Value<'a>]) -> Self {
        Self { list, index: None }
    }

    pub(crate) fn new(arena: &'a Arena, list: &'a [Value<'a>]) -> &'a Self {
        let index = Index::build(arena, list.len(), |at| list[at]);
        arena.alloc(Self { list, index })
    }

    pub(crate) const fn list(&self) -> &'a [Value<'a>] {
        self.list
    }
}

/// The entries of an object in the order of the keys.
#[derive(Debug, Default, Clone, Copy)]
pub struct Entries<'a> {
    keys: &'a [Value<'a>],
    values: &'a [Value<'a>],
}

/// Goes over entries.
pub type EntriesIter<'a> =
    std::iter::Zip<std::slice::Iter<'a, Value<'a>>, std::slice::Iter<'a, Value<'a>>>;

impl<'a> Entries<'a> {
    /// All entries in order.
    #[inline]
    pub fn iter(self) -> EntriesIter<'a> {
        self.keys.iter().zip(self.values)
    }

    /// The number of entries.
    #[must_use]
    #[inline]
    pub const fn len(self) -> usize {
        self.keys.len()
    }

    /// There is no entry.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.keys.is_empty()
    }

    /// The entry at a position.
    #[must_use]
    #[inline]
    pub fn get(self, at: usize) -> Option<(Value<'a>, Value<'a>)> {
        Some((*self.keys.get(at)?, *self.values.get(at)?))
    }
}

impl<'a> IntoIterator for Entries<'a> {
    type Item = (&'a Value<'a>, &'a Value<'a>);
    type IntoIter = EntriesIter<'a>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Below this many entries a string key is looked for from the front.
const LINEAR: usize = 8;

impl<'a> Object<'a> {
    /// An object that is known when a policy is compiled; `values` are in the order of the keys.
    #[must_use]
    pub const fn constant(keys: &'a Keys<'a>, values: &'a [Value<'a>]) -> Self {
        Self { keys, values }
    }

    /// `{}`
    pub const EMPTY: &'static Object<'static> = &Object {
        keys: Keys::NONE,
        values: &[],
    };

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
        Value::Object(arena.alloc(Self { keys, values }))
    }

    /// All entries, in the order of the keys.
    #[must_use]
    #[inline]
    pub const fn entries(&self) -> Entries<'a> {
        Entries {
            keys: self.keys.list,
            values: self.values,
        }
    }

    /// All keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        self.keys.list.iter().copied()
    }

    /// All values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        self.values.iter().copied()
    }

    /// All values in the order of their keys.
    #[must_use]
    #[inline]
    pub const fn value_slice(&self) -> &'a [Value<'a>] {
        self.values
    }

    /// The number of keys.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// There is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Where a key stands among the entries.
    #[must_use]
    #[inline]
    pub fn position(&self, key: Value<'_>) -> Option<usize> {
        if let Value::String(name) = key {
            return self.position_str(name);
        }
        let list = self.keys.list;
        match self.keys.index {
            Some(index) => index.find(key, |at| list[at].equals(key)),
            None => list.binary_search_by(|have| have.compare(key)).ok(),
        }
    }

    #[inline]
    fn position_str(&self, name: &str) -> Option<usize> {
        let is = |key: Value<'_>| matches!(key, Value::String(have) if have == name);
        let list = self.keys.list;
        if list.len() <= LINEAR {
            return list.iter().position(|key| is(*key));
        }
        match self.keys.index {
            Some(index) => index.find(Value::String(name), |at| is(list[at])),
            None => list
                .binary_search_by(|have| have.compare(Value::String(name)))
                .ok(),
        }
    }

    /// The value under a key.
    #[must_use]
    #[inline]
    pub fn get(&self, key: Value<'_>) -> Option<Value<'a>> {
        self.values.get(self.position(key)?).copied()
    }

    /// The value under a string key.
    #[must_use]
    #[inline]
    pub fn get_str(&self, name: &str) -> Option<Value<'a>> {
        self.values.get(self.position_str(name)?).copied()
    }

    /// A copy with one entry set, added or replaced.
    #[must_use]
    pub fn with(&self, arena: &'a Arena, key: Value<'a>, value: Value<'a>) -> Value<'a> {
        if let Some(at) = self.position(key) {
            let values = arena.alloc_slice_copy(self.values);
            values[at] = value;
            return Value::Object(arena.alloc(Self {
                keys: self.keys,
                values,
            }));
        }
        let list = self.keys.list;
        let at = list.partition_point(|have| *have < key);
        let insert = |into: &[Value<'a>], new| {
            arena.alloc_slice_fill_with(into.len() + 1, |place| match place.cmp(&at) {
                std::cmp::Ordering::Less => into[place],
                std::cmp::Ordering::Equal => new,
                std::cmp::Ordering::Greater => into[place - 1],
            })
        };
        let (keys, values) = (insert(list, key), insert(self.values, value));
        Value::Object(arena.alloc(Self {
            keys: Keys::new(arena, keys),
            values,
        }))
    }

    pub(super) fn copy_into<'b>(&self, arena: &'b Arena) -> &'b Object<'b> {
        let copy = |items: &[Value<'a>]| -> &'b [Value<'b>] {
            arena.alloc_slice_fill_iter(items.iter().map(|item| item.copy_into(arena)))
        };
        let keys = arena.alloc(Keys {
            list: copy(self.keys.list),
            index: self.keys.index.map(|index| index.copy_into(arena)),
        });
        arena.alloc(Object {
            keys,
            values: copy(self.values),
        })
    }
}

/// Sorts by key and moves the last of equal keys to the front; returns how many entries stay.
pub(crate) fn sort_entries(entries: &mut [(Value<'_>, Value<'_>)]) -> usize {
    if entries.is_sorted_by(|a, b| a.0 < b.0) {
        return entries.len();
    }
    // Stable, so that the last of equal keys stays behind the others.
    entries.sort_by(|a, b| a.0.compare(b.0));
    let mut kept = 0;
    for at in 0..entries.len() {
        if kept > 0 && entries[kept - 1].0.equals(entries[at].0) {
            entries[kept - 1].1 = entries[at].1;
        } else {
            entries[kept] = entries[at];
            kept += 1;
        }
    }
    kept
}
