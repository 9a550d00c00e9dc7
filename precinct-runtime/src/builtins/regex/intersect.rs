//! Whether two simple patterns have a text in common: characters, `.`, `[a-z]`, each repeated by `*` or `+`.

use crate::error::BuiltinError;

#[derive(Clone, Debug)]
enum Set {
    Any,
    Ranges(Vec<(char, char)>),
}

impl Set {
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::Ranges(one), Self::Ranges(other)) => one
                .iter()
                .any(|(low, high)| other.iter().any(|(from, to)| low <= to && from <= high)),
        }
    }
}

/// A set of characters, how often it may stand.
#[derive(Clone, Debug)]
struct Token {
    set: Set,
    repeats: bool,
    optional: bool,
}

/// Whether some text fits both patterns.
///
/// # Errors
/// When a pattern is not of this form.
pub fn non_empty(one: &str, other: &str) -> Result<bool, BuiltinError> {
    let (one, other) = (tokens(one)?, tokens(other)?);
    let width = other.len() + 1;
    let mut seen = vec![false; (one.len() + 1) * width];
    let mut open = vec![(0_usize, 0_usize)];
    while let Some((at, behind)) = open.pop() {
        if std::mem::replace(&mut seen[at * width + behind], true) {
            continue;
        }
        if at == one.len() && behind == other.len() {
            return Ok(true);
        }
        let (left, right) = (one.get(at), other.get(behind));
        if left.is_some_and(|token| token.optional) {
            open.push((at + 1, behind));
        }
        if right.is_some_and(|token| token.optional) {
            open.push((at, behind + 1));
        }
        if let (Some(left), Some(right)) = (left, right)
            && left.set.meets(&right.set)
        {
            open.push((at + 1, behind + 1));
            if left.repeats {
                open.push((at, behind + 1));
            }
            if right.repeats {
                open.push((at + 1, behind));
            }
        }
    }
    Ok(false)
}

fn tokens(pattern: &str) -> Result<Vec<Token>, BuiltinError> {
    let invalid = |pos: usize, what: &str| {
        BuiltinError::new(format!(
            "input:{pattern}, pos:{pos}, {what}: the input provided is invalid"
        ))
    };
    let chars: Vec<char> = pattern.chars().collect();
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    let mut flagged = true;
    while let Some(&c) = chars.get(at) {
        at += 1;
        let set = match c {
            '*' | '+' => {
                if flagged {
                    return Err(invalid(at - 1, "flag '*' must be preceded by a non-flag"));
                }
                if let Some(last) = tokens.last_mut() {
                    last.repeats = true;
                    last.optional = c == '*';
                }
                flagged = true;
                continue;
            }
            '.' => Set::Any,
            '[' => {
                let (ranges, next) =
                    set(&chars, at).ok_or_else(|| invalid(at - 1, "found [ without matching ]"))?;
                at = next;
                Set::Ranges(ranges)
            }
            ']' => return Err(invalid(at, "set-close ']' with no preceding '['")),
            '\\' => {
                let escaped = *chars
                    .get(at)
                    .ok_or_else(|| invalid(at - 1, "found \\ at end"))?;
                at += 1;
                Set::Ranges(vec![(escaped, escaped)])
            }
            other => Set::Ranges(vec![(other, other)]),
        };
        flagged = false;
        tokens.push(Token {
            set,
            repeats: false,
            optional: false,
        });
    }
    Ok(tokens)
}

fn set(chars: &[char], mut at: usize) -> Option<(Vec<(char, char)>, usize)> {
    let mut ranges = Vec::new();
    loop {
        let mut take = || {
            let c = *chars.get(at)?;
            at += 1;
            if c != '\\' {
                return Some((c, false));
            }
            let escaped = *chars.get(at)?;
            at += 1;
            Some((escaped, true))
        };
        let (low, escaped) = take()?;
        if low == ']' && !escaped {
            return Some((ranges, at));
        }
        let ends = chars.get(at + 1).is_none_or(|c| *c == ']');
        if chars.get(at) == Some(&'-') && !ends {
            at += 1;
            let high = *chars.get(at)?;
            at += 1;
            ranges.push((low.min(high), high.max(low)));
        } else {
            ranges.push((low, low));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::non_empty;

    #[test]
    fn patterns_with_a_common_text() {
        for (one, other, want) in [
            ("a.a.[0-9]+z", "b.b.[0-9]+z", false),
            ("a.a.[0-9]+z", "a.a.1z", true),
            ("[a-z]*", "[0-9]*", true),
            ("[a-z]+", "[0-9]+", false),
            (".*x", "abc", false),
            (".*x", "abx", true),
        ] {
            assert_eq!(non_empty(one, other).unwrap(), want, "{one} {other}");
        }
        assert!(non_empty("[a", "b").is_err());
        assert!(non_empty("*", "b").is_err());
    }
}
