//! The data model of Rego.
//!
//! * [`order`]: the total order of all values, equality and hashing
//! * [`mod@array`], [`object`], [`set`]: collections, sorted, with a hash index where large
//! * [`members`]: the keys and values of an object that is not packed
//! * [`index`]: their hash index
//! * `packed`: large documents, in a third of the memory
//! * [`lists`]: indexes over the long lists of documents
//! * [`build`]: how collections are made
//! * `sort`: many values in order
//! * [`document`]: the builder for documents with dynamic rule heads
//! * [`display`]: values as Rego text

pub mod array;
pub mod build;
pub mod display;
pub mod document;
pub mod index;
pub mod lists;
pub mod members;
pub mod object;
pub mod order;
pub(crate) mod packed;
pub mod set;
pub(crate) mod sort;

pub use array::{Array, ArrayIter};
pub use build::{ArrayBuilder, Inserted, ObjectBuilder, SetBuilder};
pub use document::{DocumentBuilder, DocumentConflict};
pub use members::{Keys, Members};
pub use object::{Entries, EntriesIter, Object};
pub use set::Set;

use crate::arena::Arena;
use crate::number::Number;

/// A value of Rego's data model. Strings and collections are borrowed from an [`Arena`].
#[derive(Clone, Copy, Default)]
pub enum Value<'a> {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number<'a>),
    /// A string.
    String(&'a str),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
    /// A set.
    Set(&'a Set<'a>),
}

impl<'a> Value<'a> {
    /// `{}`
    pub const EMPTY_OBJECT: Value<'static> = Value::Object(Object::EMPTY);
    /// `set()`
    pub const EMPTY_SET: Value<'static> = Value::Set(Set::EMPTY);
    /// `[]`
    pub const EMPTY_ARRAY: Value<'static> = Value::Array(Array::EMPTY);
    /// `true`
    pub const TRUE: Value<'static> = Value::Bool(true);
    /// `false`
    pub const FALSE: Value<'static> = Value::Bool(false);

    /// A number from an integer.
    #[must_use]
    pub const fn int(number: i64) -> Self {
        Value::Number(Number::Int(number))
    }

    /// A string, copied into the arena.
    #[must_use]
    pub fn string(arena: &'a Arena, text: &str) -> Self {
        if text.is_empty() {
            return Value::String("");
        }
        Value::String(arena.alloc_str(text))
    }

