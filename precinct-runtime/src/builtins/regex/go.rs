//! Go's regular expressions in the syntax of the `regex` crate.
//!
//! Both are RE2, with differences: `\d`, `\w`, `\s` and `\b` are ASCII in Go; `\Q…\E` and octal escapes exist only
//! there; a brace that is no repetition stands for itself; the crate has set operations in brackets and more flags.

use regex::{Regex, RegexBuilder};

use crate::error::BuiltinError;
use crate::octets;

/// Bytes that a compiled pattern may take.
const SIZE: usize = 16 << 20;

/// Compiles a pattern of Go's syntax.
///
/// # Errors
/// In Go's words where Go has some.
pub fn compile(pattern: &str) -> Result<Regex, BuiltinError> {
    let translated = translate(pattern)?;
    build(&translated).map_err(|_| wrong("invalid expression", pattern))
}

/// Compiles a pattern that is translated already, within the bounds of all patterns.
///
/// # Errors
/// When the crate refuses it, or it is too large.
pub fn build(translated: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(translated)
        .size_limit(SIZE)
        .nest_limit(1000)
        .build()
}

/// A text that matches itself.
pub fn quote_meta(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn wrong(what: &str, at: &str) -> BuiltinError {
    BuiltinError::new(format!("error parsing regexp: {what}: `{at}`"))
}

/// The same pattern in the syntax of the crate.
///
/// # Errors
/// When Go would refuse it.
pub fn translate(pattern: &str) -> Result<String, BuiltinError> {
    if let Some(at) = octets::first_mark(pattern) {
        return Err(wrong("invalid UTF-8", &octets::shown(&pattern[at..])));
    }
    let mut translator = Translator {
        pattern,
        at: 0,
        out: String::with_capacity(pattern.len() + 8),
        depth: 0,
        repeatable: false,
        last_repeat: None,
    };
    translator.run()?;
    Ok(translator.out)
}

struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    out: String,
    depth: usize,
    /// Something stands before that can be repeated.
    repeatable: bool,
    /// Where the repetition right before starts.
    last_repeat: Option<usize>,
}

