//! Values to JSON text.
//!
//! Sets become arrays. A key that is no string becomes the JSON text of itself; of keys that become equal in that way
//! the last stays.

use std::fmt::{self, Write};

use crate::octets;
use crate::value::Value;

/// How text is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoding<'e> {
    /// Write `<`, `>` and `&` in strings as `\u003c`, `\u003e` and `\u0026`, as Go does unless told otherwise.
    pub escape_html: bool,
    /// What each line starts with and what each level adds to it; `None` is one line without spaces.
    pub indent: Option<(&'e str, &'e str)>,
}

impl Encoding<'_> {
    /// One line, as `json.marshal` writes it.
    pub const GO: Encoding<'static> = Encoding {
        escape_html: true,
        indent: None,
    };

    /// One line with strings as they are.
    pub const PLAIN: Encoding<'static> = Encoding {
        escape_html: false,
        indent: None,
    };

    /// The text of a value.
    #[must_use]
    pub fn encode(&self, value: Value<'_>) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(value, &mut text);
        text
    }

    /// Writes the text of a value.
    pub fn write(&self, value: Value<'_>, out: &mut impl Write) -> fmt::Result {
        Writer {
            encoding: self,
            out,
            level: 0,
        }
        .value(value)
    }
}

/// The text of a value as `json.marshal` writes it.
#[must_use]
pub fn to_string(value: Value<'_>) -> String {
    Encoding::GO.encode(value)
}

/// The text of a key.
fn key_text(key: Value<'_>) -> String {
    match key {
        Value::String(text) => text.to_owned(),
        other => Encoding::GO.encode(other),
    }
}

struct Writer<'w, W> {
    encoding: &'w Encoding<'w>,
    out: &'w mut W,
    level: usize,
}

impl<W: Write> Writer<'_, W> {
    fn value(&mut self, value: Value<'_>) -> fmt::Result {
        match value {
            Value::Null => self.out.write_str("null"),
            Value::Bool(true) => self.out.write_str("true"),
            Value::Bool(false) => self.out.write_str("false"),
            Value::Number(number) => {
                let mut buffer = itoa::Buffer::new();
                self.out.write_str(number.text(&mut buffer))
            }
            Value::String(text) => quote(text, self.encoding.escape_html, self.out),
            Value::Array(items) => self.items(items.iter()),
            Value::Set(set) => self.items(set.items().iter().copied()),
            Value::Object(object) => {
                let entries = object.entries();
                if entries
                    .iter()
                    .all(|(key, _)| matches!(key, Value::String(_)))
                {
                    return self.entries(
                        entries
                            .iter()
                            .filter_map(|(key, value)| Some((key.as_str()?, value))),
                    );
                }
                let mut texts: Vec<(String, Value<'_>)> = entries
                    .iter()
                    .map(|(key, value)| (key_text(key), value))
                    .collect();
                texts.sort_by(|a, b| a.0.cmp(&b.0));
                texts.dedup_by(|later, kept| {
                    let same = later.0 == kept.0;
                    if same {
                        kept.1 = later.1;
                    }
                    same
                });
                self.entries(texts.iter().map(|(key, value)| (key.as_str(), *value)))
            }
        }
    }

    fn items<'v>(&mut self, items: impl ExactSizeIterator<Item = Value<'v>>) -> fmt::Result {
        if items.len() == 0 {
            return self.out.write_str("[]");
        }
        self.out.write_char('[')?;
        self.level += 1;
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.out.write_char(',')?;
            }
            self.line()?;
            self.value(item)?;
        }
        self.level -= 1;
        self.line()?;
        self.out.write_char(']')
    }

    fn entries<'v>(&mut self, entries: impl Iterator<Item = (&'v str, Value<'v>)>) -> fmt::Result {
        let mut first = true;
        self.out.write_char('{')?;
        self.level += 1;
        for (key, value) in entries {
            if !first {
                self.out.write_char(',')?;
            }
            first = false;
            self.line()?;
            quote(key, self.encoding.escape_html, self.out)?;
            self.out.write_str(if self.encoding.indent.is_some() {
                ": "
            } else {
                ":"
            })?;
            self.value(value)?;
        }
        self.level -= 1;
        if !first {
            self.line()?;
        }
        self.out.write_char('}')
    }

    fn line(&mut self) -> fmt::Result {
        if let Some((prefix, indent)) = self.encoding.indent {
            self.out.write_char('\n')?;
            self.out.write_str(prefix)?;
            for _ in 0..self.level {
                self.out.write_str(indent)?;
            }
        }
        Ok(())
    }
}

/// Writes a string as JSON.
pub fn quote(text: &str, escape_html: bool, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    if octets::has_marks(text) {
        for chunk in octets::bytes(text).utf8_chunks() {
            quote_unicode(chunk.valid(), escape_html, out)?;
            chunk
                .invalid()
                .iter()
                .try_for_each(|_| out.write_str("\\ufffd"))?;
        }
    } else {
        quote_unicode(text, escape_html, out)?;
    }
    out.write_char('"')
}

fn quote_unicode(text: &str, escape_html: bool, out: &mut impl Write) -> fmt::Result {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let long;
        let (length, escape) = match byte {
            b'"' => (1, "\\\""),
            b'\\' => (1, "\\\\"),
            b'\n' => (1, "\\n"),
            b'\r' => (1, "\\r"),
            b'\t' => (1, "\\t"),
            8 => (1, "\\b"),
            12 => (1, "\\f"),
            0..=0x1f => {
                long = format!("\\u{byte:04x}");
                (1, long.as_str())
            }
            b'<' if escape_html => (1, "\\u003c"),
            b'>' if escape_html => (1, "\\u003e"),
            b'&' if escape_html => (1, "\\u0026"),
            // U+2028 and U+2029 end lines in JavaScript.
            0xe2 if text[at..].starts_with('\u{2028}') => (3, "\\u2028"),
            0xe2 if text[at..].starts_with('\u{2029}') => (3, "\\u2029"),
            _ => continue,
        };
        out.write_str(&text[done..at])?;
        out.write_str(escape)?;
        done = at + length;
    }
    out.write_str(&text[done..])
}

/// Writes a string as Go source (`strconv.Quote`), which is how OPA shows strings in messages.
pub fn quote_go(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for chunk in octets::bytes(text).utf8_chunks() {
        quote_go_unicode(chunk.valid(), out)?;
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    out.write_char('"')
}

fn quote_go_unicode(text: &str, out: &mut impl Write) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{7}' => out.write_str("\\a")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{b}' => out.write_str("\\v")?,
            c if is_printable(c) => out.write_char(c)?,
            c if u32::from(c) < 0x80 => write!(out, "\\x{:02x}", u32::from(c))?,
            c if u32::from(c) < 0x1_0000 => write!(out, "\\u{:04x}", u32::from(c))?,
            c => write!(out, "\\U{:08x}", u32::from(c))?,
        }
    }
    Ok(())
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space.
fn is_printable(c: char) -> bool {
    if c == ' ' {
        return true;
    }
    if c.is_whitespace() || c.is_control() {
        return false;
    }
    // Rust escapes a combining mark at the start of a text, but not behind a letter; Go prints it in both places.
    matches!(c, '\'' | '"') || format!("a{c}").escape_debug().nth(1) == Some(c)
}
