//! The keys and values of objects that are not packed: two slices, so that objects of one shape can share their keys.

use super::index::Index;
use super::sort::sort_by_value;
use super::{Object, Value};
use crate::arena::Arena;

/// The members of an object: keys in order, all different, and their values.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
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

/// Below this many entries a string key is looked for from the front.
const LINEAR: usize = 8;

impl<'a> Members<'a> {
    pub(super) const NONE: &'static Members<'static> = &Members {
        keys: Keys::NONE,
        values: &[],
    };

    /// Members that are known when a policy is compiled; `values` are in the order of the keys.
    #[must_use]
    pub const fn constant(keys: &'a Keys<'a>, values: &'a [Value<'a>]) -> Self {
        Self { keys, values }
    }

    /// All keys in order.
    #[inline]
    pub(super) const fn keys(&self) -> &'a [Value<'a>] {
        self.keys.list
    }

    /// All values in the order of their keys.
    #[inline]
    pub(super) const fn values(&self) -> &'a [Value<'a>] {
        self.values
    }

    /// Where a key stands among the entries.
    #[inline]
    pub(super) fn position(&self, key: Value<'_>) -> Option<usize> {
        if let Value::String(name) = key {
            return self.position_str(name);
        }
        let list = self.keys.list;
        match self.keys.index {
            Some(index) => index.find(key, |at| list[at].equals(key)),
            None => list.binary_search_by(|have| have.compare(key)).ok(),
        }
    }

    /// Small enough to become part of its caller, where the name is often a constant.
    #[inline]
    fn position_str(&self, name: &str) -> Option<usize> {
        let list = self.keys.list;
        if list.len() > LINEAR {
            return self.search(name);
        }
        list.iter()
            .position(|key| matches!(key, Value::String(have) if *have == name))
    }

    #[inline(never)]
    fn search(&self, name: &str) -> Option<usize> {
        let is = |key: Value<'_>| matches!(key, Value::String(have) if have == name);
        let list = self.keys.list;
        match self.keys.index {
            Some(index) => index.find(Value::String(name), |at| is(list[at])),
            None => list
                .binary_search_by(|have| have.compare(Value::String(name)))
                .ok(),
        }
    }

    /// The value under a key.
    #[inline]
    pub(super) fn get(&self, key: Value<'_>) -> Option<Value<'a>> {
        self.values.get(self.position(key)?).copied()
    }

    /// The value under a string key.
    #[inline]
    pub(super) fn get_str(&self, name: &str) -> Option<Value<'a>> {
        self.values.get(self.position_str(name)?).copied()
    }

    /// A copy with one entry set, added or replaced.
    pub(super) fn with(&self, arena: &'a Arena, key: Value<'a>, value: Value<'a>) -> Value<'a> {
        if let Some(at) = self.position(key) {
            let values = arena.alloc_slice_copy(self.values);
            values[at] = value;
            let keys = self.keys;
            return Value::Object(Object::new(arena.alloc(Self { keys, values })));
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
        let keys = Keys::new(arena, keys);
        Value::Object(Object::new(arena.alloc(Self { keys, values })))
    }

    pub(super) fn copy_into<'b>(&self, arena: &'b Arena) -> &'b Members<'b> {
        let copy = |items: &[Value<'a>]| -> &'b [Value<'b>] {
            arena.alloc_slice_fill_iter(items.iter().map(|item| item.copy_into(arena)))
        };
        let keys = arena.alloc(Keys {
            list: copy(self.keys.list),
            index: self.keys.index.map(|index| index.copy_into(arena)),
        });
        arena.alloc(Members {
            keys,
            values: copy(self.values),
        })
    }
}

/// Sorts by key and moves the last of equal keys to the front; returns how many entries stay.
pub(crate) fn sort_entries<'a>(entries: &mut [(Value<'a>, Value<'a>)]) -> usize {
    if entries.is_sorted_by(|a, b| a.0 < b.0) {
        return entries.len();
    }
    // Stable, so that the last of equal keys stays behind the others.
    sort_by_value(entries, |(key, _)| *key);
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
