//! The parser's state: where it is in the tokens, what it has reported, and how it gets back.
//!
//! A [`State`] can be saved and restored, so that a piece of text can be tried in more than one reading. Errors and
//! hints are part of it: those of a reading that was given up are gone.

use std::collections::HashMap;
use std::rc::Rc;

use crate::ast::{SourceId, Span};
use crate::error::{Code, Diagnostic};

use super::lexer::{Token, Tokens};
use super::options::Language;
use super::token::{Keywords, Tok};
use super::tree::{TermId, TermKind, Tree};

/// Nesting of terms and bodies that is too deep to go on. Far beyond what people write, and low enough for every
/// stage to walk the tree recursively.
const MAX_DEPTH: u32 = 400;

/// Operators or `else` branches in a row that are too many to go on: each nests the tree by one level.
pub(super) const MAX_CHAIN: u32 = 2_000;

/// The message for both limits.
const TOO_DEEP: &str = "max parsing recursion depth exceeded";

/// Terms of fewer tokens are read again rather than remembered.
const REMEMBERED_TOKENS: u32 = 8;

#[derive(Clone, Debug)]
pub(super) struct State {
    /// Index of the token behind the current one.
    next: u32,
    /// The current token. It can differ from what the lexer said: words are keywords or not by context.
    pub(super) tok: Tok,
    /// End of the last token that is not white space.
    pub(super) last_end: u32,
    /// End of the current token.
    pub(super) tok_end: u32,
    /// Number of the next wildcard.
    wildcard: u32,
    /// A line break stands before the current token.
    pub(super) skipped_newline: bool,
    errors: Rc<Vec<u32>>,
    hints: Rc<Vec<String>>,
    pub(super) keywords: Keywords,
}

/// Nothing is remembered of this place.
pub(super) struct NotYet;

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    source: SourceId,
    pub(super) tokens: &'a Tokens,
    pub(super) language: &'a Language,
    pub(super) tree: Tree,
    pub(super) s: State,
    /// `not` negates a scope of its own.
    pub(super) not_bodies: bool,
    /// Every error that was ever reported; the state tells which of them count.
    reported: Vec<Diagnostic>,
    /// Terms by the index of their first token, with the state behind them.
    cache: HashMap<u32, (Option<TermId>, State)>,
    depth: u32,
}

impl<'a> Parser<'a> {
    pub(super) fn new(
        source: SourceId,
        text: &'a str,
        tokens: &'a Tokens,
        language: &'a Language,
    ) -> Self {
        let keywords = Keywords::BASE.import(language.keywords);
        Self {
            text,
            source,
            tokens,
            language,
            tree: Tree::default(),
            s: State {
                next: 0,
                tok: Tok::Illegal,
                last_end: 0,
                tok_end: 0,
                wildcard: 0,
                skipped_newline: false,
                errors: Rc::default(),
                hints: Rc::default(),
                keywords,
            },
            not_bodies: language.keywords.has(Keywords::one("not")),
            reported: Vec::new(),
            cache: HashMap::new(),
            depth: 0,
        }
    }

    // Tokens

    /// Index of the current token.
    pub(super) fn index(&self) -> u32 {
        self.s.next.saturating_sub(1)
    }

    fn token(&self) -> Option<&Token> {
        self.tokens.list.get(self.index() as usize)
    }

    /// Where the current token stands.
    pub(super) fn loc(&self) -> Span {
        self.token()
            .map_or_else(Span::default, |token| self.span_of(token))
    }

    pub(super) fn span_of(&self, token: &Token) -> Span {
        Span {
            source: self.source,
            start: token.start,
            end: token.end,
            row: token.row,
            col: token.col,
        }
    }

    /// Offset of the current token.
    pub(super) fn offset(&self) -> u32 {
        self.token().map_or(0, |token| token.start)
    }

