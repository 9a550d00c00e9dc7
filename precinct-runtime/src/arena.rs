//! Where values live.

use std::fmt;
use std::sync::{Arc, OnceLock};

use self_cell::{MutBorrow, self_cell};

use crate::error::EvalError;
use crate::joins::Joins;
use crate::json::{Decoder, JsonError};
use crate::value::Value;
use crate::value::lists::{self, Lists};
use crate::value::packed::Pack;
use crate::value::packed::packer::Packer;

/// Storage for the values of one evaluation. Allocating is a pointer bump; `reset` frees everything at once.
pub type Arena = bumpalo::Bump;

/// A text of this many bytes is worth packing: what is read often is small and stays as it is, since that is faster.
const LARGE_TEXT: usize = 1 << 20;

/// So many values are worth packing; about those of such a text.
const LARGE_VALUES: usize = 1 << 16;

/// What the values of a document lie in.
#[derive(Default)]
struct Storage {
    arena: Arena,
    /// A packed document.
    pack: Option<Pack>,
    /// Documents that the values point into.
    parts: Vec<Arc<Document>>,
}

self_cell!(
    struct Cell {
        owner: MutBorrow<Storage>,
        #[covariant]
        dependent: Value,
    }
);

/// A value together with its storage: base data, constants, anything that outlives one evaluation. It is immutable,
/// so that threads share it (`Arc<Document>`) without a lock.
pub struct Document {
    /// Dropped before the values are.
    _lists: Lists,
    cell: Cell,
    has_parts: bool,
    /// Few documents are base documents, and results should be small.
    joins: OnceLock<Box<Joins>>,
}

