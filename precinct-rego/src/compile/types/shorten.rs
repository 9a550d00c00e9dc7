//! Types in a width that people can read: of two types that do not fit, what is alike is left out.
//!
//! `object<a: string, b: number, c: …>` against `object<a: string, b: string, c: …>` is
//! `object<b: number, ...>` against `object<b: string, ...>`.

use std::cmp::Ordering;

use super::kinds::{ArrayType, FunctionType, ObjectType, Parameter, Type};
use super::text::key_text;
use super::unifies::unifies;

const LEFT_OUT: &str = "...";

/// Lines of more characters are shortened.
const MAX_LINE: usize = 80;

/// A type of more characters that is not what an error is about is cut to its outermost part.
const MAX_TYPE: usize = 32;

/// Differences deeper than this are not told.
const MAX_DEPTH: usize = 8;

/// Whether one of the lines is too long to be read.
pub(super) fn too_long(lines: &[String]) -> bool {
    lines.iter().any(|line| line.chars().count() > MAX_LINE)
}

/// What a call has and what it wants, argument by argument, shortened.
pub(super) fn arguments(
    have: &[Type],
    want: &[&Parameter],
    variadic: Option<&Type>,
) -> (String, String) {
    let mut left: Vec<String> = have.iter().map(collapsed).collect();
    let mut right: Vec<String> = want
        .iter()
        .map(|it| named(it, &collapsed_within(&it.kind, prefix(it).len())))
        .collect();
    for (at, (have, want)) in have.iter().zip(want).enumerate() {
        if unifies(have, &want.kind) {
            continue;
        }
        let (a, b) = difference(have, &want.kind);
        if let (Some(x), Some(y)) = (left.get_mut(at), right.get_mut(at)) {
            *x = a;
            *y = named(want, &b);
        }
    }
    right.extend(variadic.map(|it| format!("{}{LEFT_OUT}", collapsed(it))));
    (
        format!("({})", left.join(", ")),
        format!("({})", right.join(", ")),
    )
}

fn prefix(parameter: &Parameter) -> String {
    parameter
        .name
        .as_ref()
        .map_or_else(String::new, |name| format!("{name}: "))
}

fn named(parameter: &Parameter, kind: &str) -> String {
    format!("{}{kind}", prefix(parameter))
}

/// Both types, with only what tells them apart.
pub(super) fn difference(a: &Type, b: &Type) -> (String, String) {
    differing(a, b, 0)
}

/// The outermost part of a type, or all of it if that is short.
fn collapsed(kind: &Type) -> String {
    collapsed_within(kind, 0)
}

fn collapsed_within(kind: &Type, used: usize) -> String {
    let text = kind.to_string();
    if text.chars().count() + used <= MAX_TYPE {
        text
    } else {
        cut(kind, 0)
    }
}

/// The type with all that is more than so many levels deep left out.
fn cut(kind: &Type, depth: usize) -> String {
    let inner = |it: &Type| match depth.checked_sub(1) {
        Some(depth) => cut(it, depth),
        None => LEFT_OUT.to_owned(),
    };
    let list = |items: &[Type]| {
        if depth == 0 && !items.is_empty() {
            vec![LEFT_OUT.to_owned()]
        } else {
            items.iter().map(inner).collect()
        }
    };
    match kind {
        Type::Set(of) if !of.is_unknown() => format!("set[{}]", inner(of)),
        Type::Array(it) => {
            let rest = it.rest.as_ref().map(inner);
            composite("array", &list(&it.items), rest.as_deref())
        }
        Type::Object(it) => {
            let properties = if depth == 0 && !it.properties.is_empty() {
                vec![LEFT_OUT.to_owned()]
            } else {
                let property = |(key, value): &(_, Type)| property(key, &inner(value));
                it.properties.iter().map(property).collect()
            };
            let rest = it.rest.as_ref().map(|(key, value)| match depth {
                0 => LEFT_OUT.to_owned(),
                _ => format!("{}: {}", inner(key), inner(value)),
            });
            composite("object", &properties, rest.as_deref())
        }
        Type::Any(of) if !of.is_empty() => any(&list(of)),
        Type::Function(it) => {
            let args: Vec<Type> = it.args.iter().map(|arg| arg.kind.clone()).collect();
            let mut args = list(&args);
            if let Some(variadic) = &it.variadic {
                match depth {
                    0 if args.is_empty() => args.push(LEFT_OUT.to_owned()),
                    0 => {}
                    _ => args.push(format!("{}{LEFT_OUT}", inner(variadic))),
                }
            }
            let result = match &it.result {
                Some(result) => inner(&result.kind),
                None => Type::Unknown.to_string(),
            };
            function(&args, &result)
        }
        it => it.to_string(),
    }
}

fn alike(a: &Type, b: &Type) -> bool {
    a.to_string() == b.to_string()
}

fn differing(a: &Type, b: &Type, depth: usize) -> (String, String) {
    let collapsed_both = || (collapsed(a), collapsed(b));
    if depth >= MAX_DEPTH || a.is_unknown() || b.is_unknown() || alike(a, b) {
        return collapsed_both();
    }
    match (a, b) {
        (Type::Set(x), Type::Set(y)) if !x.is_unknown() && !y.is_unknown() => {
            let (x, y) = differing(x, y, depth + 1);
            (format!("set[{x}]"), format!("set[{y}]"))
        }
        (Type::Array(x), Type::Array(y)) => {
            if x.items.len() != y.items.len() || x.rest.is_some() != y.rest.is_some() {
                return (cut(a, 1), cut(b, 1));
            }
            arrays(x, y, depth)
        }
        (Type::Object(x), Type::Object(y)) => objects(x, y, depth),
        (Type::Any(x), Type::Any(y)) => choices(x, y),
        (Type::Function(x), Type::Function(y)) if x.args.len() == y.args.len() => {
            functions(x, y, depth)
        }
        _ => collapsed_both(),
    }
}

