//! Texts. Positions count characters (Unicode scalar values), as OPA's do.
//!
//! * `affix`: whether texts begin or end with one of many
//! * [`mod@format`]: what `sprintf` writes for its verbs
//! * `plain`: what needs no more than texts side by side
//! * `template`: `strings.render_template`

mod affix;
pub mod format;
mod plain;
mod template;

use std::borrow::Cow;

use num_bigint::BigInt;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json;
use crate::number::Number;
use crate::octets;
use crate::value::Value;

/// Texts.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("concat", "(delimiter: string, collection: any<array[string], set[string]>) => output: string", "Joins a set or array of strings with a delimiter.", concat).categories(&["strings"]).documented(&["string to use as a delimiter", "strings to join"], "the joined string"),
    Builtin::new("contains", "(haystack: string, needle: string) => result: boolean", "Returns `true` if the search string is included in the base string", contains).categories(&["strings"]).documented(&["string to search in", "substring to look for"], "result of the containment check"),
    Builtin::new("endswith", "(search: string, base: string) => result: boolean", "Returns true if the search string ends with the base string.", endswith).categories(&["strings"]).documented(&["search string", "base string"], "result of the suffix check"),
    Builtin::new("startswith", "(search: string, base: string) => result: boolean", "Returns true if the search string begins with the base string.", startswith).categories(&["strings"]).documented(&["search string", "base string"], "result of the prefix check"),
    Builtin::new("format_int", "(number: number, base: number) => output: string", "Returns the string representation of the number in the given base after rounding it down to an integer value.", format_int).categories(&["strings"]).documented(&["number to format", "base of number representation to use"], "formatted number"),
    Builtin::new("indexof", "(haystack: string, needle: string) => output: number", "Returns the index of a substring contained inside a string.", indexof).categories(&["strings"]).documented(&["string to search in", "substring to look for"], "index of first occurrence, `-1` if not found"),
    Builtin::new("indexof_n", "(haystack: string, needle: string) => output: array[number]", "Returns a list of all the indexes of a substring contained inside a string.", indexof_n).categories(&["strings"]).documented(&["string to search in", "substring to look for"], "all indices at which `needle` occurs in `haystack`, may be empty"),
    Builtin::new("lower", "(x: string) => y: string", "Returns the input string but with all characters in lower-case.", lower).categories(&["strings"]).documented(&["string that is converted to lower-case"], "lower-case of x"),
    Builtin::new("upper", "(x: string) => y: string", "Returns the input string but with all characters in upper-case.", upper).categories(&["strings"]).documented(&["string that is converted to upper-case"], "upper-case of x"),
    Builtin::new("replace", "(x: string, old: string, new: string) => y: string", "Replace replaces all instances of a sub-string.", replace).categories(&["strings"]).documented(&["string being processed", "substring to replace", "string to replace `old` with"], "string with replaced substrings"),
    Builtin::new("strings.replace_n", "(patterns: object[string: string], value: string) => output: string", "Replaces a string from a list of old, new string pairs.\nReplacements are performed in the order they appear in the target string, without overlapping matches.\nThe old string comparisons are done in argument order.", strings_replace_n).documented(&["replacement pairs", "string to replace substring matches in"], "string with replaced substrings"),
    Builtin::new("strings.reverse", "(x: string) => y: string", "Reverses a given string.", strings_reverse).categories(&["strings"]).documented(&["string to reverse"], "reversed string"),
    Builtin::new("strings.count", "(search: string, substring: string) => output: number", "Returns the number of non-overlapping instances of a substring in a string.", strings_count).categories(&["strings"]).documented(&["string to search in", "substring to look for"], "count of occurrences, `0` if not found"),
    Builtin::new("split", "(x: string, delimiter: string) => ys: array[string]", "Split returns an array containing elements of the input string split on a delimiter.", split).categories(&["strings"]).documented(&["string that is split", "delimiter used for splitting"], "split parts"),
    Builtin::new("strings.split_n", "(x: string, delimiter: string, n: number) => ys: array[string]", "Returns an array of at most `n` parts of `x` split on `delimiter`. If `n` is positive, returns the first `n` parts. If `n` is negative, returns the last `abs(n)` parts. If `n` is zero, returns an empty array. If `abs(n)` exceeds the number of parts, all parts are returned.", strings_split_n).categories(&["strings"]).documented(&["string that is split", "delimiter used for splitting", "number of parts to return; positive selects from the left, negative from the right, zero returns an empty array"], "split parts"),
    Builtin::new("substring", "(value: string, offset: number, length: number) => output: string", "Returns the  portion of a string for a given `offset` and a `length`.  If `length < 0`, `output` is the remainder of the string.", substring).categories(&["strings"]).documented(&["string to extract substring from", "offset, must be positive", "length of the substring starting from `offset`"], "substring of `value` from `offset`, of length `length`"),
    Builtin::new("trim", "(value: string, cutset: string) => output: string", "Returns `value` with all leading or trailing instances of the `cutset` characters removed.", trim).categories(&["strings"]).documented(&["string to trim", "string of characters that are cut off"], "string trimmed of `cutset` characters"),
    Builtin::new("trim_left", "(value: string, cutset: string) => output: string", "Returns `value` with all leading instances of the `cutset` characters removed.", trim_left).categories(&["strings"]).documented(&["string to trim", "string of characters that are cut off on the left"], "string left-trimmed of `cutset` characters"),
    Builtin::new("trim_right", "(value: string, cutset: string) => output: string", "Returns `value` with all trailing instances of the `cutset` characters removed.", trim_right).categories(&["strings"]).documented(&["string to trim", "string of characters that are cut off on the right"], "string right-trimmed of `cutset` characters"),
    Builtin::new("trim_prefix", "(value: string, prefix: string) => output: string", "Returns `value` without the prefix. If `value` doesn't start with `prefix`, it is returned unchanged.", trim_prefix).categories(&["strings"]).documented(&["string to trim", "prefix to cut off"], "string with `prefix` cut off"),
    Builtin::new("trim_suffix", "(value: string, suffix: string) => output: string", "Returns `value` without the suffix. If `value` doesn't end with `suffix`, it is returned unchanged.", trim_suffix).categories(&["strings"]).documented(&["string to trim", "suffix to cut off"], "string with `suffix` cut off"),
    Builtin::new("trim_space", "(value: string) => output: string", "Return the given string with all leading and trailing white space removed.", trim_space).categories(&["strings"]).documented(&["string to trim"], "string leading and trailing white space cut off"),
    Builtin::new("strings.any_prefix_match", "(search: any<string, array[string], set[string]>, base: any<string, array[string], set[string]>) => result: boolean", "Returns true if any of the search strings begins with any of the base strings.", strings_any_prefix_match).categories(&["strings"]).documented(&["search string(s)", "base string(s)"], "result of the prefix check"),
    Builtin::new("strings.any_suffix_match", "(search: any<string, array[string], set[string]>, base: any<string, array[string], set[string]>) => result: boolean", "Returns true if any of the search strings ends with any of the base strings.", strings_any_suffix_match).categories(&["strings"]).documented(&["search string(s)", "base string(s)"], "result of the suffix check"),
    Builtin::new("sprintf", "(format: string, values: array[any]) => output: string", "Returns the given string, formatted.", sprintf).categories(&["strings"]).documented(&["string with formatting verbs", "arguments to format into formatting verbs"], "`format` formatted by the values in `values`"),
    Builtin::new("strings.render_template", "(value: string, vars: object[string: any]) => result: string", "Renders a templated string with given template variables injected. For a given templated string and key/value mapping, values will be injected into the template where they are referenced by key.\n\tFor examples of templating syntax, see https://pkg.go.dev/text/template", render_template).categories(&["strings"]).documented(&["a templated string", "a mapping of template variable keys to values"], "rendered template with template variables injected"),
];

