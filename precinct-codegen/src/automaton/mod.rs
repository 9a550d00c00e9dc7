//! Constant patterns become deterministic automata, so that nothing is compiled when a policy runs.
//!
//! ```text
//! regular expression, glob -> the regex crate's NFA -> subsets -> smallest automaton -> Rust
//! ```
//!
//! * [`subsets`]: an NFA made deterministic
//! * [`smallest`]: states that no text tells apart become one
//!
//! What grows too large, or asks for what bytes alone can't tell, stays a pattern that is compiled at its first use.

mod smallest;
mod subsets;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use precinct_runtime::automaton::{DEAD, FITS, STAY};
use precinct_runtime::builtins::{glob, regex};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_syntax::hir::Hir;

/// Bytes that the NFA of a pattern may take.
const SIZE: usize = 1 << 20;
/// Entries that the rows of an automaton may have before it is made smaller; after it they are numbered by `u16`.
const ENTRIES: usize = 1 << 18;
/// States that it may have before that: to make it smaller takes up to their square.
const STATES: usize = 1 << 13;
/// Bytes that all automata of a program may take. Thousands of patterns are told apart by what stands plain in them, and
/// would make a program that takes long to build.
const ROOM: usize = 1 << 20;

/// A pattern, and the characters that a `*` stops at if it is a glob.
type Pattern = (String, Option<String>);

/// The automata of a program, each made once.
pub(crate) struct Automata {
    made: RefCell<HashMap<Pattern, Option<TokenStream>>>,
    room: Cell<usize>,
}

impl Default for Automata {
    fn default() -> Self {
        Self {
            made: RefCell::default(),
            room: Cell::new(ROOM),
        }
    }
}

impl Automata {
    /// The automaton of a glob with the characters that a `*` stops at, or of a regular expression, as Rust; none where
    /// the pattern has none, or there is no room for it any more.
    pub(crate) fn of(&self, pattern: &str, delimiters: Option<&str>) -> Option<TokenStream> {
        let key = (pattern.to_owned(), delimiters.map(str::to_owned));
        if let Some(made) = self.made.borrow().get(&key) {
            return made.clone();
        }
        let made = self.make(pattern, delimiters);
        self.made.borrow_mut().insert(key, made.clone());
        made
    }

    fn make(&self, pattern: &str, delimiters: Option<&str>) -> Option<TokenStream> {
        let room = self.room.get();
        if room == 0 {
            return None;
        }
        let automaton = match delimiters {
            None => Automaton::of_expression(pattern),
            Some(delimiters) => Automaton::of_glob(pattern, delimiters),
        }?;
        // Where one has no room, those behind it are not even made.
        let left = room.checked_sub(automaton.size());
        self.room.set(left.unwrap_or(0));
        left.map(|_| automaton.written())
    }
}

/// An automaton that can be written as Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Automaton {
    anchored: bool,
    prefix: Vec<u8>,
    columns: Vec<u8>,
    rows: Vec<u8>,
    width: u16,
    start: u16,
}

/// Where a state leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum To {
    /// To no text that fits.
    Dead,
    /// To texts that fit, all of them.
    Fits,
    /// To this state.
    State(usize),
}

/// A deterministic automaton: for each state where the classes of bytes lead, and, last, the end.
#[derive(Debug)]
struct Table {
    /// The class of each byte.
    classes: Vec<usize>,
    states: Vec<Vec<To>>,
    start: To,
}

impl Automaton {
    /// The automaton of a regular expression of Go's syntax.
    fn of_expression(pattern: &str) -> Option<Self> {
        Self::of(&regex::go::translate(pattern).ok()?)
    }

    /// The automaton of a glob, with the characters that a `*` stops at.
    fn of_glob(pattern: &str, delimiters: &str) -> Option<Self> {
        let pattern = glob::Pattern::new(pattern, delimiters).ok()?;
        Self::of(&pattern.expression())
    }

    fn of(expression: &str) -> Option<Self> {
        // A pattern that is too large for the runtime has to stay an error there.
        regex::go::build(expression).ok()?;
        let hir = regex_syntax::parse(expression).ok()?;
        if !is_told_by_bytes(&hir) {
            return None;
        }
        let config = Config::new()
            .nfa_size_limit(Some(SIZE))
            .which_captures(WhichCaptures::None);
        let nfa = Compiler::new()
            .configure(config)
            .build_from_hir(&hir)
            .ok()?;
        let table = smallest::of(&subsets::of(&nfa, STATES, ENTRIES)?);
        Self::packed(&table, nfa.is_always_start_anchored())
    }

