//! Regular expressions in Go's syntax (RE2), matched in linear time.
//!
//! * [`go`]: Go's syntax in the syntax of the `regex` crate
//! * [`intersect`]: whether two patterns have a text in common

pub mod go;
pub mod intersect;

use std::sync::Arc;

use regex::Regex;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::patterns::Patterns;
use crate::value::Value;

/// Regular expressions.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("regex.match", "(pattern: string, value: string) => result: boolean", "Matches a string against a regular expression.", regex_match).documented(&["regular expression", "value to match against `pattern`"], "true if `value` matches `pattern`"),
    Builtin::new("regex.is_valid", "(pattern: string) => result: boolean", "Checks if a string is a valid regular expression: the detailed syntax for patterns is defined by https://github.com/google/re2/wiki/Syntax.", regex_is_valid).documented(&["regular expression"], "true if `pattern` is a valid regular expression"),
    Builtin::new("regex.split", "(pattern: string, value: string) => output: array[string]", "Splits the input string by the occurrences of the given pattern.", regex_split).documented(&["regular expression", "string to match"], "the parts obtained by splitting `value`"),
    Builtin::new("regex.find_n", "(pattern: string, value: string, number: number) => output: array[string]", "Returns the specified number of matches when matching the input against the pattern.", regex_find_n).documented(&["regular expression", "string to match", "number of matches to return, if `-1`, returns all matches"], "collected matches"),
    Builtin::new("regex.find_all_string_submatch_n", "(pattern: string, value: string, number: number) => output: array[array[string]]", "Returns all successive matches of the expression.", regex_find_all_string_submatch_n).documented(&["regular expression", "string to match", "number of matches to return; `-1` means all matches"], "array of all matches"),
    Builtin::new("regex.replace", "(s: string, pattern: string, value: string) => output: string", "Find and replaces the text using the regular expression pattern.", regex_replace).documented(&["string being processed", "regex pattern to be applied", "regex value"], "string with replaced substrings"),
    Builtin::new("regex.template_match", "(template: string, value: string, delimiter_start: string, delimiter_end: string) => result: boolean", "Matches a string against a pattern, where the pattern may be glob-like", regex_template_match).documented(&["template expression containing `0..n` regular expressions", "string to match", "start delimiter of the regular expression in `template`", "end delimiter of the regular expression in `template`"], "true if `value` matches the `template`"),
    Builtin::new("regex.globs_match", "(glob1: string, glob2: string) => result: boolean", "Checks if the intersection of two glob-style regular expressions matches a non-empty set of non-empty strings.\nThe set of regex symbols is limited for this builtin: only `.`, `*`, `+`, `[`, `-`, `]` and `\\` are treated as special symbols.", regex_globs_match).documented(&["first glob-style regular expression", "second glob-style regular expression"], "true if the intersection of `glob1` and `glob2` matches a non-empty set of non-empty strings"),
    Builtin::new("re_match", "(string, string) => boolean", "", re_match).deprecated(),
];

fn compiled(context: &mut Context<'_>, pattern: &str) -> Result<Arc<Regex>, BuiltinError> {
    context
        .shared::<Patterns<Regex>>()
        .get(pattern, || go::compile(pattern))
}

fn spend(context: &mut Context<'_>, text: &str) -> Result<(), BuiltinError> {
    Ok(context.spend(1 + text.len() as u64 / 64)?)
}

fn regex_match<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (pattern, text) = (operand::string(args, 1)?, operand::string(args, 2)?);
    spend(context, text)?;
    Ok(Some(Value::Bool(
        compiled(context, pattern)?.is_match(text),
    )))
}

fn re_match<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    regex_match(context, args)
}

fn regex_is_valid<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let valid = operand::at(args, 1)
        .as_str()
        .is_some_and(|pattern| compiled(context, pattern).is_ok());
    Ok(Some(Value::Bool(valid)))
}

/// Splits around matches as Go does: an empty match at the start gives no part.
fn regex_split<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (pattern, text) = (operand::string(args, 1)?, operand::string(args, 2)?);
    spend(context, text)?;
    let regex = compiled(context, pattern)?;
    let mut parts = Vec::new();
    if text.is_empty() && !pattern.is_empty() {
        parts.push(Value::String(""));
        return Ok(Some(Value::array(context.arena(), &parts)));
    }
    let (mut begin, mut end) = (0, 0);
    for found in regex.find_iter(text) {
        end = found.start();
        if found.end() != 0 {
            parts.push(Value::String(&text[begin..end]));
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(Value::String(&text[begin..]));
    }
    Ok(Some(Value::array(context.arena(), &parts)))
}

