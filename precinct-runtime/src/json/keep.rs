//! Where what the decoder reads goes.
//!
//! * [`Borrowed`]: values in an arena, whose strings are those of the text
//! * [`Copied`]: values in an arena, with nothing of the text
//! * [`Packer`]: a packed document
//! * [`Nothing`] keeps nothing
//!
//! Large documents repeat themselves: the same keys, names, short lists and small records come back all the time. When
//! strings have to be copied anyway, those that were seen lately are found again in tables of fixed size, where a
//! collision only costs a copy.

use bumpalo::collections::Vec as ArenaVec;

use crate::arena::Arena;
use crate::number::Number;
use crate::value::members::{Keys, sort_entries};
use crate::value::packed::packer::Packer;
use crate::value::{Object, Value};

/// A list that grows and shrinks at its end.
pub(super) trait Pile<T>: std::ops::DerefMut<Target = [T]> {
    fn push(&mut self, item: T);

    fn truncate(&mut self, len: usize);
}

/// Where memory is given back at once.
impl<T> Pile<T> for Vec<T> {
    #[inline]
    fn push(&mut self, item: T) {
        Self::push(self, item);
    }

    fn truncate(&mut self, len: usize) {
        Self::truncate(self, len);
    }
}

/// Where no allocator is asked, once the arena is warm.
impl<T> Pile<T> for ArenaVec<'_, T> {
    #[inline]
    fn push(&mut self, item: T) {
        Self::push(self, item);
    }

    fn truncate(&mut self, len: usize) {
        Self::truncate(self, len);
    }
}

/// Keeps what was read.
pub(super) trait Keep<'t> {
    /// How a value is known that was kept.
    type Node: Copy;

    /// What lies in wait for the end of its array.
    type Items: Pile<Self::Node>;

    /// What lies in wait for the end of its object.
    type Entries: Pile<(Self::Node, Self::Node)>;

    /// Numbers must be such that they can be read.
    const READS_NUMBERS: bool = true;

    /// Nothing lies in wait.
    fn piles(&self) -> (Self::Items, Self::Entries);

    fn null(&mut self) -> Self::Node;

    fn bool(&mut self, value: bool) -> Self::Node;

    fn int(&mut self, int: i64) -> Self::Node;

    /// A number that is kept as its text.
    fn literal(&mut self, text: &'t str) -> Self::Node;

    /// A string that stands in the text as it is.
    fn string(&mut self, text: &'t str) -> Self::Node;

    /// A string that had escapes.
    fn unescaped(&mut self, text: &str) -> Self::Node;

    /// An array.
    fn array(&mut self, items: &[Self::Node]) -> Self::Node;

    /// An object of strings and values in the order of the text. The last of equal keys stays.
    fn object(&mut self, entries: &mut [(Self::Node, Self::Node)]) -> Self::Node;
}

/// Nothing is kept: it is only told whether the text is JSON.
pub(super) struct Nothing;

impl Keep<'_> for Nothing {
    type Node = ();
    type Items = Vec<()>;
    type Entries = Vec<((), ())>;

    // A number is JSON however large it is.
    const READS_NUMBERS: bool = false;

    fn piles(&self) -> (Self::Items, Self::Entries) {
        (Vec::new(), Vec::new())
    }

    fn null(&mut self) {}

    fn bool(&mut self, _: bool) {}

    fn int(&mut self, _: i64) {}

    fn literal(&mut self, _: &str) {}

    fn string(&mut self, _: &str) {}

    fn unescaped(&mut self, _: &str) {}

    fn array(&mut self, _: &[()]) {}

    fn object(&mut self, _: &mut [((), ())]) {}
}

/// What is written alike wherever values go into an arena.
macro_rules! scalars {
    () => {
        type Node = Value<'a>;

        #[inline]
        fn null(&mut self) -> Value<'a> {
            Value::Null
        }

        #[inline]
        fn bool(&mut self, value: bool) -> Value<'a> {
            Value::Bool(value)
        }

        #[inline]
        fn int(&mut self, int: i64) -> Value<'a> {
            Value::int(int)
        }
    };
}

/// The text outlives the values.
pub(super) struct Borrowed<'a>(pub(super) &'a Arena);

