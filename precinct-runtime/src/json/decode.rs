//! JSON text to values (RFC 8259).
//!
//! As Go does: the last of equal keys wins, bytes that are no UTF-8 and lone surrogates become U+FFFD, numbers keep
//! their text. The text is read once; strings without escapes are borrowed from it where it lives long enough.

use std::borrow::Cow;

use bumpalo::collections::String as ArenaString;

use super::keep::{Borrowed, Copied, Keep, Nothing, Pile};
use crate::arena::Arena;
use crate::number::size;
use crate::octets;
use crate::value::Value;
use crate::value::packed::Pack;
use crate::value::packed::packer::Packer;
use crate::words::plain_length;

/// What a text may demand.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Arrays and objects inside each other.
    pub depth: usize,
    /// Bytes of the text.
    pub size: usize,
}

impl Limits {
    /// The limits that everything uses that has no reason for others.
    pub const DEFAULT: Self = Self {
        depth: 1_000,
        size: 1 << 30,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A text that is no JSON, or more of it than allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    /// What is wrong, in Go's words where Go has some.
    pub message: String,
    /// The byte at which it is wrong, from 0.
    pub offset: usize,
}

impl JsonError {
    fn new(message: impl Into<String>, offset: usize) -> Self {
        Self {
            message: message.into(),
            offset,
        }
    }
}

/// Reads JSON into an arena.
#[derive(Clone, Copy)]
pub struct Decoder<'a> {
    arena: &'a Arena,
    limits: Limits,
    first: bool,
}

impl<'a> Decoder<'a> {
    /// A decoder with default limits.
    #[must_use]
    pub const fn new(arena: &'a Arena) -> Self {
        Self {
            arena,
            limits: Limits::DEFAULT,
            first: false,
        }
    }

    /// The same for the first value of a text; what follows it is not looked at.
    #[must_use]
    pub const fn first(mut self) -> Self {
        self.first = true;
        self
    }

    /// The same with these limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads a text that lives as long as the values: strings without escapes are not copied.
    pub fn decode(self, text: &'a [u8]) -> Result<Value<'a>, JsonError> {
        self.check_size(text.len())?;
        match readable(text) {
            Cow::Borrowed(text) => self.run(text, Borrowed(self.arena), self.arena),
            Cow::Owned(text) => {
                let text = self.arena.alloc_str(&text);
                self.run(text, Borrowed(self.arena), self.arena)
            }
        }
        .map(|(value, _)| value)
    }

    /// Reads a text that may go away: all strings are copied, what comes back soon only once.
    pub fn decode_copied(self, text: &[u8]) -> Result<Value<'a>, JsonError> {
        self.check_size(text.len())?;
        let text = readable(text);
        let copied = Copied::new(self.arena, text.len());
        // These values are to stay: what reading needs besides is not left among them.
        self.run(&text, copied, &Arena::new())
            .map(|(value, _)| value)
    }

    /// Reads a text into a packed document; `None` if it is too large for one.
    pub(crate) fn decode_packed(self, text: &[u8]) -> Result<Option<Pack>, JsonError> {
        self.check_size(text.len())?;
        let (root, packer) = self.run(&readable(text), Packer::new(), self.arena)?;
        Ok(packer.finish(root))
    }

    /// Whether a text is JSON, even if some of its numbers are too large to be read.
    pub fn check(self, text: &[u8]) -> Result<(), JsonError> {
        self.check_size(text.len())?;
        self.run(&readable(text), Nothing, self.arena).map(drop)
    }

    fn check_size(self, size: usize) -> Result<(), JsonError> {
        if size > self.limits.size {
            return Err(JsonError::new(
                format!(
                    "the text has {size} bytes, more than the {} allowed",
                    self.limits.size
                ),
                self.limits.size,
            ));
        }
        Ok(())
    }

    fn run<'t, K>(self, text: &'t str, keep: K, scratch: &Arena) -> Result<(K::Node, K), JsonError>
    where
        K: Keep<'t>,
    {
        let (items, entries) = keep.piles();
        let mut reader = Reader {
            limits: self.limits,
            text,
            bytes: text.as_bytes(),
            at: 0,
            keep,
            items,
            entries,
            unescaped: ArenaString::new_in(scratch),
            depth: 0,
        };
        let value = reader.value()?;
        if self.first {
            return Ok((value, reader.keep));
        }
        reader.skip_space();
        match reader.peek() {
            None => Ok((value, reader.keep)),
            Some(_) => Err(reader.unexpected("after top-level value")),
        }
    }
}

struct Reader<'t, 's, K: Keep<'t>> {
    limits: Limits,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    keep: K,
    /// Elements of the arrays that are being read, inner ones behind outer ones.
    items: K::Items,
    /// Entries of the objects that are being read, likewise.
    entries: K::Entries,
    /// The string with escapes that is being read.
    unescaped: ArenaString<'s>,
    depth: usize,
}

