//! Characters to tokens.
//!
//! The algorithm is libyaml's: indentation becomes tokens that open and close blocks, and what may turn out to be a key is
//! remembered until its colon comes.

use std::collections::VecDeque;

use super::error::{Mark, message};

/// Collections inside each other that the scanner follows.
const MAX_DEPTH: usize = 10_000;
/// Characters from the start of a key to its colon.
const KEY_LENGTH: usize = 1_024;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StreamEnd,
    Version(u32, u32),
    TagDirective(String, String),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag(String, String),
    Scalar(String, Style),
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: Mark,
}

/// Where a key may have begun.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

pub(super) struct Scanner {
    pub(super) text: Vec<char>,
    pub(super) mark: Mark,
    tokens: VecDeque<Token>,
    /// Tokens that were taken.
    taken: usize,
    pub(super) flow: usize,
    /// The column of the block, -1 outside all of them.
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) key_allowed: bool,
    keys: Vec<SimpleKey>,
}

pub(super) const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// A blank, a line break, or the end (which reads as NUL).
pub(super) const fn ends_word(c: char) -> bool {
    is_blank(c) || is_break(c) || c == '\0'
}

impl Scanner {
    /// # Errors
    /// The text has control characters.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let allowed = |c: char| {
            matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
                | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        };
        if !source.chars().all(allowed) {
            return Err("yaml: control characters are not allowed".to_owned());
        }
        Ok(Self {
            text: source.chars().collect(),
            mark: Mark::default(),
            tokens: VecDeque::new(),
            taken: 0,
            flow: 0,
            indent: -1,
            indents: Vec::new(),
            key_allowed: true,
            keys: vec![SimpleKey::default()],
        })
    }

    /// The next token, which stays.
    pub(super) fn peek(&mut self) -> Result<&Token, String> {
        // Two tokens more than needed, since that decides which of two errors is seen.
        while self.tokens.len() < 3 || self.head_may_be_key()? {
            self.fetch()?;
        }
        self.tokens
            .front()
            .ok_or_else(|| "yaml: no token".to_owned())
    }

    /// Takes the token that was peeked at.
    pub(super) fn skip(&mut self) {
        if self.tokens.pop_front().is_some() {
            self.taken += 1;
        }
    }

    fn head_may_be_key(&mut self) -> Result<bool, String> {
        let place = self
            .keys
            .iter()
            .position(|key| key.possible && key.token == self.taken);
        match place {
            Some(place) => self.still_key(place),
            None => Ok(false),
        }
    }

    /// Whether a key that may have begun can still be one.
    fn still_key(&mut self, place: usize) -> Result<bool, String> {
        let mark = self.mark;
        let Some(key) = self.keys.get_mut(place).filter(|key| key.possible) else {
            return Ok(false);
        };
        if key.mark.line < mark.line || key.mark.index + KEY_LENGTH < mark.index {
            if key.required {
                return Err(message(key.mark, mark, true, "could not find expected ':'"));
            }
            key.possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    /// The character so many further on; NUL after the end.
    pub(super) fn at(&self, further: usize) -> char {
        self.text
            .get(self.mark.index + further)
            .copied()
            .unwrap_or('\0')
    }

    pub(super) const fn step(&mut self) {
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Goes over a line break, and gives what it reads as.
    pub(super) fn line_break(&mut self) -> char {
        let c = self.at(0);
        self.mark.index += if c == '\r' && self.at(1) == '\n' {
            2
        } else {
            1
        };
        self.mark.column = 0;
        self.mark.line += 1;
        if matches!(c, '\u{2028}' | '\u{2029}') {
            c
        } else {
            '\n'
        }
    }

    /// An error in what began at a place.
    pub(super) fn wrong(&self, begun: Mark, problem: &str) -> String {
        message(begun, self.mark, true, problem)
    }

    pub(super) fn column(&self) -> isize {
        isize::try_from(self.mark.column).unwrap_or(isize::MAX)
    }

    fn push(&mut self, kind: Kind, start: Mark) {
        self.tokens.push_back(Token { kind, start });
    }

    /// `---` or `...` at the start of a line.
    pub(super) fn at_document_indicator(&self) -> bool {
        self.mark.column == 0
            && matches!(
                (self.at(0), self.at(1), self.at(2)),
                ('-', '-', '-') | ('.', '.', '.')
            )
            && ends_word(self.at(3))
    }

    fn fetch(&mut self) -> Result<(), String> {
        self.next_token();
        self.unroll(self.column());
        let start = self.mark;
        let c = self.at(0);
        if self.mark.index >= self.text.len() {
            if self.mark.column != 0 {
                self.mark.column = 0;
                self.mark.line += 1;
            }
            self.unroll(-1);
            self.remove_key()?;
            self.key_allowed = false;
            self.push(Kind::StreamEnd, self.mark);
            return Ok(());
        }
        if self.mark.column == 0 && c == '%' {
            self.unroll(-1);
            self.remove_key()?;
            self.key_allowed = false;
            let kind = self.directive()?;
            self.push(kind, start);
            return Ok(());
        }
        if self.at_document_indicator() {
            self.unroll(-1);
            self.remove_key()?;
            self.key_allowed = false;
            for _ in 0..3 {
                self.step();
            }
            let kind = if c == '-' {
                Kind::DocumentStart
            } else {
                Kind::DocumentEnd
            };
            self.push(kind, start);
            return Ok(());
        }
        if self.indicator(c)? {
            return Ok(());
        }
        self.content(c)
    }

    /// Brackets, commas, dashes, question marks, colons: whether there was one.
    fn indicator(&mut self, c: char) -> Result<bool, String> {
        let start = self.mark;
        let word_ends = ends_word(self.at(1));
        match c {
            '[' | '{' => {
                self.save_key()?;
                self.keys.push(SimpleKey::default());
                self.flow += 1;
                if self.flow > MAX_DEPTH {
                    return Err(self.wrong(start, "exceeded max depth of 10000"));
                }
                self.key_allowed = true;
                self.single(if c == '[' {
                    Kind::FlowSequenceStart
                } else {
                    Kind::FlowMappingStart
                });
            }
            ']' | '}' => {
                self.remove_key()?;
                if self.flow > 0 {
                    self.flow -= 1;
                    self.keys.pop();
                }
                self.key_allowed = false;
                self.single(if c == ']' {
                    Kind::FlowSequenceEnd
                } else {
                    Kind::FlowMappingEnd
                });
            }
            ',' => {
                self.remove_key()?;
                self.key_allowed = true;
                self.single(Kind::FlowEntry);
            }
            '-' if word_ends => {
                if self.flow == 0 {
                    self.block(Kind::BlockSequenceStart, "block sequence entries")?;
                }
                self.remove_key()?;
                self.key_allowed = true;
                self.single(Kind::BlockEntry);
            }
            '?' if self.flow > 0 || word_ends => {
                if self.flow == 0 {
                    self.block(Kind::BlockMappingStart, "mapping keys")?;
                }
                self.remove_key()?;
                self.key_allowed = self.flow == 0;
                self.single(Kind::Key);
            }
            ':' if self.flow > 0 || word_ends => self.value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Anchors, tags and scalars.
    fn content(&mut self, c: char) -> Result<(), String> {
        let start = self.mark;
        match c {
            '*' | '&' => {
                self.save_key()?;
                self.key_allowed = false;
                let kind = self.anchor(c == '&')?;
                self.push(kind, start);
            }
            '!' => {
                self.save_key()?;
                self.key_allowed = false;
                let kind = self.tag()?;
                self.push(kind, start);
            }
            '|' | '>' if self.flow == 0 => {
                self.remove_key()?;
                self.key_allowed = true;
                let text = self.block_scalar(c == '|')?;
                self.push(Kind::Scalar(text, Style::Quoted), start);
            }
            '\'' | '"' => {
                self.save_key()?;
                self.key_allowed = false;
                let text = self.quoted(c)?;
                self.push(Kind::Scalar(text, Style::Quoted), start);
            }
            _ => {
                let special = matches!(
                    c,
                    '-' | '?'
                        | ':'
                        | ','
                        | '['
                        | ']'
                        | '{'
                        | '}'
                        | '#'
                        | '&'
                        | '*'
                        | '!'
                        | '|'
                        | '>'
                        | '\''
                        | '"'
                        | '%'
                        | '@'
                        | '`'
                ) || ends_word(c);
                let plain = !special
                    || c == '-' && !is_blank(self.at(1))
                    || self.flow == 0 && matches!(c, '?' | ':') && !ends_word(self.at(1));
                if !plain {
                    return Err(self.wrong(start, "found character that cannot start any token"));
                }
                self.save_key()?;
                self.key_allowed = false;
                let text = self.plain()?;
                self.push(Kind::Scalar(text, Style::Plain), start);
            }
        }
        Ok(())
    }

    fn single(&mut self, kind: Kind) {
        let start = self.mark;
        self.step();
        self.push(kind, start);
    }

    /// Opens a block at this column.
    fn block(&mut self, kind: Kind, what: &str) -> Result<(), String> {
        if !self.key_allowed {
            let problem = format!("{what} are not allowed in this context");
            return Err(self.wrong(self.mark, &problem));
        }
        self.roll(self.column(), None, kind, self.mark)
    }

    fn value(&mut self) -> Result<(), String> {
        let last = self.keys.len().saturating_sub(1);
        if self.still_key(last)? {
            let key = self.keys.get(last).copied().unwrap_or_default();
            let place = key.token - self.taken;
            self.tokens.insert(
                place,
                Token {
                    kind: Kind::Key,
                    start: key.mark,
                },
            );
            let column = isize::try_from(key.mark.column).unwrap_or(isize::MAX);
            self.roll(column, Some(place), Kind::BlockMappingStart, key.mark)?;
            if let Some(key) = self.keys.get_mut(last) {
                key.possible = false;
            }
            self.key_allowed = false;
        } else {
            if self.flow == 0 {
                self.block(Kind::BlockMappingStart, "mapping values")?;
            }
            self.key_allowed = self.flow == 0;
        }
        self.single(Kind::Value);
        Ok(())
    }

    fn save_key(&mut self) -> Result<(), String> {
        if self.key_allowed {
            let key = SimpleKey {
                possible: true,
                required: self.flow == 0 && self.indent == self.column(),
                token: self.taken + self.tokens.len(),
                mark: self.mark,
            };
            self.remove_key()?;
            if let Some(last) = self.keys.last_mut() {
                *last = key;
            }
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Result<(), String> {
        let mark = self.mark;
        if let Some(key) = self.keys.last_mut()
            && key.possible
        {
            if key.required {
                return Err(message(key.mark, mark, true, "could not find expected ':'"));
            }
            key.possible = false;
        }
        Ok(())
    }

    fn roll(
        &mut self,
        column: isize,
        place: Option<usize>,
        kind: Kind,
        start: Mark,
    ) -> Result<(), String> {
        if self.flow > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            return Err(self.wrong(start, "exceeded max depth of 10000"));
        }
        let token = Token { kind, start };
        match place {
            Some(place) => self.tokens.insert(place, token),
            None => self.tokens.push_back(token),
        }
        Ok(())
    }

    fn unroll(&mut self, column: isize) {
        if self.flow > 0 {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Goes over blanks, comments and line breaks.
    fn next_token(&mut self) {
        loop {
            if self.mark.column == 0 && self.at(0) == '\u{feff}' {
                self.step();
            }
            while self.at(0) == ' ' || self.at(0) == '\t' && (self.flow > 0 || !self.key_allowed) {
                self.step();
            }
            if self.at(0) == '#' {
                self.rest_of_line();
            }
            if !is_break(self.at(0)) {
                return;
            }
            self.line_break();
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    pub(super) fn rest_of_line(&mut self) {
        while self.mark.index < self.text.len() && !is_break(self.at(0)) {
            self.step();
        }
    }
}