/// How many matches are wanted; a negative number is all.
fn limit(args: &[Value<'_>]) -> Result<usize, BuiltinError> {
    Ok(usize::try_from(operand::int(args, 3)?).unwrap_or(usize::MAX))
}

fn regex_find_n<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (pattern, text) = (operand::string(args, 1)?, operand::string(args, 2)?);
    let most = limit(args)?;
    spend(context, text)?;
    let regex = compiled(context, pattern)?;
    let found: Vec<_> = regex
        .find_iter(text)
        .take(most)
        .map(|found| Value::String(found.as_str()))
        .collect();
    Ok(Some(Value::array(context.arena(), &found)))
}

fn regex_find_all_string_submatch_n<'a>(
    context: &mut Context<'a>,
    args: &[Value<'a>],
) -> Outcome<'a> {
    let (pattern, text) = (operand::string(args, 1)?, operand::string(args, 2)?);
    let most = limit(args)?;
    spend(context, text)?;
    let regex = compiled(context, pattern)?;
    let mut rows = Vec::new();
    for captures in regex.captures_iter(text).take(most) {
        context.spend(1)?;
        let groups: Vec<_> = captures
            .iter()
            .map(|group| Value::String(group.map_or("", |group| group.as_str())))
            .collect();
        rows.push(Value::array(context.arena(), &groups));
    }
    Ok(Some(Value::array(context.arena(), &rows)))
}

fn regex_replace<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (base, pattern) = (operand::string(args, 1)?, operand::string(args, 2)?);
    let by = operand::string(args, 3)?;
    spend(context, base)?;
    let regex = compiled(context, pattern)?;
    let mut out = String::new();
    let mut last = 0;
    for captures in regex.captures_iter(base) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        context.spend(1 + by.len() as u64 / 64)?;
        out.push_str(&base[last..whole.start()]);
        captures.expand(by, &mut out);
        last = whole.end();
    }
    out.push_str(&base[last..]);
    Ok(Some(Value::string(context.arena(), &out)))
}

fn delimiter(text: &str, name: &str) -> Result<char, BuiltinError> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) if one.is_ascii() => Ok(one),
        _ => Err(BuiltinError::new(format!(
            "{name} delimiter has to be exactly one character long but is {} long",
            text.len()
        ))),
    }
}

/// Text with patterns between delimiters; the whole text must fit.
fn regex_template_match<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (template, text) = (operand::string(args, 1)?, operand::string(args, 2)?);
    let (start, end) = (operand::string(args, 3)?, operand::string(args, 4)?);
    let (start, end) = (delimiter(start, "start")?, delimiter(end, "end")?);
    spend(context, text)?;
    let unbalanced = || {
        let mut quoted = String::new();
        // Writing to a string can't fail.
        let _ = crate::json::quote_go(template, &mut quoted);
        BuiltinError::new(format!("unbalanced braces in {quoted}"))
    };
    let mut pattern = String::from("^");
    let mut depth = 0_u32;
    let mut from = 0;
    for (at, c) in template.char_indices() {
        if c == start {
            if depth == 0 {
                pattern.push_str(&go::quote_meta(&template[from..at]));
                from = at + 1;
            }
            depth += 1;
        } else if c == end {
            depth = depth.checked_sub(1).ok_or_else(unbalanced)?;
            if depth == 0 {
                let part = &template[from..at];
                // A part that is no pattern is told apart from the rest.
                go::translate(&format!("^{part}$"))?;
                pattern.extend(["(", part, ")"]);
                from = at + 1;
            }
        }
    }
    if depth != 0 {
        return Err(unbalanced());
    }
    pattern.push_str(&go::quote_meta(&template[from..]));
    pattern.push('$');
    Ok(Some(Value::Bool(
        compiled(context, &pattern)?.is_match(text),
    )))
}

fn regex_globs_match<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (one, other) = (operand::string(args, 1)?, operand::string(args, 2)?);
    context.spend(1 + (one.len() as u64).saturating_mul(other.len() as u64) / 16)?;
    Ok(Some(Value::Bool(intersect::non_empty(one, other)?)))
}