fn text<'a>(context: &Context<'a>, text: &str) -> Outcome<'a> {
    Ok(Some(Value::string(context.arena(), text)))
}

/// A text made of parts.
fn put_together<'a>(context: &Context<'a>, whole: String) -> Outcome<'a> {
    text(context, &octets::joined(Cow::Owned(whole)))
}

fn number<'a>(count: usize) -> Outcome<'a> {
    Ok(Some(Value::int(i64::try_from(count).unwrap_or(i64::MAX))))
}

fn two<'a>(args: &[Value<'a>]) -> Result<(&'a str, &'a str), BuiltinError> {
    Ok((operand::string(args, 1)?, operand::string(args, 2)?))
}

fn concat<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let delimiter = operand::string(args, 1)?;
    if let [_, parts] = args
        && let Some(whole) = plain::concat(context.arena(), delimiter, *parts)
    {
        return Ok(Some(Value::String(whole)));
    }
    let parts = operand::strings(args, 2)?;
    put_together(context, parts.join(delimiter))
}

fn contains<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (haystack, needle) = two(args)?;
    Ok(Some(Value::Bool(haystack.contains(needle))))
}

fn startswith<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, prefix) = two(args)?;
    Ok(Some(Value::Bool(whole.starts_with(prefix))))
}

fn endswith<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, suffix) = two(args)?;
    Ok(Some(Value::Bool(whole.ends_with(suffix))))
}

