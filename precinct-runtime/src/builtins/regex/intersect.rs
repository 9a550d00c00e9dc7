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

/// A pattern while it is cut into tokens.
struct Reader<'p> {
    pattern: &'p str,
    chars: Vec<char>,
    at: usize,
}

impl Reader<'_> {
    fn invalid<T>(&self, pos: usize, what: &str) -> Result<T, BuiltinError> {
        Err(BuiltinError::new(format!(
            "input:{}, pos:{pos}, {what}: the input provided is invalid",
            self.pattern
        )))
    }

    /// The next character, and whether a backslash stands before it.
    fn next(&mut self) -> Result<Option<(char, bool)>, BuiltinError> {
        let escaped = match self.chars.get(self.at) {
            None => return Ok(None),
            Some('\\') => true,
            Some(_) => false,
        };
        let Some(c) = self.chars.get(self.at + usize::from(escaped)).copied() else {
            return self.invalid(self.at, "input ends with a \\ (escape) character");
        };
        self.at += 1 + usize::from(escaped);
        Ok(Some((c, escaped)))
    }

    /// The ranges of a set, after its bracket.
    fn set(&mut self) -> Result<Vec<(char, char)>, BuiltinError> {
        let mut ranges = Vec::new();
        let mut before = None;
        loop {
            match self.next()? {
                None => return self.invalid(self.at, "found [ without matching ]"),
                Some((']', false)) => return Ok(ranges),
                Some(('-', false)) => {
                    let Some(low) = before.take() else {
                        let what = "range character '-' must be preceded by a Unicode character";
                        return self.invalid(self.at, what);
                    };
                    let last = self.at + 1 >= self.chars.len();
                    let Some((high, escaped)) = (if last { None } else { self.next()? }) else {
                        let what = "range character '-' must be followed by a Unicode character";
                        return self.invalid(self.at, what);
                    };
                    if !escaped && matches!(high, ']' | '-') {
                        let what = "range character '-' cannot be followed by a special symbol";
                        return self.invalid(self.at, what);
                    }
                    if high < low {
                        let what = format!(
                            "range is out of order: '{high}' comes before '{low}' in Unicode"
                        );
                        return self.invalid(self.at, &what);
                    }
                    ranges.push((low, high));
                }
                Some((c, _)) => {
                    ranges.push((c, c));
                    before = Some(c);
                }
            }
        }
    }
}

fn tokens(pattern: &str) -> Result<Vec<Token>, BuiltinError> {
    let mut reader = Reader {
        pattern,
        chars: pattern.chars().collect(),
        at: 0,
    };
    let mut tokens = Vec::new();
    while let Some((c, escaped)) = reader.next()? {
        let set = match c {
            '.' if !escaped => Set::Any,
            '[' if !escaped => Set::Ranges(reader.set()?),
            ']' if !escaped => {
                return reader.invalid(reader.at, "set-close ']' with no preceding '['");
            }
            '*' | '+' if !escaped => {
                let what = format!("flag '{c}' must be preceded by a non-flag");
                return reader.invalid(reader.at, &what);
            }
            other => Set::Ranges(vec![(other, other)]),
        };
        let flag = reader.chars.get(reader.at).copied();
        let repeats = matches!(flag, Some('*' | '+'));
        reader.at += usize::from(repeats);
        tokens.push(Token {
            set,
            repeats,
            optional: flag == Some('*'),
        });
    }
    Ok(tokens)
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
