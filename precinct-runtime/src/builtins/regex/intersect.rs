//! Whether two simple patterns have a text in common: characters, `.`, `[a-z]`, each repeated by `*` or `+`.

use std::collections::HashSet;

use crate::error::BuiltinError;

#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Token {
    fn meets(&self, other: &Self) -> bool {
        self.set.meets(&other.set)
    }
}

/// More repeated sets than this are not looked at in OPA's way, which calls itself for each of them.
const MOST_REPEATS: usize = 500;

/// Whether some text fits both patterns, in OPA's opinion: it goes through both from left to right, with a repeated set
/// eating what it can, and so misses some texts (`ab*` and `a` have none in common).
///
/// # Errors
/// When a pattern is not of this form.
pub fn non_empty(one: &str, other: &str) -> Result<bool, BuiltinError> {
    let (one, other) = (merged(tokens(one)?), merged(tokens(other)?));
    let repeats = one.iter().chain(&other).filter(|token| token.repeats);
    if repeats.count() > MOST_REPEATS {
        return Ok(meet(&one, &other));
    }
    let plain = |token: &&Token| !token.repeats;
    let ends = |ends: &mut dyn Iterator<Item = (&Token, &Token)>| {
        ends.take_while(|(left, right)| plain(left) && plain(right))
            .all(|(left, right)| left.meets(right))
    };
    // What is not repeated must be the same at both ends.
    if !ends(&mut one.iter().zip(&other)) || !ends(&mut one.iter().rev().zip(other.iter().rev())) {
        return Ok(false);
    }
    let mut search = Search {
        sides: [&one, &other],
        failed: HashSet::new(),
    };
    Ok(search.both((0, 0), 0))
}

/// Neighbouring repeats of one set are one.
fn merged(tokens: Vec<Token>) -> Vec<Token> {
    let mut merged: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if let Some(last) = merged.last_mut()
            && last.repeats
            && token.repeats
            && last.set == token.set
        {
            last.optional &= token.optional;
        } else {
            merged.push(token);
        }
    }
    merged
}

/// A place in each pattern.
type Places = (usize, usize);

struct Search<'t> {
    sides: [&'t [Token]; 2],
    /// From where nothing was found, and which side was the first.
    failed: HashSet<(Places, usize)>,
}

impl Search<'_> {
    /// The token at the place of a side.
    fn token(&self, places: Places, side: usize) -> Option<&Token> {
        let place = if side == 0 { places.0 } else { places.1 };
        self.sides[side].get(place)
    }

    /// The rests of both sides have a text in common. `first`: the side whose repeat is looked at first.
    fn both(&mut self, from: Places, first: usize) -> bool {
        if self.failed.contains(&(from, first)) {
            return false;
        }
        let mut at = from;
        let found = loop {
            let (left, right) = (self.token(at, first), self.token(at, 1 - first));
            let (Some(left), Some(right)) = (left, right) else {
                break left.is_none() && right.is_none();
            };
            let (repeated, token) = match (left.repeats, right.repeats) {
                (true, _) => (first, left),
                (_, true) => (1 - first, right),
                _ if left.meets(right) => {
                    at = (at.0 + 1, at.1 + 1);
                    continue;
                }
                _ => break false,
            };
            break if token.optional {
                self.star(at, repeated)
            } else {
                self.plus(at, repeated)
            };
        };
        if !found {
            self.failed.insert((from, first));
        }
        found
    }

    fn plus(&mut self, at: Places, side: usize) -> bool {
        let (Some(token), Some(other)) = (self.token(at, side), self.token(at, 1 - side)) else {
            return false;
        };
        let repeats = other.repeats;
        if !token.meets(other) {
            return false;
        }
        if self.star(step(at, 1 - side, 1), side) {
            return true;
        }
        repeats && self.both(step(at, side, 1), side)
    }

    /// The repeated token of this side eats tokens of the other, up to one that the next token of its side can take.
    fn star(&mut self, at: Places, side: usize) -> bool {
        let next = step(at, side, 1);
        let mut eaten = 0;
        loop {
            let here = step(at, 1 - side, eaten);
            let (Some(token), Some(other)) = (self.token(at, side), self.token(here, 1 - side))
            else {
                return self.token(next, side).is_none();
            };
            let eats = token.meets(other);
            let goes_on = self
                .token(next, side)
                .is_some_and(|token| token.meets(other));
            if goes_on && self.both(step(next, 1 - side, eaten), side) {
                return true;
            }
            if !eats {
                return false;
            }
            eaten += 1;
        }
    }
}

const fn step(at: Places, side: usize, by: usize) -> Places {
    if side == 0 {
        (at.0 + by, at.1)
    } else {
        (at.0, at.1 + by)
    }
}

/// Whether some text fits both, exactly.
fn meet(one: &[Token], other: &[Token]) -> bool {
    let width = other.len() + 1;
    let mut seen = HashSet::new();
    let mut open = vec![(0_usize, 0_usize)];
    while let Some((at, behind)) = open.pop() {
        if !seen.insert(at * width + behind) {
            continue;
        }
        if at == one.len() && behind == other.len() {
            return true;
        }
        let (left, right) = (one.get(at), other.get(behind));
        if left.is_some_and(|token| token.optional) {
            open.push((at + 1, behind));
        }
        if right.is_some_and(|token| token.optional) {
            open.push((at, behind + 1));
        }
        if let (Some(left), Some(right)) = (left, right)
            && left.meets(right)
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
    false
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
            ("[a-z]*", "[0-9]*", false),
            ("[a-z]+", "[0-9]+", false),
            (".*x", "abc", false),
            (".*x", "abx", true),
            ("ab*", "a", false),
            ("a+", "ab*", false),
            ("a*b*", "b", true),
            ("", "a*", false),
            ("a+a*", "aaa", true),
            ("[a-c]+d", "a+c*d", true),
        ] {
            assert_eq!(non_empty(one, other).unwrap(), want, "{one} {other}");
        }
        assert!(non_empty("[a", "b").is_err());
        assert!(non_empty("*", "b").is_err());
    }
}
