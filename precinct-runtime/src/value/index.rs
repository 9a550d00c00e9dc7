//! A hash index over the keys of a sorted slice: one probe instead of a binary search.

use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bumpalo::collections::Vec as ArenaVec;

use super::Value;
use crate::arena::Arena;

/// Collections of at least this many entries get an index.
pub(crate) const INDEX_FROM: usize = 16;

/// Open addressing with linear probing. A slot holds a position plus one, and zero when it is free; half of the
/// slots are free.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    slots: &'a [u32],
}

impl<'a> Index<'a> {
    /// An index over `len` keys, or none when there are too few to be worth it or too many to count.
    pub(crate) fn build(
        arena: &'a Arena,
        len: usize,
        key: impl Fn(usize) -> Value<'a>,
    ) -> Option<&'a Self> {
        let slots = arena.alloc_slice_fill_copy(slots_for(len)?, 0_u32);
        let mask = slots.len() - 1;
        for position in 0..len {
            let mut at = start(key(position), mask);
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = u32::try_from(position + 1).unwrap_or(0);
        }
        Some(arena.alloc(Self { slots }))
    }

    /// The position of the key that `same` accepts among those with the hash of `wanted`.
    #[inline]
    pub(crate) fn find(&self, wanted: Value<'_>, same: impl FnMut(usize) -> bool) -> Option<usize> {
        probe(self.slots, |slot| *slot, wanted, same)
    }

    pub(crate) fn copy_into<'b>(&self, arena: &'b Arena) -> &'b Index<'b> {
        arena.alloc(Index {
            slots: arena.alloc_slice_copy(self.slots),
        })
    }
}

fn slots_for(len: usize) -> Option<usize> {
    (len >= INDEX_FROM && u32::try_from(len).is_ok()).then(|| (len * 2).next_power_of_two())
}

/// An index that is filled when so much is looked up that it pays: most sets are made to be counted, joined or written.
#[derive(Debug)]
pub(crate) struct LateIndex<'a> {
    slots: &'a [AtomicU32],
    /// How often something was looked up before; threads that count at the same time may miss each other.
    asked: AtomicU32,
    filled: OnceLock<()>,
}

/// A turn of a binary search takes about as long as noting a few keys.
const KEYS_A_SEARCH: usize = 8;

impl<'a> LateIndex<'a> {
    /// An index for `len` keys, or none when there are too few to be worth it or too many to count.
    pub(crate) fn new(arena: &'a Arena, len: usize) -> Option<&'a Self> {
        let slots = slots_for(len)?;
        Some(arena.alloc(Self {
            slots: arena.alloc_slice_fill_with(slots, |_| AtomicU32::new(0)),
            asked: AtomicU32::new(0),
            filled: OnceLock::new(),
        }))
    }

    /// Where a value stands among the sorted keys that the index is for.
    #[inline]
    pub(crate) fn find(&self, keys: &[Value<'_>], wanted: Value<'_>) -> Option<usize> {
        if self.filled.get().is_none() {
            let asked = self.asked.load(Ordering::Relaxed);
            if (asked as usize).saturating_mul(KEYS_A_SEARCH) < keys.len() {
                self.asked.store(asked + 1, Ordering::Relaxed);
                return keys.binary_search_by(|have| have.compare(wanted)).ok();
            }
            self.filled.get_or_init(|| self.fill(keys));
        }
        let slot = |slot: &AtomicU32| slot.load(Ordering::Relaxed);
        probe(self.slots, slot, wanted, |at| {
            keys.get(at).is_some_and(|key| key.equals(wanted))
        })
    }

    #[cold]
    fn fill(&self, keys: &[Value<'_>]) {
        let mask = self.slots.len() - 1;
        for (number, key) in (1..).zip(keys) {
            let mut at = start(*key, mask);
            while self.slots[at].load(Ordering::Relaxed) != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at].store(number, Ordering::Relaxed);
        }
    }
}

/// An index over a list that is still growing. It knows positions, and asks for the keys.
#[derive(Debug, Clone)]
pub(crate) struct GrowingIndex<'a> {
    slots: ArenaVec<'a, u32>,
    len: usize,
}

impl<'a> GrowingIndex<'a> {
    pub(crate) fn new(arena: &'a Arena) -> Self {
        Self {
            slots: ArenaVec::new_in(arena),
            len: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.fill(0);
        self.len = 0;
    }

    /// Notes a position whose key is not there yet.
    pub(crate) fn insert(&mut self, position: usize, key: impl Fn(usize) -> Value<'a>) {
        if (self.len + 1) * 2 > self.slots.len() {
            let free = std::iter::repeat_n(0, ((self.len + 1) * 4).next_power_of_two());
            let larger = ArenaVec::from_iter_in(free, self.slots.bump());
            let known = std::mem::replace(&mut self.slots, larger);
            for slot in known.into_iter().filter(|slot| *slot != 0) {
                self.place(slot, key(slot as usize - 1));
            }
        }
        if let Ok(slot) = u32::try_from(position + 1) {
            self.place(slot, key(position));
            self.len += 1;
        }
    }

    fn place(&mut self, slot: u32, key: Value<'a>) {
        let mask = self.slots.len() - 1;
        let mut at = start(key, mask);
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    /// The position of the key that `same` accepts among those with the hash of `wanted`.
    pub(crate) fn find(&self, wanted: Value<'_>, same: impl FnMut(usize) -> bool) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        probe(&self.slots, |slot| *slot, wanted, same)
    }
}

#[inline]
fn probe<S>(
    slots: &[S],
    read: impl Fn(&S) -> u32,
    wanted: Value<'_>,
    mut same: impl FnMut(usize) -> bool,
) -> Option<usize> {
    let mask = slots.len() - 1;
    let mut at = start(wanted, mask);
    loop {
        let position = (read(&slots[at]) as usize).checked_sub(1)?;
        if same(position) {
            return Some(position);
        }
        at = (at + 1) & mask;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the mask keeps the low bits only"
)]
fn start(key: Value<'_>, mask: usize) -> usize {
    key.hash64() as usize & mask
}

/// Seeded once a process, so that nobody who writes an input can choose keys that collide.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| std::hash::RandomState::new().hash_one(0x5eed_u64))
}

/// Folded multiplication over 64-bit words.
pub(crate) struct Mixer {
    state: u64,
    seed: u64,
}

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mixer {
    pub(crate) fn new() -> Self {
        let seed = seed();
        Self { state: seed, seed }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    pub(crate) fn word(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(FACTOR ^ (self.seed | 1));
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }

    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.word((bytes.len() as u64) ^ 0xd6e8_feb8_6659_fd93);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0_u8; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(last));
        }
    }

    pub(crate) fn end(mut self) -> u64 {
        self.word(0x2545_f491_4f6c_dd1d);
        self.state
    }
}