    /// An array, copied into the arena.
    #[must_use]
    pub fn array(arena: &'a Arena, items: &[Value<'a>]) -> Self {
        if items.is_empty() {
            return Value::EMPTY_ARRAY;
        }
        Value::Array(Array::new(arena.alloc_slice_copy(items)))
    }

    /// A set of the items, in any order, with any duplicates.
    #[must_use]
    pub fn set(arena: &'a Arena, items: impl IntoIterator<Item = Value<'a>>) -> Self {
        let mut builder = SetBuilder::new(arena);
        for item in items {
            builder.add(item);
        }
        builder.finish()
    }

    /// An object of the entries, in any order; the last of equal keys wins.
    #[must_use]
    pub fn object(
        arena: &'a Arena,
        entries: impl IntoIterator<Item = (Value<'a>, Value<'a>)>,
    ) -> Self {
        let mut builder = ObjectBuilder::new(arena);
        for (key, value) in entries {
            builder.replace(key, value);
        }
        builder.finish()
    }

    /// The name of the value's type in error messages and in `type_name`.
    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Set(_) => "set",
        }
    }

    /// Everything but `false` is truthy: a statement of a rule body holds.
    #[must_use]
    #[inline]
    pub const fn is_truthy(self) -> bool {
        !matches!(self, Value::Bool(false))
    }

    /// The boolean, if it is one.
    #[must_use]
    #[inline]
    pub const fn as_bool(self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    #[inline]
    pub const fn as_number(self) -> Option<Number<'a>> {
        match self {
            Value::Number(n) => Some(n),
            _ => None,
        }
    }

    /// The integer, if it is a number that is one and fits (`1.0` does not count).
    #[must_use]
    #[inline]
    pub const fn as_i64(self) -> Option<i64> {
        match self {
            Value::Number(Number::Int(i)) => Some(i),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    #[inline]
    pub const fn as_str(self) -> Option<&'a str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    #[must_use]
    #[inline]
    pub const fn as_array(self) -> Option<Array<'a>> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if it is one.
    #[must_use]
    #[inline]
    pub const fn as_object(self) -> Option<Object<'a>> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The set, if it is one.
    #[must_use]
    #[inline]
    pub const fn as_set(self) -> Option<&'a Set<'a>> {
        match self {
            Value::Set(set) => Some(set),
            _ => None,
        }
    }

    /// The entry of a collection at a position: index and element, key and value, member and member.
    #[must_use]
    #[inline]
    pub fn entry_at(self, position: usize) -> Option<(Self, Self)> {
        match self {
            Value::Array(items) => {
                let index = Value::int(i64::try_from(position).unwrap_or(i64::MAX));
                Some((index, items.get(position)?))
            }
            Value::Object(object) => object.entries().get(position),
            Value::Set(set) => set.items().get(position).map(|item| (*item, *item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    /// The number of elements, keys or members; `None` for what is no collection.
    #[must_use]
    #[inline]
    pub fn collection_len(self) -> Option<usize> {
        match self {
            Value::Array(items) => Some(items.len()),
            Value::Object(object) => Some(object.len()),
            Value::Set(set) => Some(set.len()),
            _ => None,
        }
    }

    /// It is an array, an object or a set.
    #[must_use]
    #[inline]
    pub const fn is_collection(self) -> bool {
        matches!(self, Value::Array(_) | Value::Object(_) | Value::Set(_))
    }

    /// `self[key]`: an element by its index, an object's value, a set's member (which is the key, as the set holds it).
    #[must_use]
    #[inline]
    pub fn get(self, key: Value<'_>) -> Option<Value<'a>> {
        match self {
            Value::Object(object) => object.get(key),
            Value::Array(items) => {
                let Value::Number(number) = key else {
                    return None;
                };
                items.get(number.to_index()?)
            }
            Value::Set(set) => set.get(key),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    /// The value of an object under a string key.
    #[must_use]
    #[inline]
    pub fn field(self, name: &str) -> Option<Value<'a>> {
        match self {
            Value::Object(object) => object.get_str(name),
            _ => None,
        }
    }

    /// `self[name]` of objects and sets: a reference's step by a string. Documents that were read hold no sets, those that
    /// a `with` puts there may.
    #[must_use]
    #[inline]
    pub fn step(self, name: &str) -> Option<Value<'a>> {
        match self {
            Value::Object(object) => object.get_str(name),
            Value::Set(set) => set.get(Value::String(name)),
            _ => None,
        }
    }

    /// Follows string keys through nested objects and sets; the empty path gives the value itself.
    #[must_use]
    pub fn path<S: AsRef<str>>(self, path: &[S]) -> Option<Value<'a>> {
        path.iter()
            .try_fold(self, |value, name| value.step(name.as_ref()))
    }

    /// The value nests at most `depth` collections into each other, and takes no more than `nodes` values to walk
    /// through, which are taken off. Parts that are shared count as often as they are seen.
    #[must_use]
    pub fn is_within(self, depth: usize, nodes: &mut usize) -> bool {
        let Some(left) = nodes.checked_sub(1) else {
            return false;
        };
        *nodes = left;
        let Some(below) = depth.checked_sub(1) else {
            return self.collection_len().is_none_or(|len| len == 0);
        };
        match self {
            Value::Array(items) => items.iter().all(|item| item.is_within(below, nodes)),
            Value::Set(set) => set.items().iter().all(|item| item.is_within(below, nodes)),
            Value::Object(object) => object
                .entries()
                .iter()
                .all(|(key, value)| key.is_within(below, nodes) && value.is_within(below, nodes)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }

    /// A copy in another arena, with nothing borrowed from where it came from.
    ///
    /// The nesting of values is bounded where they are made ([`crate::json::Limits`]), so that recursion is too.
    #[must_use]
    pub fn copy_into(self, arena: &Arena) -> Value<'_> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(b) => Value::Bool(b),
            Value::Number(Number::Int(i)) => Value::int(i),
            Value::Number(Number::Literal(text)) => {
                Value::Number(Number::Literal(arena.alloc_str(text)))
            }
            Value::String(text) => Value::string(arena, text),
            Value::Array(items) => {
                let items = items.iter().map(|item| item.copy_into(arena));
                Value::Array(Array::new(arena.alloc_slice_fill_iter(items)))
            }
            Value::Object(object) => Value::Object(object.copy_into(arena)),
            Value::Set(set) => Value::Set(set.copy_into(arena)),
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::int(value)
    }
}

impl<'a> From<Number<'a>> for Value<'a> {
    fn from(value: Number<'a>) -> Self {
        Value::Number(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::String(value)
    }
}

impl<'a> From<&'a [Value<'a>]> for Value<'a> {
    fn from(value: &'a [Value<'a>]) -> Self {
        Value::Array(Array::new(value))
    }
}

#[cfg(test)]
mod tests;