impl<'p> Translator<'p> {
    fn rest(&self) -> &'p str {
        &self.pattern[self.at..]
    }

    fn run(&mut self) -> Result<(), BuiltinError> {
        while let Some(c) = self.rest().chars().next() {
            let start = self.at;
            self.at += c.len_utf8();
            let was_repeat = self.last_repeat.take();
            match c {
                '\\' => self.escape(start)?,
                '[' => {
                    self.class(start)?;
                    self.repeatable = true;
                }
                '(' => self.group(start)?,
                ')' => {
                    if self.depth == 0 {
                        return Err(wrong("unexpected )", self.pattern));
                    }
                    self.depth -= 1;
                    self.out.push(')');
                    self.repeatable = true;
                }
                '|' => {
                    self.out.push('|');
                    self.repeatable = false;
                }
                '*' | '+' | '?' => self.repeat(c.len_utf8(), start, was_repeat)?,
                '{' => match repetition(&self.pattern[start..]) {
                    None => {
                        self.out.push_str(r"\{");
                        self.repeatable = true;
                    }
                    Some((low, high, length)) => {
                        let text = &self.pattern[start..start + length];
                        let most = high.unwrap_or(low);
                        if low > 1000 || most > 1000 || most < low {
                            return Err(wrong("invalid repeat count", text));
                        }
                        self.repeat(length, start, was_repeat)?;
                    }
                },
                '}' => {
                    self.out.push_str(r"\}");
                    self.repeatable = true;
                }
                ']' => {
                    self.out.push_str(r"\]");
                    self.repeatable = true;
                }
                other => {
                    self.out.push(other);
                    self.repeatable = true;
                }
            }
        }
        if self.depth > 0 {
            return Err(wrong("missing closing )", self.pattern));
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        length: usize,
        start: usize,
        was_repeat: Option<usize>,
    ) -> Result<(), BuiltinError> {
        self.at = start + length;
        if let Some(earlier) = was_repeat {
            return Err(wrong(
                "invalid nested repetition operator",
                &self.pattern[earlier..self.at],
            ));
        }
        if !self.repeatable {
            let text = &self.pattern[start..self.at];
            return Err(wrong("missing argument to repetition operator", text));
        }
        if self.rest().starts_with('?') {
            self.at += 1;
        }
        self.out.push_str(&self.pattern[start..self.at]);
        self.last_repeat = Some(start);
        Ok(())
    }

    fn group(&mut self, start: usize) -> Result<(), BuiltinError> {
        self.repeatable = false;
        let rest = self.rest();
        let Some(inner) = rest.strip_prefix('?') else {
            self.depth += 1;
            self.out.push('(');
            return Ok(());
        };
        let named = inner.strip_prefix("P<").or_else(|| inner.strip_prefix('<'));
        if let Some(name) = named {
            let Some(end) = name.find('>') else {
                return Err(wrong("invalid named capture", &self.pattern[start..]));
            };
            let name = &name[..end];
            let plain =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let length = self.pattern.len() - start - inner.len();
            let whole = length + if inner.starts_with('P') { 2 } else { 1 } + name.len() + 1;
            if !plain {
                return Err(wrong(
                    "invalid named capture",
                    &self.pattern[start..start + whole],
                ));
            }
            // The crate wants names that start with a letter or underscore.
            let prefix = if name.starts_with(|c: char| c.is_ascii_digit()) {
                "_"
            } else {
                ""
            };
            self.out.extend(["(?P<", prefix, name, ">"]);
            self.at = start + whole;
            self.depth += 1;
            return Ok(());
        }
        let end = inner
            .find(|c: char| !matches!(c, 'i' | 'm' | 's' | 'U' | '-'))
            .unwrap_or(inner.len());
        let flags = &inner[..end];
        let well_formed = flags.matches('-').count() <= 1 && !flags.ends_with('-');
        match inner[end..].chars().next() {
            Some(close @ (':' | ')')) if well_formed && !(flags.is_empty() && close == ')') => {
                self.out
                    .extend(["(?", flags, if close == ':' { ":" } else { ")" }]);
                self.at = start + 2 + end + 1;
                self.depth += usize::from(close == ':');
                Ok(())
            }
            None => Err(wrong("missing closing )", self.pattern)),
            Some(other) => {
                let text = &self.pattern[start..start + 2 + end + other.len_utf8()];
                Err(wrong("invalid or unsupported Perl syntax", text))
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<(), BuiltinError> {
        self.repeatable = true;
        let Some(c) = self.rest().chars().next() else {
            return Err(wrong("trailing backslash at end of expression", ""));
        };
        match c {
            'Q' => {
                self.at += 1;
                let rest = self.rest();
                let (literal, length) = match rest.find(r"\E") {
                    Some(end) => (&rest[..end], end + 2),
                    None => (rest, rest.len()),
                };
                self.out.push_str(&regex::escape(literal));
                self.at += length;
            }
            'b' | 'B' => {
                self.out.extend(["(?-u:\\", &c.to_string(), ")"]);
                self.at += 1;
            }
            'A' | 'z' => {
                self.out.extend(["\\", &c.to_string()]);
                self.at += 1;
            }
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => {
                let (negated, members) = perl_class(c);
                self.out
                    .extend(["[", if negated { "^" } else { "" }, members, "]"]);
                self.at += 1;
            }
            'p' | 'P' => self.unicode_class(start)?,
            _ => {
                let literal = self.escaped_char(start)?;
                self.out.push_str(&regex::escape(&literal.to_string()));
            }
        }
        Ok(())
    }

    /// `\pL`, `\p{Greek}`, `\P{^Lu}`: the same in the crate.
    fn unicode_class(&mut self, start: usize) -> Result<(), BuiltinError> {
        let body = &self.pattern[start + 2..];
        let length = match body.chars().next() {
            None => {
                return Err(wrong(
                    "invalid character class range",
                    &self.pattern[start..],
                ));
            }
            Some('{') => match body.find('}') {
                Some(end) => end + 1,
                None => {
                    return Err(wrong(
                        "invalid character class range",
                        &self.pattern[start..],
                    ));
                }
            },
            Some(one) => one.len_utf8(),
        };
        let text = &self.pattern[start..start + 2 + length];
        let name = text[2..].trim_matches(['{', '}']);
        let (negated, name) = match name.strip_prefix('^') {
            Some(name) => (true, name),
            None => (false, name),
        };
        let upper = text.starts_with("\\P") != negated;
        // `Any` is all of Unicode; other names are those of general categories and scripts.
        let translated = format!("\\{}{{{name}}}", if upper { 'P' } else { 'p' });
        if Regex::new(&translated).is_err() {
            return Err(wrong("invalid character class range", text));
        }
        self.out.push_str(&translated);
        self.at = start + text.len();
        Ok(())
    }

    /// A character that an escape stands for; the position is behind the backslash.
    fn escaped_char(&mut self, start: usize) -> Result<char, BuiltinError> {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else {
            return Err(wrong("trailing backslash at end of expression", ""));
        };
        let invalid = |length: usize| {
            let end = (start + 1 + length).min(self.pattern.len());
            wrong(
                "invalid escape sequence",
                self.pattern.get(start..end).unwrap_or(self.pattern),
            )
        };
        let (literal, length) = match c {
            'a' => ('\u{7}', 1),
            'f' => ('\u{c}', 1),
            'n' => ('\n', 1),
            'r' => ('\r', 1),
            't' => ('\t', 1),
            'v' => ('\u{b}', 1),
            '1'..='7' if !rest[1..].starts_with(|c: char| ('0'..='7').contains(&c)) => {
                return Err(invalid(1));
            }
            '0'..='7' => {
                let digits = rest
                    .bytes()
                    .take(3)
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .count();
                let code = u32::from_str_radix(&rest[..digits], 8).unwrap_or_default();
                (char::from_u32(code).ok_or_else(|| invalid(digits))?, digits)
            }
            'x' => {
                let body = &rest[1..];
                let (digits, length) = match body.strip_prefix('{') {
                    Some(inner) => {
                        let end = inner.find('}').ok_or_else(|| invalid(rest.len()))?;
                        (&inner[..end], end + 3)
                    }
                    None => (body.get(..2).ok_or_else(|| invalid(rest.len()))?, 3),
                };
                let code = u32::from_str_radix(digits, 16).map_err(|_| invalid(length))?;
                (char::from_u32(code).ok_or_else(|| invalid(length))?, length)
            }
            c if c.is_ascii_punctuation() => (c, 1),
            c => return Err(invalid(c.len_utf8())),
        };
        self.at += length;
        Ok(literal)
    }

    /// `[…]`, with everything inside escaped that the crate could read otherwise.
    fn class(&mut self, start: usize) -> Result<(), BuiltinError> {
        let missing = || wrong("missing closing ]", &self.pattern[start..]);
        let missing_error = missing();
        self.out.push('[');
        if self.rest().starts_with('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else {
                return Err(missing_error);
            };
            if c == ']' && !first {
                self.at += 1;
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if rest.starts_with("[:") && self.posix_class()? {
                continue;
            }
            if c == '\\' && self.class_escape()? {
                continue;
            }
            let from = self.at;
            let low = self.class_char(&missing_error)?;
            let rest = self.rest();
            if rest.starts_with('-') && !rest[1..].starts_with(']') && rest.len() > 1 {
                self.at += 1;
                let high = self.class_char(&missing_error)?;
                if high < low {
                    let text = &self.pattern[from..self.at];
                    return Err(wrong("invalid character class range", text));
                }
                self.out
                    .extend([literal(low), "-".to_owned(), literal(high)]);
            } else {
                self.out.push_str(&literal(low));
            }
        }
    }

    /// `[:alpha:]`, `[:^alpha:]`
    fn posix_class(&mut self) -> Result<bool, BuiltinError> {
        let rest = self.rest();
        let Some(end) = rest.find(":]") else {
            return Ok(false);
        };
        let text = &rest[..end + 2];
        let name = text[2..end].trim_start_matches('^');
        let known = matches!(
            name,
            "alnum"
                | "alpha"
                | "ascii"
                | "blank"
                | "cntrl"
                | "digit"
                | "graph"
                | "lower"
                | "print"
                | "punct"
                | "space"
                | "upper"
                | "word"
                | "xdigit"
        );
        if !known {
            return Err(wrong("invalid character class range", text));
        }
        self.out.push_str(text);
        self.at += text.len();
        Ok(true)
    }

    /// `\d`, `\pL` in brackets.
    fn class_escape(&mut self) -> Result<bool, BuiltinError> {
        let start = self.at;
        match self.rest()[1..].chars().next() {
            Some(c @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => {
                let (negated, members) = perl_class(c);
                self.out
                    .extend(["[", if negated { "^" } else { "" }, members, "]"]);
                self.at += 2;
                Ok(true)
            }
            Some('p' | 'P') => {
                self.unicode_class(start)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn class_char(&mut self, missing: &BuiltinError) -> Result<char, BuiltinError> {
        let Some(c) = self.rest().chars().next() else {
            return Err(missing.clone());
        };
        let start = self.at;
        self.at += c.len_utf8();
        if c == '\\' {
            self.escaped_char(start)
        } else {
            Ok(c)
        }
    }
}

/// Whether the class is a complement, and its ASCII members.
fn perl_class(c: char) -> (bool, &'static str) {
    match c {
        'd' => (false, "0-9"),
        'D' => (true, "0-9"),
        'w' => (false, "0-9A-Za-z_"),
        'W' => (true, "0-9A-Za-z_"),
        's' => (false, "\\t\\n\\x0c\\r "),
        _ => (true, "\\t\\n\\x0c\\r "),
    }
}

/// A member of a class.
fn literal(c: char) -> String {
    if c.is_alphanumeric() || c == '_' || c == ' ' {
        c.to_string()
    } else {
        format!("\\x{{{:x}}}", u32::from(c))
    }
}

/// `{2}`, `{2,}`, `{2,5}` at the start of a text: bounds and length.
fn repetition(text: &str) -> Option<(u32, Option<u32>, usize)> {
    let end = text.find('}')?;
    let inner = &text[1..end];
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let padded = text.len() > 1 && text.starts_with('0');
        (plain && !padded).then(|| text.parse().unwrap_or(u32::MAX))
    };
    match inner.split_once(',') {
        None => Some((number(inner)?, None, end + 1)),
        Some((low, "")) => Some((number(low)?, None, end + 1)),
        Some((low, high)) => Some((number(low)?, Some(number(high)?), end + 1)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{compile, translate};

    #[test]
    fn classes_are_ascii_as_in_go() {
        assert!(!compile(r"^\d$").unwrap().is_match("٣"));
        assert!(!compile(r"^\w$").unwrap().is_match("é"));
        assert!(compile(r"^[^\W_]$").unwrap().is_match("a"));
        assert!(compile(r"\bfoo\b").unwrap().is_match("éfoo"));
    }

    #[test]
    fn what_go_reads_otherwise_is_translated() {
        for (pattern, text) in [
            (r"^\Qa.b\E$", "a.b"),
            (r"^a{,2}$", "a{,2}"),
            (r"^[a&&b]$", "&"),
            (r"^[[a]$", "["),
            (r"^\101$", "A"),
            (r"^\<x\>$", "<x>"),
            (r"^[]a]$", "]"),
            ("^(?P<1>a)$", "a"),
            (r"^\pL[[:digit:]]$", "é1"),
        ] {
            assert!(
                compile(pattern).unwrap().is_match(text),
                "{pattern}: {:?}",
                translate(pattern)
            );
        }
    }

    #[test]
    fn errors_are_in_the_words_of_go() {
        for (pattern, message) in [
            ("(", "error parsing regexp: missing closing ): `(`"),
            ("a)", "error parsing regexp: unexpected ): `a)`"),
            (
                "*",
                "error parsing regexp: missing argument to repetition operator: `*`",
            ),
            (
                "a**",
                "error parsing regexp: invalid nested repetition operator: `**`",
            ),
            ("[a", "error parsing regexp: missing closing ]: `[a`"),
            (
                "[z-a]",
                "error parsing regexp: invalid character class range: `z-a`",
            ),
            (
                r"\y",
                "error parsing regexp: invalid escape sequence: `\\y`",
            ),
            (
                r"a{1001}",
                "error parsing regexp: invalid repeat count: `{1001}`",
            ),
            (
                r"(?x:a)",
                "error parsing regexp: invalid or unsupported Perl syntax: `(?x`",
            ),
            (
                "a\\",
                "error parsing regexp: trailing backslash at end of expression: ``",
            ),
        ] {
            assert_eq!(compile(pattern).unwrap_err().message, message);
        }
    }
}