impl<'a> Keep<'a> for Borrowed<'a> {
    scalars!();

    type Items = ArenaVec<'a, Value<'a>>;
    type Entries = ArenaVec<'a, (Value<'a>, Value<'a>)>;

    fn piles(&self) -> (Self::Items, Self::Entries) {
        (ArenaVec::new_in(self.0), ArenaVec::new_in(self.0))
    }

    #[inline]
    fn literal(&mut self, text: &'a str) -> Value<'a> {
        Value::Number(Number::Literal(text))
    }

    #[inline]
    fn string(&mut self, text: &'a str) -> Value<'a> {
        Value::String(text)
    }

    fn unescaped(&mut self, text: &str) -> Value<'a> {
        Value::string(self.0, text)
    }

    #[inline]
    fn array(&mut self, items: &[Value<'a>]) -> Value<'a> {
        Value::array(self.0, items)
    }

    #[inline]
    fn object(&mut self, entries: &mut [(Value<'a>, Value<'a>)]) -> Value<'a> {
        let kept = sort_entries(entries);
        Object::from_sorted(self.0, &entries[..kept])
    }
}

/// The text goes away, and the document is packed.
impl Keep<'_> for Packer {
    type Node = u32;
    type Items = Vec<u32>;
    type Entries = Vec<(u32, u32)>;

    fn piles(&self) -> (Self::Items, Self::Entries) {
        (Vec::new(), Vec::new())
    }

    #[inline]
    fn null(&mut self) -> u32 {
        Self::NULL
    }

    #[inline]
    fn bool(&mut self, value: bool) -> u32 {
        Self::bool(value)
    }

    #[inline]
    fn int(&mut self, int: i64) -> u32 {
        Self::int(self, int)
    }

    fn literal(&mut self, text: &str) -> u32 {
        Self::literal(self, text)
    }

    fn string(&mut self, text: &str) -> u32 {
        Self::string(self, text)
    }

    fn unescaped(&mut self, text: &str) -> u32 {
        Self::string(self, text)
    }

    fn array(&mut self, items: &[u32]) -> u32 {
        Self::array(self, items)
    }

    fn object(&mut self, entries: &mut [(u32, u32)]) -> u32 {
        Self::object(self, entries)
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
}

impl<'a> Keep<'_> for Copied<'a> {
    scalars!();

    type Items = Vec<Value<'a>>;
    type Entries = Vec<(Value<'a>, Value<'a>)>;

    fn piles(&self) -> (Self::Items, Self::Entries) {
        (Vec::new(), Vec::new())
    }

    fn literal(&mut self, text: &str) -> Value<'a> {
        Value::Number(Number::Literal(self.keep(text)))
    }

    #[inline]
    fn string(&mut self, text: &str) -> Value<'a> {
        Value::String(self.keep(text))
    }

    fn unescaped(&mut self, text: &str) -> Value<'a> {
        Value::string(self.arena, text)
    }

    fn array(&mut self, items: &[Value<'a>]) -> Value<'a> {
        let arena = self.arena;
        if items.len() > LARGEST_COLLECTION {
            return Value::array(arena, items);
        }
        let mut hash = Fingerprint(1);
        for item in items {
            hash.mix(identity(*item));
        }
        let same = |known: Value<'a>| match known {
            Value::Array(known) => {
                known.len() == items.len() && known.iter().zip(items).all(|(a, b)| identical(a, *b))
            }
            _ => false,
        };
        self.collection(hash, same, || Value::array(arena, items))
    }

    fn object(&mut self, entries: &mut [(Value<'a>, Value<'a>)]) -> Value<'a> {
        let arena = self.arena;
        let kept = sort_entries(entries);
        let entries = &entries[..kept];
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
                        .all(|(a, b)| identical(a.0, b.0) && identical(a.1, b.1))
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
        Value::Array(items) => items.place().0 as u64,
        Value::Object(object) => object.place().0 as u64,
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
        (Value::Array(a), Value::Array(b)) => a.place() == b.place(),
        (Value::Object(a), Value::Object(b)) => a.place() == b.place(),
        (Value::Set(a), Value::Set(b)) => std::ptr::eq(a, b),
        _ => false,
    }
}
