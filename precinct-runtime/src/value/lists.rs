//! Hash indexes over the long lists of documents, for `x in data.list`.
//!
//! A list is known by where it lies in memory and by its length. That is safe to go by as long as its document is alive:
//! a document makes its lists known when it is built and takes them back before its memory is freed. What an evaluation
//! builds itself lies elsewhere, and is never found here. The index of a list is made when something is looked up in it
//! for the first time, and takes four to eight bytes for each of its members.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};

use super::Value;

/// Shorter lists are looked through.
pub const LONG: usize = 256;

type Place = (usize, usize);

static KNOWN: LazyLock<RwLock<HashMap<Place, Known>>> = LazyLock::new(RwLock::default);

/// A list that is known: its index, and how many documents it is part of.
#[derive(Default)]
struct Known {
    slots: Arc<Slots>,
    documents: usize,
}

/// Positions plus one by hash; zero where free. Empty until they are needed.
#[derive(Default)]
struct Slots(OnceLock<Box<[u32]>>);

/// The long lists of one document, until it is dropped.
#[derive(Default)]
pub struct Lists(Vec<Place>);

impl Lists {
    /// Makes the long lists within a value known.
    pub fn of(value: Value<'_>) -> Self {
        let mut places = Vec::new();
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => {
                    // What is packed knows its own lists.
                    let Some(items) = items.as_slice() else {
                        continue;
                    };
                    let held = items.iter().filter(|item| item.collection_len().is_some());
                    let before = open.len();
                    open.extend(held);
                    if items.len() >= LONG && open.len() == before {
                        places.push(place(items));
                    }
                }
                Value::Object(object) if !object.is_packed() => {
                    let values = object.values();
                    open.extend(values.filter(|value| value.collection_len().is_some()));
                }
                Value::Object(_)
                | Value::Set(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_) => {}
            }
        }
        if !places.is_empty() {
            let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
            for place in &places {
                known.entry(*place).or_default().documents += 1;
            }
        }
        Self(places)
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        for place in &self.0 {
            if let Entry::Occupied(mut list) = known.entry(*place) {
                list.get_mut().documents -= 1;
                if list.get().documents == 0 {
                    list.remove();
                }
            }
        }
    }
}

/// Whether a list has a member; `None` if it is not one of a document's long lists, and has to be looked through.
#[must_use]
pub fn contains(items: &[Value<'_>], value: Value<'_>) -> Option<bool> {
    if items.len() < LONG {
        return None;
    }
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let slots = Arc::clone(&known.get(&place(items))?.slots);
    drop(known);
    let slots = slots.0.get_or_init(|| fill(items));
    let mask = slots.len().checked_sub(1)?;
    let mut at = position(value, mask);
    loop {
        let found = slots.get(at)?;
        let Some(number) = found.checked_sub(1) else {
            return Some(false);
        };
        if items.get(number as usize)?.equals(value) {
            return Some(true);
        }
        at = (at + 1) & mask;
    }
}

/// Whether the index of a list is made by now.
#[must_use]
pub fn is_made(items: &[Value<'_>]) -> bool {
    if items.len() < LONG {
        return false;
    }
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let list = known.get(&place(items));
    list.is_some_and(|list| list.slots.0.get().is_some())
}

/// So many values at most are looked at for indexes that others have.
const LOOKED_AT: usize = 4_096;

/// Makes the indexes that the lists of another value have by now, for lists that stand at the same keys.
pub fn make_those_of(other: Value<'_>, own: Value<'_>) {
    let mut open = VecDeque::from([(other, own)]);
    let mut left = LOOKED_AT;
    while let Some(pair) = open.pop_front() {
        match pair {
            (Value::Array(other), Value::Array(own)) if other.is_indexed() => {
                // To look for anything is to make it.
                let _ = own.indexed(Value::Null);
            }
            (Value::Object(other), Value::Object(own)) => {
                for (key, value) in other.entries().into_iter().take(left) {
                    left -= 1;
                    if value.collection_len().is_some()
                        && let Some(same) = own.get(key)
                    {
                        open.push_back((value, same));
                    }
                }
            }
            _ => {}
        }
    }
}

fn place(items: &[Value<'_>]) -> Place {
    (items.as_ptr().addr(), items.len())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the mask keeps the low bits only"
)]
fn position(value: Value<'_>, mask: usize) -> usize {
    let hash = value.hash64();
    (hash ^ (hash >> 32)) as usize & mask
}

/// The slots of a list; none if it has more members than they can count.
fn fill(items: &[Value<'_>]) -> Box<[u32]> {
    if u32::try_from(items.len() + 1).is_err() {
        return Box::default();
    }
    let mut slots = vec![0_u32; (items.len() + items.len() / 4).next_power_of_two()];
    let mask = slots.len() - 1;
    for (number, item) in (1_u32..).zip(items) {
        let mut at = position(*item, mask);
        loop {
            match slots.get_mut(at) {
                Some(slot) if *slot == 0 => {
                    *slot = number;
                    break;
                }
                // A member that is there already need not be found twice.
                Some(slot) if items[*slot as usize - 1].equals(*item) => break,
                _ => at = (at + 1) & mask,
            }
        }
    }
    slots.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::arena::{Arena, Document};

    fn document() -> Document {
        let members: Vec<String> = (0..1000).map(|n| format!("\"m{}\"", n % 700)).collect();
        let text = format!(r#"{{"a": [{}, 7, 1e1], "b": ["x"]}}"#, members.join(","));
        Document::from_json(text.as_bytes()).unwrap()
    }

    fn list(document: &Document) -> &[Value<'_>] {
        let list = document.value().path(&["a"]).unwrap();
        list.as_array().unwrap().as_slice().unwrap()
    }

    #[test]
    fn indexes_are_made_as_another_document_has_them() {
        let (old, new) = (document(), document());
        new.make_indexes_of(&old);
        assert!(!is_made(list(&new)), "nobody has asked for one");
        assert_eq!(contains(list(&old), Value::Null), Some(false));
        new.make_indexes_of(&old);
        assert!(is_made(list(&new)));
    }

    #[test]
    fn the_long_lists_of_a_document_have_an_index() {
        let document = document();
        let items = list(&document);
        for value in [
            Value::String("m0"),
            Value::String("m699"),
            Value::int(7),
            Value::int(10),
        ] {
            assert_eq!(contains(items, value), Some(true), "{value}");
        }
        for value in [Value::String("m700"), Value::int(8), Value::Null] {
            assert_eq!(contains(items, value), Some(false), "{value}");
        }
    }

    #[test]
    fn lists_of_an_evaluation_and_of_documents_that_are_gone_have_none() {
        let arena = Arena::new();
        let document = document();
        let copy = Value::array(&arena, list(&document));
        assert_eq!(copy.as_array().unwrap().indexed(Value::int(7)), None);
        let place = place(list(&document));
        assert!(KNOWN.read().unwrap().contains_key(&place));
        drop(document);
        assert!(!KNOWN.read().unwrap().contains_key(&place));
    }
}