/// A number, cut to an integer, in base 2, 8, 10 or 16.
fn format_int<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let input = operand::number(args, 1)?;
    let base = match operand::number(args, 2)?.to_i64() {
        Some(base @ (2 | 8 | 10 | 16)) => u32::try_from(base).unwrap_or(10),
        _ => return Err(operand::wrong_value(2, &["2", "8", "10", "16"])),
    };
    let mut buffer = itoa::Buffer::new();
    let whole = match input.text(&mut buffer).parse::<BigInt>() {
        Ok(whole) => whole,
        // Whatever has a point or an exponent is cut off as a float.
        Err(_) => crate::number::float::Float::of(input)
            .ok()
            .and_then(|float| float.truncate())
            .ok_or_else(|| operand::wrong(1, "must be a number in range"))?,
    };
    text(context, &whole.to_str_radix(base))
}

fn indexof<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (haystack, needle) = two(args)?;
    if needle.is_empty() {
        return Err(BuiltinError::new("empty search character"));
    }
    let (haystack, needle) = (&*octets::shown(haystack), &*octets::shown(needle));
    match haystack.find(needle) {
        Some(at) => number(haystack[..at].chars().count()),
        None => Ok(Some(Value::int(-1))),
    }
}

fn indexof_n<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (haystack, needle) = two(args)?;
    if needle.is_empty() {
        return Err(BuiltinError::new("empty search character"));
    }
    let (haystack, needle) = (&*octets::shown(haystack), &*octets::shown(needle));
    let mut found = Vec::new();
    for (position, (at, _)) in (0_i64..).zip(haystack.char_indices()) {
        if haystack[at..].starts_with(needle) {
            found.push(Value::int(position));
        }
    }
    Ok(Some(Value::array(context.arena(), &found)))
}

/// Lower case letter by letter, as Go does it: the final sigma is no exception.
fn lower<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let whole = operand::string(args, 1)?;
    if whole.is_ascii() {
        return in_case(
            context,
            whole,
            u8::is_ascii_uppercase,
            str::make_ascii_lowercase,
        );
    }
    let lowered: String = octets::shown(whole)
        .chars()
        .map(|c| {
            if c == 'İ' {
                'i'
            } else {
                single(c, c.to_lowercase())
            }
        })
        .collect();
    text(context, &lowered)
}

fn upper<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let whole = operand::string(args, 1)?;
    if whole.is_ascii() {
        return in_case(
            context,
            whole,
            u8::is_ascii_lowercase,
            str::make_ascii_uppercase,
        );
    }
    let raised: String = octets::shown(whole)
        .chars()
        .map(|c| single(c, c.to_uppercase()))
        .collect();
    text(context, &raised)
}

/// A text of ASCII in another case: itself if it holds no letter that changes.
fn in_case<'a>(
    context: &Context<'a>,
    whole: &'a str,
    changes: impl Fn(&u8) -> bool,
    change: impl Fn(&mut str),
) -> Outcome<'a> {
    if !whole.bytes().any(|byte| changes(&byte)) {
        return Ok(Some(Value::String(whole)));
    }
    let copy = context.arena().alloc_str(whole);
    change(copy);
    Ok(Some(Value::String(copy)))
}

