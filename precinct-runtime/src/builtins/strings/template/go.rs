//! Values as Go's templates see them, and texts in Go's syntax.

use std::fmt::Write;

use super::super::format::{self, Arg};
use super::tree::Constant;
use crate::Arena;
use crate::number::Number;
use crate::value::{Array, Object, Value};

/// A value. Numbers of Rego are `json.Number`, a kind of text.
#[derive(Clone, Copy, Debug)]
pub enum Go<'a> {
    /// There is none: a key that a map lacks.
    Missing,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Number(&'a str),
    List(Array<'a>),
    Map(Object<'a>),
}

impl<'a> Go<'a> {
    /// The value as it comes out of its JSON.
    pub fn of(arena: &'a Arena, value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Nil,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(Number::Literal(text)) => Self::Number(text),
            Value::Number(number) => Self::Number(arena.alloc_str(&number.to_string())),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items),
            Value::Set(set) => Self::List(Array::new(set.items())),
            Value::Object(object) => Self::Map(object),
        }
    }

    /// The name of its type.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Missing | Self::Nil => "interface {}",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Number(_) => "json.Number",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
        }
    }

    /// Whether `if` takes its first branch.
    pub fn holds(self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(value) => value,
            Self::Int(number) => number != 0,
            Self::Float(number) => number != 0.0,
            Self::Text(text) | Self::Number(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(object) => !object.is_empty(),
        }
    }

    /// The text of a string or a number.
    pub const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Prints it as `%v` does.
    pub fn print(self, out: &mut String) {
        match self {
            Self::Missing | Self::Nil => out.push_str("<nil>"),
            Self::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => format::shortest(number, out),
            Self::Text(text) | Self::Number(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(' ');
                    }
                    print_value(item, out);
                }
                out.push(']');
            }
            Self::Map(object) => {
                out.push_str("map[");
                for (at, (key, value)) in entries(object).into_iter().enumerate() {
                    if at > 0 {
                        out.push(' ');
                    }
                    out.push_str(&key);
                    out.push(':');
                    print_value(value, out);
                }
                out.push(']');
            }
        }
    }

    /// The value as an argument of `printf`.
    pub fn argument(self) -> Arg<'a> {
        match self {
            Self::Int(number) => Arg::Int(number.into(), Some("int")),
            Self::Float(number) => Arg::Float(number),
            Self::Text(text) => Arg::Text(text),
            other => {
                let mut text = String::new();
                other.print(&mut text);
                Arg::Foreign(text, other.type_name())
            }
        }
    }
}

/// Prints a value inside another one.
fn print_value(value: Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(value) => Go::Bool(value).print(out),
        Value::Number(number) => {
            // Writing to a string can't fail.
            let _ = write!(out, "{number}");
        }
        Value::String(text) => out.push_str(text),
        Value::Array(items) => Go::List(items).print(out),
        Value::Set(set) => Go::List(Array::new(set.items())).print(out),
        Value::Object(object) => Go::Map(object).print(out),
    }
}

/// The key as JSON gives it: other keys than strings by their own JSON.
fn key_text(key: Value<'_>) -> String {
    match key {
        Value::String(text) => text.to_owned(),
        other => crate::json::to_string(other),
    }
}

/// All entries, in the order of their keys' texts.
pub fn entries(object: Object<'_>) -> Vec<(String, Value<'_>)> {
    let mut all: Vec<_> = object
        .entries()
        .iter()
        .map(|(key, value)| (key_text(key), value))
        .collect();
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    all
}

/// The value under a key.
pub fn lookup<'a>(object: Object<'a>, name: &str) -> Option<Value<'a>> {
    object.get_str(name).or_else(|| {
        object
            .entries()
            .iter()
            .find(|(key, _)| key.as_str().is_none() && key_text(*key) == name)
            .map(|(_, value)| value)
    })
}

/// The text in Go's quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = crate::json::quote_go(text, &mut out);
    out
}

/// The number that a template writes.
pub fn constant(text: &str) -> Option<Constant> {
    let hex = text
        .trim_start_matches(['+', '-'])
        .to_ascii_lowercase()
        .starts_with("0x");
    let fraction: &[char] = if hex {
        &['.', 'p', 'P']
    } else {
        &['.', 'e', 'E', 'p', 'P']
    };
    let plain = text.replace('_', "");
    if text.contains(fraction) {
        return if hex {
            None
        } else {
            let float: f64 = plain.parse().ok()?;
            float.is_finite().then_some(Constant::Float(float))
        };
    }
    let (sign, digits) = match plain.as_bytes().first()? {
        b'-' => ("-", &plain[1..]),
        b'+' => ("", &plain[1..]),
        _ => ("", plain.as_str()),
    };
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some(_) if digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    match i64::from_str_radix(&format!("{sign}{digits}"), radix) {
        Ok(number) => Some(Constant::Int(number)),
        // As in Go, what an unsigned number holds overflows when it is used, and what it doesn't is a float.
        Err(_) if sign.is_empty() && u64::from_str_radix(digits, radix).is_ok() => {
            Some(Constant::TooLarge)
        }
        Err(_) => None,
    }
}

/// The text of a string constant of Go with its quotes.
pub fn unquote(source: &str) -> Option<String> {
    if let Some(raw) = source.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.replace('\r', ""));
    }
    let inner = source.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        rest = unescape(c, rest, '"', &mut bytes)?;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The character of a constant in single quotes.
pub fn unquote_char(source: &str) -> Option<char> {
    let inner = source.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut bytes = Vec::new();
    if !unescape(inner.chars().next()?, inner, '\'', &mut bytes)?.is_empty() {
        return None;
    }
    match bytes.as_slice() {
        [byte] => Some(char::from(*byte)),
        bytes => std::str::from_utf8(bytes).ok()?.chars().next(),
    }
}

/// Reads one character or escape; gives what follows.
fn unescape<'t>(first: char, rest: &'t str, quote: char, out: &mut Vec<u8>) -> Option<&'t str> {
    let mut buffer = [0; 4];
    if first != '\\' {
        out.extend_from_slice(first.encode_utf8(&mut buffer).as_bytes());
        return Some(&rest[first.len_utf8()..]);
    }
    let rest = &rest[1..];
    let letter = rest.chars().next()?;
    let after = &rest[letter.len_utf8()..];
    let simple = match letter {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' | '"' if letter == quote => u8::try_from(letter).ok()?,
        'x' => {
            out.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
            return after.get(2..);
        }
        'u' | 'U' => {
            let length = if letter == 'u' { 4 } else { 8 };
            let code = u32::from_str_radix(after.get(..length)?, 16).ok()?;
            let c = char::from_u32(code)?;
            out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            return after.get(length..);
        }
        '0'..='7' => {
            out.push(u8::from_str_radix(rest.get(..3)?, 8).ok()?);
            return rest.get(3..);
        }
        _ => return None,
    };
    out.push(simple);
    Some(after)
}
