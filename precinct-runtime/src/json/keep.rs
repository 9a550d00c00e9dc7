//! How what the decoder reads gets into the arena.
//!
//! Large documents repeat themselves: the same keys, names, short lists and small records come back all the time. When
//! strings have to be copied anyway, those that were seen lately are found again in tables of fixed size, where a
//! collision only costs a copy.

use crate::arena::Arena;
use crate::number::Number;
use crate::value::object::Keys;
use crate::value::{Object, Value};

/// Puts what was read into the arena.
pub(super) trait Keep<'t, 'a> {
    /// A string without escapes, or the text of a number.
    fn keep(&mut self, part: &'t str) -> &'a str;

    /// An array.
    #[inline]
    fn array(&mut self, arena: &'a Arena, items: &[Value<'a>]) -> Value<'a> {
        Value::array(arena, items)
    }

    /// An object whose entries are sorted, with all keys different.
    #[inline]
    fn object(&mut self, arena: &'a Arena, entries: &[(Value<'a>, Value<'a>)]) -> Value<'a> {
        Object::from_sorted(arena, entries)
    }
}

/// The text outlives the values.
pub(super) struct Borrowed;

impl<'a> Keep<'a, 'a> for Borrowed {
    #[inline]
    fn keep(&mut self, part: &'a str) -> &'a str {
        part
    }
}

/// The text may go away.
pub(super) struct Copied<'a> {
    arena: &'a Arena,
    strings: Box<[&'a str]>,
    collections: Box<[Value<'a>]>,
    shapes: [&'a Keys<'a>; SHAPES],
}

/// Longer strings hardly repeat.
const LONGEST_STRING: usize = 48;

/// Larger collections hardly repeat.
const LARGEST_COLLECTION: usize = 8;

/// Objects of one kind rarely have more keys.
const LARGEST_SHAPE: usize = 32;

/// A power of two.
const SHAPES: usize = 64;

/// A power of two.
const MOST_SLOTS: usize = 1 << 14;

impl<'a> Copied<'a> {
    /// For a text of so many bytes.
    pub(super) fn new(arena: &'a Arena, size: usize) -> Self {
        // A small text is not worth a large table.
        let slots = (size / 16).next_power_of_two().clamp(16, MOST_SLOTS);
        Self {
            arena,
            strings: vec![""; slots].into_boxed_slice(),
            collections: vec![Value::Null; slots / 4].into_boxed_slice(),
            shapes: [Keys::NONE; SHAPES],
        }
    }

    /// The keys of an object, shared with an earlier one if that has the same.
    fn shape(&mut self, arena: &'a Arena, entries: &[(Value<'a>, Value<'a>)]) -> &'a Keys<'a> {
        let mut hash = Fingerprint(3);
        for (key, _) in entries {
            hash.mix(identity(*key));
        }
        let slot = &mut self.shapes[hash.slot(SHAPES)];
        let list = slot.list();
        let same = list.len() == entries.len()
            && list
                .iter()
                .zip(entries)
                .all(|(known, (key, _))| identical(*known, *key));
        if !same {
            let list = arena.alloc_slice_fill_iter(entries.iter().map(|(key, _)| *key));
            *slot = Keys::new(arena, list);
        }
        slot
    }

    fn collection(
        &mut self,
        hash: Fingerprint,
        same: impl FnOnce(Value<'a>) -> bool,
        make: impl FnOnce() -> Value<'a>,
    ) -> Value<'a> {
        let slot = &mut self.collections[hash.slot(self.collections.len())];
        if !same(*slot) {
            *slot = make();
        }
        *slot
    }
}

impl<'a> Keep<'_, 'a> for Copied<'a> {
    #[inline]
    fn keep(&mut self, part: &str) -> &'a str {
        if part.len() > LONGEST_STRING {
            return self.arena.alloc_str(part);
        }
        let mut hash = Fingerprint(part.len() as u64);
        let (words, rest) = part.as_bytes().as_chunks::<8>();
        for word in words {
            hash.mix(u64::from_le_bytes(*word));
        }
        let mut last = [0_u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash.mix(u64::from_le_bytes(last));
        let slot = &mut self.strings[hash.slot(self.strings.len())];
        if *slot != part {
            *slot = self.arena.alloc_str(part);
        }
        slot
    }

    fn array(&mut self, arena: &'a Arena, items: &[Value<'a>]) -> Value<'a> {
        if items.len() > LARGEST_COLLECTION {
            return Value::array(arena, items);
        }
        let mut hash = Fingerprint(1);
        for item in items {
            hash.mix(identity(*item));
        }
        let same = |known: Value<'a>| match known {
            Value::Array(known) => {
                known.len() == items.len()
                    && known.iter().zip(items).all(|(a, b)| identical(*a, *b))
            }
            _ => false,
        };
        self.collection(hash, same, || Value::array(arena, items))
    }

    fn object(&mut self, arena: &'a Arena, entries: &[(Value<'a>, Value<'a>)]) -> Value<'a> {
        if entries.len() > LARGEST_SHAPE {
            return Object::from_sorted(arena, entries);
        }
        let shape = self.shape(arena, entries);
        if entries.len() > LARGEST_COLLECTION {
            return Object::from_parts(arena, shape, entries);
        }
        let mut hash = Fingerprint(2);
        hash.mix(std::ptr::from_ref(shape).addr() as u64);
        for (_, value) in entries {
            hash.mix(identity(*value));
        }
        let same = |known: Value<'a>| match known {
            Value::Object(known) => {
                known.len() == entries.len()
                    && known
                        .entries()
                        .iter()
                        .zip(entries)
                        .all(|(a, b)| identical(*a.0, b.0) && identical(*a.1, b.1))
            }
            _ => false,
        };
        self.collection(hash, same, || Object::from_parts(arena, shape, entries))
    }
}

/// A quick hash.
#[derive(Clone, Copy)]
struct Fingerprint(u64);

impl Fingerprint {
    #[inline]
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The upper half is the better mixed one.
    fn slot(self, slots: usize) -> usize {
        (self.0 >> 32) as usize & (slots - 1)
    }
}

/// A word that identical values share.
fn identity(value: Value<'_>) -> u64 {
    match value {
        Value::Null => 0,
        Value::Bool(b) => 1 + u64::from(b),
        Value::Number(Number::Int(int)) => int.cast_unsigned() ^ 0x5555,
        Value::String(text) | Value::Number(Number::Literal(text)) => text.as_ptr().addr() as u64,
        Value::Array(items) => items.as_ptr().addr() as u64,
        Value::Object(object) => std::ptr::from_ref(object).addr() as u64,
        Value::Set(set) => set.items().as_ptr().addr() as u64,
    }
}

/// The same value in the same place: equal, and spelled alike, but not all that are equal.
fn identical(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(Number::Int(a)), Value::Number(Number::Int(b))) => a == b,
        (Value::String(a), Value::String(b))
        | (Value::Number(Number::Literal(a)), Value::Number(Number::Literal(b))) => {
            std::ptr::eq(a, b)
        }
        (Value::Array(a), Value::Array(b)) => std::ptr::eq(a, b),
        (Value::Object(a), Value::Object(b)) => std::ptr::eq(a, b),
        (Value::Set(a), Value::Set(b)) => std::ptr::eq(a, b),
        _ => false,
    }
}
