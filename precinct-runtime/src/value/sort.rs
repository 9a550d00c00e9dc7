//! Sorting many values by Rego's order.
//!
//! Comparing two values means to look at their kinds and then at memory elsewhere. A word for each value, in the same
//! order, settles nearly all comparisons beforehand.

use std::cmp::Ordering;

use super::Value;
use crate::number::Number;

/// With fewer values the words are not worth their memory.
const MANY: usize = 24;

/// Sorts by Rego's order; equal values keep theirs.
pub(crate) fn sort(values: &mut [Value<'_>]) {
    sort_by_value(values, |value| *value);
}

/// Sorts by a value of each item; items of equal values keep their order.
pub(crate) fn sort_by_value<'a, T: Copy>(items: &mut [T], value: impl Fn(&T) -> Value<'a> + Copy) {
    if items.is_sorted_by(|a, b| value(a) <= value(b)) {
        return;
    }
    let keyed = if items.len() < MANY {
        None
    } else {
        let shared = Shared::of(items.iter().map(value));
        let keyed = items
            .iter()
            .map(|item| Some((shared.word(value(item))?, *item)));
        keyed.collect::<Option<Vec<(u64, T)>>>()
    };
    let Some(mut keyed) = keyed else {
        items.sort_by(|a, b| value(a).compare(value(b)));
        return;
    };
    keyed.sort_by(|(word, item), (other_word, other)| {
        word.cmp(other_word)
            .then_with(|| value(item).compare(value(other)))
    });
    for (item, (_, sorted)) in items.iter_mut().zip(keyed) {
        *item = sorted;
    }
}

/// What all values begin with, and what no comparison has to look at.
#[derive(Clone, Copy)]
enum Shared {
    Nothing,
    /// All are strings that begin with so many equal bytes.
    Bytes(usize),
    /// All are arrays that begin with so many equal elements.
    Elements(usize),
    /// All are sets that begin with so many equal members.
    Members(usize),
    /// All are objects with the same first key.
    Key,
}

impl Shared {
    fn of<'a>(mut values: impl Iterator<Item = Value<'a>>) -> Self {
        let Some(first) = values.next() else {
            return Self::Nothing;
        };
        let found = match first {
            Value::String(text) => values
                .try_fold(text.len(), |length, value| {
                    let other = value.as_str()?.as_bytes().iter();
                    let same = text.as_bytes().iter().take(length).zip(other);
                    Some(same.take_while(|(a, b)| a == b).count())
                })
                .map(Self::Bytes),
            Value::Array(items) => values
                .try_fold(items.len(), |length, value| {
                    let same = items.iter().take(length).zip(value.as_array()?);
                    Some(same.take_while(|(a, b)| a.equals(*b)).count())
                })
                .map(Self::Elements),
            Value::Set(set) => values
                .try_fold(set.len(), |length, value| {
                    let same = set.items().iter().take(length).zip(value.as_set()?.items());
                    Some(same.take_while(|(a, b)| a.equals(**b)).count())
                })
                .map(Self::Members),
            Value::Object(object) => object.keys().next().and_then(|key| {
                let has = |value: Value<'_>| {
                    let keys = value.as_object().map(super::Object::keys);
                    keys.and_then(|mut keys| keys.next())
                        .is_some_and(|first| first.equals(key))
                };
                values.all(has).then_some(Self::Key)
            }),
            _ => None,
        };
        found.unwrap_or(Self::Nothing)
    }

    /// A word that is less than another one only if the values are.
    fn word(self, value: Value<'_>) -> Option<u64> {
        match (self, value) {
            (Self::Bytes(length), Value::String(text)) => {
                Some(beginning(text.as_bytes().get(length..).unwrap_or_default()))
            }
            (Self::Elements(length), Value::Array(items)) => element(items.get(length)),
            (Self::Members(length), Value::Set(set)) => element(set.items().get(length).copied()),
            (Self::Key, Value::Object(object)) => word(object.values().next()?),
            (_, value) => word(value),
        }
    }
}

/// A list that ends is less than those that go on.
fn element(value: Option<Value<'_>>) -> Option<u64> {
    value.map_or(Some(0), |value| Some((word(value)? >> 1) | 1 << 63))
}

/// Longer numbers may have exponents that floats are not read with.
const LONGEST_NUMBER: usize = 1000;

/// The kind in the highest three bits, and what the value begins with.
fn word(value: Value<'_>) -> Option<u64> {
    let (kind, rest) = match value {
        Value::Null => (0, 0),
        Value::Bool(value) => (1, u64::from(value) << 63),
        Value::Number(Number::Literal(text)) if text.len() > LONGEST_NUMBER => return None,
        Value::Number(number) => (2, ascending(number.to_f64())),
        Value::String(text) => (3, beginning(text.as_bytes())),
        Value::Array(_) => (4, 0),
        Value::Object(_) => (5, 0),
        Value::Set(_) => (6, 0),
    };
    Some((kind << 61) | (rest >> 3))
}

fn beginning(bytes: &[u8]) -> u64 {
    if let Some(first) = bytes.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let mut word = [0; 8];
    for (place, byte) in word.iter_mut().zip(bytes) {
        *place = *byte;
    }
    u64::from_be_bytes(word)
}

/// The bits of a float as an integer of the same order. The nearest float of a larger number is never less, and both
/// zeros are equal.
fn ascending(float: f64) -> u64 {
    let bits = (float + 0.0).to_bits();
    if bits >> 63 == 0 {
        bits | 1 << 63
    } else {
        !bits
    }
}

