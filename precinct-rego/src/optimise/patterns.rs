//! What every text that a constant pattern fits has in common.

use std::sync::Arc;

use crate::ir::{Constant, Key};

/// Characters that mean something in a glob.
const SPECIAL: [char; 9] = ['*', '?', '[', ']', '{', '}', '\\', '!', ','];

/// The keys that hold, all of them, for every text that fits a glob.
pub(super) fn glob(pattern: &str, delimiters: &Constant) -> Vec<Key> {
    let mut keys = Vec::new();
    let start = pattern.find(SPECIAL).map_or(pattern, |end| &pattern[..end]);
    if !start.is_empty() {
        keys.push(Key::Starts(Arc::from(start)));
    }
    if pattern.contains(|c| c != '*' && SPECIAL.contains(&c)) {
        return keys;
    }
    let end = pattern.rsplit('*').next().unwrap_or_default();
    if !end.is_empty() {
        keys.push(Key::Ends(Arc::from(end)));
    }
    if let Some(separator) = separator(delimiters) {
        let whole = pattern
            .split(separator)
            .take_while(|segment| !segment.contains("**"));
        for (at, segment) in (0..).zip(whole) {
            if !segment.contains('*') {
                keys.push(Key::Segment {
                    separator,
                    at,
                    text: Arc::from(segment),
                });
            }
        }
    }
    keys
}

/// The one delimiter of a glob, if it has just one.
fn separator(delimiters: &Constant) -> Option<char> {
    let Constant::Array(items) = delimiters else {
        return None;
    };
    match items.as_slice() {
        [] => Some('.'),
        [Constant::String(text)] => {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        }
        _ => None,
    }
}

/// The key that holds for every text that a regular expression matches: what stands plain behind its `^`.
pub(super) fn regex(pattern: &str) -> Vec<Key> {
    let Some(rest) = pattern.strip_prefix('^') else {
        return Vec::new();
    };
    if has_outer_alternatives(rest) {
        return Vec::new();
    }
    let mut plain = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        let literal = match c {
            '\\' => match chars.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => escaped,
                _ => break,
            },
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' | '|' => break,
            plain => plain,
        };
        // What may be left out or repeated is not part of it.
        if matches!(chars.peek(), Some('*' | '?' | '{' | '+')) {
            break;
        }
        plain.push(literal);
    }
    if plain.is_empty() {
        return Vec::new();
    }
    vec![Key::Starts(Arc::from(plain))]
}

/// There is a `|` outside of all groups, or a class that could hide one.
fn has_outer_alternatives(pattern: &str) -> bool {
    let mut depth = 0_usize;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.next(), Some('Q' | 'E') | None) => return true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '[' => {
                // The first member can be a bracket itself.
                let mut first = true;
                loop {
                    match chars.next() {
                        Some('\\') => {
                            chars.next();
                        }
                        Some('^') if first => continue,
                        Some(']') if !first => break,
                        None | Some('[' | ']') => return true,
                        Some(_) => {}
                    }
                    first = false;
                }
            }
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Constant {
        Constant::String(Arc::from(text))
    }

    fn starts(text: &str) -> Key {
        Key::Starts(Arc::from(text))
    }

    fn segment(separator: char, at: u32, text: &str) -> Key {
        Key::Segment {
            separator,
            at,
            text: Arc::from(text),
        }
    }

    #[test]
    fn globs_have_a_beginning_an_end_and_whole_segments() {
        let slash = Constant::Array(vec![string("/")]);
        assert_eq!(
            glob("a/*/c*/d", &slash),
            vec![
                starts("a/"),
                Key::Ends(Arc::from("/d")),
                segment('/', 0, "a"),
                segment('/', 3, "d"),
            ]
        );
        assert_eq!(
            glob("a.**.c", &Constant::Array(Vec::new())),
            vec![
                starts("a."),
                Key::Ends(Arc::from(".c")),
                segment('.', 0, "a")
            ]
        );
        assert_eq!(glob("*", &slash), Vec::new());
        assert_eq!(glob("ab{c,d}*x", &slash), vec![starts("ab")]);
        assert_eq!(glob(r"a\*b", &Constant::Null), vec![starts("a")]);
    }

    #[test]
    fn regular_expressions_have_a_beginning() {
        for (pattern, plain) in [
            ("^abc", "abc"),
            (r"^a\.b/c.*$", "a.b/c"),
            ("^abc?d", "ab"),
            ("^abc+", "ab"),
            ("^ab{2}", "a"),
            ("^a(b|c)", "a"),
            ("^ab[|]", "ab"),
        ] {
            assert_eq!(regex(pattern), vec![starts(plain)], "{pattern}");
        }
        for pattern in [
            "abc",
            "^a|b",
            "(?i)^abc",
            "^",
            "^.a",
            r"^\d",
            "^a[[:alpha:]]|b",
            r"^\Qa|b",
        ] {
            assert_eq!(regex(pattern), Vec::new(), "{pattern}");
        }
    }
}
