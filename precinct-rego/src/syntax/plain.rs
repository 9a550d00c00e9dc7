//! Tokens that are plain to see: blank space, words and signs, numbers of digits, strings without escapes, comments.
//!
//! They are nearly all of a text, and reading them here takes a fraction of the time that the grammar needs. What is
//! said of them here is said in `rego.pest` too, which decides wherever there is a doubt; a test holds both together.

use super::token::Tok;

/// The token that a text begins with, and its length; `None` if that is for the grammar to say.
pub(super) fn token(text: &str) -> Option<(Tok, usize)> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    let second = bytes.get(1).copied().unwrap_or(0);
    let sign = |tok| Some((tok, 1));
    let with_equals = |alone, both| {
        Some(if second == b'=' {
            (both, 2)
        } else {
            (alone, 1)
        })
    };
    match first {
        b' ' | b'\t' | b'\r' | b'\n' => Some((Tok::Whitespace, length(bytes, is_space))),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => word(bytes),
        b'0'..=b'9' => digits(bytes),
        b'"' => string(bytes),
        b'#' => Some((Tok::Comment, length(bytes, |byte| byte != b'\n'))),
        b'.' => sign(Tok::Dot),
        b'(' => sign(Tok::LParen),
        b')' => sign(Tok::RParen),
        b'[' => sign(Tok::LBrack),
        b']' => sign(Tok::RBrack),
        b'{' => sign(Tok::LBrace),
        b'}' => sign(Tok::RBrace),
        b',' => sign(Tok::Comma),
        b';' => sign(Tok::Semicolon),
        b'|' => sign(Tok::Or),
        b'&' => sign(Tok::And),
        b'+' => sign(Tok::Add),
        b'-' => sign(Tok::Sub),
        b'*' => sign(Tok::Mul),
        b'/' => sign(Tok::Quo),
        b'%' => sign(Tok::Rem),
        b':' => with_equals(Tok::Colon, Tok::Assign),
        b'=' => with_equals(Tok::Unify, Tok::Equal),
        b'>' => with_equals(Tok::Gt, Tok::Gte),
        b'<' => with_equals(Tok::Lt, Tok::Lte),
        b'!' if second == b'=' => Some((Tok::Neq, 2)),
        _ => None,
    }
}

/// How many bytes from the start on fit.
fn length(bytes: &[u8], fits: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !fits(*byte));
    end.unwrap_or(bytes.len())
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A name; digits of other scripts can be part of one.
fn word(bytes: &[u8]) -> Option<(Tok, usize)> {
    let length = length(bytes, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    ends_at(bytes, length, |byte| byte.is_ascii()).then_some((Tok::Ident, length))
}

/// A number without fraction, exponent or faults.
fn digits(bytes: &[u8]) -> Option<(Tok, usize)> {
    let length = length(bytes, |byte| byte.is_ascii_digit());
    let ends =
        |byte: u8| byte.is_ascii() && !byte.is_ascii_alphabetic() && !matches!(byte, b'_' | b'.');
    ends_at(bytes, length, ends).then_some((Tok::Number, length))
}

/// A string that ends on its line.
fn string(bytes: &[u8]) -> Option<(Tok, usize)> {
    let inside = bytes.get(1..)?;
    let length = length(inside, |byte| !matches!(byte, b'"' | b'\\' | b'\n'));
    (inside.get(length) == Some(&b'"')).then_some((Tok::String, length + 2))
}

/// Whether the text ends there, or goes on in a way that ends the token.
fn ends_at(bytes: &[u8], at: usize, ends: impl Fn(u8) -> bool) -> bool {
    bytes.get(at).is_none_or(|byte| ends(*byte))
}
