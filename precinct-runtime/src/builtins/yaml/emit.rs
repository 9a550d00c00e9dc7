//! Data to YAML in block style, two spaces for a level.

use super::decode::Data;
use super::resolve::{Scalar, plain};

/// Keys longer than this, in bytes, stand after a question mark.
const SIMPLE_KEY: usize = 128;

/// The data as a document.
pub(super) fn document(data: &Data) -> String {
    let mut out = String::new();
    match data {
        Data::List(items) if !items.is_empty() => list(items, 0, true, &mut out),
        Data::Map(entries) if !entries.is_empty() => map(entries, 0, true, &mut out),
        other => {
            scalar(other, 1, false, &mut out);
            line_end(&mut out);
        }
    }
    out
}

fn line_end(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn indent(level: usize, out: &mut String) {
    for _ in 0..level {
        out.push_str("  ");
    }
}

/// A list. `inline`: its first item stands where the text ends.
fn list(items: &[Data], level: usize, mut inline: bool, out: &mut String) {
    for item in items {
        if !inline {
            indent(level, out);
        }
        inline = false;
        out.push_str("- ");
        node(item, level + 1, true, out);
    }
}

/// A mapping, its keys in the order that people expect of numbers in them.
fn map(entries: &[(Data, Data)], level: usize, mut inline: bool, out: &mut String) {
    let mut sorted: Vec<(&str, &Data)> = entries
        .iter()
        .filter_map(|(key, value)| match key {
            Data::Text(name) => Some((name.as_str(), value)),
            _ => None,
        })
        .collect();
    sorted.sort_by(|one, other| natural(one.0, other.0));
    for (name, value) in sorted {
        if !inline {
            indent(level, out);
        }
        inline = false;
        if name.len() > SIMPLE_KEY || name.contains(is_break) {
            out.push_str("? ");
            text(name, level + 1, false, out);
            line_end(out);
            indent(level, out);
            out.push_str(": ");
            node(value, level + 1, true, out);
            continue;
        }
        text(name, level + 1, true, out);
        out.push(':');
        match value {
            Data::List(items) if !items.is_empty() => {
                out.push('\n');
                list(items, level + 1, false, out);
            }
            Data::Map(entries) if !entries.is_empty() => {
                out.push('\n');
                map(entries, level + 1, false, out);
            }
            other => {
                out.push(' ');
                scalar(other, level + 1, false, out);
                line_end(out);
            }
        }
    }
}

/// What follows a dash or a question mark.
fn node(data: &Data, level: usize, inline: bool, out: &mut String) {
    match data {
        Data::List(items) if !items.is_empty() => list(items, level, inline, out),
        Data::Map(entries) if !entries.is_empty() => map(entries, level, inline, out),
        other => {
            scalar(other, level, false, out);
            line_end(out);
        }
    }
}

fn scalar(data: &Data, level: usize, key: bool, out: &mut String) {
    match data {
        Data::Null => out.push_str("null"),
        Data::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Data::Int(int) => out.push_str(&int.to_string()),
        Data::Large(int) => out.push_str(&int.to_string()),
        Data::Float(float) => out.push_str(&crate::number::format::general_f64(*float)),
        Data::Time(string) | Data::Text(string) => text(string, level, key, out),
        Data::List(_) => out.push_str("[]"),
        Data::Map(_) => out.push_str("{}"),
    }
}

const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What may stand in a text without an escape.
const fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// A text: plain where it reads back as the same text, a block where it has several lines, in quotes otherwise.
fn text(string: &str, level: usize, key: bool, out: &mut String) {
    let allowed = Allowed::of(string);
    if string.contains('\n') {
        if allowed.block && !key {
            block(string, level, out);
        } else {
            double(string, out);
        }
        return;
    }
    let is_text = matches!(plain(string), Scalar::Text(_));
    if !is_text || is_base_60(string) || is_old_truth(string) || key && string.contains(is_break) {
        double(string, out);
    } else if allowed.plain {
        out.push_str(string);
    } else if allowed.single {
        single(string, level, out);
    } else {
        double(string, out);
    }
}

/// The styles in which a text can be written.
struct Allowed {
    plain: bool,
    single: bool,
    block: bool,
}

impl Allowed {
    fn of(string: &str) -> Self {
        let mut indicators = string.starts_with("---") || string.starts_with("...");
        let (mut breaks, mut special, mut tabs) = (false, false, false);
        let (mut break_space, mut space_break) = (false, false);
        let (mut after_space, mut after_break) = (false, false);
        let mut after_blank = true;
        let mut characters = string.chars().peekable();
        let mut first = true;
        while let Some(c) = characters.next() {
            let before_blank = characters
                .peek()
                .is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`'
                    if first =>
                {
                    true
                }
                '?' | '-' if first => before_blank,
                ':' => before_blank,
                '#' => after_blank,
                _ => false,
            };
            if c == '\t' {
                tabs = true;
            } else if !is_printable(c) {
                special = true;
            }
            if c == ' ' {
                break_space |= after_break;
                (after_space, after_break) = (true, false);
            } else if is_break(c) {
                breaks = true;
                space_break |= after_space;
                (after_space, after_break) = (false, true);
            } else {
                (after_space, after_break) = (false, false);
            }
            after_blank = matches!(c, ' ' | '\t' | '\0') || is_break(c);
            first = false;
        }
        let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let edges = edge(string.chars().next()) || edge(string.chars().next_back());
        let single = !(break_space || space_break || tabs || special);
        Self {
            plain: single && !edges && !breaks && !indicators,
            single,
            block: !string.ends_with(' ') && !space_break && !special,
        }
    }
}

/// Numbers in base 60, which older YAML knows.
fn is_base_60(string: &str) -> bool {
    let unsigned = string.strip_prefix(['+', '-']).unwrap_or(string);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut parts = whole.split(':');
    let head = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    head.starts_with(|c: char| c.is_ascii_digit())
        && digits(head)
        && !rest.is_empty()
        && rest.iter().all(|part| match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [ten, digit] => (b'0'..=b'5').contains(ten) && digit.is_ascii_digit(),
            _ => false,
        })
        && fraction.is_none_or(digits)
}

/// Truth values of older YAML.
fn is_old_truth(string: &str) -> bool {
    matches!(
        string,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// A text in single quotes, with an indentation after line breaks.
fn single(string: &str, level: usize, out: &mut String) {
    out.push('\'');
    let mut fresh = false;
    for c in string.chars() {
        if is_break(c) {
            fresh = true;
        } else if fresh {
            indent(level, out);
            fresh = false;
        }
        if c == '\'' {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
}

fn double(string: &str, out: &mut String) {
    out.push('"');
    for c in string.chars() {
        if is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
            out.push(c);
            continue;
        }
        out.push('\\');
        match c {
            '\0' => out.push('0'),
            '\u{7}' => out.push('a'),
            '\u{8}' => out.push('b'),
            '\t' => out.push('t'),
            '\n' => out.push('n'),
            '\u{b}' => out.push('v'),
            '\u{c}' => out.push('f'),
            '\r' => out.push('r'),
            '\u{1b}' => out.push('e'),
            '"' | '\\' => out.push(c),
            '\u{85}' => out.push('N'),
            '\u{2028}' => out.push('L'),
            '\u{2029}' => out.push('P'),
            _ => {
                let code = u32::from(c);
                out.push_str(&match code {
                    0..=0xff => format!("x{code:02X}"),
                    0x100..=0xffff => format!("u{code:04X}"),
                    _ => format!("U{code:08X}"),
                });
            }
        }
    }
    out.push('"');
}

/// A text of several lines as it is.
fn block(string: &str, level: usize, out: &mut String) {
    out.push('|');
    if string.starts_with(|c| c == ' ' || is_break(c)) {
        out.push('2');
    }
    let mut backwards = string.chars().rev();
    match (backwards.next().is_some_and(is_break), backwards.next()) {
        (false, _) => out.push('-'),
        (true, None) => out.push('+'),
        (true, Some(c)) if is_break(c) => out.push('+'),
        (true, Some(_)) => {}
    }
    out.push('\n');
    let mut fresh = true;
    for c in string.chars() {
        if is_break(c) {
            out.push(c);
            fresh = true;
        } else {
            if fresh {
                indent(level, out);
            }
            out.push(c);
            fresh = false;
        }
    }
}

/// Digits in keys count by their value: `a2` is before `a10`.
fn natural(one: &str, other: &str) -> std::cmp::Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut digits = false;
    for (at, (x, y)) in a.iter().zip(&b).enumerate() {
        if x == y {
            digits = x.is_numeric();
            continue;
        }
        let (letter, letter_too) = (x.is_alphabetic(), y.is_alphabetic());
        if letter && letter_too {
            return x.cmp(y);
        }
        if letter || letter_too {
            let less = if digits { letter } else { letter_too };
            return if less {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            };
        }
        // A number that goes on after other digits keeps its zeros.
        let started = (*x == '0' || *y == '0')
            && a.get(..at).is_some_and(|before| {
                before
                    .iter()
                    .rev()
                    .take_while(|c| c.is_numeric())
                    .any(|c| *c != '0')
            });
        let number = |text: &[char]| {
            let mut value = i64::from(started);
            let mut length = 0;
            for c in text.iter().skip(at).take_while(|c| c.is_numeric()) {
                let digit = i64::from(u32::from(*c)) - i64::from(u32::from('0'));
                value = value.wrapping_mul(10).wrapping_add(digit);
                length += 1;
            }
            (value, length)
        };
        let ((value, length), (value_too, length_too)) = (number(&a), number(&b));
        return value
            .cmp(&value_too)
            .then(length.cmp(&length_too))
            .then(x.cmp(y));
    }
    a.len().cmp(&b.len())
}