/// The letter in its other case, if that is one letter.
fn single(c: char, mut other: impl Iterator<Item = char>) -> char {
    match (other.next(), other.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn replace<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (base, old) = two(args)?;
    let new = operand::string(args, 3)?;
    bounded(context, base, old, new)?;
    if old.is_empty() && !base.is_ascii() {
        // OPA puts the text between bytes, not between characters.
        let new = octets::bytes(new);
        let mut out = new.to_vec();
        for byte in octets::bytes(base).iter() {
            out.push(*byte);
            out.extend_from_slice(&new);
        }
        return text(context, &octets::text(&out));
    }
    put_together(context, base.replace(old, new))
}

/// Replacing every letter by a long text must not fill the memory.
fn bounded(
    context: &mut Context<'_>,
    base: &str,
    old: &str,
    new: &str,
) -> Result<(), BuiltinError> {
    let times = if old.is_empty() {
        base.len() + 1
    } else {
        base.len() / old.len()
    };
    let size = times.saturating_mul(new.len()).saturating_add(base.len());
    Ok(context.spend(1 + size as u64 / 64)?)
}

/// Replaces several texts in one pass; at each place the first pattern that fits counts, patterns in Rego's order.
fn strings_replace_n<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let patterns = operand::object(args, 1)?;
    let base = operand::string(args, 2)?;
    let mut pairs = Vec::new();
    for (key, value) in patterns.entries() {
        let (Some(old), Some(new)) = (key.as_str(), value.as_str()) else {
            let wrong = match key.as_str() {
                None => "non-string key found in pattern object",
                Some(_) => "non-string value found in pattern object",
            };
            return Err(operand::wrong(1, wrong));
        };
        bounded(context, base, old, new)?;
        pairs.push((octets::bytes(old), octets::bytes(new)));
    }
    let base = octets::bytes(base);
    let mut out = Vec::new();
    let mut rest = &*base;
    let mut after_empty = false;
    loop {
        // An empty pattern fits once before each byte, and then others have their turn.
        let found = pairs
            .iter()
            .find(|(old, _)| rest.starts_with(old) && !(after_empty && old.is_empty()));
        if let Some((old, new)) = found {
            out.extend_from_slice(new);
            rest = &rest[old.len()..];
            after_empty = old.is_empty();
            continue;
        }
        after_empty = false;
        let Some((byte, behind)) = rest.split_first() else {
            break;
        };
        out.push(*byte);
        rest = behind;
    }
    text(context, &octets::text(&out))
}

fn strings_reverse<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let reversed: String = octets::shown(operand::string(args, 1)?)
        .chars()
        .rev()
        .collect();
    text(context, &reversed)
}

fn strings_count<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (haystack, needle) = two(args)?;
    number(if needle.is_empty() {
        octets::length(haystack) + 1
    } else {
        haystack.matches(needle).count()
    })
}

fn split<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, delimiter) = two(args)?;
    give_parts(context, whole, delimiter, -1)
}

/// The first parts, or with a negative number the last ones.
fn strings_split_n<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, delimiter) = two(args)?;
    let wanted = operand::int(args, 3)?;
    let count = usize::try_from(wanted.unsigned_abs()).unwrap_or(usize::MAX);
    let parts = parts(context, whole, delimiter, -1);
    let kept = if wanted < 0 {
        &parts[parts.len().saturating_sub(count)..]
    } else {
        &parts[..count.min(parts.len())]
    };
    Ok(Some(Value::Array(kept.into())))
}

fn give_parts<'a>(
    context: &Context<'a>,
    whole: &'a str,
    delimiter: &str,
    limit: i64,
) -> Outcome<'a> {
    let parts = parts(context, whole, delimiter, limit);
    Ok(Some(Value::Array(parts.into())))
}

/// At most `limit` parts; a negative limit is none. An empty delimiter parts all characters.
fn parts<'a>(
    context: &Context<'a>,
    whole: &'a str,
    delimiter: &str,
    limit: i64,
) -> &'a [Value<'a>] {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let arena = context.arena();
    let mut parts = bumpalo::collections::Vec::with_capacity_in(FEW_PARTS, arena);
    if most > 0 {
        if delimiter.is_empty() {
            let mut rest = whole;
            while let Some(c) = rest.chars().next() {
                let end = if parts.len() + 1 == most {
                    rest.len()
                } else {
                    c.len_utf8()
                };
                parts.push(Value::String(&rest[..end]));
                rest = &rest[end..];
            }
        } else if let &[byte] = delimiter.as_bytes() {
            // Most delimiters: without the preparation that a search for longer ones needs.
            parts.extend(whole.splitn(most, char::from(byte)).map(Value::String));
        } else {
            parts.extend(whole.splitn(most, delimiter).map(Value::String));
        }
    }
    parts.into_bump_slice()
}

