//! Kinds of tokens, and the sets of words that are keywords.

use crate::ast::RegoVersion;

/// What a token is. The names that messages use are those of OPA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tok {
    Illegal,
    Eof,
    Whitespace,
    Ident,
    Comment,
    Package,
    Import,
    As,
    Default,
    Else,
    Not,
    Some,
    With,
    Null,
    True,
    False,
    Number,
    String,
    TemplatePart,
    TemplateEnd,
    RawTemplatePart,
    RawTemplateEnd,
    LBrack,
    RBrack,
    LBrace,
    RBrace,
    LParen,
    RParen,
    Comma,
    Colon,
    Add,
    Sub,
    Mul,
    Quo,
    Rem,
    And,
    Or,
    Unify,
    Equal,
    Assign,
    In,
    Neq,
    Gt,
    Lt,
    Gte,
    Lte,
    Dot,
    Semicolon,
    Every,
    Contains,
    If,
    LogicalAnd,
    LogicalOr,
}

impl Tok {
    /// The name that messages give the token. Operators are named after their built-in functions.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Illegal => "illegal",
            Self::Eof => "eof",
            Self::Whitespace => "whitespace",
            Self::Ident => "identifier",
            Self::Comment => "comment",
            Self::Package => "package",
            Self::Import => "import",
            Self::As => "as",
            Self::Default => "default",
            Self::Else => "else",
            Self::Not => "not",
            Self::Some => "some",
            Self::With => "with",
            Self::Null => "null",
            Self::True => "true",
            Self::False => "false",
            Self::Number => "number",
            Self::String => "string",
            Self::TemplatePart => "template-string-part",
            Self::TemplateEnd => "template-string-end",
            Self::RawTemplatePart => "raw-template-string-part",
            Self::RawTemplateEnd => "raw-template-string-end",
            Self::LBrack => "[",
            Self::RBrack => "]",
            Self::LBrace => "{",
            Self::RBrace => "}",
            Self::LParen => "(",
            Self::RParen => ")",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::Add => "plus",
            Self::Sub => "minus",
            Self::Mul => "mul",
            Self::Quo => "div",
            Self::Rem => "rem",
            Self::And | Self::LogicalAnd => "and",
            Self::Or | Self::LogicalOr => "or",
            Self::Unify => "eq",
            Self::Equal => "equal",
            Self::Assign => "assign",
            Self::In => "in",
            Self::Neq => "neq",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Gte => "gte",
            Self::Lte => "lte",
            Self::Dot => ".",
            Self::Semicolon => ";",
            Self::Every => "every",
            Self::Contains => "contains",
            Self::If => "if",
        }
    }

    /// Messages speak of a "keyword" for these and of a "token" for the others.
    pub(super) fn is_keyword(self) -> bool {
        matches!(
            self,
            Self::Package
                | Self::Import
                | Self::As
                | Self::Default
                | Self::Else
                | Self::Not
                | Self::Some
                | Self::With
                | Self::Null
                | Self::True
                | Self::False
                | Self::In
                | Self::Every
                | Self::Contains
                | Self::If
                | Self::LogicalAnd
                | Self::LogicalOr
        )
    }

    /// Binding strength of an infix operator, from relations (1) to multiplication (5).
    pub(super) fn level(self) -> Option<u8> {
        match self {
            Self::Equal | Self::Neq | Self::Lt | Self::Gt | Self::Lte | Self::Gte => Some(1),
            Self::Or => Some(2),
            Self::And => Some(3),
            Self::Add | Self::Sub => Some(4),
            Self::Mul | Self::Quo | Self::Rem => Some(5),
            _ => None,
        }
    }

    /// The token of an operator or a delimiter.
    pub(super) fn of_symbol(text: &str) -> Self {
        match text {
            ":=" => Self::Assign,
            "==" => Self::Equal,
            ">=" => Self::Gte,
            "<=" => Self::Lte,
            "!=" => Self::Neq,
            "[" => Self::LBrack,
            "]" => Self::RBrack,
            "{" => Self::LBrace,
            "}" => Self::RBrace,
            "(" => Self::LParen,
            ")" => Self::RParen,
            "," => Self::Comma,
            ":" => Self::Colon,
            "+" => Self::Add,
            "-" => Self::Sub,
            "*" => Self::Mul,
            "/" => Self::Quo,
            "%" => Self::Rem,
            "&" => Self::And,
            "|" => Self::Or,
            "=" => Self::Unify,
            ">" => Self::Gt,
            "<" => Self::Lt,
            ";" => Self::Semicolon,
            "." => Self::Dot,
            _ => Self::Illegal,
        }
    }
}

/// Every word that is a keyword in some version, with its token. The first eleven are keywords in all.
const WORDS: [(&str, Tok); 17] = [
    ("package", Tok::Package),
    ("import", Tok::Import),
    ("as", Tok::As),
    ("default", Tok::Default),
    ("else", Tok::Else),
    ("not", Tok::Not),
    ("some", Tok::Some),
    ("with", Tok::With),
    ("null", Tok::Null),
    ("true", Tok::True),
    ("false", Tok::False),
    ("in", Tok::In),
    ("every", Tok::Every),
    ("contains", Tok::Contains),
    ("if", Tok::If),
    ("and", Tok::LogicalAnd),
    ("or", Tok::LogicalOr),
];

/// A set of keywords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Keywords(u32);

impl Keywords {
    /// The keywords of every version.
    pub(super) const BASE: Self = Self(0b111_1111_1111);
    /// `in`, `every`, `contains`, `if`: to be imported in v0, part of v1.
    pub(super) const FUTURE_V0: Self = Self(0b1111 << 11);
    /// `not`, `and`, `or`: to be imported in v1, part of v2.
    pub(super) const FUTURE_V1: Self = Self((1 << 5) | (0b11 << 15));
    /// Everything that can be imported.
    pub(super) const FUTURE: Self = Self(Self::FUTURE_V0.0 | Self::FUTURE_V1.0);

    /// The set of this one word; empty for other words.
    pub(super) fn one(word: &str) -> Self {
        WORDS
            .iter()
            .position(|(w, _)| *w == word)
            .map_or(Self(0), |i| Self(1 << i))
    }

    /// The keywords of this version of the language.
    pub(super) fn of_version(version: RegoVersion) -> Self {
        match version {
            RegoVersion::V0 => Self::BASE,
            RegoVersion::V1 | RegoVersion::V0CompatV1 => Self::BASE.with(Self::FUTURE_V0),
            RegoVersion::V2 => Self::BASE.with(Self::FUTURE),
        }
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn has(self, other: Self) -> bool {
        other.0 != 0 && self.0 & other.0 == other.0
    }

    /// The token of this word, if it is in the set.
    pub(super) fn token(self, word: &str) -> Option<Tok> {
        WORDS
            .iter()
            .enumerate()
            .find(|(i, (w, _))| *w == word && self.0 & (1 << i) != 0)
            .map(|(_, (_, token))| *token)
    }

    /// Adds what an import of these words enables; `every` brings `in` along.
    pub(super) fn import(self, words: Self) -> Self {
        let all = self.with(words);
        if words.has(Self::one("every")) {
            all.with(Self::one("in"))
        } else {
            all
        }
    }

    /// The words of the set, sorted.
    pub(super) fn words(self) -> Vec<&'static str> {
        let mut words: Vec<_> = WORDS
            .iter()
            .enumerate()
            .filter(|(i, _)| self.0 & (1 << i) != 0)
            .map(|(_, (w, _))| *w)
            .collect();
        words.sort_unstable();
        words
    }
}
