//! Semantic versions (semver.org 2.0.0), as OPA reads them: a leading `v` is no mistake.

use std::cmp::Ordering;

use num_bigint::BigInt;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::Value;

/// Semantic versions.
pub const FAMILY: &[Builtin] = &[
    Builtin::new(
        "semver.compare",
        "(a: string, b: string) => result: number",
        "Compares valid SemVer formatted version strings.",
        semver_compare,
    )
    .documented(
        &["first version string", "second version string"],
        "`-1` if `a < b`; `1` if `a > b`; `0` if `a == b`",
    ),
    Builtin::new(
        "semver.is_valid",
        "(vsn: any) => result: boolean",
        "Validates that the input is a valid SemVer string.",
        semver_is_valid,
    )
    .documented(
        &["input to validate"],
        "`true` if `vsn` is a valid SemVer; `false` otherwise",
    ),
];

struct Version<'t> {
    numbers: [i64; 3],
    pre_release: &'t str,
}

fn parse(text: &str) -> Option<Version<'_>> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, metadata) = match text.split_once('+') {
        Some((text, metadata)) => (text, Some(metadata)),
        None => (text, None),
    };
    let (core, pre_release) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text, None),
    };
    let names = |list: &str| {
        list.split('.').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
    };
    let unpadded = |list: &str| {
        list.split('.').all(|part| {
            part == "0" || !part.starts_with('0') || !part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    if !pre_release.is_none_or(|list| names(list) && unpadded(list)) || !metadata.is_none_or(names)
    {
        return None;
    }
    let mut parts = core.split('.');
    let mut number = || {
        let part = parts.next()?;
        let padded = part.len() > 1 && part.starts_with('0');
        (!part.is_empty() && !padded && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse().ok())
            .flatten()
    };
    let numbers = [number()?, number()?, number()?];
    parts.next().is_none().then_some(Version {
        numbers,
        pre_release: pre_release.unwrap_or_default(),
    })
}

/// Section 11: numbers by value and below names, a longer list above its prefix, a release above its previews.
fn compare(one: &Version<'_>, other: &Version<'_>) -> Ordering {
    let by_numbers = one.numbers.cmp(&other.numbers);
    if by_numbers.is_ne() {
        return by_numbers;
    }
    match (one.pre_release.is_empty(), other.pre_release.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (one.pre_release.split('.'), other.pre_release.split('.'));
    loop {
        let (left, right) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => (left, right),
        };
        let number = |part: &str| -> Option<BigInt> {
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse().ok())
                .flatten()
        };
        let order = match (number(left), number(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn semver_compare<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    // Both are strings before either is looked at.
    let texts = [operand::string(args, 1)?, operand::string(args, 2)?];
    let version = |position: usize| {
        let text = texts[position - 1];
        parse(text).ok_or_else(|| {
            BuiltinError::new(format!(
                "operand {position}: string \"{text}\" is not a valid SemVer"
            ))
        })
    };
    let order = compare(&version(1)?, &version(2)?);
    Ok(Some(Value::int(order as i64)))
}

fn semver_is_valid<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let valid = operand::at(args, 1)
        .as_str()
        .is_some_and(|text| parse(text).is_some());
    Ok(Some(Value::Bool(valid)))
}
