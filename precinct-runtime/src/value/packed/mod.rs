//! Large documents, packed into 32-bit words.
//!
//! ```text
//! {"a": {"name": "x", "n": 1}, "b": {"name": "y", "n": 2}}
//!
//! texts   …1a 4name 1n 1x 1b 1y         each behind its length
//! words   2 'n 'name                    keys, in order: a table, which objects of one shape share
//!         ^table 1 'x                   an object: its table, its values
//!         ^table 2 'y
//!         2 'a 'b                       (tables of many keys have a hash index behind them)
//!         ^table ^object ^object        the root
//! ```
//!
//! A value is one word: three bits say what it is, the others are a small integer, or where among the texts or the words
//! the rest of it lies. An array is its length and its elements. What a reader gets are ordinary [`Value`]s, made from
//! words when they are asked for: strings borrow from the texts, collections are where they begin, and nothing is copied.
//!
//! * [`packer`]: how documents are packed
//! * [`slots`]: the hash index of keys, and of the members of long lists

pub(crate) mod packer;
mod slots;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use super::Value;
use crate::number::Number;

/// The tag of a word.
const TAG_BITS: u32 = 3;
const TAGS: u32 = (1 << TAG_BITS) - 1;

/// `null`, `false`, `true`, `[]` or `{}`, numbered.
const CONSTANT: u32 = 0;
/// An integer of 29 bits.
const INT: u32 = 1;
/// An integer of 64 bits, in two words.
const WIDE: u32 = 2;
/// A number that is kept as its text.
const LITERAL: u32 = 3;
/// A string.
const STRING: u32 = 4;
/// An array that is not empty.
const ARRAY: u32 = 5;
/// An object that is not empty, with strings as keys.
const OBJECT: u32 = 6;

const NULL: u32 = CONSTANT;
const FALSE: u32 = (1 << TAG_BITS) | CONSTANT;
const TRUE: u32 = (2 << TAG_BITS) | CONSTANT;
const EMPTY_ARRAY: u32 = (3 << TAG_BITS) | CONSTANT;
const EMPTY_OBJECT: u32 = (4 << TAG_BITS) | CONSTANT;

/// The first word of an array (its length) and of an object (its table) says in its highest bits how wide its values are:
/// words, or, if all of them are small integers that are not negative, as many to a word as fit into it.
const WIDTH_BITS: u32 = 2;
const WORDS: u32 = 0;
const BYTES: u32 = 1;
const HALVES: u32 = 2;

/// What a word can lead to: so many texts in bytes, so many words.
const REACH: usize = 1 << (u32::BITS - TAG_BITS);

/// Tables of at least so many keys have a hash index.
const INDEX_FROM: usize = 16;

/// Up to so many keys, comparing with each is faster than searching.
const LINEAR: usize = 8;

/// A length up to this one is one byte. A longer text has this byte, and [`LENGTH_BYTES`] bytes with the length.
const LONG_TEXT: u8 = 0x7f;
const LENGTH_BYTES: usize = 5;

/// The hash index of a list, once it was searched.
type Slots = OnceLock<Box<[u32]>>;

/// A packed document.
pub(crate) struct Pack {
    words: Vec<u32>,
    texts: String,
    root: u32,
    /// Where the long lists without collections in them begin, in order, and their indexes.
    lists: Box<[(u32, Slots)]>,
}