    /// Takes off what all texts begin with, and packs what is left.
    fn packed(table: &Table, anchored: bool) -> Option<Self> {
        let (prefix, start) = table.prefix();
        let mut order = Vec::new();
        let mut places = vec![None; table.states.len()];
        let mut open = vec![start];
        while let Some(to) = open.pop() {
            if let To::State(state) = to
                && places[state].is_none()
            {
                places[state] = Some(order.len());
                order.push(state);
                open.extend(&table.states[state]);
            }
        }
        let (columns, picked) = table.columns(&order);
        let width = picked.len() + 1;
        let place = |to: To| match to {
            To::Dead => Some(DEAD),
            To::Fits => Some(FITS),
            To::State(state) => {
                let place = u16::try_from(places[state]? * width).ok()?;
                (place < STAY).then_some(place)
            }
        };
        let mut rows = Vec::new();
        for state in &order {
            let row = &table.states[*state];
            let end = row.len().checked_sub(1)?;
            for column in picked.iter().copied().chain([end]) {
                let next = match row[column] {
                    To::State(next) if next == *state => STAY,
                    to => place(to)?,
                };
                rows.extend(next.to_le_bytes());
            }
        }
        Some(Self {
            anchored,
            prefix,
            columns,
            rows,
            width: u16::try_from(width).ok()?,
            start: place(start)?,
        })
    }

    /// Bytes that it takes in a program.
    fn size(&self) -> usize {
        self.prefix.len() + self.columns.len() + self.rows.len()
    }

    /// As Rust that builds it.
    fn written(&self) -> TokenStream {
        let prefix = Literal::byte_string(&self.prefix);
        let columns = Literal::byte_string(&self.columns);
        let rows = Literal::byte_string(&self.rows);
        let (anchored, width, start) = (self.anchored, self.width, self.start);
        quote! {
            rt::Automaton {
                anchored: #anchored,
                prefix: #prefix,
                columns: #columns,
                rows: #rows,
                width: #width,
                start: #start,
            }
        }
    }
}

impl Table {
    /// What all texts that fit begin with, and the state behind it.
    fn prefix(&self) -> (Vec<u8>, To) {
        let mut prefix = Vec::new();
        let mut at = self.start;
        while let To::State(state) = at
            && prefix.len() < self.states.len()
            && let Some((byte, next)) = self.only(state)
        {
            prefix.push(byte);
            at = next;
        }
        (prefix, at)
    }

    /// The one byte that leads on from a state, if there is just one.
    fn only(&self, state: usize) -> Option<(u8, To)> {
        let (end, row) = self.states[state].split_last()?;
        let mut alive = (0..row.len()).filter(|class| row[*class] != To::Dead);
        let (class, None, To::Dead) = (alive.next()?, alive.next(), end) else {
            return None;
        };
        let mut bytes = (0..=u8::MAX).filter(|byte| self.classes[usize::from(*byte)] == class);
        let (byte, None) = (bytes.next()?, bytes.next()) else {
            return None;
        };
        Some((byte, row[class]))
    }

    /// The column of each byte, and the class that stands for each column: classes that lead from these states to the
    /// same places are one.
    fn columns(&self, order: &[usize]) -> (Vec<u8>, Vec<usize>) {
        let mut picked: Vec<usize> = Vec::new();
        let mut of_class = Vec::new();
        let classes = self.classes.iter().max().map_or(0, |most| most + 1);
        for class in 0..classes {
            let alike = |other: &usize| {
                let mut states = order.iter().map(|state| &self.states[*state]);
                states.all(|row| row[class] == row[*other])
            };
            let column = picked.iter().position(alike).unwrap_or_else(|| {
                picked.push(class);
                picked.len() - 1
            });
            // There are no more classes than bytes.
            of_class.push(u8::try_from(column).unwrap_or(u8::MAX));
        }
        let columns = self.classes.iter().map(|class| of_class[*class]).collect();
        (columns, picked)
    }
}

/// An empty match can lie within a character only where something asks for what is no border of a word; bytes do not
/// tell that it does.
fn is_told_by_bytes(hir: &Hir) -> bool {
    let properties = hir.properties();
    properties.minimum_len() != Some(0) || !properties.look_set().contains_word()
}

#[cfg(test)]
mod tests;