/// Room for the parts of a path or a host name.
const FEW_PARTS: usize = 8;

/// Characters from an offset on; a negative length is all of them.
fn substring<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let whole = operand::string(args, 1)?;
    let start = operand::int(args, 2)?;
    let length = operand::int(args, 3)?;
    let Ok(start) = usize::try_from(start) else {
        return Err(BuiltinError::new("negative offset"));
    };
    let base = octets::shown_in(whole, context.arena());
    let takes_all = |length| start == 0 && length >= base.chars().count();
    if !std::ptr::eq(base, whole) && usize::try_from(length).is_ok_and(takes_all) {
        // All of a string stays as it is.
        return Ok(Some(Value::String(whole)));
    }
    let offset = |count: usize| {
        base.char_indices()
            .nth(count)
            .map_or(base.len(), |(at, _)| at)
    };
    let from = offset(start);
    let to = match usize::try_from(length) {
        Ok(length) => offset(start.saturating_add(length)),
        Err(_) => base.len(),
    };
    Ok(Some(Value::String(&base[from..to])))
}

fn trim<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, cutset) = two(args)?;
    Ok(Some(Value::String(
        whole.trim_matches(|c| cutset.contains(c)),
    )))
}

fn trim_left<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, cutset) = two(args)?;
    Ok(Some(Value::String(
        whole.trim_start_matches(|c| cutset.contains(c)),
    )))
}

fn trim_right<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, cutset) = two(args)?;
    Ok(Some(Value::String(
        whole.trim_end_matches(|c| cutset.contains(c)),
    )))
}

fn trim_prefix<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, prefix) = two(args)?;
    Ok(Some(Value::String(
        whole.strip_prefix(prefix).unwrap_or(whole),
    )))
}

fn trim_suffix<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, suffix) = two(args)?;
    Ok(Some(Value::String(
        whole.strip_suffix(suffix).unwrap_or(whole),
    )))
}

fn trim_space<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(Value::String(operand::string(args, 1)?.trim())))
}

/// A text or a collection of texts.
fn texts<'a>(args: &[Value<'a>], position: usize) -> Result<Vec<&'a str>, BuiltinError> {
    match operand::at(args, position) {
        Value::String(one) => Ok(vec![one]),
        Value::Array(_) | Value::Set(_) => operand::strings(args, position),
        other => Err(operand::wrong_type(
            position,
            other,
            &["string", "set", "array"],
        )),
    }
}

fn strings_any_prefix_match<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let found = affix::any_begins(&texts(args, 1)?, texts(args, 2)?);
    Ok(Some(Value::Bool(found)))
}

fn strings_any_suffix_match<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let found = affix::any_ends(&texts(args, 1)?, texts(args, 2)?);
    Ok(Some(Value::Bool(found)))
}

fn sprintf<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let pattern = operand::string(args, 1)?;
    let values = operand::array(args, 2)?;
    if let Some((whole, verbs)) = plain::sprintf(context.arena(), pattern, values) {
        context.spend(verbs + whole.len() as u64 / 64)?;
        return Ok(Some(Value::String(whole)));
    }
    let out = format::sprintf(context, pattern, values)?;
    put_together(context, out)
}

fn render_template<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let source = operand::string(args, 1)?;
    let variables = operand::object(args, 2)?;
    // OPA reads the Rego text of the variables as JSON, which fails for sets and for keys that are no strings.
    let written = Value::Object(variables).to_string();
    let variables = json::Decoder::new(context.arena())
        .decode_copied(written.as_bytes())
        .map_err(|error| BuiltinError::new(error.to_string()))?;
    let out = template::render(context, source, variables)?;
    text(context, &out)
}

/// The number of a literal, for formatting.
pub(super) fn as_float(number: Number<'_>) -> f64 {
    number.to_f64()
}