impl Pack {
    /// The document's value.
    pub(crate) fn root(&self) -> Value<'_> {
        self.value(self.root)
    }

    #[inline]
    fn value(&self, word: u32) -> Value<'_> {
        let at = word >> TAG_BITS;
        match word & TAGS {
            INT => Value::int(i64::from(word.cast_signed() >> TAG_BITS)),
            STRING => Value::String(self.text(at)),
            ARRAY => Value::Array(super::Array::packed(self, at)),
            OBJECT => Value::Object(super::Object::packed(self, at)),
            LITERAL => Value::Number(Number::Literal(self.text(at))),
            WIDE => {
                let [low, high] = [self.word(at), self.word(at + 1)].map(u64::from);
                Value::int((low | high << 32).cast_signed())
            }
            _ => match word {
                FALSE => Value::FALSE,
                TRUE => Value::TRUE,
                EMPTY_ARRAY => Value::EMPTY_ARRAY,
                EMPTY_OBJECT => Value::EMPTY_OBJECT,
                _ => Value::Null,
            },
        }
    }

    #[inline]
    fn word(&self, at: u32) -> u32 {
        self.words.get(at as usize).copied().unwrap_or(0)
    }

    /// So many words behind a word.
    #[inline]
    fn behind(&self, at: u32, len: usize) -> &[u32] {
        let from = at as usize + 1;
        self.words.get(from..from + len).unwrap_or_default()
    }

    #[inline]
    fn text(&self, at: u32) -> &str {
        text_at(&self.texts, at)
    }

    /// Where a collection lies: no other has these numbers as long as the pack is there.
    pub(super) fn place(&self, at: u32) -> (usize, usize) {
        (std::ptr::from_ref(self).addr(), at as usize)
    }

    /// The number of elements of an array, or of keys of a table.
    #[inline]
    pub(super) fn len(&self, at: u32) -> usize {
        without_width(self.word(at)) as usize
    }

    /// The elements of an array, or the keys of a table.
    #[inline]
    pub(super) fn items(&self, at: u32) -> Run<'_> {
        self.run(at, self.len(at))
    }

    /// So many values behind a first word.
    #[inline]
    fn run(&self, at: u32, len: usize) -> Run<'_> {
        let width = width_of(self.word(at));
        Run {
            pack: self,
            words: self.behind(at, words_of(len, width)),
            len,
            width,
        }
    }

    /// Where the table of an object begins.
    #[inline]
    fn table(&self, at: u32) -> u32 {
        without_width(self.word(at))
    }

    /// The keys and the values of an object.
    #[inline]
    pub(super) fn entries(&self, at: u32) -> (Run<'_>, Run<'_>) {
        let keys = self.items(self.table(at));
        (keys, self.run(at, keys.len()))
    }

    /// The number of keys of an object.
    #[inline]
    pub(super) fn keys_len(&self, at: u32) -> usize {
        self.len(self.table(at))
    }

    /// Where a key stands among those of an object.
    pub(super) fn position(&self, at: u32, name: &str) -> Option<usize> {
        let table = self.table(at);
        let len = self.len(table);
        let keys = self.behind(table, len);
        let is = |key: &u32| self.text(key >> TAG_BITS) == name;
        if len <= LINEAR {
            return keys.iter().position(is);
        }
        if len < INDEX_FROM {
            return keys
                .binary_search_by(|word| self.text(word >> TAG_BITS).cmp(name))
                .ok();
        }
        let from = table as usize + 1 + len;
        let slots = self.words.get(from..from + slots::room(len))?;
        let hash = Value::String(name).hash64();
        slots::find(slots, len, hash, |at| keys.get(at).is_some_and(is))
    }

    /// The value under a key of an object. Apart from its caller, which reads of inputs pass through too.
    #[inline(never)]
    pub(super) fn get(&self, at: u32, name: &str) -> Option<Value<'_>> {
        let position = self.position(at, name)?;
        self.entries(at).1.get(position)
    }

    /// Whether something was looked up in a long list before.
    pub(super) fn has_slots(&self, at: u32) -> bool {
        let place = self.lists.binary_search_by_key(&at, |list| list.0);
        let list = place.ok().and_then(|place| self.lists.get(place));
        list.is_some_and(|(_, slots)| slots.get().is_some())
    }

    /// Whether a long list has a member; `None` if it has to be looked through.
    pub(super) fn contains(&self, at: u32, value: Value<'_>) -> Option<bool> {
        let place = self.lists.binary_search_by_key(&at, |list| list.0).ok()?;
        let items = self.items(at);
        let len = items.len();
        let slots = self.lists.get(place)?.1.get_or_init(|| {
            let item = |at| items.get(at).unwrap_or_default();
            let same = |a, b| item(a).equals(item(b));
            slots::of_list(len, |at| item(at).hash64(), same)
        });
        let same = |at| items.get(at).is_some_and(|item| item.equals(value));
        Some(slots::find(slots, len, value.hash64(), same).is_some())
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pack").finish_non_exhaustive()
    }
}

/// The text that begins with its length at a place.
#[inline]
fn text_at(texts: &str, at: u32) -> &str {
    let at = at as usize;
    let bytes = texts.as_bytes();
    let (from, len) = match bytes.get(at) {
        None => return "",
        Some(&LONG_TEXT) => {
            let from = at + 1 + LENGTH_BYTES;
            let digits = bytes.get(at + 1..from).unwrap_or_default();
            let len = digits
                .iter()
                .fold(0, |len, digit| len << 7 | usize::from(*digit));
            (from, len)
        }
        Some(len) => (at + 1, usize::from(*len)),
    };
    texts.get(from..from + len).unwrap_or_default()
}

/// Values beside each other in a pack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    pack: &'a Pack,
    words: &'a [u32],
    len: usize,
    width: u32,
}

#[inline]
const fn width_of(first: u32) -> u32 {
    first >> (u32::BITS - WIDTH_BITS)
}

#[inline]
const fn without_width(first: u32) -> u32 {
    first << WIDTH_BITS >> WIDTH_BITS
}

/// The number of values that a word holds.
#[inline]
const fn in_a_word(width: u32) -> usize {
    match width {
        BYTES => 4,
        HALVES => 2,
        _ => 1,
    }
}

/// The number of words that so many values take.
#[inline]
const fn words_of(len: usize, width: u32) -> usize {
    len.div_ceil(in_a_word(width))
}

impl<'a> Run<'a> {
    #[inline]
    pub(super) const fn len(self) -> usize {
        self.len
    }

    /// Apart from its callers, as [`Pack::get`] is.
    #[inline(never)]
    pub(super) fn get(self, at: usize) -> Option<Value<'a>> {
        if self.width == WORDS {
            return Some(self.pack.value(*self.words.get(at)?));
        }
        self.small(at).map(Value::int)
    }

    /// One of several integers in a word.
    fn small(self, at: usize) -> Option<i64> {
        if at >= self.len {
            return None;
        }
        let each = in_a_word(self.width);
        let bits = u32::BITS as usize / each;
        let word = u64::from(*self.words.get(at / each)?);
        let small = word >> (at % each * bits) & ((1 << bits) - 1);
        Some(small.cast_signed())
    }

    #[inline]
    pub(super) const fn iter(self) -> RunIter<'a> {
        RunIter {
            places: 0..self.len,
            run: self,
        }
    }
}

/// Goes over values of a pack.
#[derive(Debug, Clone)]
pub(crate) struct RunIter<'a> {
    run: Run<'a>,
    places: Range<usize>,
}

impl<'a> Iterator for RunIter<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        self.run.get(self.places.next()?)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl DoubleEndedIterator for RunIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.run.get(self.places.next_back()?)
    }
}

impl ExactSizeIterator for RunIter<'_> {}