impl<'t, K: Keep<'t>> Reader<'t, '_, K> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[cold]
    fn unexpected(&self, place: &str) -> JsonError {
        let Some(found) = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        else {
            return JsonError::new("unexpected end of JSON input", self.at);
        };
        let found = match found {
            '\'' => String::from(r"'\''"),
            '"' => String::from(r#"'"'"#),
            other => format!("'{}'", other.escape_debug()),
        };
        JsonError::new(format!("invalid character {found} {place}"), self.at)
    }

    fn value(&mut self) -> Result<K::Node, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true").map(|()| self.keep.bool(true)),
            Some(b'f') => self.word("false").map(|()| self.keep.bool(false)),
            Some(b'n') => self.word("null").map(|()| self.keep.null()),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<K::Node, JsonError>,
    ) -> Result<K::Node, JsonError> {
        if self.depth >= self.limits.depth {
            return Err(JsonError::new("exceeded max depth", self.at));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        for (place, expected) in word.bytes().enumerate() {
            if self.peek() != Some(expected) {
                return Err(self.unexpected(&format!(
                    "in literal {word} (expecting '{}')",
                    char::from(word.as_bytes()[place])
                )));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn array(&mut self) -> Result<K::Node, JsonError> {
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(self.keep.array(&[]));
        }
        let base = self.items.len();
        loop {
            let item = self.value()?;
            self.items.push(item);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected("after array element")),
            }
        }
        self.at += 1;
        let value = self.keep.array(&self.items[base..]);
        self.items.truncate(base);
        Ok(value)
    }

    fn object(&mut self) -> Result<K::Node, JsonError> {
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(self.keep.object(&mut []));
        }
        let base = self.entries.len();
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            let value = self.value()?;
            self.entries.push((key, value));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
        self.at += 1;
        let value = self.keep.object(&mut self.entries[base..]);
        self.entries.truncate(base);
        Ok(value)
    }

    fn number(&mut self) -> Result<K::Node, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("in numeric literal")),
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return Err(self.unexpected("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if let Some(b'e' | b'E') = self.peek() {
            whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return Err(self.unexpected("in exponent of numeric literal"));
            }
            self.digits();
        }
        let text = &self.text[start..self.at];
        if K::READS_NUMBERS
            && let Err(message) = size::check(text)
        {
            return Err(JsonError::new(message, start));
        }
        if whole && let Some(int) = crate::number::parse_int(text.as_bytes()) {
            return Ok(self.keep.int(int));
        }
        Ok(self.keep.literal(text))
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// Goes to the end of the plain part of a string.
    #[inline]
    fn plain(&mut self) {
        self.at += plain_length(&self.bytes[self.at..]);
    }

    fn string(&mut self) -> Result<K::Node, JsonError> {
        let start = self.at + 1;
        self.at = start;
        self.plain();
        if self.peek() == Some(b'"') {
            let part = &self.text[start..self.at];
            self.at += 1;
            return Ok(self.keep.string(part));
        }
        self.escaped(start)
    }

    /// The rest of a string from its first escape on.
    fn escaped(&mut self, start: usize) -> Result<K::Node, JsonError> {
        self.unescaped.clear();
        self.unescaped.push_str(&self.text[start..self.at]);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(self.keep.unescaped(&self.unescaped));
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                _ => return Err(self.unexpected("in string literal")),
            }
            let from = self.at;
            self.plain();
            self.unescaped.push_str(&self.text[from..self.at]);
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let plain = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                return self.code_point();
            }
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        self.unescaped.push(plain);
        Ok(())
    }

    fn code_point(&mut self) -> Result<(), JsonError> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            self.unescaped
                .push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
            return Ok(());
        }
        // A high surrogate pairs with a low one that follows at once; anything else is read on its own.
        let behind = self.at;
        if self.bytes[behind..].starts_with(b"\\u") {
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                octets::carry(c, |c| self.unescaped.push(c));
                return Ok(());
            }
            self.at = behind;
        }
        self.unescaped.push(char::REPLACEMENT_CHARACTER);
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

/// The text that bytes are, with U+FFFD for each byte that is no UTF-8, and with what stands for other bytes in strings
/// carried as such.
fn readable(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => octets::carried_text(text),
        Err(_) => Cow::Owned(octets::carried_text(&repair(bytes)).into_owned()),
    }
}

/// Bytes as text, with U+FFFD for each byte that is no UTF-8.
#[must_use]
pub fn repair(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return text;
            }
            Err(error) => {
                let (valid, bad) = rest.split_at(error.valid_up_to());
                text.push_str(str::from_utf8(valid).unwrap_or_default());
                text.push(char::REPLACEMENT_CHARACTER);
                rest = bad.get(1..).unwrap_or_default();
            }
        }
    }
}
