//! An NFA made deterministic.
//!
//! A state is the set of places that the NFA stands at before the next byte, with what the byte before was. What asks
//! for the borders of lines and words is answered when the next byte, or the end, is known.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::look::{Look, LookSet};
use regex_automata::util::primitives::StateID;

use super::{Table, To};

/// Steps that all closures of a pattern may take together.
const STEPS: usize = 20_000_000;

/// What stands beside a place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    /// The beginning or the end of the text.
    Edge,
    /// The end of a line.
    Line,
    /// A letter, digit or underscore.
    Word,
    /// Any other byte, or one that nothing asks for.
    Other,
}

impl Side {
    /// What a byte is to those who ask.
    fn of(byte: u8, asked: LookSet) -> Self {
        let lines = asked.contains(Look::StartLF) || asked.contains(Look::EndLF);
        match byte {
            b'\n' if lines => Self::Line,
            b'_' if asked.contains_word() => Self::Word,
            _ if byte.is_ascii_alphanumeric() && asked.contains_word() => Self::Word,
            _ => Self::Other,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Subset {
    places: Vec<StateID>,
    before: Side,
}

/// What is reached without a byte.
enum Closure {
    /// The end of the pattern.
    Fits,
    /// Places that ask for a byte.
    Places(Vec<StateID>),
}

struct Subsets<'n> {
    nfa: &'n NFA,
    asked: LookSet,
    steps: usize,
    /// Which places the closure has met, by the number of the closure.
    met: Vec<usize>,
    closures: usize,
}

/// The deterministic automaton of an NFA; none if it has more states or entries, or asks for what is not known here.
pub(super) fn of(nfa: &NFA, most: usize, entries: usize) -> Option<Table> {
    let asked = nfa.look_set_any();
    let known = [
        Look::Start,
        Look::End,
        Look::StartLF,
        Look::EndLF,
        Look::WordAscii,
        Look::WordAsciiNegate,
    ];
    if asked.iter().any(|look| !known.contains(&look)) {
        return None;
    }
    let classes: Vec<usize> = (0..=u8::MAX)
        .map(|byte| usize::from(nfa.byte_classes().get(byte)))
        .collect();
    let count = classes.iter().max()? + 1;
    let mut subsets = Subsets {
        nfa,
        asked,
        steps: STEPS,
        met: vec![0; nfa.states().len()],
        closures: 0,
    };
    let first = Subset {
        places: vec![nfa.start_anchored()],
        before: Side::Edge,
    };
    let mut found = HashMap::from([(first.clone(), 0)]);
    let mut open = vec![first];
    let mut states: Vec<Vec<To>> = Vec::new();
    while let Some(subset) = open.get(states.len()).cloned() {
        let mut row = Vec::with_capacity(count + 1);
        let mut closures: HashMap<Side, Closure> = HashMap::new();
        for class in 0..count {
            let byte = u8::try_from(classes.iter().position(|other| *other == class)?).ok()?;
            let side = Side::of(byte, asked);
            let closure = match closures.entry(side) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(subsets.closure(&subset, side)?),
            };
            let Closure::Places(closure) = closure else {
                row.push(To::Fits);
                continue;
            };
            let next = subsets.step(closure, byte);
            if next.places.is_empty() {
                row.push(To::Dead);
                continue;
            }
            let number = *found.entry(next).or_insert_with_key(|next| {
                open.push(next.clone());
                open.len() - 1
            });
            row.push(To::State(number));
        }
        row.push(match subsets.closure(&subset, Side::Edge)? {
            Closure::Fits => To::Fits,
            Closure::Places(_) => To::Dead,
        });
        states.push(row);
        if open.len() > most || open.len() * (count + 1) > entries {
            return None;
        }
    }
    Some(Table {
        classes,
        states,
        start: To::State(0),
    })
}

impl Subsets<'_> {
    /// What is reached without a byte, before something on the next side; `None` if it took too long.
    fn closure(&mut self, subset: &Subset, next: Side) -> Option<Closure> {
        self.closures += 1;
        let mut reached = Vec::new();
        let mut open = subset.places.clone();
        while let Some(place) = open.pop() {
            self.steps = self.steps.checked_sub(1)?;
            if std::mem::replace(&mut self.met[place.as_usize()], self.closures) == self.closures {
                continue;
            }
            match self.nfa.state(place) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => reached.push(place),
                State::Look { look, next: behind } => {
                    if holds(*look, subset.before, next) {
                        open.push(*behind);
                    }
                }
                State::Union { alternates } => open.extend(alternates.iter()),
                State::BinaryUnion { alt1, alt2 } => open.extend([*alt1, *alt2]),
                State::Capture { next, .. } => open.push(*next),
                State::Fail => {}
                State::Match { .. } => return Some(Closure::Fits),
            }
        }
        Some(Closure::Places(reached))
    }

    /// What lies behind a byte; a text can begin to fit at any place, unless the pattern says otherwise.
    fn step(&mut self, closure: &[StateID], byte: u8) -> Subset {
        let mut places: Vec<StateID> = closure
            .iter()
            .filter_map(|place| match self.nfa.state(*place) {
                State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
                State::Sparse(sparse) => sparse.matches_byte(byte),
                State::Dense(dense) => dense.matches_byte(byte),
                _ => None,
            })
            .collect();
        self.steps = self.steps.saturating_sub(closure.len());
        if !self.nfa.is_always_start_anchored() {
            places.push(self.nfa.start_anchored());
        }
        places.sort_unstable();
        places.dedup();
        Subset {
            places,
            before: Side::of(byte, self.asked),
        }
    }
}

/// Whether a place between two sides is what is asked for.
fn holds(look: Look, before: Side, next: Side) -> bool {
    let border = (before == Side::Word) != (next == Side::Word);
    match look {
        Look::Start => before == Side::Edge,
        Look::End => next == Side::Edge,
        Look::StartLF => matches!(before, Side::Edge | Side::Line),
        Look::EndLF => matches!(next, Side::Edge | Side::Line),
        Look::WordAscii => border,
        Look::WordAsciiNegate => !border,
        // Nothing else is asked for: `of` refuses it.
        _ => false,
    }
}
