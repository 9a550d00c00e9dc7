//! GraphQL text to tokens (GraphQL specification, section 2.1).

use crate::json::encode::quote_go;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text that is no token. What exactly is wrong with it is never reported: the parser says what it expected.
    Invalid,
    Eof,
    Bang,
    Dollar,
    Amp,
    ParenL,
    ParenR,
    Spread,
    Colon,
    Equals,
    At,
    BracketL,
    BracketR,
    BraceL,
    BraceR,
    Pipe,
    Name,
    Int,
    Float,
    String,
    BlockString,
    Comment,
}

impl Kind {
    /// The kind in messages.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Invalid => "<Invalid>",
            Self::Eof => "<EOF>",
            Self::Bang => "!",
            Self::Dollar => "$",
            Self::Amp => "&",
            Self::ParenL => "(",
            Self::ParenR => ")",
            Self::Spread => "...",
            Self::Colon => ":",
            Self::Equals => "=",
            Self::At => "@",
            Self::BracketL => "[",
            Self::BracketR => "]",
            Self::BraceL => "{",
            Self::BraceR => "}",
            Self::Pipe => "|",
            Self::Name => "Name",
            Self::Int => "Int",
            Self::Float => "Float",
            Self::String => "String",
            Self::BlockString => "BlockString",
            Self::Comment => "Comment",
        }
    }
}

/// A token with its place.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    pub value: String,
    /// Line and column in characters, see [`super::ast::Position`].
    pub position: (u32, i64),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.text())?;
        if self.value.is_empty() {
            return Ok(());
        }
        f.write_str(" ")?;
        quote_go(&self.value, f)
    }
}

/// Reads tokens one after another.
pub struct Lexer<'t> {
    text: &'t str,
    /// Offset in bytes.
    at: usize,
    line: u32,
    /// Offset in characters.
    characters: i64,
    /// Where the line starts, in characters.
    line_start: i64,
}