impl Document {
    /// Builds a document; `build` puts everything it returns into the arena it gets.
    pub fn new(build: impl for<'a> FnOnce(&'a Arena) -> Value<'a>) -> Self {
        let storage = MutBorrow::new(Storage::default());
        Self::of(Cell::new(storage, |storage| {
            build(&storage.borrow_mut().arena)
        }))
    }

    /// Like [`Document::new`], for a `build` that can fail.
    pub fn try_new<E>(
        build: impl for<'a> FnOnce(&'a Arena) -> Result<Value<'a>, E>,
    ) -> Result<Self, E> {
        let storage = MutBorrow::new(Storage::default());
        let cell = Cell::try_new(storage, |storage| build(&storage.borrow_mut().arena))?;
        Ok(Self::of(cell))
    }

    /// Builds a document whose values may be those of other documents, which live as long as it does: `build` gets their
    /// values in this order. Nothing of them is copied, unless so much is new beside them that it is better packed.
    pub fn over<E>(
        parts: Vec<Arc<Self>>,
        build: impl for<'a> FnOnce(&[Value<'a>], &'a Arena) -> Result<Value<'a>, E>,
    ) -> Result<Self, E> {
        let storage = MutBorrow::new(Storage {
            parts,
            ..Storage::default()
        });
        let mut is_large = false;
        let cell = Cell::try_new(storage, |storage| {
            let Storage { arena, parts, .. } = storage.borrow_mut();
            let values: Vec<Value<'_>> = parts.iter().map(|part| part.value()).collect();
            let value = build(&values, arena);
            is_large = arena.allocated_bytes() >= LARGE_TEXT;
            value
        })?;
        if is_large && let Some(packed) = Self::packed(*cell.borrow_dependent()) {
            return Ok(packed);
        }
        Ok(Self {
            has_parts: true,
            ..Self::of(cell)
        })
    }

    /// A packed copy of a value; `None` if it can't be packed.
    #[must_use]
    pub fn packed(value: Value<'_>) -> Option<Self> {
        let mut packer = Packer::new();
        let root = packer.value(value)?;
        packer.finish(root).map(Self::of_pack)
    }

    fn of_pack(pack: Pack) -> Self {
        let storage = MutBorrow::new(Storage {
            pack: Some(pack),
            ..Storage::default()
        });
        Self::of(Cell::new(storage, |storage| {
            let pack = storage.borrow_mut().pack.as_ref();
            pack.map_or(Value::Null, Pack::root)
        }))
    }

    fn of(cell: Cell) -> Self {
        Self {
            _lists: Lists::of(*cell.borrow_dependent()),
            cell,
            has_parts: false,
            joins: OnceLock::new(),
        }
    }

    /// Reads JSON text (RFC 8259) with the default limits of [`crate::json::Limits`].
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        if text.len() >= LARGE_TEXT
            && let Some(pack) = Decoder::new(&Arena::new()).decode_packed(text)?
        {
            return Ok(Self::of_pack(pack));
        }
        Self::try_new(|arena| Decoder::new(arena).decode_copied(text))
    }

    /// The same, packed whatever its size.
    pub fn packed_from_json(text: &[u8]) -> Result<Self, JsonError> {
        match Decoder::new(&Arena::new()).decode_packed(text)? {
            Some(pack) => Ok(Self::of_pack(pack)),
            None => Self::from_json(text),
        }
    }

    /// The empty object: base data when there is none.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(|_| Value::EMPTY_OBJECT)
    }

    /// A copy of a value in storage of its own.
    #[must_use]
    pub fn copy_of(value: Value<'_>) -> Self {
        if !value.is_within(usize::MAX, &mut { LARGE_VALUES })
            && let Some(packed) = Self::packed(value)
        {
            return packed;
        }
        Self::new(|arena| value.copy_into(arena))
    }

    /// Whether it keeps the documents that it was built over, and not copies of their values.
    #[must_use]
    pub const fn has_parts(&self) -> bool {
        self.has_parts
    }

    /// The positions of those entries of a list that may have a value at a path, see [`crate::joins`].
    pub(crate) fn joined<L: AsRef<str>, P: AsRef<str>>(
        &self,
        list: &[L],
        source: Value<'_>,
        path: &[P],
        wanted: Value<'_>,
    ) -> Option<&[u32]> {
        let joins = self.joins.get_or_init(Box::default);
        joins.find(self.value(), list, source, path, wanted)
    }

    /// Makes the indexes that decisions have asked of another document, so that none waits for them after this one has taken
    /// its place.
    pub fn make_indexes_of(&self, other: &Self) {
        lists::make_those_of(other.value(), self.value());
        if let Some(joins) = other.joins.get() {
            let own = self.joins.get_or_init(Box::default);
            own.make_those_of(joins, self.value());
        }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        *self.cell.borrow_dependent()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::empty()
    }
}

/// Fails an evaluation that needs more storage than it may have.
///
/// `limit` is in bytes. Engines ask on each rule and on each builtin call, so that the arena passes the limit by no
/// more than what one builtin makes.
pub fn check_limit(arena: &Arena, limit: usize) -> Result<(), EvalError> {
    if arena.allocated_bytes() > limit {
        return Err(EvalError::memory(limit));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    #[test]
    fn a_document_over_others_keeps_them_alive_and_copies_nothing() {
        let part =
            Arc::new(Document::from_json(br#"{"a": ["long enough to be told apart"]}"#).unwrap());
        let place = |document: &Document| {
            let list = document.value().path(&["a"]).unwrap();
            list.as_array().unwrap().place()
        };
        let there = place(&part);
        let over = Document::over(vec![part], |parts, arena| {
            let a = parts[0].path(&["a"]).unwrap();
            let entries = [("a", a), ("b", Value::int(1))];
            let entries = entries.map(|(key, value)| (Value::string(arena, key), value));
            Ok::<_, ()>(Value::object(arena, entries))
        });
        let over = over.unwrap();
        assert_eq!(place(&over), there);
        assert_eq!(
            over.value().to_string(),
            r#"{"a": ["long enough to be told apart"], "b": 1}"#
        );
    }
}
