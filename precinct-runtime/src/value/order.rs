//! The order of all values: null < booleans < numbers < strings < arrays < objects < sets.
//!
//! Numbers compare by what they are worth (`1 == 1.0`), strings by their bytes, arrays and sets member by member,
//! objects entry by entry in the order of their keys: the key first, then the value.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::Value;
use super::index::Mixer;
use crate::number::Number;

impl Value<'_> {
    const fn rank(self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::Array(_) => 4,
            Value::Object(_) => 5,
            Value::Set(_) => 6,
        }
    }

    /// Rego's order.
    #[must_use]
    pub fn compare(self, other: Value<'_>) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
            (Value::Number(a), Value::Number(b)) => a.compare(b),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Array(a), Value::Array(b)) => match (a.as_slice(), b.as_slice()) {
                (Some(a), Some(b)) => compare_lists(a, b),
                _ => a.iter().cmp(b),
            },
            (Value::Object(a), Value::Object(b)) => match (a.lists(), b.lists()) {
                // Objects of one shape share their keys.
                (Some((keys, a)), Some((same, b))) if std::ptr::eq(keys, same) => {
                    compare_lists(a, b)
                }
                _ => a.entries().iter().cmp(b.entries().iter()),
            },
            (Value::Set(a), Value::Set(b)) => compare_lists(a.items(), b.items()),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    /// Whether this comes before the other in Rego's order.
    #[must_use]
    #[inline]
    pub fn is_less(self, other: Value<'_>) -> bool {
        match (self, other) {
            (Value::Number(Number::Int(a)), Value::Number(Number::Int(b))) => a < b,
            (a, b) => a.compare(b).is_lt(),
        }
    }

    /// Rego's equality: [`Value::compare`] says equal, found out sooner.
    #[must_use]
    #[inline]
    pub fn equals(self, other: Value<'_>) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a.equals(b),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => match (a.as_slice(), b.as_slice()) {
                (Some(a), Some(b)) => equal_lists(a, b),
                _ => all_equal(a.iter(), b.iter()),
            },
            (Value::Object(a), Value::Object(b)) => match (a.lists(), b.lists()) {
                (Some((keys, a)), Some((others, b))) => {
                    equal_lists(keys, others) && equal_lists(a, b)
                }
                _ => all_equal(a.keys(), b.keys()) && all_equal(a.values(), b.values()),
            },
            (Value::Set(a), Value::Set(b)) => equal_lists(a.items(), b.items()),
            _ => false,
        }
    }

    /// A hash that equal values share.
    #[must_use]
    pub fn hash64(self) -> u64 {
        let mut mixer = Mixer::new();
        self.feed(&mut mixer);
        mixer.end()
    }

    fn feed(self, mixer: &mut Mixer) {
        match self {
            Value::Null => mixer.word(0x9e37),
            Value::Bool(b) => mixer.word(0x7f4a + u64::from(b)),
            Value::Number(n) => mixer.word(n.hash64()),
            Value::String(s) => mixer.bytes(s.as_bytes()),
            Value::Array(items) => {
                mixer.word(0xa11a ^ items.len() as u64);
                for item in items {
                    item.feed(mixer);
                }
            }
            Value::Object(object) => {
                mixer.word(0x0b1e ^ ((object.len() as u64) << 16));
                for (key, value) in object.entries() {
                    key.feed(mixer);
                    value.feed(mixer);
                }
            }
            Value::Set(set) => {
                mixer.word(0x5e75 ^ ((set.len() as u64) << 32));
                for item in set.items() {
                    item.feed(mixer);
                }
            }
        }
    }
}

/// What is in both lists may be the same memory: of one document, or of one value in two places.
fn compare_lists(a: &[Value<'_>], b: &[Value<'_>]) -> Ordering {
    if a.as_ptr() == b.as_ptr() {
        return a.len().cmp(&b.len());
    }
    for (a, b) in a.iter().zip(b) {
        let order = match (a, b) {
            (Value::String(a), Value::String(b)) if std::ptr::eq(*a, *b) => continue,
            (a, b) => a.compare(*b),
        };
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn equal_lists(a: &[Value<'_>], b: &[Value<'_>]) -> bool {
    std::ptr::eq(a, b) || a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(*b))
}

#[inline]
fn all_equal<'a, 'b>(
    a: impl ExactSizeIterator<Item = Value<'a>>,
    b: impl ExactSizeIterator<Item = Value<'b>>,
) -> bool {
    a.len() == b.len() && a.zip(b).all(|(a, b)| a.equals(b))
}

impl PartialEq for Value<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.equals(*other)
    }
}

impl Eq for Value<'_> {}

impl PartialOrd for Value<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(*other)
    }
}

impl Hash for Value<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash64());
    }
}
