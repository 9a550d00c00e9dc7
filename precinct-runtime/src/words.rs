//! Looking at a text eight bytes at a time.
//!
//! The marks of a word have the high bit of each byte that was found; the lowest mark is the first byte, as words are read
//! in little-endian order.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The length of the text up to a quote, a backslash or a control character.
#[inline]
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // Subtracting borrows from the byte above only where one is found, so the lowest mark is right; those above it
        // need not be.
        let quotes = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
        let escapes = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let controls = word.wrapping_sub(ONES * 0x20);
        let marks = (quotes | escapes | controls) & !word & HIGHS;
        if marks != 0 {
            return at * 8 + first(marks);
        }
    }
    let tail = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
        .unwrap_or(rest.len());
    words.len() * 8 + tail
}

/// The position of a byte: of the first one for 0, of the second one for 1, and so on.
#[inline]
pub(crate) fn position(bytes: &[u8], wanted: u8, nth: usize) -> Option<usize> {
    let mut left = nth;
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let mut marks = equal(u64::from_le_bytes(*word), wanted);
        if marks == 0 {
            continue;
        }
        let count = count(marks);
        if left < count {
            for _ in 0..left {
                marks &= marks - 1;
            }
            return Some(at * 8 + first(marks));
        }
        left -= count;
    }
    let tail = rest
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == wanted)
        .nth(left)?
        .0;
    Some(words.len() * 8 + tail)
}

/// Marks the bytes that equal this one, and no others.
#[inline]
const fn equal(word: u64, byte: u8) -> u64 {
    let differing = word ^ (ONES * byte as u64);
    !(((differing & !HIGHS) + !HIGHS) | differing) & HIGHS
}

#[inline]
const fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// The number of marks: the sum of the bytes, by a multiplication, because not every processor counts bits.
#[inline]
const fn count(marks: u64) -> usize {
    ((marks >> 7).wrapping_mul(ONES) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of all lengths around a word, with bytes that words get wrong most easily: neighbours of what is looked for,
    /// and bytes with the high bit.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        let bytes = [
            b'/', b'.', b'0', 0xaf, b'"', b'!', b'#', b'\\', b'[', b']', 0x1f, 0x20, 0, 0x80, 0xff,
            0xa2, 0xdc, b'a',
        ];
        let mut state = 1_u32;
        (0..4000).map(move |n| {
            let mut text = Vec::new();
            for _ in 0..n % 27 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Most bytes are plain, so that long runs occur.
                let drawn = (state >> 16) as usize % 40;
                text.push(*bytes.get(drawn).unwrap_or(&b'a'));
            }
            text
        })
    }

    #[test]
    fn the_plain_length_is_that_of_a_byte_at_a_time() {
        for text in texts() {
            let slow = text
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .unwrap_or(text.len());
            assert_eq!(plain_length(&text), slow, "{text:?}");
        }
    }

    #[test]
    fn positions_are_those_of_a_byte_at_a_time() {
        for text in texts() {
            for nth in 0..6 {
                for wanted in [b'/', 0xaf, b'a', 0] {
                    let slow = text
                        .iter()
                        .enumerate()
                        .filter(|(_, byte)| **byte == wanted)
                        .nth(nth)
                        .map(|(at, _)| at);
                    assert_eq!(
                        position(&text, wanted, nth),
                        slow,
                        "{text:?} {wanted} {nth}"
                    );
                }
            }
        }
    }
}
