//! What a complete rule or function with more than one value is blamed for.

use std::fmt::Write;

use crate::error::{EvalError, Location};
use crate::value::Value;

/// An error lists no more values than this.
const LISTED: usize = 10;

/// Characters of a value that an error shows.
const SHOWN: usize = 80;

/// The values that the rules of one document gave: the first one, and those that differ from it.
#[derive(Debug, Default)]
pub struct Conflicts<'a> {
    values: Vec<(Option<Location>, Value<'a>)>,
    more: bool,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It is the first, or equal to the first.
    Fine,
    /// It differs: the rule need not be asked for more.
    Conflict,
    /// It differs, and is one too many to list: nobody need be asked for more.
    Full,
}

impl<'a> Conflicts<'a> {
    /// Notes the value of the rule at this place.
    pub fn note(&mut self, location: Option<Location>, value: Value<'a>) -> Noted {
        match self.values.first() {
            Some((_, first)) if first.equals(value) => return Noted::Fine,
            Some(_) if self.values.len() == LISTED => {
                self.more = true;
                return Noted::Full;
            }
            _ => self.values.push((location, value)),
        }
        if self.values.len() == 1 {
            Noted::Fine
        } else {
            Noted::Conflict
        }
    }

    /// The error, with the values in the order of the source. Rules that were asked again may have agreed, if they
    /// depend on a builtin that is not deterministic; then nothing is listed.
    #[must_use]
    pub fn explain(mut self, mut error: EvalError) -> EvalError {
        if self.values.len() < 2 {
            return error;
        }
        self.values.sort_by(|(a, _), (b, _)| {
            let key = |location: &Option<Location>| {
                location.as_ref().map(|l| (l.file.clone(), l.row, l.col))
            };
            key(a).cmp(&key(b))
        });
        error.message.push(':');
        for (location, value) in &self.values {
            error.message.push_str("\n  ");
            error.message.push_str(&shorten(&value.to_string()));
            error.message.push_str(" at ");
            match location {
                // Writing to a string never fails.
                Some(location) => {
                    let _ = write!(error.message, "{location}");
                }
                None => error.message.push_str("<unknown>"),
            }
        }
        if self.more {
            error.message.push_str("\n  ...");
        }
        error
    }
}

/// The text on one line, cut off where it is long.
fn shorten(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn at(row: u32) -> Location {
        Location {
            file: "p.rego".into(),
            row,
            col: 1,
        }
    }

    #[test]
    fn values_are_listed_in_the_order_of_the_source() {
        let mut conflicts = Conflicts::default();
        assert_eq!(conflicts.note(Some(at(5)), Value::int(2)), Noted::Fine);
        assert_eq!(conflicts.note(Some(at(4)), Value::int(2)), Noted::Fine);
        assert_eq!(
            conflicts.note(Some(at(3)), Value::String("one")),
            Noted::Conflict
        );
        let error = conflicts.explain(EvalError::complete_rule_conflict("data.p.q"));
        assert_eq!(
            error.message,
            "rule data.p.q produced conflicting values:\n  \"one\" at p.rego:3\n  2 at p.rego:5"
        );
    }

    #[test]
    fn ten_values_are_enough() {
        let mut conflicts = Conflicts::default();
        for row in 1..=10 {
            assert_ne!(
                conflicts.note(Some(at(row)), Value::int(i64::from(row))),
                Noted::Full
            );
        }
        assert_eq!(conflicts.note(Some(at(11)), Value::int(11)), Noted::Full);
        let error = conflicts.explain(EvalError::function_conflict("data.p.f"));
        assert!(error.message.ends_with("10 at p.rego:10\n  ..."));
    }
}