/// The values of both lists in order, without those of the second that equal one of the first. Both lists are
/// sorted, and all members of each are different.
pub(crate) fn merge<'a>(first: &[Value<'a>], second: &[Value<'a>]) -> Vec<Value<'a>> {
    let mut merged = Vec::with_capacity(first.len() + second.len());
    let (mut left, mut right) = (first, second);
    while let ([a, after_a @ ..], [b, after_b @ ..]) = (left, right) {
        let order = a.compare(*b);
        merged.push(if order.is_le() { *a } else { *b });
        if order.is_le() {
            left = after_a;
        }
        if order.is_ge() {
            right = after_b;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    merged
}

/// The values of the first list that the second one has (or has not), in order. Both are as [`merge`] takes them.
pub(crate) fn pick<'a>(first: &[Value<'a>], second: &[Value<'_>], shared: bool) -> Vec<Value<'a>> {
    let mut picked = Vec::new();
    let mut right = second;
    for value in first {
        let mut order = Ordering::Less;
        while let [other, rest @ ..] = right {
            order = value.compare(*other);
            if order.is_lt() {
                break;
            }
            right = rest;
            if order.is_eq() {
                break;
            }
        }
        if order.is_eq() == shared {
            picked.push(*value);
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;
    use crate::value::SetBuilder;

    /// Values whose beginnings are often the same, of one kind in some rounds and of all kinds in others.
    fn values(arena: &Arena, round: u64) -> Vec<Value<'_>> {
        let mut seed = round;
        let mut roll = move |sides: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % sides
        };
        let mut scalar = move |kind: u64| match kind {
            0 => [Value::Null, Value::TRUE, Value::FALSE][usize::try_from(roll(3)).unwrap_or(0)],
            1 => Value::int(i64::try_from(roll(9)).unwrap_or(0) - 4 + (1 << 55)),
            2 => {
                let numbers = [
                    "1.0",
                    "1",
                    "-0",
                    "0",
                    "1e400",
                    "-1e400",
                    "1e-400",
                    "0.1",
                    "-0.1",
                    "9007199254740993",
                    "9007199254740992",
                    "9007199254740992.5",
                    "-9007199254740993",
                    "1e0",
                    "-1e-400",
                ];
                let picked = numbers[usize::try_from(roll(15)).unwrap_or(0)];
                Value::Number(Number::from_text(picked))
            }
            _ => {
                let text = "prefix\u{10ff80}é\u{0}".repeat(2);
                let ends = text.char_indices().map(|(at, _)| at);
                let ends: Vec<usize> = ends.collect();
                let end = ends[usize::try_from(roll(ends.len() as u64)).unwrap_or(0)];
                let tail = ["", "a", "\u{0}", "é"][usize::try_from(roll(4)).unwrap_or(0)];
                Value::string(arena, &format!("{}{tail}", &text[..end]))
            }
        };
        let mut count = 0_u64;
        let mut value = move || {
            count += 1;
            let kind = if round % 8 == 7 {
                (count * 5) % 7
            } else {
                round % 8
            };
            match kind {
                4 => {
                    let mut items: Vec<_> = (0..count % 3).map(|_| Value::TRUE).collect();
                    items.extend((0..count % 5 % 2).map(|_| scalar(2)));
                    Value::array(arena, &items)
                }
                5 => Value::object(
                    arena,
                    [(Value::String("k"), scalar(2)), (scalar(3), scalar(1))],
                ),
                6 => Value::set(arena, [scalar(2), scalar(1)]),
                kind => scalar(kind % 4),
            }
        };
        (0..20 + round % 90).map(|_| value()).collect()
    }

    fn spelled(values: &[Value<'_>]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn words_sort_as_comparisons_do() {
        for round in 0..900 {
            let arena = Arena::new();
            let mut fast = values(&arena, round);
            let mut plain = fast.clone();
            sort(&mut fast);
            plain.sort_by(|a, b| a.compare(*b));
            assert_eq!(spelled(&fast), spelled(&plain), "{round}");
        }
    }

    #[test]
    fn sets_keep_the_first_of_equal_members_however_they_grow() {
        for round in 0..300 {
            let arena = Arena::new();
            let all = values(&arena, round);
            let mut builder = SetBuilder::new(&arena);
            for (at, value) in all.iter().enumerate() {
                builder.add(*value);
                if at % 17 == 16 {
                    let _ = builder.holds(3);
                }
            }
            let mut plain = all;
            plain.sort_by(|a, b| a.compare(*b));
            plain.dedup_by(|later, kept| later.equals(*kept));
            let set = builder.finish();
            let items = set.as_set().map_or(&[][..], |set| set.items());
            assert_eq!(spelled(items), spelled(&plain), "{round}");
        }
    }

    #[test]
    fn sorted_lists_are_merged_and_picked_from() {
        for round in 0..300 {
            let arena = Arena::new();
            let list = |round| {
                let set = Value::set(&arena, values(&arena, round));
                set.as_set().map_or(&[][..], |set| set.items())
            };
            let (a, b) = (list(round), list(round + 8));
            let mut both = [a, b].concat();
            both.sort_by(|a, b| a.compare(*b));
            both.dedup_by(|later, kept| later.equals(*kept));
            assert_eq!(spelled(&merge(a, b)), spelled(&both));
            for shared in [true, false] {
                let has = |value: &Value<'_>| b.iter().any(|other| other.equals(*value)) == shared;
                let plain: Vec<_> = a.iter().copied().filter(has).collect();
                assert_eq!(spelled(&pick(a, b, shared)), spelled(&plain));
            }
        }
    }
}
