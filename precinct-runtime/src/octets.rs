//! Strings that hold bytes which are no UTF-8.
//!
//! A string of Rego is one of Go's: any bytes, as `base64.decode` or `hex.decode` give them, to be hashed, compared or
//! encoded again. A string here is a `str`. So a byte that is no part of a UTF-8 sequence is carried as a character of
//! its own, a *mark*: U+10FF80 for 0x80 to U+10FFFF for 0xff, the end of the last private plane. Where those characters
//! themselves are read they are carried as the marks of their bytes, so that two strings are equal exactly if their
//! bytes are.
//!
//! What reads bytes asks [`bytes`]; what makes a string of bytes calls [`text`]; what puts strings together calls
//! [`joined`], because parts of a sequence may have met; what is written for others goes through [`shown`], where a
//! mark is U+FFFD, as in Go.

use std::borrow::Cow;

use crate::arena::Arena;
use crate::words;

/// All marks, and few other characters, have this byte first.
const LEAD: u8 = 0xf4;
const FIRST: char = '\u{10ff80}';

fn may_hold_marks(text: &[u8]) -> bool {
    words::holds(text, LEAD)
}

/// The byte that a character carries.
fn carried(c: char) -> Option<u8> {
    (c >= FIRST).then(|| u32::from(c).to_le_bytes()[0])
}

fn mark(byte: u8) -> char {
    char::from_u32(0x0010_ff00 | u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Whether a string holds bytes that are no UTF-8.
#[must_use]
pub fn has_marks(text: &str) -> bool {
    first_mark(text).is_some()
}

/// Where the first byte stands that is no UTF-8, if there is one; all before it is as it was read.
#[must_use]
pub fn first_mark(text: &str) -> Option<usize> {
    if !may_hold_marks(text.as_bytes()) {
        return None;
    }
    text.find(|c| c >= FIRST)
}

/// Hands on the characters that carry a character: itself, unless it is one of the marks.
pub(crate) fn carry(c: char, mut put: impl FnMut(char)) {
    if c >= FIRST {
        c.encode_utf8(&mut [0; 4]).bytes().map(mark).for_each(put);
    } else {
        put(c);
    }
}

/// A text that was read, as a string.
#[must_use]
pub fn carried_text(text: &str) -> Cow<'_, str> {
    if !has_marks(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        carry(c, |c| out.push(c));
    }
    Cow::Owned(out)
}

/// Bytes as a string.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(valid) = str::from_utf8(bytes) {
        return carried_text(valid);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&carried_text(chunk.valid()));
        out.extend(chunk.invalid().iter().copied().map(mark));
    }
    Cow::Owned(out)
}

/// The bytes of a string.
#[must_use]
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_marks(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match carried(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(out)
}

/// A string as others may read it: U+FFFD for each byte that is no UTF-8.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    match bytes(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(crate::json::decode::repair(&bytes)),
    }
}

/// [`shown`], in an arena if it is not the string itself.
#[must_use]
pub fn shown_in<'a>(text: &'a str, arena: &'a Arena) -> &'a str {
    match shown(text) {
        Cow::Borrowed(shown) => shown,
        Cow::Owned(shown) => arena.alloc_str(&shown),
    }
}

/// How many characters a string has; a byte that is no UTF-8 is one.
#[must_use]
pub fn length(text: &str) -> usize {
    if !may_hold_marks(text.as_bytes()) {
        return text.chars().count();
    }
    shown(text).chars().count()
}

/// A string put together of strings.
#[must_use]
pub fn joined(parts: Cow<'_, str>) -> Cow<'_, str> {
    if !has_marks(&parts) {
        return parts;
    }
    Cow::Owned(text(&bytes(&parts)).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        let texts: [&[u8]; 8] = [
            b"",
            b"plain",
            "é☃\u{10ff00}".as_bytes(),
            b"\xff\x00\x80",
            b"a\xc3(\xe2\x98",
            "\u{10ff80}\u{10ffff}".as_bytes(),
            b"\xf4\x8f\xbf",
            b"\xf4\x90\x80\x80",
        ];
        for wanted in texts {
            let carried = text(wanted);
            assert_eq!(bytes(&carried).as_ref(), wanted, "{carried:?}");
        }
    }

    #[test]
    fn different_bytes_are_different_strings() {
        let real = "\u{10ff80}";
        assert_ne!(text(real.as_bytes()), text(b"\x80"));
        assert_ne!(text(b"\xef\xbf\xbd"), text(b"\xff"));
    }

    #[test]
    fn what_is_shown_is_what_go_shows() {
        assert_eq!(shown(&text(b"a\xff\xfeb")), "a\u{fffd}\u{fffd}b");
        assert_eq!(shown(&text(b"\xe2\x98")), "\u{fffd}\u{fffd}");
        let real = "\u{10ffff}\u{10ff80}";
        assert_eq!(shown(&text(real.as_bytes())), real);
        assert!(matches!(shown("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn parts_of_a_sequence_meet() {
        let (front, back) = (text(b"\xe2\x98"), text(b"\x83"));
        assert_eq!(joined(Cow::Owned(format!("{front}{back}"))), "☃");
        assert_eq!(joined(Cow::Borrowed("☃")), "☃");
    }
}
