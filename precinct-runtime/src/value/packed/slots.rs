//! Hash indexes of positions: open addressing with linear probing, one word for each slot.
//!
//! A slot holds a position plus one in as many bits as the largest of them needs, and in the others the same bits of the
//! hash, so that hardly ever a key is compared that is another one. A free slot is zero; a fifth of the slots is free.

/// How many slots positions up to a length need.
pub(super) const fn room(len: usize) -> usize {
    len + len / 4 + 1
}

/// Puts positions below a length into free slots; of those that are the same, the first.
pub(super) fn fill(
    slots: &mut [u32],
    len: usize,
    positions: impl Iterator<Item = usize>,
    hash: impl Fn(usize) -> u64,
    same: impl Fn(usize, usize) -> bool,
) {
    let marks = marks(len);
    for position in positions {
        let hash = hash(position);
        let slot = mark(hash, marks) | number(position);
        let mut at = start(hash, slots.len());
        loop {
            let there = slots[at];
            if there == 0 {
                slots[at] = slot;
                break;
            }
            let is_alike = (there ^ slot) & marks == 0;
            if is_alike && same((there & !marks) as usize - 1, position) {
                break;
            }
            at = next(at, slots.len());
        }
    }
}

/// The slots of a list that may hold one member many times: no more than its different members need.
pub(super) fn of_list(
    len: usize,
    hash: impl Fn(usize) -> u64,
    same: impl Fn(usize, usize) -> bool,
) -> Box<[u32]> {
    let mut slots = vec![0; room(len)].into_boxed_slice();
    fill(&mut slots, len, 0..len, &hash, same);
    let different = slots.iter().filter(|slot| **slot != 0).count();
    if different > len / 2 {
        return slots;
    }
    let marks = marks(len);
    let positions = slots.iter().filter(|slot| **slot != 0);
    let positions = positions.map(|slot| (slot & !marks) as usize - 1);
    let mut fewer = vec![0; room(different)].into_boxed_slice();
    fill(&mut fewer, len, positions, hash, |_, _| false);
    fewer
}

/// The position that `same` accepts among those with the hash.
#[inline]
pub(super) fn find(
    slots: &[u32],
    len: usize,
    hash: u64,
    mut same: impl FnMut(usize) -> bool,
) -> Option<usize> {
    let marks = marks(len);
    let wanted = mark(hash, marks);
    let mut at = start(hash, slots.len());
    loop {
        let slot = *slots.get(at)?;
        let position = ((slot & !marks) as usize).checked_sub(1)?;
        if slot & marks == wanted && same(position) {
            return Some(position);
        }
        at = next(at, slots.len());
    }
}

/// The bits that hold a part of the hash.
#[inline]
fn marks(len: usize) -> u32 {
    let bits = usize::BITS - len.leading_zeros();
    u32::MAX.checked_shl(bits).unwrap_or(0)
}

/// The lower half of the hash: the upper one chooses the slot.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "half of it is wanted")]
const fn mark(hash: u64, marks: u32) -> u32 {
    hash as u32 & marks
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "positions are below the number of words, which addresses of 29 bits bound"
)]
const fn number(position: usize) -> u32 {
    position as u32 + 1
}

#[inline]
const fn start(hash: u64, slots: usize) -> usize {
    (((hash >> 32) * slots as u64) >> 32) as usize
}

#[inline]
const fn next(at: usize, slots: usize) -> usize {
    if at + 1 == slots { 0 } else { at + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> u64 {
        crate::value::Value::int(i64::try_from(number).unwrap_or(0)).hash64()
    }

    #[test]
    fn all_positions_are_found_and_nothing_else() {
        for len in [1, 2, 3, 15, 16, 17, 255, 256, 257, 5000] {
            let mut slots = vec![0; room(len)];
            fill(&mut slots, len, 0..len, hash, |_, _| false);
            for number in 0..len {
                let found = find(&slots, len, hash(number), |at| at == number);
                assert_eq!(found, Some(number), "of {len}");
            }
            for number in len..len + 500 {
                assert_eq!(find(&slots, len, hash(number), |at| at == number), None);
            }
        }
    }

    #[test]
    fn of_the_same_members_the_first_is_found() {
        let len = 10_000;
        let slots = of_list(len, |at| hash(at % 7), |a, b| a % 7 == b % 7);
        assert_eq!(slots.len(), room(7));
        for number in 0..7 {
            let found = find(&slots, len, hash(number), |at| at % 7 == number);
            assert_eq!(found, Some(number));
        }
        assert_eq!(find(&slots, len, hash(7), |_| true), None);
    }

    #[test]
    fn positions_with_one_hash_are_told_apart() {
        let len = 40;
        let mut slots = vec![0; room(len)];
        fill(&mut slots, len, 0..len, |_| u64::MAX, |_, _| false);
        for number in 0..len {
            let found = find(&slots, len, u64::MAX, |at| at == number);
            assert_eq!(found, Some(number));
        }
    }
}
