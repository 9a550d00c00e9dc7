//! Regular expressions in Go's syntax (RE2), rewritten for the `regex` crate.
//!
//! The two agree on most things. What differs: in Go `\d`, `\w`, `\s` and `\b` are ASCII, `\Q…\E` quotes, octal escapes
//! exist, a `{` that begins no repetition is a literal, and classes know no operators; the crate's `(?x)`, `(?u)` and
//! set operations are errors in Go.

use regex::{Regex, RegexBuilder};

/// Repetitions above this are errors in Go.
const MAX_REPEAT: u32 = 1_000;

/// Compiled programs may take this many bytes.
const MAX_SIZE: usize = 32 << 20;

/// Compiles a pattern; errors are worded as Go's `regexp` package words them where it has words for them.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let translated =
        translate(pattern).map_err(|error| format!("error parsing regexp: {error}"))?;
    RegexBuilder::new(&translated)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .nest_limit(250)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let reason = text
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            format!("error parsing regexp: {reason}: `{pattern}`")
        })
}

/// Rewrites a pattern of Go as one of the `regex` crate.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 8),
        last_repeat: None,
    };
    translator.run()?;
    Ok(translator.out)
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
    /// Where a repetition operator was just read: what was left from it on.
    last_repeat: Option<&'p str>,
}

/// A literal character, escaped so that it means itself inside and outside of classes.
fn push_literal(out: &mut String, character: char) {
    if character.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(character);
}

