//! How collections are made. Builders keep what they hold in the arena, so that a warm arena needs no memory.

use bumpalo::collections::Vec as ArenaVec;

use super::index::GrowingIndex;
use super::members::sort_entries;
use super::sort::{merge, sort};
use super::{Array, Object, Set, Value};
use crate::arena::Arena;

/// An array that grows.
#[derive(Debug, Clone)]
pub struct ArrayBuilder<'a> {
    items: ArenaVec<'a, Value<'a>>,
}

impl<'a> ArrayBuilder<'a> {
    /// Empty.
    #[must_use]
    pub fn new(arena: &'a Arena) -> Self {
        Self {
            items: ArenaVec::new_in(arena),
        }
    }

    /// Makes it empty again.
    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// Appends an element.
    #[inline]
    pub fn push(&mut self, item: Value<'a>) {
        self.items.push(item);
    }

    /// The number of elements so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// There are at least so many elements.
    #[must_use]
    pub fn holds(&self, least: usize) -> bool {
        self.len() >= least
    }

    /// The array; the builder is empty afterwards.
    pub fn finish(&mut self) -> Value<'a> {
        let empty = ArenaVec::new_in(self.items.bump());
        let items = std::mem::replace(&mut self.items, empty);
        Value::Array(Array::new(items.into_bump_slice()))
    }
}

/// A set that grows. Members may be added more than once.
#[derive(Debug, Clone)]
pub struct SetBuilder<'a> {
    items: ArenaVec<'a, Value<'a>>,
    /// So many items from the front are sorted and all different.
    sorted: usize,
    /// So many items are needed before duplicates are weeded out on the way.
    weed_at: usize,
}

const FIRST_WEEDING: usize = 1024;

impl<'a> SetBuilder<'a> {
    /// Empty.
    #[must_use]
    pub fn new(arena: &'a Arena) -> Self {
        Self {
            items: ArenaVec::new_in(arena),
            sorted: 0,
            weed_at: FIRST_WEEDING,
        }
    }

    /// Makes it empty again.
    pub fn clear(&mut self) {
        self.items.clear();
        self.sorted = 0;
        self.weed_at = FIRST_WEEDING;
    }

    /// Adds a member.
    #[inline]
    pub fn add(&mut self, item: Value<'a>) {
        // A loop that adds the same few members over and over must not pile them up.
        if self.items.len() >= self.weed_at {
            self.weed();
            self.weed_at = FIRST_WEEDING.max(self.items.len() * 2);
        }
        self.items.push(item);
    }

    /// Nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// There are at least so many different members. Every call may look at all of them.
    #[must_use]
    pub fn holds(&mut self, least: usize) -> bool {
        if self.items.len() >= least {
            self.weed();
        }
        self.items.len() >= least
    }

    fn weed(&mut self) {
        let from = self.sorted.saturating_sub(1);
        if self.items[from..].is_sorted_by(|a, b| a < b) {
            self.sorted = self.items.len();
            return;
        }
        // Of equal numbers (1 and 1.0) the first one stays.
        sort(&mut self.items[self.sorted..]);
        let mut kept = self.sorted;
        for at in self.sorted..self.items.len() {
            if kept == self.sorted || !self.items[kept - 1].equals(self.items[at]) {
                self.items[kept] = self.items[at];
                kept += 1;
            }
        }
        self.items.truncate(kept);
        if self.sorted > 0 {
            let merged = merge(&self.items[..self.sorted], &self.items[self.sorted..]);
            self.items.truncate(merged.len());
            self.items.copy_from_slice(&merged);
        }
        self.sorted = self.items.len();
    }

    /// The set; the builder is empty afterwards.
    pub fn finish(&mut self) -> Value<'a> {
        self.weed();
        let arena = self.items.bump();
        let items = std::mem::replace(&mut self.items, ArenaVec::new_in(arena));
        self.sorted = 0;
        self.weed_at = FIRST_WEEDING;
        Set::from_sorted_slice(arena, items.into_bump_slice())
    }
}

