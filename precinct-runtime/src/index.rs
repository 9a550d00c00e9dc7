//! Finding the arms of a `select` that can apply: by hash for equalities, by the hashes of beginnings, ends and segments
//! of a text, by the hashes of what a collection holds, and by intervals of numbers for the rest.
//!
//! Arms test for themselves what they need, so that a hash that two texts share costs time and nothing else, and no
//! text has to be kept here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use crate::arena::Arena;
use crate::value::Value;

mod held;
mod ranges;

use held::Held;
use ranges::Ranges;
pub use ranges::position;

/// What must be true of a subject.
#[derive(Clone, Copy, Debug)]
pub enum Key<'k> {
    /// It equals this value.
    Is(Value<'k>),
    /// It starts with this text.
    Starts(&'k str),
    /// It ends with this text.
    Ends(&'k str),
    /// Taken apart at the separator, it has this text at this place, counted from 0.
    Segment(char, usize, &'k str),
    /// It is a collection, and what one of its elements, members or values has at this path of object keys equals this
    /// value.
    Holds(&'k [&'k str], Value<'k>),
    /// Its [`position`] lies between these, both included.
    Between(f64, f64),
}

/// An arm, the subject that its key is about, and the key; an arm can have several keys, of which one must hold.
pub type Entry<'k> = (u32, u32, Key<'k>);

/// So many lengths of beginnings (and of ends) are hashed at each lookup; longer ones are cut to the next of them.
const LENGTHS: usize = 12;

/// An index over the arms of one select.
#[derive(Debug)]
pub struct Index {
    subjects: Vec<Subject>,
    /// The arms that have no keys.
    always: Vec<u32>,
    /// Every arm.
    all: Vec<u32>,
}

/// What is known about one subject.
#[derive(Debug, Default)]
struct Subject {
    /// Hashes of values and of whole texts.
    values: Buckets,
    starts: Parts,
    ends: Parts,
    segments: Vec<(char, usize, Buckets)>,
    ranges: Ranges,
    held: Vec<Held>,
    /// The arms that want a text: what they do with anything else they must find out for themselves.
    texts: Vec<u32>,
}

/// Arms by the hash of a beginning or end.
#[derive(Debug, Default)]
struct Parts {
    /// In bytes, ascending.
    lengths: Vec<usize>,
    buckets: Buckets,
}

/// Arms by hash. All lists lie behind one another.
#[derive(Debug, Default)]
struct Buckets {
    known: HashMap<u64, (u32, u32), BuildHasherDefault<AsIs>>,
    arms: Vec<u32>,
}

impl Buckets {
    /// Lists by hash.
    fn new(lists: BTreeMap<u64, BTreeSet<u32>>) -> Self {
        let mut buckets = Self::default();
        for (hash, list) in lists {
            let start = buckets.arms.len();
            buckets.arms.extend(list);
            let end = buckets.arms.len();
            if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) {
                buckets.known.insert(hash, (start, end));
            }
        }
        buckets
    }

    fn get(&self, hash: u64) -> &[u32] {
        match self.known.get(&hash) {
            Some((start, end)) => &self.arms[*start as usize..*end as usize],
            None => &[],
        }
    }

    fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// Hands hashes through.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Which arms there may be more of than the index can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Value,
    Starts,
    Ends,
    Segment(char, usize),
}

impl Index {
    /// An index over so many arms; those without an entry always apply.
    #[must_use]
    pub fn new(arms: u32, entries: &[Entry<'_>]) -> Self {
        let subjects = entries.iter().map(|entry| entry.1 as usize + 1).max();
        let mut subjects: Vec<Subject> = (0..subjects.unwrap_or(0))
            .map(|_| Subject::default())
            .collect();
        let keyed: BTreeSet<u32> = entries.iter().map(|entry| entry.0).collect();
        for (number, subject) in (0_u32..).zip(&mut subjects) {
            subject.fill(entries.iter().filter(|entry| entry.1 == number));
        }
        Self {
            subjects,
            always: (0..arms).filter(|arm| !keyed.contains(arm)).collect(),
            all: (0..arms).collect(),
        }
    }

    /// The arms that can apply to these subjects, in order, each once. A subject that is not there rules its arms out.
    #[inline]
    pub fn candidates<'a, 'v>(
        &'a self,
        arena: &'a Arena,
        subjects: impl IntoIterator<Item = Option<Value<'v>>>,
    ) -> Candidates<'a> {
        let mut lists = Lists::new(&self.always);
        for (subject, value) in self.subjects.iter().zip(subjects) {
            if let Some(value) = value {
                subject.find(arena, value, &mut lists);
            }
        }
        if lists.more {
            return Candidates {
                list: &self.all,
                others: &mut [],
            };
        }
        match &lists.found[..lists.count] {
            [] => Candidates::default(),
            [list] => Candidates {
                list,
                others: &mut [],
            },
            [list, others @ ..] => Candidates {
                list,
                others: arena.alloc_slice_copy(others),
            },
        }
    }
}

impl Subject {
    fn fill<'e>(&mut self, entries: impl Iterator<Item = &'e Entry<'e>>) {
        let entries: Vec<&Entry<'_>> = entries.collect();
        let lengths = |part: fn(Key<'_>) -> Option<usize>| {
            let lengths = entries.iter().filter_map(|entry| part(entry.2)).collect();
            representatives(lengths)
        };
        self.starts.lengths = lengths(|key| match key {
            Key::Starts(text) => Some(text.len()),
            _ => None,
        });
        self.ends.lengths = lengths(|key| match key {
            Key::Ends(text) => Some(text.len()),
            _ => None,
        });
        self.ranges = Ranges::new(entries.iter().filter_map(|(arm, _, key)| match key {
            Key::Between(from, to) => Some((*arm, *from, *to)),
            _ => None,
        }));
        self.held = Held::all(entries.iter().filter_map(|(arm, _, key)| match key {
            Key::Holds(path, value) => Some((*arm, *path, *value)),
            _ => None,
        }));
        let mut lists: BTreeMap<Place, BTreeMap<u64, BTreeSet<u32>>> = BTreeMap::new();
        let mut texts = BTreeSet::new();
        for (arm, _, key) in entries {
            let (place, hash) = match key {
                Key::Is(value) => (Place::Value, of_value(*value)),
                Key::Starts(text) => {
                    let length = self.starts.fitting(text.len());
                    (Place::Starts, hash(&text.as_bytes()[..length]))
                }
                Key::Ends(text) => {
                    let length = self.ends.fitting(text.len());
                    (Place::Ends, hash(&text.as_bytes()[text.len() - length..]))
                }
                Key::Segment(separator, at, text) => {
                    (Place::Segment(*separator, *at), hash(text.as_bytes()))
                }
                Key::Holds(..) | Key::Between(..) => continue,
            };
            if place != Place::Value {
                texts.insert(*arm);
            }
            lists
                .entry(place)
                .or_default()
                .entry(hash)
                .or_default()
                .insert(*arm);
        }
        for (place, lists) in lists {
            let buckets = Buckets::new(lists);
            match place {
                Place::Value => self.values = buckets,
                Place::Starts => self.starts.buckets = buckets,
                Place::Ends => self.ends.buckets = buckets,
                Place::Segment(separator, at) => self.segments.push((separator, at, buckets)),
            }
        }
        self.texts = texts.into_iter().collect();
    }

    #[inline]
    fn find<'a>(&'a self, arena: &'a Arena, value: Value<'_>, lists: &mut Lists<'a>) {
        if !self.ranges.is_empty() {
            lists.push(self.ranges.holding(arena, value));
        }
        let Value::String(text) = value else {
            if !self.values.is_empty() {
                lists.push(self.values.get(value.hash64()));
            }
            for held in &self.held {
                lists.push(held.arms(arena, value));
            }
            lists.push(&self.texts);
            return;
        };
        let bytes = text.as_bytes();
        if !self.values.is_empty() {
            lists.push(self.values.get(hash(bytes)));
        }
        for length in &self.starts.lengths {
            let Some(start) = bytes.get(..*length) else {
                break;
            };
            lists.push(self.starts.buckets.get(hash(start)));
        }
        for length in &self.ends.lengths {
            let Some(start) = bytes.len().checked_sub(*length) else {
                break;
            };
            lists.push(self.ends.buckets.get(hash(&bytes[start..])));
        }
        for (separator, at, buckets) in &self.segments {
            if let Some(segment) = text.split(*separator).nth(*at) {
                lists.push(buckets.get(hash(segment.as_bytes())));
            }
        }
    }
}

