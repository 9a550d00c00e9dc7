//! How documents are packed.
//!
//! What repeats is kept once: texts, the keys of objects of one shape, small collections with the same words. They are
//! found again in tables of fixed size by what was seen last, so that a collision only costs room.

use std::sync::OnceLock;

use super::{
    ARRAY, BYTES, EMPTY_ARRAY, EMPTY_OBJECT, FALSE, HALVES, INDEX_FROM, INT, LENGTH_BYTES, LITERAL,
    LONG_TEXT, NULL, OBJECT, Pack, REACH, STRING, TAG_BITS, TAGS, TRUE, WIDE, WIDTH_BITS, WORDS,
    in_a_word, slots, text_at, words_of,
};
use crate::number::Number;
use crate::value::Value;
use crate::value::lists::LONG;

/// Longer texts hardly repeat.
const LONGEST_TEXT: usize = 48;

/// Larger collections hardly repeat.
const LARGEST_RUN: usize = 8;

/// Objects of one kind rarely have more keys.
const LARGEST_SHAPE: usize = 32;

/// Powers of two.
const TEXT_SLOTS: usize = 1 << 14;
const RUN_SLOTS: usize = 1 << 12;
const SHAPE_SLOTS: usize = 1 << 6;

/// Packs values, inner ones before those that hold them. A value is known by its word.
pub(crate) struct Packer {
    words: Vec<u32>,
    texts: String,
    seen_texts: Box<[Seen]>,
    seen_runs: Box<[Seen]>,
    shapes: Box<[Shape]>,
    lists: Vec<u32>,
    run: Vec<u32>,
    /// There is more than words can lead to: what was packed is of no use.
    full: bool,
}

/// A text or words that came lately.
#[derive(Clone, Copy, Default)]
struct Seen {
    hash: u32,
    at: u32,
}

/// The keys of an object as they came.
#[derive(Clone, Default)]
struct Shape {
    keys: Vec<u32>,
    /// The positions of different keys in the order of the keys.
    order: Vec<u32>,
    table: u32,
}

impl Packer {
    /// `null`
    pub(crate) const NULL: u32 = NULL;

    pub(crate) fn new() -> Self {
        Self {
            // The places 0 are an empty text and an array without elements.
            words: vec![0],
            texts: "\0".to_owned(),
            seen_texts: vec![Seen::default(); TEXT_SLOTS].into_boxed_slice(),
            seen_runs: vec![Seen::default(); RUN_SLOTS].into_boxed_slice(),
            shapes: vec![Shape::default(); SHAPE_SLOTS].into_boxed_slice(),
            lists: Vec::new(),
            run: Vec::new(),
            full: false,
        }
    }

    /// The document with this value; `None` if it is too large to be packed.
    pub(crate) fn finish(self, root: u32) -> Option<Pack> {
        if self.full {
            return None;
        }
        let Self {
            mut words,
            mut texts,
            lists,
            ..
        } = self;
        words.shrink_to_fit();
        texts.shrink_to_fit();
        let lists = lists.into_iter().map(|at| (at, OnceLock::new())).collect();
        Some(Pack {
            words,
            texts,
            root,
            lists,
        })
    }

    /// Packs a value that lies anywhere. Sets, and keys that are no strings, which no JSON text has, give `None`.
    pub(crate) fn value(&mut self, value: Value<'_>) -> Option<u32> {
        match value {
            Value::Null => Some(NULL),
            Value::Bool(value) => Some(Self::bool(value)),
            Value::Number(Number::Int(int)) => Some(self.int(int)),
            Value::Number(Number::Literal(text)) => Some(self.literal(text)),
            Value::String(text) => Some(self.string(text)),
            Value::Array(items) => {
                let mut words = Vec::with_capacity(items.len());
                for item in items {
                    words.push(self.value(item)?);
                }
                Some(self.array(&words))
            }
            Value::Object(object) => {
                let mut words = Vec::with_capacity(object.len());
                for (key, value) in object.entries() {
                    words.push((self.string(key.as_str()?), self.value(value)?));
                }
                Some(self.object(&words))
            }
            Value::Set(_) => None,
        }
    }

    #[inline]
    pub(crate) const fn bool(value: bool) -> u32 {
        if value { TRUE } else { FALSE }
    }

    #[inline]
    pub(crate) fn int(&mut self, int: i64) -> u32 {
        if let Ok(small) = i32::try_from(int)
            && small << TAG_BITS >> TAG_BITS == small
        {
            return (small << TAG_BITS).cast_unsigned() | INT;
        }
        let bits = int.cast_unsigned();
        #[expect(clippy::cast_possible_truncation, reason = "each half is kept")]
        let halves = [bits as u32, (bits >> 32) as u32];
        let at = self.room(halves.len());
        self.words.extend(halves);
        word(WIDE, at)
    }