impl<'p> Translator<'p> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(character) = self.rest.chars().next() {
            let before = self.rest;
            let repeated = self.last_repeat.take();
            match character {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '*' | '+' | '?' => {
                    self.advance(1);
                    self.repetition(before, repeated)?;
                }
                '{' => self.brace(before, repeated)?,
                '}' | ']' | '#' | '&' | '~' | '-' => {
                    push_literal(&mut self.out, character);
                    self.advance(1);
                }
                other => {
                    self.out.push(other);
                    self.advance(other.len_utf8());
                }
            }
        }
        Ok(())
    }

    /// A repetition with bounds, or a brace that is none.
    fn brace(&mut self, before: &'p str, repeated: Option<&'p str>) -> Result<(), String> {
        let Some((length, low, high)) = repeat_bounds(before) else {
            self.out.push_str("\\{");
            self.advance(1);
            return Ok(());
        };
        self.advance(length);
        if low > MAX_REPEAT || high.is_some_and(|high| high > MAX_REPEAT || high < low) {
            let operator = before.get(..length).unwrap_or_default();
            return Err(format!("invalid repeat count: `{operator}`"));
        }
        self.repetition(before, repeated)
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Finishes a repetition operator, which may be followed by a question mark but by no other operator.
    fn repetition(&mut self, before: &'p str, previous: Option<&'p str>) -> Result<(), String> {
        if self.rest.starts_with('?') {
            self.advance(1);
        }
        if let Some(previous) = previous {
            let both = previous
                .get(..previous.len() - self.rest.len())
                .unwrap_or_default();
            return Err(format!("invalid nested repetition operator: `{both}`"));
        }
        let operator = before
            .get(..before.len() - self.rest.len())
            .unwrap_or_default();
        if self.out.is_empty()
            || self.out.ends_with(['(', '|'])
                && !self.out.ends_with("\\(")
                && !self.out.ends_with("\\|")
        {
            let bare = operator
                .strip_suffix('?')
                .filter(|bare| !bare.is_empty())
                .unwrap_or(operator);
            return Err(format!("missing argument to repetition operator: `{bare}`"));
        }
        self.out.push_str(operator);
        self.last_repeat = Some(before);
        Ok(())
    }

    fn group(&mut self) -> Result<(), String> {
        let Some(after) = self.rest.strip_prefix("(?") else {
            self.out.push('(');
            self.advance(1);
            return Ok(());
        };
        if let Some(name) = after.strip_prefix("P<").or_else(|| after.strip_prefix('<')) {
            if name.starts_with(['=', '!']) {
                let start = self.rest.get(..4).unwrap_or(self.rest);
                return Err(format!("invalid or unsupported Perl syntax: `{start}`"));
            }
            let end = name
                .find('>')
                .ok_or_else(|| format!("invalid named capture: `{}`", self.rest))?;
            let name_text = name.get(..end).unwrap_or_default();
            let is_word = |character: char| character == '_' || character.is_ascii_alphanumeric();
            if name_text.is_empty() || !name_text.chars().all(is_word) {
                return Err(format!("invalid named capture: `(?P<{name_text}>`"));
            }
            // Go's names may start with digits; nothing but positions is ever asked for.
            self.out.push_str("(?P<_");
            self.out.push_str(name_text);
            self.out.push('>');
            self.rest = name.get(end + 1..).unwrap_or_default();
            return Ok(());
        }
        let end = after.find([':', ')']);
        let flags = end.and_then(|end| after.get(..end)).unwrap_or_default();
        let is_known = flags.chars().all(|flag| "imsU-".contains(flag))
            && flags.matches('-').count() <= 1
            && !flags.ends_with('-')
            && !(flags.is_empty() && after.starts_with(')'));
        match end {
            Some(end) if is_known => {
                self.out.push_str("(?");
                self.out.push_str(after.get(..=end).unwrap_or_default());
                self.rest = after.get(end + 1..).unwrap_or_default();
                Ok(())
            }
            _ => {
                let shown = self.rest.chars().take(3).collect::<String>();
                Err(format!("invalid or unsupported Perl syntax: `{shown}`"))
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        if let Some(after) = self.rest.strip_prefix("\\Q") {
            let (quoted, rest) = after.split_once("\\E").unwrap_or((after, ""));
            for character in quoted.chars() {
                push_literal(&mut self.out, character);
            }
            self.rest = rest;
            return Ok(());
        }
        let Some(next) = self.rest.chars().nth(1) else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let translated = match next {
            'A' => "\\A",
            'z' => "\\z",
            'b' => "(?-u:\\b)",
            'B' => "\\B",
            'd' => "[0-9]",
            'D' => "[^0-9]",
            's' => "[\\t\\n\\f\\r ]",
            'S' => "[^\\t\\n\\f\\r ]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            'E' => "",
            _ => {
                return self
                    .property_or_character()
                    .map(|text| self.out.push_str(&text));
            }
        };
        self.out.push_str(translated);
        self.advance(2);
        Ok(())
    }

    /// `\pL`, `\p{Greek}` or an escaped character, at a backslash.
    fn property_or_character(&mut self) -> Result<String, String> {
        let start = self.rest;
        let after = start.get(1..).unwrap_or_default();
        if after.starts_with(['p', 'P']) {
            let name = after.get(1..).unwrap_or_default();
            let length = if name.starts_with('{') {
                name.find('}').map(|end| end + 1)
            } else {
                name.chars().next().map(char::len_utf8)
            };
            let length =
                length.ok_or_else(|| format!("invalid character class range: `{start}`"))?;
            let text = start.get(..2 + length).unwrap_or_default();
            self.advance(2 + length);
            // Negation stands in the braces in Go.
            return Ok(match text.split_once("{^") {
                Some(("\\p", name)) => format!("\\P{{{name}"),
                Some((_, name)) => format!("\\p{{{name}"),
                None => text.to_owned(),
            });
        }
        self.character().map(|character| {
            let mut out = String::new();
            push_literal(&mut out, character);
            out
        })
    }

    /// An escaped character, at a backslash.
    fn character(&mut self) -> Result<char, String> {
        let start = self.rest;
        let mut characters = start.chars().skip(1);
        let Some(next) = characters.next() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let invalid = |length: usize| {
            let shown = start.get(..length).unwrap_or(start);
            format!("invalid escape sequence: `{shown}`")
        };
        let plain = match next {
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            't' => Some('\t'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            'v' => Some('\u{b}'),
            _ if next.is_ascii_punctuation() => Some(next),
            _ => None,
        };
        if let Some(plain) = plain {
            self.advance(2);
            return Ok(plain);
        }
        let after = start.get(2..).unwrap_or_default();
        let (length, code) = match next {
            'x' if after.starts_with('{') => {
                let end = after.find('}').ok_or_else(|| invalid(start.len()))?;
                (
                    3 + end,
                    u32::from_str_radix(after.get(1..end).unwrap_or_default(), 16),
                )
            }
            'x' => (
                4,
                u32::from_str_radix(after.get(..2).unwrap_or_default(), 16),
            ),
            // A single digit but zero would refer back, which RE2 does not do.
            '0'..='7' if next == '0' || after.starts_with(|digit| ('0'..='7').contains(&digit)) => {
                let digits = start.get(1..).unwrap_or_default();
                let count = digits
                    .bytes()
                    .take(3)
                    .take_while(|digit| (b'0'..=b'7').contains(digit))
                    .count();
                (
                    1 + count,
                    u32::from_str_radix(digits.get(..count).unwrap_or_default(), 8),
                )
            }
            _ => return Err(invalid(1 + next.len_utf8())),
        };
        let character = code
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| invalid(length.min(start.len())))?;
        self.advance(length);
        Ok(character)
    }

    fn class(&mut self) -> Result<(), String> {
        let start = self.rest;
        let missing = || format!("missing closing ]: `{start}`");
        self.advance(1);
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.advance(1);
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let next = self.rest.chars().next().ok_or_else(missing)?;
            if next == ']' && !is_first {
                self.advance(1);
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if let Some(length) = self
                .rest
                .strip_prefix("[:")
                .and_then(|name| name.find(":]"))
            {
                let name = self.rest.get(..length + 4).unwrap_or_default().to_owned();
                self.out.push_str(&name);
                self.advance(length + 4);
                continue;
            }
            if let Some(text) = self.class_escape()? {
                self.out.push_str(&text);
                continue;
            }
            let range_start = self.rest;
            let low = self.class_character()?;
            push_literal(&mut self.out, low);
            let is_range =
                self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1;
            if is_range {
                self.advance(1);
                let high = self.class_character()?;
                if high < low {
                    let range = range_start
                        .get(..range_start.len() - self.rest.len())
                        .unwrap_or_default();
                    return Err(format!("invalid character class range: `{range}`"));
                }
                self.out.push('-');
                push_literal(&mut self.out, high);
            }
        }
    }

    /// A class in a class, such as `\d`.
    fn class_escape(&mut self) -> Result<Option<String>, String> {
        let mut characters = self.rest.chars();
        if characters.next() != Some('\\') {
            return Ok(None);
        }
        let text = match characters.next() {
            Some('d') => "0-9",
            Some('D') => "[^0-9]",
            Some('s') => "\\t\\n\\f\\r ",
            Some('S') => "[^\\t\\n\\f\\r ]",
            Some('w') => "0-9A-Za-z_",
            Some('W') => "[^0-9A-Za-z_]",
            Some('p' | 'P') => return self.property_or_character().map(Some),
            _ => return Ok(None),
        };
        self.advance(2);
        Ok(Some(text.to_owned()))
    }

    fn class_character(&mut self) -> Result<char, String> {
        match self.rest.chars().next() {
            Some('\\') => self.character(),
            Some(character) => {
                self.advance(character.len_utf8());
                Ok(character)
            }
            None => Err("missing closing ]: ``".to_owned()),
        }
    }
}

/// The length and the bounds of a repetition `{n}`, `{n,}` or `{n,m}` at the start of the text.
fn repeat_bounds(text: &str) -> Option<(usize, u32, Option<u32>)> {
    let end = text.find('}')?;
    let inner = text.get(1..end)?;
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let has_leading_zero = digits.len() > 1 && digits.starts_with('0');
        // What is too large for a number is too large for a repetition.
        (is_number && !has_leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let (low, high) = match inner.split_once(',') {
        None => {
            let count = number(inner)?;
            (count, Some(count))
        }
        Some((low, "")) => (number(low)?, None),
        Some((low, high)) => (number(low)?, Some(number(high)?)),
    };
    Some((end + 1, low, high))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::compile;

    #[test]
    fn go_syntax_matches_as_in_go() {
        for (pattern, text, expected) in [
            (r"^\d+$", "123", true),
            (r"^\d+$", "١٢٣", false),
            (r"^\w+$", "straße", false),
            (r"^[\w-]+$", "a-b", true),
            (r"^[[:alpha:]]+$", "ab", true),
            (r"^a{,2}$", "a{,2}", true),
            (r"^a{2}$", "aa", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^[a&&b]+$", "a&b", true),
            (r"^[]a]+$", "]a", true),
            (r"^\x41\101$", "AA", true),
            (r"^(?P<1a>x)$", "x", true),
            (r"(?i)STRASSE", "strasse", true),
            (r"^[^\S]$", " ", true),
            ("^.$", "\n", false),
            (r"^\pL+$", "äß", true),
            (r"^\p{^L}$", "1", true),
            ("a-b#c", "a-b#c", true),
        ] {
            assert_eq!(
                compile(pattern).unwrap().is_match(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn what_go_rejects_is_an_error() {
        for pattern in [
            "(",
            ")",
            "[a",
            "a**",
            "a*+",
            "*a",
            "(?=a)",
            "(?<!a)",
            r"\1",
            "(?x)a",
            "a{1001}",
            "a{2,1}",
            "[b-a]",
            r"\",
            r"\q",
            "(?P<a-b>x)",
            "(*)",
            "x|*",
        ] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
