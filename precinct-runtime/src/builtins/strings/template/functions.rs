//! The functions that a template can call.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::super::format;
use super::go::{Go, lookup, quoted};
use crate::context::Context;
use crate::error::BuiltinError;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    And,
    Or,
    Not,
    Len,
    Index,
    Slice,
    Call,
    Print,
    Printf,
    Println,
    Html,
    Js,
    UrlQuery,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Why a function gives nothing.
pub enum Refusal {
    Text(String),
    Builtin(BuiltinError),
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Refusal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

type Given<'a> = Result<Go<'a>, Refusal>;

impl Function {
    /// The function of a name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "and" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            "len" => Self::Len,
            "index" => Self::Index,
            "slice" => Self::Slice,
            "call" => Self::Call,
            "print" => Self::Print,
            "printf" => Self::Printf,
            "println" => Self::Println,
            "html" => Self::Html,
            "js" => Self::Js,
            "urlquery" => Self::UrlQuery,
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            _ => return None,
        })
    }

    /// The least number of arguments, and whether more may follow.
    pub const fn arity(self) -> (usize, bool) {
        match self {
            Self::Not | Self::Len => (1, false),
            Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge => (2, false),
            Self::And
            | Self::Or
            | Self::Index
            | Self::Slice
            | Self::Call
            | Self::Printf
            | Self::Eq => (1, true),
            Self::Print | Self::Println | Self::Html | Self::Js | Self::UrlQuery => (0, true),
        }
    }

    /// Calls it. `and` and `or` look at their arguments one by one, before this.
    pub fn call<'a>(self, context: &mut Context<'a>, args: &[Go<'a>]) -> Given<'a> {
        let first = args.first().copied().unwrap_or(Go::Missing);
        let second = args.get(1).copied().unwrap_or(Go::Missing);
        let rest = args.get(1..).unwrap_or_default();
        let arena = context.arena();
        let text = |text: String| Ok(Go::Text(arena.alloc_str(&text)));
        match self {
            Self::And | Self::Or => Ok(args.last().copied().unwrap_or(Go::Missing)),
            Self::Not => Ok(Go::Bool(!first.holds())),
            Self::Len => length(first),
            Self::Index => index(context, first, rest),
            Self::Slice => slice(context, first, rest),
            Self::Call => match first {
                Go::Missing | Go::Nil => Err("call of nil".into()),
                other => Err(format!("non-function of type {}", other.type_name()).into()),
            },
            Self::Print => text(joined(args)),
            Self::Println => text(lined(args)),
            Self::Printf => match first {
                Go::Text(pattern) => {
                    let args = rest.iter().map(|arg| arg.argument()).collect();
                    let out =
                        format::formatted(context, pattern, args).map_err(Refusal::Builtin)?;
                    text(out)
                }
                other => Err(format!(
                    "wrong type for value; expected string; got {}",
                    other.type_name()
                )
                .into()),
            },
            Self::Html => text(html(&joined(args))),
            Self::Js => text(script(&joined(args))),
            Self::UrlQuery => {
                let mut out = String::new();
                crate::builtins::encoding::escape(&joined(args), &mut out);
                text(out)
            }
            Self::Eq => match rest {
                [] => Err("missing argument for comparison".into()),
                rest => equal(first, rest).map(Go::Bool),
            },
            Self::Ne => Ok(Go::Bool(!equal(first, rest)?)),
            Self::Lt => Ok(Go::Bool(less(first, second)?)),
            Self::Le => Ok(Go::Bool(less(first, second)? || equal(first, rest)?)),
            Self::Gt => Ok(Go::Bool(!(less(first, second)? || equal(first, rest)?))),
            Self::Ge => Ok(Go::Bool(!less(first, second)?)),
        }
    }
}

fn count<'a>(number: usize) -> Go<'a> {
    Go::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn length(value: Go<'_>) -> Given<'_> {
    match value {
        Go::Text(text) | Go::Number(text) => Ok(count(text.len())),
        Go::List(items) => Ok(count(items.len())),
        Go::Map(object) => Ok(count(object.len())),
        Go::Missing | Go::Nil => Err("reflect: call of reflect.Value.Type on zero Value".into()),
        other => Err(format!("len of type {}", other.type_name()).into()),
    }
}

/// A position up to a bound.
fn position(index: Go<'_>, bound: usize) -> Result<usize, Refusal> {
    let number = match index {
        Go::Int(number) => number,
        Go::Missing | Go::Nil => return Err("cannot index slice/array with nil".into()),
        other => {
            return Err(format!("cannot index slice/array with type {}", other.type_name()).into());
        }
    };
    usize::try_from(number)
        .ok()
        .filter(|number| *number <= bound)
        .ok_or_else(|| format!("index out of range: {number}").into())
}

fn index<'a>(context: &Context<'a>, item: Go<'a>, indexes: &[Go<'a>]) -> Given<'a> {
    if matches!(item, Go::Missing | Go::Nil) {
        return Err("index of untyped nil".into());
    }
    let mut item = item;
    for index in indexes {
        let outside = |at: usize| format!("index out of range: {at}");
        item = match item {
            Go::List(items) => {
                let at = position(*index, items.len())?;
                let value = items.get(at).ok_or_else(|| outside(at))?;
                Go::of(context.arena(), value)
            }
            Go::Text(text) | Go::Number(text) => {
                let at = position(*index, text.len())?;
                let byte = text.as_bytes().get(at).ok_or_else(|| outside(at))?;
                Go::Int(i64::from(*byte))
            }
            Go::Map(object) => match index {
                Go::Text(key) => {
                    lookup(object, key).map_or(Go::Nil, |value| Go::of(context.arena(), value))
                }
                Go::Missing | Go::Nil => {
                    return Err("value is nil; should be of type string".into());
                }
                other => {
                    return Err(
                        format!("value has type {}; should be string", other.type_name()).into(),
                    );
                }
            },
            Go::Missing | Go::Nil => return Err("index of nil pointer".into()),
            other => return Err(format!("can't index item of type {}", other.type_name()).into()),
        };
    }
    Ok(item)
}

