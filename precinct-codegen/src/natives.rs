//! Builtins that become Rust in place of a call through the table of builtins.
//!
//! A native form exists where the arguments that decide how to compute are constants. Where an argument has the wrong
//! type, the expression is undefined, as it is when the builtin fails; programs that want to see such errors
//! (`strict`) call the builtins themselves.

use precinct_rego::ir::{BuiltinId, Operand, Program};
use precinct_runtime::Value;

/// How a builtin is computed in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Native {
    /// `startswith(text, part)`
    StartsWith,
    /// `endswith(text, part)`
    EndsWith,
    /// `contains(text, part)`
    Contains,
    /// `split(text, separator)` with a constant separator that is not empty.
    Split {
        /// The separator.
        separator: String,
    },
    /// `count(x)`
    Count,
    /// `glob.match(pattern, delimiters, text)` for a pattern without wildcards.
    GlobExact {
        /// The text that fits.
        text: String,
    },
    /// `glob.match(pattern, delimiters, text)` for a pattern with one wildcard.
    GlobBetween {
        /// What stands before the wildcard.
        before: String,
        /// What stands behind it.
        after: String,
        /// What the wildcard does not cover.
        delimiters: Vec<char>,
    },
}

/// Decides which calls of a program are computed in place.
pub(crate) struct Natives<'p> {
    program: &'p Program,
    constants: &'p [Value<'p>],
    strict: bool,
}

impl<'p> Natives<'p> {
    /// The natives of a program whose constants have these values.
    pub(crate) fn new(program: &'p Program, constants: &'p [Value<'p>], strict: bool) -> Self {
        Self {
            program,
            constants,
            strict,
        }
    }

    /// The native form of a call.
    pub(crate) fn of(&self, builtin: BuiltinId, args: &[Operand]) -> Option<Native> {
        if self.strict {
            return None;
        }
        let name: &str = &self.program.builtins.get(builtin.index())?.name;
        match (name, args) {
            ("startswith", [_, _]) => Some(Native::StartsWith),
            ("endswith", [_, _]) => Some(Native::EndsWith),
            ("contains", [_, _]) => Some(Native::Contains),
            ("count", [_]) => Some(Native::Count),
            ("split", [_, separator]) => {
                let separator = self.constant(*separator)?.as_str()?;
                (!separator.is_empty()).then(|| Native::Split {
                    separator: separator.to_owned(),
                })
            }
            ("glob.match", [pattern, delimiters, _]) => glob(
                self.constant(*pattern)?.as_str()?,
                self.constant(*delimiters)?,
            ),
            _ => None,
        }
    }

    fn constant(&self, operand: Operand) -> Option<Value<'p>> {
        match operand {
            Operand::Constant(id) => self.constants.get(id.index()).copied(),
            Operand::Local(_) => None,
        }
    }
}

/// A pattern of plain text with at most one `*` or `**`.
fn glob(pattern: &str, delimiters: Value<'_>) -> Option<Native> {
    if pattern.contains(['?', '[', ']', '{', '}', '\\', '!', ',']) {
        return None;
    }
    let Some((before, after)) = pattern.split_once('*') else {
        return Some(Native::GlobExact {
            text: pattern.to_owned(),
        });
    };
    let (after, across) = match after.strip_prefix('*') {
        Some(after) => (after, true),
        None => (after, false),
    };
    if after.contains('*') {
        return None;
    }
    let delimiters = if across {
        Vec::new()
    } else {
        self::delimiters(delimiters)?
    };
    Some(Native::GlobBetween {
        before: before.to_owned(),
        after: after.to_owned(),
        delimiters,
    })
}

/// What a `*` of a glob stops at.
pub(crate) fn delimiters(delimiters: Value<'_>) -> Option<Vec<char>> {
    match delimiters {
        Value::Null => Some(Vec::new()),
        Value::Array(items) if items.is_empty() => Some(vec!['.']),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let mut chars = item.as_str()?.chars();
                let only = chars.next()?;
                chars.next().is_none().then_some(only)
            })
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_with_one_wildcard_are_prefix_and_suffix() {
        let between = |before: &str, after: &str, delimiters: &[char]| {
            Some(Native::GlobBetween {
                before: before.into(),
                after: after.into(),
                delimiters: delimiters.into(),
            })
        };
        assert_eq!(
            glob("a/*/b", Value::EMPTY_ARRAY),
            between("a/", "/b", &['.'])
        );
        assert_eq!(glob("a/*/b", Value::Null), between("a/", "/b", &[]));
        assert_eq!(glob("a.**", Value::EMPTY_ARRAY), between("a.", "", &[]));
        let slash = [Value::String("/")];
        assert_eq!(
            glob("*", Value::Array(slash[..].into())),
            between("", "", &['/'])
        );
        assert_eq!(
            glob("a", Value::Null),
            Some(Native::GlobExact { text: "a".into() })
        );
        for pattern in ["a?", "*b*", "[ab]", "{a,b}", r"\*"] {
            assert_eq!(glob(pattern, Value::Null), None, "{pattern}");
        }
    }
}