impl Parts {
    /// The longest of the lengths that is not longer.
    fn fitting(&self, length: usize) -> usize {
        let longer = self.lengths.partition_point(|known| *known <= length);
        self.lengths[..longer].last().copied().unwrap_or(0)
    }
}

/// A few lengths that stand for all: each is at most as long as those it stands for.
fn representatives(lengths: BTreeSet<usize>) -> Vec<usize> {
    let step = lengths.len().div_ceil(LENGTHS).max(1);
    lengths.into_iter().step_by(step).collect()
}

fn of_value(value: Value<'_>) -> u64 {
    match value {
        Value::String(text) => hash(text.as_bytes()),
        other => other.hash64(),
    }
}

/// Odd, and its bits are spread evenly.
const FACTOR: u64 = 0x9fb2_1c65_1e98_df25;

/// What hashes of texts begin with.
const START: u64 = 0x2545_f491_4f6c_dd1d;

/// Takes one more word into a hash.
#[inline]
pub(crate) fn fold(state: u64, word: u64) -> u64 {
    let wide = u128::from(state ^ word) * u128::from(FACTOR);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let folded = (wide as u64) ^ ((wide >> 64) as u64);
    folded
}

/// Eight bytes at a time, multiplied and folded.
#[inline]
fn hash(bytes: &[u8]) -> u64 {
    let mut state = START ^ bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = fold(state, u64::from_le_bytes(*word)).wrapping_add(FACTOR);
    }
    let mut last = 0;
    for byte in rest {
        last = (last << 8) | u64::from(*byte);
    }
    fold(state, last)
}

