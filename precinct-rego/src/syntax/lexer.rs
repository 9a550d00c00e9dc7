//! Text to tokens, by the rules of `rego.pest`; those that are plain to see are taken without asking it ([`plain`]).
//!
//! The whole text is read once, ahead of the parser. Template strings nest expressions in text, so a stack of the
//! open ones tells at each `}` whether text follows. Errors belong to tokens: they are reported only when the parser
//! gets there, as OPA's parser does.

use pest::Parser as _;
use pest::iterators::Pair;

use super::plain;
use super::token::Tok;

#[derive(pest_derive::Parser)]
#[grammar = "syntax/rego.pest"]
struct Grammar;

/// A token and its place. Columns count characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) tok: Tok,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) row: u32,
    pub(super) col: u32,
    /// The token starts a template string (as opposed to continuing one).
    pub(super) opening: bool,
}

/// The tokens of a text, an end marker last, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    /// By token index, ascending.
    pub(super) errors: Vec<(u32, &'static str)>,
}

impl Tokens {
    /// What is wrong with the token.
    pub(super) fn errors_of(&self, index: u32) -> impl Iterator<Item = &'static str> {
        let from = self.errors.partition_point(|(i, _)| *i < index);
        self.errors
            .iter()
            .skip(from)
            .take_while(move |(i, _)| *i == index)
            .map(|(_, message)| *message)
    }
}

/// A template string whose expression is being read.
struct Open {
    raw: bool,
    braces: u32,
}

struct Lexer<'a> {
    text: &'a str,
    out: Tokens,
    /// Place of the next character.
    offset: usize,
    row: u32,
    col: u32,
    open: Vec<Open>,
}

/// Reads the whole text. Its length must fit in 32 bits.
pub(super) fn tokens(text: &str) -> Tokens {
    read(text, plain::token)
}

/// Room for more tokens is made when they come.
const MOST_RESERVED: usize = 1 << 16;

/// Reads the text; what `plain` does not know is left to the grammar.
fn read(text: &str, plain: impl Fn(&str) -> Option<(Tok, usize)>) -> Tokens {
    let mut lexer = Lexer {
        text,
        out: Tokens::default(),
        offset: 0,
        row: 1,
        col: 1,
        open: Vec::new(),
    };
    // A token and the space behind it are five or six bytes of most policies.
    lexer.out.list.reserve((text.len() / 3).min(MOST_RESERVED));
    lexer.byte_order_mark();
    while let Some(rest) = text.get(lexer.offset..).filter(|rest| !rest.is_empty()) {
        let goes_on = match plain(rest) {
            Some((tok, length)) => lexer.plain(tok, rest.get(..length).unwrap_or_default()),
            None => lexer.by_grammar(rest),
        };
        if !goes_on {
            break;
        }
    }
    lexer.end();
    lexer.unreadable_characters();
    lexer.out
}

