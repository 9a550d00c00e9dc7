//! What the machine's stacks hold beside values: builders, loops, arguments.

use precinct_runtime::value::{Array, DocumentBuilder, Entries};
use precinct_runtime::{Arena, ArrayBuilder, ObjectBuilder, SetBuilder, Value};

use super::code::BuilderKind;

/// What a function builds.
pub(super) enum Builder<'a> {
    Array(ArrayBuilder<'a>),
    Set(SetBuilder<'a>),
    Object(ObjectBuilder<'a>),
    Document(DocumentBuilder<'a>),
}

impl<'a> Builder<'a> {
    pub(super) fn of(kind: BuilderKind, arena: &'a Arena) -> Self {
        match kind {
            BuilderKind::Array => Builder::Array(ArrayBuilder::new(arena)),
            BuilderKind::Set => Builder::Set(SetBuilder::new(arena)),
            BuilderKind::Object => Builder::Object(ObjectBuilder::new(arena)),
            BuilderKind::Document => Builder::Document(DocumentBuilder::new(arena)),
        }
    }

    pub(super) fn begin(&mut self) {
        match self {
            Builder::Array(array) => array.clear(),
            Builder::Set(set) => set.clear(),
            Builder::Object(object) => object.clear(),
            Builder::Document(document) => document.clear(),
        }
    }

    pub(super) fn finish(&mut self) -> Value<'a> {
        match self {
            Builder::Array(array) => array.finish(),
            Builder::Set(set) => set.finish(),
            Builder::Object(object) => object.finish(),
            Builder::Document(document) => document.finish(),
        }
    }
}

/// A few values in a row; only many of them need memory.
pub(super) struct Gathered<'a> {
    few: [Value<'a>; FEW],
    len: usize,
    many: Vec<Value<'a>>,
}

const FEW: usize = 4;

impl<'a> FromIterator<Value<'a>> for Gathered<'a> {
    #[inline]
    fn from_iter<T: IntoIterator<Item = Value<'a>>>(values: T) -> Self {
        let mut gathered = Self {
            few: [Value::Null; FEW],
            len: 0,
            many: Vec::new(),
        };
        for value in values {
            if let Some(place) = gathered.few.get_mut(gathered.len) {
                *place = value;
            } else {
                if gathered.many.is_empty() {
                    gathered.many.extend_from_slice(&gathered.few);
                }
                gathered.many.push(value);
            }
            gathered.len += 1;
        }
        gathered
    }
}

impl<'a> std::ops::Deref for Gathered<'a> {
    type Target = [Value<'a>];

    #[inline]
    fn deref(&self) -> &[Value<'a>] {
        if self.many.is_empty() {
            &self.few[..self.len]
        } else {
            &self.many
        }
    }
}

/// A loop that is running.
#[derive(Clone, Copy)]
pub(super) enum Iter<'a> {
    Array(Array<'a>, usize),
    Object(Entries<'a>, usize),
    Set(&'a [Value<'a>], usize),
    /// Over the entries of a list at these positions.
    At(Value<'a>, &'a [u32], usize),
}

impl<'a> Iter<'a> {
    pub(super) fn over(source: Value<'a>) -> Option<Self> {
        match source {
            Value::Array(items) if !items.is_empty() => Some(Iter::Array(items, 0)),
            Value::Object(object) if !object.is_empty() => Some(Iter::Object(object.entries(), 0)),
            Value::Set(set) if !set.is_empty() => Some(Iter::Set(set.items(), 0)),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<(Value<'a>, Value<'a>)> {
        match self {
            Iter::Array(items, at) => {
                let item = items.get(*at)?;
                let index = Value::int(i64::try_from(*at).unwrap_or(i64::MAX));
                *at += 1;
                Some((index, item))
            }
            Iter::Object(entries, at) => {
                let entry = entries.get(*at)?;
                *at += 1;
                Some(entry)
            }
            Iter::Set(items, at) => {
                let item = *items.get(*at)?;
                *at += 1;
                Some((item, item))
            }
            Iter::At(source, positions, at) => {
                let position = *positions.get(*at)?;
                *at += 1;
                source.entry_at(position as usize)
            }
        }
    }
}
