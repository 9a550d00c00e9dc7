//! Scalars as they are written: plain, in quotes, in blocks.

use super::error::Mark;
use super::scan::{Scanner, ends_word, is_blank, is_break};

/// Blanks and line breaks between words.
#[derive(Default)]
struct Gap {
    blanks: String,
    /// The first line break.
    first: Option<char>,
    /// Those after it.
    further: String,
}

impl Gap {
    /// What the gap reads as: blanks on one line stay, a single line break is a space, of several one is left out.
    fn close(&mut self, out: &mut String) {
        match self.first.take() {
            None => out.push_str(&self.blanks),
            Some('\n') if self.further.is_empty() => out.push(' '),
            Some('\n') => out.push_str(&self.further),
            Some(other) => {
                out.push(other);
                out.push_str(&self.further);
            }
        }
        self.blanks.clear();
        self.further.clear();
    }

    fn add_break(&mut self, c: char) {
        if self.first.is_none() {
            self.blanks.clear();
            self.first = Some(c);
        } else {
            self.further.push(c);
        }
    }
}

impl Scanner {
    pub(super) fn plain(&mut self) -> Result<String, String> {
        let begun = self.mark;
        let indent = self.indent + 1;
        let mut out = String::new();
        let mut gap = Gap::default();
        loop {
            if self.at_document_indicator() || self.at(0) == '#' {
                break;
            }
            while !ends_word(self.at(0)) {
                let c = self.at(0);
                let ends = c == ':' && ends_word(self.at(1))
                    || self.flow > 0 && matches!(c, ',' | '?' | '[' | ']' | '{' | '}');
                if ends {
                    break;
                }
                gap.close(&mut out);
                out.push(c);
                self.step();
            }
            if !(is_blank(self.at(0)) || is_break(self.at(0))) {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                let c = self.at(0);
                if is_break(c) {
                    let c = self.line_break();
                    gap.add_break(c);
                    continue;
                }
                if gap.first.is_some() {
                    if c == '\t' && self.column() < indent {
                        return Err(
                            self.wrong(begun, "found a tab character that violates indentation")
                        );
                    }
                } else {
                    gap.blanks.push(c);
                }
                self.step();
            }
            if self.flow == 0 && self.column() < indent {
                break;
            }
        }
        if gap.first.is_some() {
            self.key_allowed = true;
        }
        Ok(out)
    }

    pub(super) fn quoted(&mut self, quote: char) -> Result<String, String> {
        let begun = self.mark;
        self.step();
        let mut out = String::new();
        let mut gap = Gap::default();
        loop {
            if self.at_document_indicator() {
                return Err(self.wrong(begun, "found unexpected document indicator"));
            }
            if self.mark.index >= self.text.len() {
                return Err(self.wrong(begun, "found unexpected end of stream"));
            }
            let mut joined = false;
            while !ends_word(self.at(0)) {
                let c = self.at(0);
                if c == quote {
                    if quote == '"' || self.at(1) != '\'' {
                        break;
                    }
                    self.step();
                } else if c == '\\' && quote == '"' {
                    if is_break(self.at(1)) {
                        self.step();
                        self.line_break();
                        joined = true;
                        break;
                    }
                    out.push(self.escape(begun)?);
                    continue;
                }
                out.push(c);
                self.step();
            }
            if self.at(0) == quote {
                self.step();
                return Ok(out);
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                let c = self.at(0);
                if is_break(c) {
                    let c = self.line_break();
                    if joined {
                        // After an escaped line break every other one counts.
                        gap.further.push(c);
                    } else {
                        gap.add_break(c);
                    }
                    continue;
                }
                if gap.first.is_none() && !joined {
                    gap.blanks.push(c);
                }
                self.step();
            }
            if joined {
                out.push_str(&gap.further);
                gap.further.clear();
            } else {
                gap.close(&mut out);
            }
        }
    }

