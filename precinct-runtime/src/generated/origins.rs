//! Where the values of a complete rule or function come from: kept while it is computed, for the error when they differ.

use super::run::{Place, located, location};
use crate::error::EvalError;
use crate::ops::{self, Conflict, Conflicts, Noted};
use crate::value::Value;

/// The rule that gave the first value, and everything about a conflict once there is one.
#[derive(Debug, Default)]
pub struct Origins<'a> {
    first: Option<&'static Place>,
    // Beside the hot path: a pointer that stays null as long as the rules agree.
    differing: Option<Box<Differing<'a>>>,
}

#[derive(Debug)]
struct Differing<'a> {
    conflicts: Conflicts<'a>,
    /// The rule that first differed: the place of the error.
    place: Place,
    /// The rules whose conflict is listed already.
    known: Vec<Place>,
}

impl<'a> Origins<'a> {
    /// No value yet.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            first: None,
            differing: None,
        }
    }

    /// Sets what is not set; a value that differs from what is set is noted, and the other rules are asked on, so that
    /// the error can list them all.
    #[inline]
    pub fn assign(
        &mut self,
        target: &mut Option<Value<'a>>,
        value: Value<'a>,
        place: &'static Place,
    ) {
        match target {
            None => {
                *target = Some(value);
                self.first = Some(place);
            }
            Some(have) if have.equals(value) => {}
            Some(have) => self.differs(*have, value, *place),
        }
    }

    #[cold]
    fn differs(&mut self, have: Value<'a>, value: Value<'a>, place: Place) {
        let first = self.first.copied();
        let differing = self.differing.get_or_insert_with(|| {
            let mut conflicts = Conflicts::default();
            conflicts.note(first.map(location), have);
            Box::new(Differing {
                conflicts,
                place,
                known: Vec::new(),
            })
        });
        if differing.known.contains(&place) {
            return;
        }
        if differing.conflicts.note(Some(location(place)), value) == Noted::Conflict {
            differing.known.push(place);
        }
    }

    /// The error, if rules differed.
    #[inline]
    pub fn settle(&mut self, kind: Conflict, path: &str) -> Result<(), EvalError> {
        match self.differing.take() {
            None => Ok(()),
            Some(differing) => Err(error(*differing, kind, path)),
        }
    }
}

/// The error for rules that gave different constants: which of them held is a bit each, the lowest for the first.
#[cold]
#[must_use]
pub fn disagreement(
    held: u64,
    given: &[(Value<'static>, Place)],
    kind: Conflict,
    path: &str,
) -> EvalError {
    let mut conflicts = Conflicts::default();
    let mut first: Option<Value<'static>> = None;
    let mut differing = None;
    for (at, (value, place)) in given.iter().enumerate() {
        if held >> at & 1 == 0 {
            continue;
        }
        match first {
            Some(have) if have.equals(*value) => continue,
            Some(_) => differing = differing.or(Some(*place)),
            None => first = Some(*value),
        }
        conflicts.note(Some(location(*place)), *value);
    }
    let error = ops::conflict(kind, path);
    let error = match differing {
        Some(place) => located(error, place),
        None => error,
    };
    conflicts.explain(error)
}

#[cold]
fn error(differing: Differing<'_>, kind: Conflict, path: &str) -> EvalError {
    let error = located(ops::conflict(kind, path), differing.place);
    differing.conflicts.explain(error)
}