    #[inline]
    pub(crate) fn literal(&mut self, text: &str) -> u32 {
        word(LITERAL, self.text(text))
    }

    #[inline]
    pub(crate) fn string(&mut self, text: &str) -> u32 {
        word(STRING, self.text(text))
    }

    pub(crate) fn array(&mut self, items: &[u32]) -> u32 {
        if items.is_empty() {
            return EMPTY_ARRAY;
        }
        let len = count(items.len());
        if items.len() <= LARGEST_RUN {
            return word(ARRAY, self.repeated(len, items.iter().copied()));
        }
        let at = self.long_run(len, items.iter().copied());
        let is_flat = |word: &u32| !matches!(word & TAGS, ARRAY | OBJECT);
        if items.len() >= LONG && items.iter().all(is_flat) {
            self.lists.push(at);
        }
        word(ARRAY, at)
    }

    /// An object of entries in any order; the last of equal keys stays.
    pub(crate) fn object(&mut self, entries: &[(u32, u32)]) -> u32 {
        if entries.is_empty() {
            return EMPTY_OBJECT;
        }
        if entries.len() > LARGEST_SHAPE {
            let order = self.order(entries);
            let table = self.table(entries, &order);
            return self.members(table, &order, entries);
        }
        let mut hash = Fingerprint(entries.len() as u64);
        for (key, _) in entries {
            hash.mix(u64::from(*key));
        }
        let slot = hash.slot(SHAPE_SLOTS);
        let keys = entries.iter().map(|(key, _)| key);
        if !self.shapes[slot].keys.iter().eq(keys.clone()) {
            let order = self.order(entries);
            let table = self.table(entries, &order);
            self.shapes[slot] = Shape {
                keys: keys.copied().collect(),
                order,
                table,
            };
        }
        let shape = std::mem::take(&mut self.shapes[slot]);
        let object = self.members(shape.table, &shape.order, entries);
        self.shapes[slot] = shape;
        object
    }

    /// An object with the keys of a table.
    fn members(&mut self, table: u32, order: &[u32], entries: &[(u32, u32)]) -> u32 {
        let values = order.iter().map(|at| entries[*at as usize].1);
        if order.len() <= LARGEST_RUN {
            return word(OBJECT, self.repeated(table, values));
        }
        word(OBJECT, self.long_run(table, values))
    }

    /// The positions of different keys in the order of the keys; of equal keys the last.
    fn order(&self, entries: &[(u32, u32)]) -> Vec<u32> {
        let text = |at: u32| text_at(&self.texts, entries[at as usize].0 >> TAG_BITS);
        let all = 0..count(entries.len());
        let is_sorted = all.clone().is_sorted_by(|a, b| text(*a) < text(*b));
        if is_sorted {
            return all.collect();
        }
        // Most keys differ in their first bytes, so that most comparisons need not look for the texts.
        let mut starts: Vec<(u64, u32)> = all.map(|at| (start_of(text(at)), at)).collect();
        starts.sort_unstable_by(|(a_start, a), (b_start, b)| {
            a_start
                .cmp(b_start)
                .then_with(|| text(*a).cmp(text(*b)))
                .then(a.cmp(b))
        });
        let mut order: Vec<u32> = starts.into_iter().map(|(_, at)| at).collect();
        order.dedup_by(|later, kept| {
            let is_same = text(*later) == text(*kept);
            if is_same {
                *kept = *later;
            }
            is_same
        });
        order
    }

    /// A table of keys.
    fn table(&mut self, entries: &[(u32, u32)], order: &[u32]) -> u32 {
        let len = count(order.len());
        let keys = order.iter().map(|at| entries[*at as usize].0);
        if order.len() < INDEX_FROM {
            return self.repeated(len, keys);
        }
        let slots = slots::room(order.len());
        let at = self.room(1 + order.len() + slots);
        if self.full {
            return 0;
        }
        self.words.push(len);
        self.words.extend(keys);
        let filled = self.words.len();
        self.words.resize(filled + slots, 0);
        let (keys, slots) = self.words.split_at_mut(filled);
        let keys = &keys[at as usize + 1..];
        let text = |at: usize| text_at(&self.texts, keys[at] >> TAG_BITS);
        let hash = |at| Value::String(text(at)).hash64();
        slots::fill(slots, order.len(), 0..order.len(), hash, |_, _| false);
        at
    }

