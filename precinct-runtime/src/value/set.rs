//! Sets.

use super::Value;
use super::index::LateIndex;
use crate::arena::Arena;

/// A set: members in order, all different.
#[derive(Debug, Clone, Copy)]
pub struct Set<'a> {
    items: &'a [Value<'a>],
    index: Option<&'a LateIndex<'a>>,
}

/// Up to so many members, comparing with each string is faster than searching: most differ in length.
const LINEAR: usize = 8;

impl<'a> Set<'a> {
    /// `set()`
    pub const EMPTY: &'static Set<'static> = &Set {
        items: &[],
        index: None,
    };

    /// Takes members that are sorted and all different.
    #[must_use]
    pub fn from_sorted(arena: &'a Arena, items: &[Value<'a>]) -> Value<'a> {
        debug_assert!(items.is_sorted_by(|a, b| a < b));
        if items.is_empty() {
            return Value::EMPTY_SET;
        }
        Self::from_sorted_slice(arena, arena.alloc_slice_copy(items))
    }

    /// Like [`Set::from_sorted`], for members that are in the arena already.
    pub(crate) fn from_sorted_slice(arena: &'a Arena, items: &'a [Value<'a>]) -> Value<'a> {
        if items.is_empty() {
            return Value::EMPTY_SET;
        }
        let index = LateIndex::new(arena, items.len());
        Value::Set(arena.alloc(Self { items, index }))
    }

    /// A set that is known when a policy is compiled: sorted, with all members different.
    #[must_use]
    pub const fn constant(items: &'a [Value<'a>]) -> Self {
        Self { items, index: None }
    }

    /// All members, in order.
    #[must_use]
    #[inline]
    pub const fn items(&self) -> &'a [Value<'a>] {
        self.items
    }

    /// The number of members.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// There is no member.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The member that equals the value, as the set holds it.
    #[must_use]
    #[inline]
    pub fn get(&self, value: Value<'_>) -> Option<Value<'a>> {
        if let Value::String(text) = value
            && self.items.len() <= LINEAR
        {
            let is = |have: &&Value<'a>| matches!(have, Value::String(have) if *have == text);
            return self.items.iter().find(is).copied();
        }
        let at = match self.index {
            Some(index) => index.find(self.items, value)?,
            None => self
                .items
                .binary_search_by(|have| have.compare(value))
                .ok()?,
        };
        Some(self.items[at])
    }

    /// The set holds the value.
    #[must_use]
    #[inline]
    pub fn contains(&self, value: Value<'_>) -> bool {
        self.get(value).is_some()
    }

    pub(super) fn copy_into<'b>(&self, arena: &'b Arena) -> &'b Set<'b> {
        let items =
            arena.alloc_slice_fill_iter(self.items.iter().map(|item| item.copy_into(arena)));
        arena.alloc(Set {
            items,
            index: LateIndex::new(arena, items.len()).filter(|_| self.index.is_some()),
        })
    }
}