fn slice<'a>(context: &Context<'a>, item: Go<'a>, indexes: &[Go<'a>]) -> Given<'a> {
    if matches!(item, Go::Missing | Go::Nil) {
        return Err("slice of untyped nil".into());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let length = match item {
        Go::Text(_) | Go::Number(_) if indexes.len() == 3 => {
            return Err("cannot 3-index slice a string".into());
        }
        Go::Text(text) | Go::Number(text) => text.len(),
        Go::List(items) => items.len(),
        other => return Err(format!("can't slice item of type {}", other.type_name()).into()),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(*index, length)?;
    }
    let [from, to, most] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}").into());
    }
    if to > most {
        return Err(format!("invalid slice index: {to} > {most}").into());
    }
    match item {
        Go::List(items) => {
            let part = items.slice(context.arena()).get(from..to);
            Ok(Go::List(part.unwrap_or_default().into()))
        }
        Go::Text(text) => part(text, from, to).map(Go::Text),
        Go::Number(text) => part(text, from, to).map(Go::Number),
        other => Ok(other),
    }
}

fn part(text: &str, from: usize, to: usize) -> Result<&str, Refusal> {
    text.get(from..to)
        .ok_or_else(|| format!("slice [{from}:{to}] splits a character").into())
}

/// The arguments as `print` puts them: a space between two that are no strings.
fn joined(args: &[Go<'_>]) -> String {
    let mut out = String::new();
    let mut before: Option<&Go<'_>> = None;
    for arg in args {
        if before.is_some_and(|before| before.text().is_none() && arg.text().is_none()) {
            out.push(' ');
        }
        arg.print(&mut out);
        before = Some(arg);
    }
    out
}

fn lined(args: &[Go<'_>]) -> String {
    let mut out = String::new();
    for (at, arg) in args.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        arg.print(&mut out);
    }
    out.push('\n');
    out
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

fn script(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => out.extend(['\\', c]),
            '<' | '>' | '&' | '=' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            // What Go's quotes keep is printable.
            c if !c.is_ascii() && quoted(c.encode_utf8(&mut [0; 4])).contains('\\') => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn equal(first: Go<'_>, others: &[Go<'_>]) -> Result<bool, Refusal> {
    for other in others {
        let same = match (first, *other) {
            (Go::Missing | Go::Nil, Go::Missing | Go::Nil) => true,
            (Go::Missing | Go::Nil, _) | (_, Go::Missing | Go::Nil) => false,
            (Go::Bool(left), Go::Bool(right)) => left == right,
            (Go::Int(left), Go::Int(right)) => left == right,
            (Go::Float(left), Go::Float(right)) => {
                left.total_cmp(&right) == Ordering::Equal || left.abs().max(right.abs()) == 0.0
            }
            (left, right) => match (left.text(), right.text()) {
                (Some(left), Some(right)) => left == right,
                _ => return Err(unequal_types(left, right)),
            },
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cold]
fn unequal_types(left: Go<'_>, right: Go<'_>) -> Refusal {
    let shown = |value: Go<'_>| {
        let mut text = String::new();
        value.print(&mut text);
        text
    };
    match (left, right) {
        (Go::List(_), Go::List(_)) | (Go::Map(_), Go::Map(_)) => format!(
            "non-comparable type {}: {}",
            shown(right),
            right.type_name()
        )
        .into(),
        (Go::List(_) | Go::Map(_), Go::List(_) | Go::Map(_)) => format!(
            "non-comparable types {}: {}, {}: {}",
            shown(left),
            left.type_name(),
            right.type_name(),
            shown(right)
        )
        .into(),
        _ => incompatible(left, right),
    }
}

fn incompatible(left: Go<'_>, right: Go<'_>) -> Refusal {
    format!(
        "incompatible types for comparison: {} and {}",
        left.type_name(),
        right.type_name()
    )
    .into()
}

fn less(left: Go<'_>, right: Go<'_>) -> Result<bool, Refusal> {
    const BAD: &str = "invalid type for comparison";
    let basic = |value: Go<'_>| !matches!(value, Go::Missing | Go::Nil | Go::List(_) | Go::Map(_));
    if !basic(left) || !basic(right) {
        return Err(BAD.into());
    }
    match (left, right) {
        (Go::Bool(_), Go::Bool(_)) => Err(BAD.into()),
        (Go::Int(left), Go::Int(right)) => Ok(left < right),
        (Go::Float(left), Go::Float(right)) => Ok(left < right),
        _ => match (left.text(), right.text()) {
            (Some(left), Some(right)) => Ok(left < right),
            _ => Err(incompatible(left, right)),
        },
    }
}
