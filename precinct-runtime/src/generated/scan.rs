//! Reading only those parts of a JSON text that a policy asks for. The rest is checked and skipped.

use crate::arena::Arena;
use crate::json::{Decoder, JsonError, Limits};
use crate::number::Number;
use crate::octets;
use crate::value::Value;
use crate::words::plain_length;

/// Walks over a JSON text.
#[derive(Debug)]
pub struct Scanner<'a> {
    arena: &'a Arena,
    text: &'a str,
    at: usize,
    depth: usize,
}

/// The text is not JSON, or a string of it is not plain: the decoder that knows all of JSON says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck;

/// What a scan gives.
pub type Scanned<T> = Result<T, Stuck>;

impl<'a> Scanner<'a> {
    /// Runs a scan over a whole text. Where the scan gets stuck, the decoder reads the text from the start, for its
    /// error or for its value.
    pub fn run<T>(
        arena: &'a Arena,
        text: &'a [u8],
        scan: impl FnOnce(&mut Self) -> Scanned<T>,
        whole: impl FnOnce(Value<'a>) -> T,
    ) -> Result<T, JsonError> {
        if let Ok(utf8) = str::from_utf8(text)
            && text.len() <= Limits::DEFAULT.size
            && !octets::has_marks(utf8)
        {
            let mut scanner = Scanner {
                arena,
                text: utf8,
                at: 0,
                depth: 0,
            };
            if let Ok(result) = scan(&mut scanner)
                && scanner.is_at_end()
            {
                return Ok(result);
            }
        }
        Decoder::new(arena).decode(text).map(whole)
    }

    fn is_at_end(&mut self) -> bool {
        self.space();
        self.at == self.text.len()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn eat(&mut self, wanted: u8) -> Scanned<()> {
        self.space();
        if self.peek() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        Err(Stuck)
    }

    /// Walks over an object, and calls back at the value of each key; the callback must read or skip it. Gives `false`
    /// for a value that is no object, which is skipped.
    #[inline]
    pub fn object(
        &mut self,
        mut entry: impl FnMut(&mut Self, &'a str) -> Scanned<()>,
    ) -> Scanned<bool> {
        self.space();
        if self.peek() != Some(b'{') {
            self.skip()?;
            return Ok(false);
        }
        self.enter()?;
        self.space();
        if self.peek() == Some(b'}') {
            self.leave();
            return Ok(true);
        }
        loop {
            self.space();
            let key = self.plain_string()?;
            self.eat(b':')?;
            entry(self, key)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.leave();
                    return Ok(true);
                }
                _ => return Err(Stuck),
            }
        }
    }

    fn enter(&mut self) -> Scanned<()> {
        if self.depth >= Limits::DEFAULT.depth {
            return Err(Stuck);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// A string without escapes, borrowed from the text.
    #[inline]
    fn plain_string(&mut self) -> Scanned<&'a str> {
        if self.peek() != Some(b'"') {
            return Err(Stuck);
        }
        let start = self.at + 1;
        let end = start + plain_length(&self.text.as_bytes()[start..]);
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return Err(Stuck);
        }
        self.at = end + 1;
        self.text.get(start..end).ok_or(Stuck)
    }

    /// Reads a value.
    #[inline]
    pub fn value(&mut self) -> Scanned<Value<'a>> {
        self.space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                if let Ok(text) = self.plain_string() {
                    return Ok(Value::String(text));
                }
                self.skip()?;
                self.decode(start)
            }
            Some(b't') => self.word("true").map(|()| Value::TRUE),
            Some(b'f') => self.word("false").map(|()| Value::FALSE),
            Some(b'n') => self.word("null").map(|()| Value::Null),
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                let text = self.text.get(start..self.at).ok_or(Stuck)?;
                Ok(Value::Number(Number::from_text(text)))
            }
            _ => {
                self.skip()?;
                self.decode(start)
            }
        }
    }

    /// Decodes what was skipped from `start` on.
    fn decode(&self, start: usize) -> Scanned<Value<'a>> {
        let part = self.text.get(start..self.at).ok_or(Stuck)?;
        Decoder::new(self.arena)
            .decode(part.as_bytes())
            .map_err(|_| Stuck)
    }

    /// Checks a value and goes behind it.
    pub fn skip(&mut self) -> Scanned<()> {
        self.space();
        match self.peek() {
            Some(b'{' | b'[') => self.skip_collection(),
            _ => self.skip_scalar(),
        }
    }

    #[inline]
    fn skip_scalar(&mut self) -> Scanned<()> {
        match self.peek() {
            Some(b'"') => self.skip_string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(Stuck),
        }
    }

    fn skip_collection(&mut self) -> Scanned<()> {
        let mut open = Brackets::default();
        loop {
            self.space();
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    } else {
                        open.push(true, self.depth)?;
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    } else {
                        open.push(false, self.depth)?;
                        continue;
                    }
                }
                _ => self.skip_scalar()?,
            }
            // A value has ended: close what ends with it.
            loop {
                let Some(is_object) = open.top() else {
                    return Ok(());
                };
                self.space();
                match (self.peek(), is_object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.space();
                        self.key()?;
                        break;
                    }
                    (Some(b','), false) => {
                        self.at += 1;
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(Stuck),
                }
            }
        }
    }

    fn key(&mut self) -> Scanned<()> {
        if self.peek() != Some(b'"') {
            return Err(Stuck);
        }
        self.skip_string()?;
        self.eat(b':')
    }

    fn skip_string(&mut self) -> Scanned<()> {
        self.at += 1;
        let bytes = self.text.as_bytes();
        loop {
            self.at += plain_length(bytes.get(self.at..).ok_or(Stuck)?);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match bytes.get(self.at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u') => {
                        let digits = bytes.get(self.at + 2..self.at + 6).ok_or(Stuck)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return Err(Stuck);
                        }
                        self.at += 6;
                    }
                    _ => return Err(Stuck),
                },
                _ => return Err(Stuck),
            }
        }
    }

    #[inline]
    fn word(&mut self, word: &str) -> Scanned<()> {
        let end = self.at + word.len();
        if self.text.as_bytes().get(self.at..end) != Some(word.as_bytes()) {
            return Err(Stuck);
        }
        self.at = end;
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Scanned<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(Stuck),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Scanned<()> {
        let start = self.at;
        self.digits();
        if self.at == start { Err(Stuck) } else { Ok(()) }
    }
}

/// The kinds of the brackets that are open, one bit each.
#[derive(Default)]
struct Brackets {
    words: [u64; Limits::DEFAULT.depth / 64 + 1],
    count: usize,
}

impl Brackets {
    #[inline]
    fn push(&mut self, is_object: bool, outside: usize) -> Scanned<()> {
        if outside + self.count >= Limits::DEFAULT.depth {
            return Err(Stuck);
        }
        let word = &mut self.words[self.count / 64];
        let bit = 1 << (self.count % 64);
        *word = if is_object { *word | bit } else { *word & !bit };
        self.count += 1;
        Ok(())
    }

    #[inline]
    fn top(&self) -> Option<bool> {
        let at = self.count.checked_sub(1)?;
        Some(self.words[at / 64] >> (at % 64) & 1 == 1)
    }

    #[inline]
    fn pop(&mut self) {
        self.count = self.count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests;
