//! Indexes over lists of base documents, for loops that look for entries with a certain value at a path.
//!
//! ```text
//! some user in data.users; user.id == input.id      data.users by "id": 7 -> [0], 9 -> [1, 5], …
//! ```
//!
//! An index is made when it is first asked for, and lives as long as the document: who exchanges documents exchanges
//! their indexes. It keeps hashes and no values, so that it may find too many entries, but never too few: loops test
//! what they find.
//!
//! * `passing`: indexes over other lists

pub(crate) mod passing;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::value::{Array, ArrayIter, Value};

/// So many indexes of one document at most, and so many entries in all of them.
const MOST: usize = 32;
const MOST_ENTRIES: usize = 8 << 20;

/// Shorter lists are looked through as fast.
const WORTHWHILE: usize = 16;

/// The indexes of a document.
#[derive(Default)]
pub(crate) struct Joins {
    slots: [OnceLock<Index>; MOST],
    entries: AtomicUsize,
}

/// The entries of one list by what they have at one path.
struct Index {
    list: Box<[Box<str>]>,
    path: Box<[Box<str>]>,
    /// Where the entries of a hash begin among the positions; `None` if the list has none.
    found: Option<Found>,
}

#[derive(Default)]
struct Found {
    starts: HashMap<u64, (u32, u32), BuildHasherDefault<AsItIs>>,
    positions: Vec<u32>,
}

impl Joins {
    /// The positions of the entries of a list that may have the value at the path, in order; `None` if there is no
    /// index, so that all may. The list is at the path `list` of the documents.
    pub(crate) fn find<S: AsRef<str>, P: AsRef<str>>(
        &self,
        documents: Value<'_>,
        list: &[S],
        source: Value<'_>,
        path: &[P],
        wanted: Value<'_>,
    ) -> Option<&[u32]> {
        if source.collection_len()? < WORTHWHILE {
            return None;
        }
        // A list that a `with` has put there is another one.
        if !is_same(at(documents, list)?, source) {
            return None;
        }
        let found = self.made(list, source, path)?.found.as_ref()?;
        let Some((start, end)) = found.starts.get(&wanted.hash64()) else {
            return Some(&[]);
        };
        found.positions.get(*start as usize..*end as usize)
    }

    /// Makes the indexes that other documents have by now, as far as these have the same lists.
    pub(crate) fn make_those_of(&self, other: &Self, documents: Value<'_>) {
        for index in other.slots.iter().map_while(OnceLock::get) {
            let source = at(documents, &index.list);
            let is_long = |it: &Value<'_>| it.collection_len() >= Some(WORTHWHILE);
            if let Some(source) = source.filter(is_long) {
                self.made(&index.list, source, &index.path);
            }
        }
    }

    /// The index, which is made if need be; `None` if there are too many.
    fn made<S: AsRef<str>, P: AsRef<str>>(
        &self,
        list: &[S],
        source: Value<'_>,
        path: &[P],
    ) -> Option<&Index> {
        let mut indexes = self
            .slots
            .iter()
            .map(|slot| slot.get_or_init(|| self.index(list, source, path)));
        indexes.find(|index| is_path(&index.list, list) && is_path(&index.path, path))
    }

    fn index<S: AsRef<str>, P: AsRef<str>>(
        &self,
        list: &[S],
        source: Value<'_>,
        path: &[P],
    ) -> Index {
        let length = source.collection_len().unwrap_or(0);
        let before = self.entries.fetch_add(length, Ordering::Relaxed);
        let found = (before.saturating_add(length) <= MOST_ENTRIES)
            .then(|| Found::over(source, path))
            .flatten();
        if found.is_none() {
            self.entries.fetch_sub(length, Ordering::Relaxed);
        }
        Index {
            list: list.iter().map(|key| Box::from(key.as_ref())).collect(),
            path: path.iter().map(|key| Box::from(key.as_ref())).collect(),
            found,
        }
    }
}

impl Found {
    fn over<P: AsRef<str>>(source: Value<'_>, path: &[P]) -> Option<Self> {
        let mut hashes: Vec<(u64, u32)> = Vec::new();
        for (position, entry) in (0_u32..).zip(elements(source)) {
            match inside(entry, path) {
                Inside::Value(value) => hashes.push((value.hash64(), position)),
                Inside::Nothing => {}
                Inside::Unknown => return None,
            }
        }
        hashes.sort_unstable();
        let mut found = Self::default();
        for (hash, position) in hashes {
            let end = u32::try_from(found.positions.len()).ok()?;
            let (_, last) = found.starts.entry(hash).or_insert((end, end));
            *last = end + 1;
            found.positions.push(position);
        }
        Some(found)
    }
}

