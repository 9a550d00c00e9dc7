//! Tests of strings whose other side is known when the policy is compiled.

use crate::value::Value;

/// The string that a value is known to be.
#[inline]
#[must_use]
pub fn str_of(value: Value<'_>) -> &str {
    value.as_str().unwrap_or_default()
}

/// The boolean that a value is known to be.
#[inline]
#[must_use]
pub fn bool_of(value: Value<'_>) -> bool {
    matches!(value, Value::Bool(true))
}

/// The string is one of these, which are sorted.
#[inline]
#[must_use]
pub fn among(text: &str, sorted: &[&str]) -> bool {
    sorted.binary_search(&text).is_ok()
}

/// A hash table of strings that the compiler filled.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Positions among the keys plus one, zero where free. The length is a power of two.
    pub slots: &'static [u32],
    /// The strings.
    pub keys: &'static [&'static str],
}

impl Table {
    /// The position of a string among the keys.
    #[inline]
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the mask keeps the low bits only"
    )]
    pub fn find(&self, text: &str) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash(text) as usize & mask;
        loop {
            let position = (*self.slots.get(at)? as usize).checked_sub(1)?;
            if self.keys.get(position) == Some(&text) {
                return Some(position);
            }
            at = (at + 1) & mask;
        }
    }

    /// The slots of a table of these keys, which must differ.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the mask keeps the low bits only"
    )]
    pub fn slots<S: AsRef<str>>(keys: &[S]) -> Vec<u32> {
        let mut slots = vec![0_u32; (keys.len() * 2).next_power_of_two().max(2)];
        let mask = slots.len() - 1;
        for (position, key) in (1_u32..).zip(keys) {
            let mut at = hash(key.as_ref()) as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = position;
        }
        slots
    }
}

/// The same on every machine: the compiler fills tables with it.
#[inline]
fn hash(text: &str) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = text.len() as u64;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    for word in words {
        state = (state.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut last = [0_u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        state = (state.rotate_left(23) ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    }
    state ^ (state >> 29)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    #[test]
    fn a_table_finds_its_keys_and_no_others() {
        static KEYS: [&str; 4] = ["a", "database_write", "file_delete", ""];
        let slots: &'static [u32] = Vec::leak(Table::slots(&KEYS));
        let table = Table { slots, keys: &KEYS };
        for (at, key) in KEYS.iter().enumerate() {
            assert_eq!(table.find(key), Some(at));
        }
        assert_eq!(table.find("b"), None);
        let empty = Table {
            slots: Vec::leak(Table::slots::<&str>(&[])),
            keys: &[],
        };
        assert_eq!(empty.find("a"), None);
    }
}
