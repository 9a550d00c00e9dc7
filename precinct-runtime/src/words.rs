//! Looking at a text sixteen bytes at a time.
//!
//! A mark is a bit for a byte that was found; the lowest bit is the first byte.

use wide::u8x16;

const WIDTH: usize = 16;

/// The length of the text up to a quote, a backslash or a control character.
#[inline]
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let (wholes, rest) = bytes.as_chunks::<WIDTH>();
    for (at, chunk) in wholes.iter().enumerate() {
        let chunk = u8x16::new(*chunk);
        let quotes = chunk.simd_eq(u8x16::splat(b'"'));
        let escapes = chunk.simd_eq(u8x16::splat(b'\\'));
        let controls = chunk.min(u8x16::splat(0x1f)).simd_eq(chunk);
        let marks = (quotes | escapes | controls).to_bitmask();
        if marks != 0 {
            return at * WIDTH + marks.trailing_zeros() as usize;
        }
    }
    let tail = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
        .unwrap_or(rest.len());
    wholes.len() * WIDTH + tail
}

/// The text holds this byte.
#[inline]
pub(crate) fn holds(bytes: &[u8], wanted: u8) -> bool {
    let Some(last) = bytes.last_chunk::<WIDTH>() else {
        return bytes.contains(&wanted);
    };
    let (wholes, _) = bytes.as_chunks::<WIDTH>();
    // The last sixteen bytes overlap those before them: no bytes are left over.
    wholes
        .iter()
        .chain([last])
        .any(|chunk| marks(chunk, wanted) != 0)
}

/// Where the part behind `nth` separators begins and ends; none if there are fewer.
#[inline]
pub(crate) fn part(bytes: &[u8], separator: u8, nth: usize) -> Option<(usize, usize)> {
    let mut left = nth;
    let mut start = 0;
    let mut base = 0;
    let (wholes, rest) = bytes.as_chunks::<WIDTH>();
    for chunk in wholes {
        let mut marks = marks(chunk, separator);
        while marks != 0 {
            let at = base + marks.trailing_zeros() as usize;
            if left == 0 {
                return Some((start, at));
            }
            left -= 1;
            start = at + 1;
            marks &= marks - 1;
        }
        base += WIDTH;
    }
    for (at, byte) in (base..).zip(rest) {
        if *byte == separator {
            if left == 0 {
                return Some((start, at));
            }
            left -= 1;
            start = at + 1;
        }
    }
    (left == 0).then_some((start, bytes.len()))
}

/// Marks the bytes that equal this one.
#[inline]
fn marks(chunk: &[u8; WIDTH], wanted: u8) -> u32 {
    u8x16::new(*chunk)
        .simd_eq(u8x16::splat(wanted))
        .to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of all lengths around a few chunks, with bytes that are got wrong most easily: neighbours of what is
    /// looked for, and bytes with the high bit.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        let bytes = [
            b'/', b'.', b'0', 0xaf, b'"', b'!', b'#', b'\\', b'[', b']', 0x1f, 0x20, 0, 0x80, 0xff,
            0xa2, 0xdc, b'a',
        ];
        let mut state = 1_u32;
        (0..8000).map(move |n| {
            let mut text = Vec::new();
            for _ in 0..n % 59 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Most bytes are plain, so that long runs occur.
                let drawn = (state >> 16) as usize % 70;
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
    fn parts_are_those_of_a_split() {
        for text in texts() {
            for nth in 0..6 {
                for wanted in [b'/', 0xaf, b'a', 0] {
                    let slow = text.split(|byte| *byte == wanted).nth(nth);
                    let fast = part(&text, wanted, nth).map(|(start, end)| &text[start..end]);
                    assert_eq!(fast, slow, "{text:?} {wanted} {nth}");
                }
            }
        }
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for text in texts() {
            for wanted in [b'/', 0xaf, b'a', 0] {
                assert_eq!(
                    holds(&text, wanted),
                    text.contains(&wanted),
                    "{text:?} {wanted}"
                );
            }
        }
    }
}