impl Lexer<'_> {
    fn byte_order_mark(&mut self) {
        if self.text.starts_with('\u{FEFF}') {
            self.offset = '\u{FEFF}'.len_utf8();
            self.col += 1;
        }
    }

    /// Takes a token; false when it is empty.
    fn plain(&mut self, tok: Tok, text: &str) -> bool {
        if !self.open.is_empty() && matches!(tok, Tok::LBrace | Tok::RBrace) {
            self.brace(text);
        } else {
            self.push(tok, text);
        }
        !text.is_empty()
    }

    /// Reads a token by the grammar; false when nothing could be read.
    fn by_grammar(&mut self, rest: &str) -> bool {
        let base = self.offset;
        let rule = if self.open.is_empty() {
            Rule::outside
        } else {
            Rule::inside
        };
        let Ok(pairs) = Grammar::parse(rule, rest) else {
            return false;
        };
        for pair in pairs.flat_map(Pair::into_inner) {
            self.token(pair);
        }
        self.offset > base
    }

    fn token(&mut self, pair: Pair<'_, Rule>) {
        let text = pair.as_str();
        match pair.as_rule() {
            Rule::space => self.push(Tok::Whitespace, text),
            Rule::comment => self.push(Tok::Comment, text),
            Rule::identifier => self.push(Tok::Ident, text),
            Rule::number => self.checked(Tok::Number, pair),
            Rule::string | Rule::raw_string => self.checked(Tok::String, pair),
            Rule::template | Rule::raw_template => self.template(pair, true),
            Rule::brace => self.brace(text),
            Rule::symbol => self.push(Tok::of_symbol(text), text),
            Rule::nbsp => self.wrong(
                text,
                "illegal non-breaking space character, use a regular space instead",
            ),
            Rule::lone_dollar => self.wrong(text, "illegal $ character"),
            Rule::lone_bang => self.wrong(text, "illegal ! character"),
            _ => self.push(Tok::Illegal, text),
        }
    }

    fn wrong(&mut self, text: &str, message: &'static str) {
        self.error(message);
        self.push(Tok::Illegal, text);
    }

    /// An error of the token that is pushed next.
    fn error(&mut self, message: &'static str) {
        let index = u32::try_from(self.out.list.len()).unwrap_or(u32::MAX);
        self.out.errors.push((index, message));
    }

    fn checked(&mut self, tok: Tok, pair: Pair<'_, Rule>) {
        let text = pair.as_str();
        for part in pair.into_inner() {
            if let Some(message) = message(part.as_rule()) {
                self.error(message);
            }
        }
        self.push(tok, text);
    }

    fn template(&mut self, pair: Pair<'_, Rule>, opening: bool) {
        let raw = matches!(pair.as_rule(), Rule::raw_template | Rule::raw_template_rest);
        let text = pair.as_str();
        let mut opens = false;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::opens {
                opens = true;
            } else if let Some(message) = message(part.as_rule()) {
                self.error(message);
            }
        }
        self.push(
            match (opens, raw) {
                (true, false) => Tok::TemplatePart,
                (false, false) => Tok::TemplateEnd,
                (true, true) => Tok::RawTemplatePart,
                (false, true) => Tok::RawTemplateEnd,
            },
            text,
        );
        if let Some(last) = self.out.list.last_mut() {
            last.opening = opening;
        }
        if opens {
            self.open.push(Open { raw, braces: 0 });
        }
    }

    /// A brace inside of a template string's expression.
    fn brace(&mut self, text: &str) {
        self.push(Tok::of_symbol(text), text);
        let Some(open) = self.open.last_mut() else {
            return;
        };
        if text == "{" {
            open.braces += 1;
        } else if open.braces > 0 {
            open.braces -= 1;
        } else {
            let rule = if open.raw {
                Rule::raw_template_rest
            } else {
                Rule::template_rest
            };
            self.open.pop();
            let rest = self.text.get(self.offset..).unwrap_or_default();
            if let Ok(pairs) = Grammar::parse(rule, rest) {
                for pair in pairs {
                    self.template(pair, false);
                }
            }
        }
    }

    fn push(&mut self, tok: Tok, text: &str) {
        let start = self.offset;
        // A line break is on the row that it opens, as in OPA.
        let (row, col) = if text.starts_with('\n') {
            (self.row + 1, 0)
        } else {
            (self.row, self.col)
        };
        let breaks = text.bytes().filter(|byte| *byte == b'\n').count();
        let last = match breaks {
            0 => text,
            _ => text.rsplit('\n').next().unwrap_or_default(),
        };
        let width = if last.is_ascii() {
            last.len()
        } else {
            last.chars().count()
        };
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        if breaks > 0 {
            self.row += u32::try_from(breaks).unwrap_or(u32::MAX);
            self.col = 1;
        }
        self.col = self.col.saturating_add(width);
        self.offset += text.len();
        self.out.list.push(Token {
            tok,
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(self.offset).unwrap_or(u32::MAX),
            row,
            col,
            opening: false,
        });
    }

    /// The end marker stands on the last character, as in OPA.
    fn end(&mut self) {
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.out.list.push(Token {
            tok: Tok::Eof,
            start: at,
            end: at,
            row: self.row,
            col: self.col.saturating_sub(1),
            opening: false,
        });
    }

    /// Null characters and stray byte-order marks are errors wherever they are, of the token that they follow or are in.
    fn unreadable_characters(&mut self) {
        if !self.text.contains(['\0', '\u{FEFF}']) {
            return;
        }
        for (at, character) in self.text.char_indices() {
            let message = match character {
                '\0' => "illegal null character",
                '\u{FEFF}' if at > 0 => "illegal byte-order mark",
                _ => continue,
            };
            let index = self
                .out
                .list
                .partition_point(|token| (token.end as usize) < at);
            self.out
                .errors
                .push((u32::try_from(index).unwrap_or(u32::MAX), message));
        }
        self.out.errors.sort_by_key(|(index, _)| *index);
    }
}

fn message(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::no_fraction => Some("expected fraction"),
        Rule::no_exponent => Some("expected exponent"),
        Rule::bad_suffix => Some("illegal number format"),
        Rule::bad_escape => Some("illegal escape sequence"),
        Rule::non_terminated => Some("non-terminated string"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of tokens of all kinds, sound and broken.
    const PIECES: &[&str] = &[
        " ", "\n", "\t", "\r\n", "a", "if", "_", "x1", "é", "٣", "0", "12", ".5", "1.", "e3", "E+",
        "\"", "\"ab\"", "\"é\"", "\\", "\\n", "\\u00e9", "`", "`a\n`", "#", "# c é", "$", "$\"",
        "$`", "{", "}", "{x", "\\{", "!", "!=", "=", "==", ":=", ":", "<", "<=", ">", ">=", "(",
        ")", "[", "]", ",", ".", ";", "|", "&", "+", "-", "*", "/", "%", "@", "\u{A0}", "\u{FEFF}",
        "\0", "\u{2028}", "'", "~",
    ];

    #[test]
    fn tokens_that_are_plain_to_see_are_those_of_the_grammar() {
        let mut draw = 1_u64;
        for _ in 0..4_000 {
            let mut text = String::new();
            for _ in 0..12 {
                draw = draw
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(draw >> 33).unwrap_or(0) % PIECES.len();
                text.push_str(PIECES[at]);
            }
            let by_grammar = read(&text, |_| None);
            assert_eq!(
                format!("{:?}", tokens(&text)),
                format!("{by_grammar:?}"),
                "{text:?}"
            );
        }
    }
}