/// So many lists are merged; with more of them, all arms are candidates.
const ROOM: usize = 16;

/// The lists of arms that were found.
struct Lists<'a> {
    found: [&'a [u32]; ROOM],
    count: usize,
    /// There were more than fit.
    more: bool,
}

impl<'a> Lists<'a> {
    fn new(always: &'a [u32]) -> Self {
        let mut lists = Self {
            found: [&[]; ROOM],
            count: 0,
            more: false,
        };
        lists.push(always);
        lists
    }

    #[inline]
    fn push(&mut self, list: &'a [u32]) {
        if list.is_empty() {
            return;
        }
        match self.found.get_mut(self.count) {
            Some(slot) => {
                *slot = list;
                self.count += 1;
            }
            None => self.more = true,
        }
    }
}

/// Arms in their order, each once.
#[derive(Debug, Default)]
pub struct Candidates<'a> {
    list: &'a [u32],
    others: &'a mut [&'a [u32]],
}

impl Iterator for Candidates<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.others.is_empty() {
            let (first, rest) = self.list.split_first()?;
            self.list = rest;
            return Some(*first);
        }
        self.least()
    }
}

impl Candidates<'_> {
    fn least(&mut self) -> Option<u32> {
        let heads = self.others.iter().chain(std::iter::once(&self.list));
        let least = heads.filter_map(|list| list.first()).min().copied()?;
        for list in self
            .others
            .iter_mut()
            .chain(std::iter::once(&mut self.list))
        {
            if let Some((first, rest)) = list.split_first()
                && *first == least
            {
                *list = rest;
            }
        }
        Some(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(index: &Index, value: Value<'_>) -> Vec<u32> {
        let arena = Arena::new();
        index.candidates(&arena, [Some(value)]).collect()
    }

    #[test]
    fn all_that_can_apply_is_found_in_order() {
        let entries = [
            (0, 0, Key::Starts("/api/")),
            (1, 0, Key::Is(Value::String("/api/x"))),
            (2, 0, Key::Starts("/other/")),
            (3, 0, Key::Ends("/x")),
            (5, 0, Key::Segment('/', 2, "x")),
            (6, 0, Key::Is(Value::int(7))),
            (6, 0, Key::Is(Value::int(8))),
        ];
        let index = Index::new(8, &entries);
        assert_eq!(found(&index, Value::String("/api/x")), [0, 1, 3, 4, 5, 7]);
        assert_eq!(found(&index, Value::String("/a")), [4, 7]);
        assert_eq!(found(&index, Value::int(8)), [0, 2, 3, 4, 5, 6, 7]);
        let arena = Arena::new();
        let nothing: Vec<u32> = index.candidates(&arena, [None]).collect();
        assert_eq!(nothing, [4, 7]);
    }

    #[test]
    fn many_lengths_are_cut_to_a_few() {
        let texts: Vec<String> = (1..100).map(|length| "a".repeat(length)).collect();
        let entries: Vec<Entry<'_>> = (0..)
            .zip(&texts)
            .map(|(arm, text)| (arm, 0, Key::Starts(text.as_str())))
            .collect();
        let index = Index::new(99, &entries);
        let found = found(&index, Value::String(&"a".repeat(30)));
        assert!((0..30).all(|arm| found.contains(&arm)));
        assert!(found.len() < 60);
    }

    #[test]
    fn more_subjects_than_lists_still_find_everything() {
        let entries: Vec<Entry<'_>> = (0..40).map(|n| (n, n, Key::Is(Value::TRUE))).collect();
        let index = Index::new(40, &entries);
        let arena = Arena::new();
        let subjects = [Some(Value::TRUE); 40];
        assert_eq!(index.candidates(&arena, subjects).count(), 40);
    }
}
