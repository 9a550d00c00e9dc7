//! Tokens of a template: texts, and what stands between `{{` and `}}`.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Left,
    Right,
    Space,
    Bar,
    Declare,
    Assign,
    Char,
    Open,
    Close,
    String,
    RawString,
    CharConstant,
    Number,
    Field,
    Variable,
    Identifier,
    Keyword,
    Dot,
    Bool,
    Nil,
    Error,
    End,
}

/// A piece of the template.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    /// Bytes before it.
    pub at: usize,
    /// The line that it starts in, from 1.
    pub line: usize,
    pub text: String,
}

const KEYWORDS: &[&str] = &[
    "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with",
];

struct Lexer<'t> {
    source: &'t str,
    at: usize,
    line: usize,
    parens: usize,
    out: Vec<Token>,
}

/// All tokens; the last is [`Kind::End`] or [`Kind::Error`].
pub fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        at: 0,
        line: 1,
        parens: 0,
        out: Vec::new(),
    };
    if let Err(message) = lexer.texts() {
        lexer.out.push(Token {
            kind: Kind::Error,
            at: lexer.at,
            line: lexer.line,
            text: message,
        });
    }
    lexer.out
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn code_point(c: char) -> String {
    format!("U+{:04X} '{c}'", u32::from(c))
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Gives the next bytes as a token.
    fn emit(&mut self, kind: Kind, length: usize) {
        let text = self.rest()[..length].to_owned();
        let lines = text.matches('\n').count();
        self.out.push(Token {
            kind,
            at: self.at,
            line: self.line,
            text,
        });
        self.at += length;
        self.line += lines;
    }

    fn skip(&mut self, length: usize) {
        self.line += self.rest()[..length].matches('\n').count();
        self.at += length;
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.skip(rest.len() - rest.trim_start_matches(is_space).len());
    }

    fn texts(&mut self) -> Result<(), String> {
        loop {
            let Some(length) = self.rest().find("{{") else {
                if !self.rest().is_empty() {
                    self.emit(Kind::Text, self.rest().len());
                }
                self.emit(Kind::End, 0);
                return Ok(());
            };
            let trims = self.trims_left(length + 2);
            let kept = if trims {
                self.rest()[..length].trim_end_matches(is_space).len()
            } else {
                length
            };
            if kept > 0 {
                self.emit(Kind::Text, kept);
            }
            self.skip(length - kept);
            let opening = if trims { 4 } else { 2 };
            if self.rest()[opening..].starts_with("/*") {
                self.skip(opening);
                self.comment()?;
                continue;
            }
            self.emit(Kind::Left, 2);
            self.skip(opening - 2);
            self.parens = 0;
            self.action()?;
        }
    }

    /// `{{- `: a minus and white space behind the brace.
    fn trims_left(&self, from: usize) -> bool {
        let mut after = self.rest()[from..].chars();
        after.next() == Some('-') && after.next().is_some_and(is_space)
    }

    /// The closing delimiter is next; whether white space behind it goes.
    fn closing(&self) -> Option<bool> {
        let rest = self.rest();
        if rest.starts_with("}}") {
            return Some(false);
        }
        let trimmed = rest.strip_prefix(is_space)?;
        trimmed.starts_with("-}}").then_some(true)
    }

    fn comment(&mut self) -> Result<(), String> {
        let Some(end) = self.rest().find("*/") else {
            return Err("unclosed comment".to_owned());
        };
        self.skip(end + 2);
        match self.closing() {
            None => Err("comment ends before closing delimiter".to_owned()),
            Some(trims) => {
                self.skip(if trims { 4 } else { 2 });
                if trims {
                    self.skip_space();
                }
                Ok(())
            }
        }
    }

    fn action(&mut self) -> Result<(), String> {
        loop {
            if let Some(trims) = self.closing() {
                if self.parens > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                if trims {
                    self.skip(2);
                }
                self.emit(Kind::Right, 2);
                if trims {
                    self.skip_space();
                }
                return Ok(());
            }
            let Some(c) = self.peek() else {
                return Err("unclosed action".to_owned());
            };
            match c {
                _ if is_space(c) => self.space(),
                '=' => self.emit(Kind::Assign, 1),
                ':' if self.rest().starts_with(":=") => self.emit(Kind::Declare, 2),
                ':' => return Err("expected :=".to_owned()),
                '|' => self.emit(Kind::Bar, 1),
                '"' => self.quoted('"', Kind::String, "unterminated quoted string")?,
                '\'' => {
                    self.quoted('\'', Kind::CharConstant, "unterminated character constant")?;
                }
                '`' => {
                    let end = self.rest()[1..]
                        .find('`')
                        .ok_or("unterminated raw quoted string")?;
                    self.emit(Kind::RawString, end + 2);
                }
                '$' => self.name(Kind::Variable)?,
                '.' if !self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    self.name(Kind::Field)?;
                }
                '.' | '+' | '-' | '0'..='9' => self.number()?,
                _ if is_word(c) => self.word()?,
                '(' => {
                    self.parens += 1;
                    self.emit(Kind::Open, 1);
                }
                ')' => {
                    self.parens = self.parens.checked_sub(1).ok_or("unexpected right paren")?;
                    self.emit(Kind::Close, 1);
                }
                ' '..='~' => self.emit(Kind::Char, 1),
                _ => {
                    return Err(format!(
                        "unrecognized character in action: {}",
                        code_point(c)
                    ));
                }
            }
        }
    }

    /// White space, but for the one that belongs to ` -}}`.
    fn space(&mut self) {
        let rest = self.rest();
        let mut length = rest.len() - rest.trim_start_matches(is_space).len();
        if rest[length..].starts_with("-}}") {
            length -= 1;
        }
        self.emit(Kind::Space, length);
    }

    fn quoted(&mut self, quote: char, kind: Kind, open: &str) -> Result<(), String> {
        let mut escaped = false;
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    self.emit(kind, at + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(open.to_owned())
    }

    fn word_length(&self, from: usize) -> usize {
        let rest = &self.rest()[from..];
        from + rest.find(|c| !is_word(c)).unwrap_or(rest.len())
    }

    /// Fields and variables: their first character, then a word.
    fn name(&mut self, kind: Kind) -> Result<(), String> {
        let length = self.word_length(1);
        if kind == Kind::Field && length == 1 {
            self.terminated(1)?;
            self.emit(Kind::Dot, 1);
        } else {
            self.terminated(length)?;
            self.emit(kind, length);
        }
        Ok(())
    }

    fn word(&mut self) -> Result<(), String> {
        let length = self.word_length(0);
        self.terminated(length)?;
        let kind = match &self.rest()[..length] {
            word if KEYWORDS.contains(&word) => Kind::Keyword,
            "nil" => Kind::Nil,
            "true" | "false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind, length);
        Ok(())
    }

    /// A name may be followed by these alone.
    fn terminated(&self, length: usize) -> Result<(), String> {
        let after = &self.rest()[length..];
        match after.chars().next() {
            Some(c)
                if !is_space(c)
                    && !matches!(c, '.' | ',' | '|' | ':' | ')' | '(')
                    && !after.starts_with("}}") =>
            {
                Err(format!("bad character {}", code_point(c)))
            }
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Result<(), String> {
        let rest = self.rest();
        let body = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let sign = rest.len() - body.len();
        let lower = body.get(..2).map(str::to_ascii_lowercase);
        let (prefix, digits): (usize, fn(char) -> bool) = match lower.as_deref() {
            Some("0x") => (2, |c| c.is_ascii_hexdigit() || c == '_'),
            Some("0b") => (2, |c| matches!(c, '0' | '1' | '_')),
            Some("0o") => (2, |c| matches!(c, '0'..='7' | '_')),
            _ => (0, |c| c.is_ascii_digit() || c == '_'),
        };
        let mut length = sign + prefix;
        let run = |from: usize, accept: fn(char) -> bool| {
            let tail = &rest[from..];
            from + tail.find(|c| !accept(c)).unwrap_or(tail.len())
        };
        length = run(length, digits);
        if rest[length..].starts_with('.') {
            length = run(length + 1, digits);
        }
        let exponent: &[char] = if prefix == 0 {
            &['e', 'E']
        } else {
            &['p', 'P']
        };
        if rest[length..].starts_with(exponent) {
            length += 1;
            if rest[length..].starts_with(['+', '-']) {
                length += 1;
            }
            length = run(length, |c| c.is_ascii_digit() || c == '_');
        }
        if let Some(c) = rest[length..].chars().next().filter(|c| is_word(*c)) {
            return Err(format!(
                "bad number syntax: {}",
                super::go::quoted(&rest[..length + c.len_utf8()])
            ));
        }
        self.emit(Kind::Number, length);
        Ok(())
    }
}
