//! How collections are made.

use std::collections::HashMap;

use super::{Object, Set, Value};
use crate::arena::Arena;
use crate::value::object::sort_entries;

/// An array that grows.
#[derive(Debug, Default, Clone)]
pub struct ArrayBuilder<'a> {
    items: Vec<Value<'a>>,
}

impl<'a> ArrayBuilder<'a> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new() }
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

    /// The array; the builder is empty afterwards.
    pub fn finish(&mut self, arena: &'a Arena) -> Value<'a> {
        let value = Value::array(arena, &self.items);
        self.items.clear();
        value
    }
}

/// A set that grows. Members may be added more than once.
#[derive(Debug, Default, Clone)]
pub struct SetBuilder<'a> {
    items: Vec<Value<'a>>,
    /// So many items are needed before duplicates are weeded out on the way.
    weed_at: usize,
}

const FIRST_WEEDING: usize = 1024;

impl<'a> SetBuilder<'a> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            items: Vec::new(),
            weed_at: FIRST_WEEDING,
        }
    }

    /// Makes it empty again.
    pub fn clear(&mut self) {
        self.items.clear();
        self.weed_at = FIRST_WEEDING;
    }

    /// Adds a member.
    #[inline]
    pub fn add(&mut self, item: Value<'a>) {
        // A loop that adds the same few members over and over must not pile them up.
        if self.items.len() >= self.weed_at.max(FIRST_WEEDING) {
            self.weed();
            self.weed_at = self.items.len() * 2;
        }
        self.items.push(item);
    }

    /// Nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn weed(&mut self) {
        if !self.items.is_sorted_by(|a, b| a < b) {
            // Stable, so that of equal numbers (1 and 1.0) the first one stays.
            self.items.sort();
            self.items.dedup_by(|later, kept| later.equals(*kept));
        }
    }

    /// The set; the builder is empty afterwards.
    pub fn finish(&mut self, arena: &'a Arena) -> Value<'a> {
        self.weed();
        let value = Set::from_sorted(arena, &self.items);
        self.clear();
        value
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
#[derive(Debug, Default, Clone)]
pub struct ObjectBuilder<'a> {
    entries: Vec<(Value<'a>, Value<'a>)>,
    /// Positions by key, from the size on where looking through the entries gets slow.
    positions: HashMap<Value<'a>, usize>,
}

const POSITIONS_FROM: usize = 16;

impl<'a> ObjectBuilder<'a> {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes it empty again.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.positions.clear();
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
        if self.entries.len() < POSITIONS_FROM {
            return self.entries.iter().position(|(have, _)| have.equals(key));
        }
        self.positions.get(&key).copied()
    }

    fn append(&mut self, key: Value<'a>, value: Value<'a>) {
        self.entries.push((key, value));
        match self.entries.len() {
            POSITIONS_FROM => self.positions.extend(
                self.entries
                    .iter()
                    .enumerate()
                    .map(|(at, (key, _))| (*key, at)),
            ),
            more if more > POSITIONS_FROM => {
                self.positions.insert(key, more - 1);
            }
            _ => {}
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

    /// The object; the builder is empty afterwards.
    pub fn finish(&mut self, arena: &'a Arena) -> Value<'a> {
        sort_entries(&mut self.entries);
        let value = Object::from_sorted(arena, &self.entries);
        self.clear();
        value
    }
}