/// What a loop over a collection goes through.
pub(crate) fn elements(source: Value<'_>) -> ArrayIter<'_> {
    match source {
        Value::Array(items) => items.iter(),
        Value::Object(object) => object.values(),
        Value::Set(set) => Array::new(set.items()).iter(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Array::EMPTY.iter(),
    }
}

/// What an entry has at a path.
pub(crate) enum Inside<'a> {
    Value(Value<'a>),
    Nothing,
    /// That is not a matter of keys.
    Unknown,
}

pub(crate) fn inside<'a, P: AsRef<str>>(entry: Value<'a>, path: &[P]) -> Inside<'a> {
    let mut value = entry;
    for key in path {
        match value {
            Value::Object(_) => match value.field(key.as_ref()) {
                Some(below) => value = below,
                None => return Inside::Nothing,
            },
            // The members of a set are their own keys.
            Value::Set(_) => return Inside::Unknown,
            _ => return Inside::Nothing,
        }
    }
    Inside::Value(value)
}

fn at<'a, S: AsRef<str>>(documents: Value<'a>, list: &[S]) -> Option<Value<'a>> {
    let mut value = documents;
    for key in list {
        value = value.step(key.as_ref())?;
    }
    Some(value)
}

/// The two lie at one place in memory.
pub(crate) fn is_same(one: Value<'_>, other: Value<'_>) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => one.place() == other.place(),
        (Value::Object(one), Value::Object(other)) => one.place() == other.place(),
        (Value::Set(one), Value::Set(other)) => std::ptr::eq(one.items(), other.items()),
        _ => false,
    }
}

fn is_path<S: AsRef<str>>(have: &[Box<str>], wanted: &[S]) -> bool {
    have.len() == wanted.len()
        && have
            .iter()
            .zip(wanted)
            .all(|(have, wanted)| **have == *wanted.as_ref())
}

impl fmt::Debug for Joins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joins").finish_non_exhaustive()
    }
}

/// A hash is hashed already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::arena::{Arena, Document};

    fn users() -> Document {
        let users: Vec<String> = (0..40)
            .map(|n| format!(r#"{{"id": {}, "group": {{"name": "g{}"}}}}"#, n, n % 4))
            .collect();
        let text = format!(
            r#"{{"users": [{}], "few": [{{"id": 1}}]}}"#,
            users.join(",")
        );
        Document::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn entries_are_found_in_their_order() {
        let document = users();
        let joins = Joins::default();
        let list = document.value().field("users").unwrap();
        let found = |path: &[&str], wanted: Value<'_>| {
            joins
                .find(document.value(), &["users"], list, path, wanted)
                .map(<[u32]>::to_vec)
        };
        assert_eq!(found(&["id"], Value::int(7)), Some(vec![7]));
        assert_eq!(found(&["id"], Value::int(700)), Some(vec![]));
        assert_eq!(found(&["missing"], Value::int(7)), Some(vec![]));
        let group = found(&["group", "name"], Value::String("g1")).unwrap();
        assert_eq!(group, (0..10).map(|n| n * 4 + 1).collect::<Vec<_>>());
    }

    #[test]
    fn short_lists_and_lists_of_another_place_have_no_index() {
        let document = users();
        let joins = Joins::default();
        let few = document.value().field("few").unwrap();
        let one = Value::int(1);
        assert_eq!(
            joins.find(document.value(), &["few"], few, &["id"], one),
            None
        );
        let arena = Arena::new();
        let copy = document.value().field("users").unwrap().copy_into(&arena);
        assert_eq!(
            joins.find(document.value(), &["users"], copy, &["id"], one),
            None
        );
    }

    #[test]
    fn a_document_has_no_more_than_so_many_indexes() {
        let document = users();
        let joins = Joins::default();
        let list = document.value().field("users").unwrap();
        let one = Value::int(1);
        for n in 0..MOST {
            let path = [format!("p{n}")];
            assert!(
                joins
                    .find(document.value(), &["users"], list, &path, one)
                    .is_some()
            );
        }
        assert_eq!(
            joins.find(document.value(), &["users"], list, &["id"], one),
            None
        );
    }
}