/// Items stay, so that both sides can be laid on each other.
fn arrays(a: &ArrayType, b: &ArrayType, depth: usize) -> (String, String) {
    let items = a.items.iter().zip(&b.items);
    let (left, right): (Vec<_>, Vec<_>) = items.map(|(x, y)| differing(x, y, depth + 1)).unzip();
    let (rest_left, rest_right) = both(a.rest.as_ref(), b.rest.as_ref(), depth);
    (
        composite("array", &left, rest_left.as_deref()),
        composite("array", &right, rest_right.as_deref()),
    )
}

fn both(a: Option<&Type>, b: Option<&Type>, depth: usize) -> (Option<String>, Option<String>) {
    match (a, b) {
        (Some(a), Some(b)) => {
            let (a, b) = differing(a, b, depth + 1);
            (Some(a), Some(b))
        }
        (a, b) => (a.map(collapsed), b.map(collapsed)),
    }
}

fn objects(a: &ObjectType, b: &ObjectType, depth: usize) -> (String, String) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut left_out = false;
    let (mut xs, mut ys) = (
        a.properties.iter().peekable(),
        b.properties.iter().peekable(),
    );
    loop {
        let order = match (xs.peek(), ys.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((x, _)), Some((y, _))) => x.cmp(y),
        };
        let x = if order.is_le() { xs.next() } else { None };
        let y = if order.is_ge() { ys.next() } else { None };
        match (x, y) {
            (Some((_, x)), Some((_, y))) if alike(x, y) => left_out = true,
            (Some((key, x)), Some((_, y))) => {
                let (x, y) = differing(x, y, depth + 1);
                left.push(property(key, &x));
                right.push(property(key, &y));
            }
            (x, y) => {
                left.extend(x.map(|(key, x)| property(key, &collapsed(x))));
                right.extend(y.map(|(key, y)| property(key, &collapsed(y))));
            }
        }
    }
    if left_out {
        left.push(LEFT_OUT.to_owned());
        right.push(LEFT_OUT.to_owned());
    }
    let (keys_left, keys_right) = both(
        a.rest.as_ref().map(|(key, _)| key),
        b.rest.as_ref().map(|(key, _)| key),
        depth,
    );
    let (values_left, values_right) = both(
        a.rest.as_ref().map(|(_, value)| value),
        b.rest.as_ref().map(|(_, value)| value),
        depth,
    );
    let entry = |key: Option<String>, value: Option<String>| {
        key.zip(value).map(|(key, value)| format!("{key}: {value}"))
    };
    (
        composite("object", &left, entry(keys_left, values_left).as_deref()),
        composite("object", &right, entry(keys_right, values_right).as_deref()),
    )
}

fn choices(a: &[Type], b: &[Type]) -> (String, String) {
    let only = |of: &[Type], other: &[Type]| -> Vec<String> {
        let texts: std::collections::HashSet<String> = other.iter().map(Type::to_string).collect();
        of.iter()
            .filter(|it| !texts.contains(&it.to_string()))
            .map(collapsed)
            .collect()
    };
    let (mut left, mut right) = (only(a, b), only(b, a));
    if left.len() < a.len() {
        left.push(LEFT_OUT.to_owned());
        right.push(LEFT_OUT.to_owned());
    }
    (any(&left), any(&right))
}

fn functions(a: &FunctionType, b: &FunctionType, depth: usize) -> (String, String) {
    let args = a.args.iter().zip(&b.args);
    let (mut left, mut right): (Vec<_>, Vec<_>) = args
        .map(|(x, y)| differing(&x.kind, &y.kind, depth + 1))
        .unzip();
    let (more_left, more_right) = both(a.variadic.as_ref(), b.variadic.as_ref(), depth);
    left.extend(more_left.map(|it| format!("{it}{LEFT_OUT}")));
    right.extend(more_right.map(|it| format!("{it}{LEFT_OUT}")));
    let result = |it: &FunctionType| {
        it.result
            .as_ref()
            .map_or(Type::Unknown, |it| it.kind.clone())
    };
    let (result_left, result_right) = differing(&result(a), &result(b), depth + 1);
    (
        function(&left, &result_left),
        function(&right, &result_right),
    )
}

fn property(key: &crate::ast::TermValue, value: &str) -> String {
    format!("{}: {value}", key_text(key))
}

fn composite(name: &str, items: &[String], rest: Option<&str>) -> String {
    let mut text = name.to_owned();
    if !items.is_empty() {
        text = format!("{text}<{}>", items.join(", "));
    }
    if let Some(rest) = rest {
        text = format!("{text}[{rest}]");
    }
    text
}

fn any(of: &[String]) -> String {
    if of.is_empty() {
        return "any".to_owned();
    }
    format!("any<{}>", of.join(", "))
}

fn function(args: &[String], result: &str) -> String {
    format!("({}) => {result}", args.join(", "))
}