impl<'t> Lexer<'t> {
    pub const fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            characters: 0,
            line_start: 0,
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes on by one character of the same line.
    fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        self.characters += 1;
        Some(character)
    }

    fn bump_many(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    /// Goes on past a line break, `\r\n` being one. Between tokens OPA's lexer counts the `\n` of it as the first
    /// character of the next line, inside block strings it does not.
    fn line_break(&mut self, inside_string: bool) {
        let is_return = self.bump() == Some('\r');
        if inside_string && is_return && self.peek() == Some('\n') {
            self.bump();
        }
        self.line += 1;
        self.line_start = self.characters;
        if !inside_string && is_return && self.peek() == Some('\n') {
            self.bump();
        }
    }

    const fn column_of(&self, characters: i64) -> i64 {
        characters - self.line_start + 1
    }

    fn skip_ignored(&mut self) {
        while let Some(character) = self.peek() {
            match character {
                '\t' | ' ' | ',' | '\u{feff}' => {
                    self.bump();
                }
                '\n' | '\r' => self.line_break(false),
                _ => return,
            }
        }
    }

    /// The next token; at the end of the text it is [`Kind::Eof`] again and again.
    pub fn next_token(&mut self) -> Token {
        self.skip_ignored();
        let (start, first) = (self.at, self.characters);
        let position = (self.line, self.column_of(first));
        let token = |kind, value: &str| Token {
            kind,
            value: value.to_owned(),
            position,
        };
        let Some(character) = self.peek() else {
            return token(Kind::Eof, "");
        };
        let punctuator = match character {
            '!' => Some(Kind::Bang),
            '$' => Some(Kind::Dollar),
            '&' => Some(Kind::Amp),
            '(' => Some(Kind::ParenL),
            ')' => Some(Kind::ParenR),
            ':' => Some(Kind::Colon),
            '=' => Some(Kind::Equals),
            '@' => Some(Kind::At),
            '[' => Some(Kind::BracketL),
            ']' => Some(Kind::BracketR),
            '{' => Some(Kind::BraceL),
            '}' => Some(Kind::BraceR),
            '|' => Some(Kind::Pipe),
            _ => None,
        };
        if let Some(kind) = punctuator {
            self.bump();
            return token(kind, "");
        }
        let kind = match character {
            '.' if self.rest().starts_with("...") => {
                self.bump_many(3);
                return token(Kind::Spread, "");
            }
            '#' => {
                while self
                    .peek()
                    .is_some_and(|next| next > '\u{1f}' || next == '\t')
                {
                    self.bump();
                }
                Kind::Comment
            }
            '_' | 'a'..='z' | 'A'..='Z' => {
                while self
                    .peek()
                    .is_some_and(|next| next == '_' || next.is_ascii_alphanumeric())
                {
                    self.bump();
                }
                Kind::Name
            }
            '-' | '0'..='9' => match self.number() {
                Some(kind) => kind,
                None => return self.invalid(),
            },
            '"' => {
                let is_block = self.rest().starts_with("\"\"\"");
                let (kind, value) = if is_block {
                    (Kind::BlockString, self.block_string())
                } else {
                    (Kind::String, self.string())
                };
                return match value {
                    // Strings are placed after their opening quotes. Block strings are placed in the line they end in,
                    // with a column relative to the start of that line.
                    Some(value) => {
                        let quotes = if is_block { 3 } else { 1 };
                        Token {
                            kind,
                            value,
                            position: (self.line, self.column_of(first + quotes)),
                        }
                    }
                    None => self.invalid(),
                };
            }
            _ => return self.invalid(),
        };
        token(kind, self.text.get(start..self.at).unwrap_or_default())
    }

    fn invalid(&self) -> Token {
        Token {
            kind: Kind::Invalid,
            value: String::new(),
            position: (self.line, self.column_of(self.characters)),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|next| next.is_ascii_digit()) {
            self.bump();
        }
        self.at - start
    }

    fn accept(&mut self, wanted: &[char]) -> bool {
        let found = self.peek().is_some_and(|next| wanted.contains(&next));
        if found {
            self.bump();
        }
        found
    }

    fn number(&mut self) -> Option<Kind> {
        let mut kind = Kind::Int;
        self.accept(&['-']);
        if self.accept(&['0']) {
            let (at, characters) = (self.at, self.characters);
            if self.digits() > 0 {
                (self.at, self.characters) = (at, characters);
                return None;
            }
        } else if self.digits() == 0 {
            return None;
        }
        if self.accept(&['.']) {
            kind = Kind::Float;
            if self.digits() == 0 {
                return None;
            }
        }
        if self.accept(&['e', 'E']) {
            kind = Kind::Float;
            self.accept(&['-', '+']);
            if self.digits() == 0 {
                return None;
            }
        }
        Some(kind)
    }

    fn string(&mut self) -> Option<String> {
        self.bump();
        let mut value = String::new();
        loop {
            match self.peek()? {
                '"' => {
                    self.bump();
                    return Some(value);
                }
                '\\' => self.escape(&mut value)?,
                character if character < ' ' && character != '\t' => return None,
                character => {
                    value.push(character);
                    self.bump();
                }
            }
        }
    }

    fn escape(&mut self, value: &mut String) -> Option<()> {
        let rest = self.rest();
        let Some(escape) = rest.chars().nth(1) else {
            self.bump();
            return None;
        };
        if escape == 'u' {
            let digits = rest
                .get(2..6)
                .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            let Some(code) = digits
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .filter(|_| rest.len() > 6)
            else {
                self.bump();
                return None;
            };
            value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            self.bump_many(6);
            return Some(());
        }
        value.push(match escape {
            '"' | '/' | '\\' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => {
                self.bump();
                return None;
            }
        });
        self.bump_many(2);
        Some(())
    }

    fn block_string(&mut self) -> Option<String> {
        self.bump_many(3);
        let mut raw = String::new();
        loop {
            let rest = self.rest();
            match self.peek()? {
                '"' => {
                    let quotes = rest.bytes().take_while(|byte| *byte == b'"').count();
                    if quotes < 3 {
                        raw.push('"');
                        self.bump();
                        continue;
                    }
                    // Of more than three quotes the last three close.
                    raw.extend(std::iter::repeat_n('"', quotes - 3));
                    self.bump_many(quotes);
                    return Some(dedent(&raw));
                }
                '\\' if rest.starts_with("\\\"\"\"") => {
                    raw.push_str("\"\"\"");
                    self.bump_many(4);
                }
                '\n' | '\r' => {
                    raw.push('\n');
                    self.line_break(true);
                }
                character if character < ' ' && character != '\t' => return None,
                character => {
                    raw.push(character);
                    self.bump();
                }
            }
        }
    }
}

/// The value of a block string: common indentation and blank lines at both ends removed.
fn dedent(raw: &str) -> String {
    let indent_of = |line: &str| line.find(|character| character != ' ' && character != '\t');
    let lines: Vec<&str> = raw.split('\n').collect();
    let common = lines.iter().filter_map(|line| indent_of(line)).min();
    let cut: Vec<&str> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| match common {
            Some(indent) if index > 0 => line.get(indent..).unwrap_or_default(),
            _ => line,
        })
        .collect();
    let is_blank = |line: &&str| indent_of(line).is_none();
    let start = cut.iter().take_while(|line| is_blank(line)).count();
    let end = cut.len()
        - cut
            .iter()
            .rev()
            .take_while(|line| is_blank(line))
            .count()
            .min(cut.len() - start);
    cut.get(start..end).unwrap_or_default().join("\n")
}