impl<'a> Extend<Value<'a>> for SetBuilder<'a> {
    fn extend<T: IntoIterator<Item = Value<'a>>>(&mut self, items: T) {
        for item in items {
            self.add(item);
        }
    }
}

/// What became of a key and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Inserted {
    /// The key was new, or had this value already.
    Fine,
    /// The key has another value, which stays.
    Conflict,
}

/// An object that grows.
#[derive(Debug, Clone)]
pub struct ObjectBuilder<'a> {
    entries: ArenaVec<'a, (Value<'a>, Value<'a>)>,
    /// From the size on where looking through the entries gets slow.
    index: GrowingIndex<'a>,
    /// The keys came in order so far: only the last one needs a look.
    ordered: bool,
}

const INDEX_FROM: usize = 16;

impl<'a> ObjectBuilder<'a> {
    /// Empty.
    #[must_use]
    pub fn new(arena: &'a Arena) -> Self {
        Self {
            entries: ArenaVec::new_in(arena),
            index: GrowingIndex::new(arena),
            ordered: true,
        }
    }

    /// Makes it empty again.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.index.clear();
        self.ordered = true;
    }

    /// Nothing was set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value under a key, as far as it is set.
    #[must_use]
    pub fn get(&self, key: Value<'a>) -> Option<Value<'a>> {
        self.position(key).map(|at| self.entries[at].1)
    }

    fn position(&self, key: Value<'a>) -> Option<usize> {
        if self.ordered && self.entries.last().is_none_or(|(last, _)| *last < key) {
            return None;
        }
        if self.entries.len() < INDEX_FROM {
            return self.entries.iter().position(|(have, _)| have.equals(key));
        }
        if self.ordered {
            return self
                .entries
                .binary_search_by(|(have, _)| have.compare(key))
                .ok();
        }
        self.index.find(key, |at| self.entries[at].0.equals(key))
    }

    fn append(&mut self, key: Value<'a>, value: Value<'a>) {
        let ordered = self.ordered && self.entries.last().is_none_or(|(last, _)| *last < key);
        self.entries.push((key, value));
        let len = self.entries.len();
        let catch_up = self.ordered && !ordered || len == INDEX_FROM;
        self.ordered = ordered;
        if ordered || len < INDEX_FROM {
            return;
        }
        if catch_up {
            self.index.clear();
            for at in 0..len {
                let entries = &self.entries;
                self.index.insert(at, |at| entries[at].0);
            }
        } else {
            let entries = &self.entries;
            self.index.insert(len - 1, |at| entries[at].0);
        }
    }

    /// Sets a key that may have no other value.
    pub fn insert(&mut self, key: Value<'a>, value: Value<'a>) -> Inserted {
        match self.position(key) {
            Some(at) if self.entries[at].1.equals(value) => Inserted::Fine,
            Some(_) => Inserted::Conflict,
            None => {
                self.append(key, value);
                Inserted::Fine
            }
        }
    }

    /// Sets a key, whatever it held.
    pub fn replace(&mut self, key: Value<'a>, value: Value<'a>) {
        match self.position(key) {
            Some(at) => self.entries[at].1 = value,
            None => self.append(key, value),
        }
    }

    /// Sets a key, whatever it held; gives its place and what it held.
    pub(crate) fn exchange(
        &mut self,
        key: Value<'a>,
        value: Value<'a>,
    ) -> (usize, Option<Value<'a>>) {
        if let Some(at) = self.position(key) {
            let before = std::mem::replace(&mut self.entries[at].1, value);
            return (at, Some(before));
        }
        self.append(key, value);
        (self.entries.len() - 1, None)
    }

    /// Sets the value at a place that a key has.
    pub(crate) fn set_at(&mut self, place: usize, value: Value<'a>) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.1 = value;
        }
    }

    /// The object; the builder is empty afterwards.
    pub fn finish(&mut self) -> Value<'a> {
        let kept = if self.ordered {
            self.entries.len()
        } else {
            sort_entries(&mut self.entries)
        };
        let value = Object::from_sorted(self.entries.bump(), &self.entries[..kept]);
        self.clear();
        value
    }
}