    /// Values behind a first word, as narrow as they can be.
    fn long_run(&mut self, first: u32, values: impl ExactSizeIterator<Item = u32> + Clone) -> u32 {
        let width = narrowest(values.clone());
        let at = self.room(1 + words_of(values.len(), width));
        self.words.push(first | width << (u32::BITS - WIDTH_BITS));
        if width == WORDS {
            self.words.extend(values);
            return at;
        }
        let (each, mut left) = (in_a_word(width), values.len());
        let bits = u32::BITS as usize / each;
        let mut values = values.map(|word| word >> TAG_BITS);
        while left > 0 {
            let several = values.by_ref().take(each).enumerate();
            let word = several.fold(0, |word, (at, small)| word | small << (at * bits));
            self.words.push(word);
            left = left.saturating_sub(each);
        }
        at
    }

    /// A few words, which may be there already.
    fn repeated(&mut self, first: u32, rest: impl Iterator<Item = u32>) -> u32 {
        let mut run = std::mem::take(&mut self.run);
        run.clear();
        run.push(first);
        run.extend(rest);
        let mut hash = Fingerprint(run.len() as u64);
        for word in &run {
            hash.mix(u64::from(*word));
        }
        let slot = hash.slot(RUN_SLOTS);
        let seen = self.seen_runs[slot];
        let is_there = || {
            let from = seen.at as usize;
            self.words.get(from..from + run.len()) == Some(&run)
        };
        let at = if seen.hash == hash.check() && seen.at != 0 && is_there() {
            seen.at
        } else {
            let at = self.room(run.len());
            self.words.extend_from_slice(&run);
            self.seen_runs[slot] = Seen {
                hash: hash.check(),
                at,
            };
            at
        };
        self.run = run;
        at
    }

    /// A text, which may be there already.
    #[inline]
    fn text(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if text.len() > LONGEST_TEXT {
            return self.new_text(text);
        }
        let hash = Fingerprint::of_text(text);
        let slot = hash.slot(TEXT_SLOTS);
        let seen = self.seen_texts[slot];
        if seen.hash == hash.check() && text_at(&self.texts, seen.at) == text {
            return seen.at;
        }
        let at = self.new_text(text);
        self.seen_texts[slot] = Seen {
            hash: hash.check(),
            at,
        };
        at
    }

    fn new_text(&mut self, text: &str) -> u32 {
        let at = self.texts.len();
        if at + 1 + LENGTH_BYTES + text.len() > REACH {
            self.full = true;
            return 0;
        }
        match u8::try_from(text.len()) {
            Ok(len) if len < LONG_TEXT => self.texts.push(char::from(len)),
            _ => {
                self.texts.push(char::from(LONG_TEXT));
                for place in (0..LENGTH_BYTES).rev() {
                    let digit = (text.len() >> (7 * place)) & 0x7f;
                    self.texts.push(u8::try_from(digit).unwrap_or(0).into());
                }
            }
        }
        self.texts.push_str(text);
        count(at)
    }

    /// Where the next so many words will be.
    fn room(&mut self, len: usize) -> u32 {
        let at = self.words.len();
        if at + len > REACH {
            // What comes is written over what was there: it is of no use any more, and should not take more memory.
            self.full = true;
            self.words.truncate(1);
            return 0;
        }
        count(at)
    }
}

/// How wide values have to be.
fn narrowest(values: impl Iterator<Item = u32>) -> u32 {
    let mut width = BYTES;
    for word in values {
        let int = word >> TAG_BITS;
        match (word & TAGS, int) {
            (INT, 0..0x100) => {}
            (INT, 0..0x1_0000) => width = HALVES,
            _ => return WORDS,
        }
    }
    width
}

/// A number that is less than [`REACH`], unless too much was read.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn word(tag: u32, at: u32) -> u32 {
    at << TAG_BITS | tag
}

/// The first eight bytes of a text, as a number that is in the order of texts.
fn start_of(text: &str) -> u64 {
    let mut start = [0; 8];
    let len = text.len().min(start.len());
    start[..len].copy_from_slice(&text.as_bytes()[..len]);
    u64::from_be_bytes(start)
}

/// A quick hash.
#[derive(Clone, Copy)]
struct Fingerprint(u64);

impl Fingerprint {
    #[inline]
    fn of_text(text: &str) -> Self {
        let mut hash = Self(text.len() as u64);
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        for word in words {
            hash.mix(u64::from_le_bytes(*word));
        }
        let mut last = [0_u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash.mix(u64::from_le_bytes(last));
        hash
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The upper bits are the better mixed ones.
    #[inline]
    fn slot(self, slots: usize) -> usize {
        (self.0 >> 40) as usize & (slots - 1)
    }

    /// Other bits than those that choose the slot.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "some of its bits are wanted"
    )]
    fn check(self) -> u32 {
        (self.0 >> 16) as u32
    }
}
