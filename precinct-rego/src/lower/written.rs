//! Sets and objects that are written out with parts that are only known at run time.
//!
//! As a value such a collection is like any other. But OPA walks through it as it is written: its members come in the
//! order of their terms, those of equal values each for itself, and of equal keys the first one counts, not the last. So
//! the emitter keeps what a collection was written as, for the loops over it.
//!
//! ```text
//! some x in {input.b, "z"}
//!   l1 = {"z", l0}
//!   l2 = ["z", l0]
//!   scan 'n l2 as _, l3
//! ```

use super::emit::{Emitter, Lowered};
use super::tables::constant_of;
use crate::ast::{Term, TermValue};
use crate::ir::{Label, Operand, StmtKind};

/// What a collection was written as, in the order of its terms.
pub(super) enum Written {
    Set(Vec<Operand>),
    Object(Vec<(Operand, Operand)>),
}

/// The order of terms once OPA has bound all that has to be evaluated to variables: plain constants, variables, then what
/// becomes variables, one after the other, then arrays, objects and sets.
fn rank(term: &Term) -> (u8, Option<&Term>) {
    match &term.value {
        TermValue::Array(_) | TermValue::Object(_) | TermValue::Set(_) => (4, None),
        TermValue::Var(_) => (1, Some(term)),
        TermValue::Call(_) | TermValue::Template(_) => (2, Some(term)),
        _ if constant_of(term).is_some() => (0, None),
        _ => (3, Some(term)),
    }
}

impl Emitter<'_, '_> {
    pub(super) fn eval_set(&mut self, terms: &[Term]) -> Lowered<Operand> {
        let mut ranked = terms
            .iter()
            .map(|term| Ok((rank(term), self.eval(term)?)))
            .collect::<Lowered<Vec<_>>>()?;
        ranked.sort_by_key(|(rank, _)| *rank);
        let items: Vec<Operand> = ranked.into_iter().map(|(_, item)| item).collect();
        let target = self.value();
        if is_open(&items) {
            self.written.insert(target, Written::Set(items.clone()));
        }
        self.emit(StmtKind::Set { target, items });
        Ok(Operand::Local(target))
    }

    pub(super) fn eval_object(&mut self, terms: &[(Term, Term)]) -> Lowered<Operand> {
        let mut ranked = terms
            .iter()
            .map(|(key, value)| Ok((rank(key), (self.eval(key)?, self.eval(value)?))))
            .collect::<Lowered<Vec<_>>>()?;
        ranked.sort_by_key(|(rank, _)| *rank);
        let entries: Vec<_> = ranked.into_iter().map(|(_, entry)| entry).collect();
        let target = self.value();
        let keys: Vec<Operand> = entries.iter().map(|(key, _)| *key).collect();
        if is_open(&keys) {
            let written = Written::Object(entries.clone());
            self.written.insert(target, written);
        }
        self.emit(StmtKind::Object { target, entries });
        Ok(Operand::Local(target))
    }

    /// Opens a loop over the entries of a value, which stays open: its name, and the key and the value of an entry.
    pub(super) fn entries(&mut self, source: Operand) -> Lowered<(Label, Operand, Operand)> {
        let (keys, is_object) = match self.written_as(source) {
            None => {
                let (key, value) = (self.value(), self.value());
                let label = self.scan(source, Some(key), Some(value))?;
                return Ok((label, Operand::Local(key), Operand::Local(value)));
            }
            Some(Written::Set(items)) => (items.clone(), false),
            Some(Written::Object(entries)) => (entries.iter().map(|(key, _)| *key).collect(), true),
        };
        let list = self.value();
        self.emit(StmtKind::Array {
            target: list,
            items: keys,
        });
        let key = self.value();
        let label = self.scan(Operand::Local(list), None, Some(key))?;
        let key = Operand::Local(key);
        let value = if is_object {
            self.part(source, key)
        } else {
            key
        };
        Ok((label, key, value))
    }

    /// What a value holds at a key, or away through the label for undefined.
    pub(super) fn part(&mut self, source: Operand, key: Operand) -> Operand {
        if let Some(Written::Object(entries)) = self.written_as(source) {
            let entries = entries.iter().rev().copied().collect();
            let target = self.value();
            self.emit(StmtKind::Object { target, entries });
            return self.get(Operand::Local(target), key);
        }
        self.get(source, key)
    }

    fn written_as(&self, source: Operand) -> Option<&Written> {
        match source {
            Operand::Local(local) => self.written.get(&local),
            Operand::Constant(_) => None,
        }
    }
}

/// Whether the order of the members, and whether they are equal, is only known at run time.
fn is_open(members: &[Operand]) -> bool {
    let is_local = |it: &Operand| matches!(it, Operand::Local(_));
    members.len() > 1 && members.iter().any(is_local)
}