    /// An escape in double quotes.
    fn escape(&mut self, begun: Mark) -> Result<char, String> {
        let plain = match self.at(1) {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            ' ' => ' ',
            '"' => '"',
            '\'' => '\'',
            '\\' => '\\',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            length @ ('x' | 'u' | 'U') => {
                self.step();
                self.step();
                let digits = match length {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let mut code: u32 = 0;
                for place in 0..digits {
                    let Some(digit) = self.at(place).to_digit(16) else {
                        return Err(self.wrong(begun, "did not find expected hexdecimal number"));
                    };
                    code = code.wrapping_shl(4) | digit;
                }
                let Some(c) = char::from_u32(code) else {
                    return Err(self.wrong(begun, "found invalid Unicode character escape code"));
                };
                for _ in 0..digits {
                    self.step();
                }
                return Ok(c);
            }
            _ => return Err(self.wrong(begun, "found unknown escape character")),
        };
        self.step();
        self.step();
        Ok(plain)
    }

    pub(super) fn block_scalar(&mut self, literal: bool) -> Result<String, String> {
        let begun = self.mark;
        self.step();
        let mut chomp = None;
        let mut increment = None;
        for _ in 0..2 {
            match self.at(0) {
                c @ ('+' | '-') if chomp.is_none() => {
                    chomp = Some(c);
                    self.step();
                }
                '0' if increment.is_none() => {
                    return Err(self.wrong(begun, "found an indentation indicator equal to 0"));
                }
                c @ '1'..='9' if increment.is_none() => {
                    increment = c.to_digit(10).and_then(|digit| isize::try_from(digit).ok());
                    self.step();
                }
                _ => break,
            }
        }
        while is_blank(self.at(0)) {
            self.step();
        }
        if self.at(0) == '#' {
            self.rest_of_line();
        }
        if is_break(self.at(0)) {
            self.line_break();
        } else if self.mark.index < self.text.len() {
            return Err(self.wrong(begun, "did not find expected comment or line break"));
        }
        let mut indent = increment.map(|increment| self.indent.max(0) + increment);
        let mut out = String::new();
        let mut leading = None;
        let mut trailing = self.block_breaks(&mut indent, begun)?;
        let mut after_blank = false;
        while self.column() == indent.unwrap_or(0) && self.mark.index < self.text.len() {
            let blank = is_blank(self.at(0));
            if !literal && !after_blank && !blank && leading == Some('\n') {
                if trailing.is_empty() {
                    out.push(' ');
                }
            } else {
                out.extend(leading);
            }
            out.push_str(&trailing);
            after_blank = blank;
            let from = self.mark.index;
            self.rest_of_line();
            out.extend(self.text.get(from..self.mark.index).unwrap_or_default());
            leading = is_break(self.at(0)).then(|| self.line_break());
            trailing = self.block_breaks(&mut indent, begun)?;
        }
        if chomp != Some('-') {
            out.extend(leading);
        }
        if chomp == Some('+') {
            out.push_str(&trailing);
        }
        Ok(out)
    }

    /// Empty lines and indentation; finds the indentation out if it is not known.
    fn block_breaks(&mut self, indent: &mut Option<isize>, begun: Mark) -> Result<String, String> {
        let mut breaks = String::new();
        let mut widest = 0;
        loop {
            let inside = |column: isize| indent.is_none_or(|indent| column < indent);
            while inside(self.column()) && self.at(0) == ' ' {
                self.step();
            }
            widest = widest.max(self.column());
            if inside(self.column()) && self.at(0) == '\t' {
                let problem = "found a tab character where an indentation space is expected";
                return Err(self.wrong(begun, problem));
            }
            if !is_break(self.at(0)) {
                break;
            }
            breaks.push(self.line_break());
        }
        if indent.is_none() {
            *indent = Some(widest.max(self.indent + 1).max(1));
        }
        Ok(breaks)
    }
}