    /// Text of the current token.
    pub(super) fn lit(&self) -> &'a str {
        self.token()
            .map_or("", |token| self.slice(token.start, token.end))
    }

    /// Whether the current token starts a template string.
    pub(super) fn opens_template(&self) -> bool {
        self.token().is_some_and(|token| token.opening)
    }

    pub(super) fn slice(&self, start: u32, end: u32) -> &'a str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Goes on to the next token that is neither white space nor comment.
    pub(super) fn scan(&mut self) {
        self.advance(true);
    }

    /// Goes on to the next token that is no comment.
    pub(super) fn scan_space(&mut self) {
        self.advance(false);
    }

    fn advance(&mut self, skip_space: bool) {
        if self.s.tok != Tok::Whitespace {
            self.s.last_end = self.s.tok_end;
            self.s.skipped_newline = false;
        }
        let count = u32::try_from(self.tokens.list.len()).unwrap_or(u32::MAX);
        loop {
            if self.s.next < count {
                self.s.next += 1;
            }
            let Some(token) = self.token().copied() else {
                self.s.tok = Tok::Eof;
                return;
            };
            self.s.tok_end = token.end;
            self.s.tok = match token.tok {
                Tok::Ident => self
                    .s
                    .keywords
                    .token(self.slice(token.start, token.end))
                    .unwrap_or(Tok::Ident),
                tok => tok,
            };
            let mut illegal = false;
            let tokens = self.tokens;
            for message in tokens.errors_of(self.index()) {
                self.error(self.loc(), message);
                illegal = true;
            }
            if illegal {
                self.s.tok = Tok::Illegal;
            }
            match self.s.tok {
                Tok::Whitespace => {
                    if self.lit().contains('\n') {
                        self.s.skipped_newline = true;
                    }
                    if !skip_space {
                        return;
                    }
                }
                Tok::Comment => {}
                _ => return,
            }
        }
    }

    // Back and forth

    pub(super) fn save(&self) -> State {
        self.s.clone()
    }

    pub(super) fn restore(&mut self, state: State) {
        self.s = state;
    }

    /// The token behind the current one, white space counted.
    pub(super) fn peek_space(&mut self) -> Tok {
        let state = self.save();
        self.scan_space();
        let tok = self.s.tok;
        self.restore(state);
        tok
    }

    /// The token behind the current one, white space left out.
    pub(super) fn peek(&mut self) -> Tok {
        let state = self.save();
        self.scan();
        let tok = self.s.tok;
        self.restore(state);
        tok
    }

    /// Reads with other keywords, remembering nothing of it.
    pub(super) fn with_keywords<T>(
        &mut self,
        keywords: Keywords,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let cache = std::mem::take(&mut self.cache);
        let before = std::mem::replace(&mut self.s.keywords, keywords);
        let result = read(self);
        self.s.keywords = before;
        self.cache = cache;
        result
    }

    /// Goes behind the term that was read from here before. `Err`: it was not read yet.
    pub(super) fn remembered(&mut self) -> Result<Option<TermId>, NotYet> {
        let (term, state) = self.cache.get(&self.index()).ok_or(NotYet)?;
        let (term, state) = (*term, state.clone());
        self.s = state;
        Ok(term)
    }

    pub(super) fn remember(&mut self, from: u32, term: Option<TermId>) {
        if self.index().saturating_sub(from) >= REMEMBERED_TOKENS {
            self.cache.insert(from, (term, self.save()));
        }
    }

    /// Forgets what was read, between statements and where a reading must not see it.
    pub(super) fn forget(&mut self) {
        self.cache.clear();
    }

    /// Goes one level deeper; false, and an error, when that is too deep.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.too_deep();
            self.depth -= 1;
            return false;
        }
        true
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn too_deep(&mut self) {
        self.error(self.loc(), TOO_DEEP);
    }

    // Errors

    pub(super) fn error(&mut self, span: Span, message: &str) {
        let message = match self.s.hints.as_slice() {
            [] => message.to_owned(),
            [hint] => format!("{message} (hint: {hint})"),
            hints => format!("{message} (hints: {})", hints.join(", ")),
        };
        let index = u32::try_from(self.reported.len()).unwrap_or(u32::MAX);
        self.reported.push(parse_error(self.text, span, message));
        Rc::make_mut(&mut self.s.errors).push(index);
        self.s.hints = Rc::default();
    }

    pub(super) fn hint(&mut self, hint: impl Into<String>) {
        Rc::make_mut(&mut self.s.hints).push(hint.into());
    }

    pub(super) fn has_hints(&self) -> bool {
        !self.s.hints.is_empty()
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.s.errors.is_empty()
    }

    /// Reports the current token, which does not belong here.
    pub(super) fn illegal(&mut self, note: &str) {
        if self.s.tok == Tok::Illegal {
            self.error(self.loc(), "illegal token");
            return;
        }
        let kind = if self.s.tok.is_keyword() {
            "keyword"
        } else {
            "token"
        };
        let name = self.s.tok.name();
        let message = if note.is_empty() {
            format!("unexpected {name} {kind}")
        } else {
            format!("unexpected {name} {kind}: {note}")
        };
        self.error(self.loc(), &message);
    }

    pub(super) fn illegal_token(&mut self) {
        self.illegal("");
    }

    /// The errors that count, in the order in which they were found.
    pub(super) fn errors(&self) -> Vec<Diagnostic> {
        self.s
            .errors
            .iter()
            .filter_map(|index| self.reported.get(*index as usize).cloned())
            .collect()
    }

    // Nodes

    pub(super) fn add(&mut self, span: Span, kind: TermKind) -> TermId {
        self.tree.add_term(span, kind)
    }

    /// A span that starts where `at` does and covers the text from `start` to `end`.
    pub(super) fn spanning(at: Span, start: u32, end: u32) -> Span {
        Span { start, end, ..at }
    }

    /// `at`, reaching up to the last token that was read.
    pub(super) fn extended(&self, at: Span) -> Span {
        Span {
            end: self.s.last_end,
            ..at
        }
    }

    pub(super) fn set_span(&mut self, term: TermId, span: Span) -> TermId {
        self.tree.term_mut(term).span = span;
        term
    }

    pub(super) fn wildcard(&mut self) -> TermKind {
        let number = self.s.wildcard;
        self.s.wildcard += 1;
        TermKind::Var(format!("${number}").into())
    }
}

/// A parse error that speaks of a whole rule, package or comment: without the line.
pub(super) fn whole_error(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::Parse, span, message)
}

/// A parse error, with the line that it is on.
pub(super) fn parse_error(text: &str, span: Span, message: impl Into<String>) -> Diagnostic {
    let bytes = text.as_bytes();
    let mut at = (span.start as usize).min(bytes.len().saturating_sub(1));
    while at > 0 && bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at -= 1;
    }
    let is_break = |b: &u8| matches!(b, b'\n' | b'\r');
    let begin = bytes
        .iter()
        .take(at)
        .rposition(is_break)
        .map_or(0, |i| i + 1);
    let length = bytes.iter().skip(begin).position(is_break);
    let end = length.map_or(bytes.len(), |n| begin + n);
    let line = String::from_utf8_lossy(bytes.get(begin..end).unwrap_or_default());
    let index = at - begin.min(at);
    let shown = line.trim_start_matches('\t');
    let indent = index.saturating_sub(line.len() - shown.len());
    let mut error = Diagnostic::new(Code::Parse, span, message);
    error.details = vec![shown.to_owned(), format!("{}^", " ".repeat(indent))];
    error.data = Some(serde_json::json!({"line": line, "idx": index}));
    error
}
