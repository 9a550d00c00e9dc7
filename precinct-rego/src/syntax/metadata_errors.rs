//! Where errors of a metadata block are, and in which words, as OPA's YAML library has it.

use std::collections::HashMap;

use crate::ast::Comment;

use super::metadata::Failure;

/// An error of YAML. OPA takes the line number, which counts from 1, as an index that counts from 0.
pub(super) fn failure(
    first: &Comment,
    lines: &[Comment],
    line: Option<usize>,
    message: &str,
) -> Failure {
    let index = line.unwrap_or(0);
    let at = lines.get(index).or(lines.last()).unwrap_or(first);
    (
        at.span,
        format!("yaml: {message}{}", separator_hints(lines)),
    )
}

/// Line and message that Go's YAML library would give: it counts the lines of parser errors from 0, and doesn't tell
/// the first; the context's line goes before the problem's.
pub(super) fn yaml_error(message: &str) -> (Option<usize>, String) {
    let mut problem = message.split(" at line ");
    let what = problem.next().unwrap_or(message);
    let what = what.split(", while ").next().unwrap_or(what);
    let lines: Vec<usize> = problem
        .filter_map(|rest| rest.split(' ').next()?.parse().ok())
        .collect();
    let in_parser = message.contains("while parsing") || what.contains("document start");
    let line = lines
        .iter()
        .rev()
        .map(|line| line.saturating_sub(1))
        .find(|line| *line > 0)
        .map(|line| if in_parser { line } else { line + 1 });
    match line {
        Some(line) => (Some(line), format!("line {line}: {what}")),
        None => (None, what.to_owned()),
    }
}

/// Keys at the top that stand there more than once, with the line of the first repetition.
pub(super) fn repeated_keys(lines: &[Comment]) -> Option<(usize, String)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut found = Vec::new();
    for (line, comment) in (1..).zip(lines) {
        let text = comment.text.strip_prefix(' ').unwrap_or(&comment.text);
        let Some((key, _)) = text.split_once(':') else {
            continue;
        };
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        if let Some(first) = seen.get(key) {
            let message =
                format!("\n  line {line}: mapping key {key:?} already defined at line {first}");
            found.push((line, message));
        } else {
            seen.insert(key, line);
        }
    }
    let (line, _) = found.first()?;
    let messages: String = found.iter().map(|(_, message)| message.as_str()).collect();
    Some((*line, format!("unmarshal errors:{messages}")))
}

/// The line, from 1, of the value of a key at the top; without a key, that of the whole.
pub(super) fn line_of_value(lines: &[Comment], key: &str) -> usize {
    if key.is_empty() {
        let is_text = |line: &Comment| {
            let text = line.text.trim();
            !text.is_empty() && !text.starts_with('#')
        };
        return lines.iter().position(is_text).map_or(1, |index| index + 1);
    }
    let found = lines.iter().position(|line| {
        let text = line.text.strip_prefix(' ').unwrap_or(&line.text);
        !key.is_empty()
            && text
                .strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(':'))
    });
    let Some(index) = found else {
        return 1;
    };
    let inline = lines.get(index).is_some_and(|line| {
        line.text
            .split_once(':')
            .is_some_and(|(_, rest)| !rest.trim().is_empty())
    });
    if inline { index + 1 } else { index + 2 }
}

/// What may be behind an error that YAML's own message doesn't tell: a `:` without a space.
fn separator_hints(lines: &[Comment]) -> String {
    use std::fmt::Write as _;
    let mut hints = String::new();
    for line in lines {
        let parts: Vec<&str> = line.text.split(':').skip(1).collect();
        let mut invalid = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            match part.chars().next() {
                None if index + 1 == parts.len() => break,
                Some(' ' | '\t') => break,
                None => invalid.push("'\\ufffd'".to_owned()),
                Some('\\') => invalid.push("'\\\\'".to_owned()),
                Some('\'') => invalid.push("'\\''".to_owned()),
                Some(c) if c.is_ascii_graphic() => {
                    invalid.push(format!("'{c}'"));
                }
                Some(c) if u32::from(c) < 0x1_0000 => {
                    invalid.push(format!("'\\u{:04x}'", u32::from(c)));
                }
                Some(c) => invalid.push(format!("'\\U{:08x}'", u32::from(c))),
            }
        }
        if !invalid.is_empty() {
            let _ = write!(
                hints,
                "\n  Hint: on line {}, symbol(s) [{}] immediately following a key/value separator ':' is not a legal yaml space character",
                line.span.row,
                invalid.join(" ")
            );
        }
    }
    hints
}
