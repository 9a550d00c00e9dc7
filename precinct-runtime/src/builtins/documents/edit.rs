//! Many operations of a JSON patch on one document: what they change is opened once and closed in the end, where
//! [`super::patch`] makes a copy for each of them.

use std::collections::BTreeMap;

use super::patch::{self, Operation, fits, index, refuse};
use crate::arena::Arena;
use crate::error::BuiltinError;
use crate::value::{Object, Value};

/// A document that is being changed.
#[derive(Debug)]
pub(super) enum Node<'a> {
    /// As it is. Sets and scalars stay so.
    Closed(Value<'a>),
    Array(Vec<Node<'a>>),
    Object(BTreeMap<Value<'a>, Node<'a>>),
}

impl Default for Node<'_> {
    fn default() -> Self {
        Self::Closed(Value::Null)
    }
}

impl<'a> Node<'a> {
    /// Carries out an operation, with the errors of [`patch::apply`]. After an error the document is of no use.
    pub(super) fn apply(
        &mut self,
        operation: Value<'a>,
        arena: &'a Arena,
    ) -> Result<(), BuiltinError> {
        let operation = Operation::of(operation, arena)?;
        let path = &*operation.path;
        match operation.op {
            "add" => self.add(path, fits(path, operation.value()?)?, arena),
            "remove" => self.remove(path, arena).map(drop),
            "replace" => {
                if !path.is_empty() {
                    self.remove(path, arena)?;
                }
                self.add(path, fits(path, operation.value()?)?, arena)
            }
            "move" => {
                let mut node = self.remove(&operation.from(arena)?, arena)?;
                self.add(path, fits(path, node.close(arena))?, arena)
            }
            "copy" => {
                let value = self.find(&operation.from(arena)?, arena)?;
                self.add(path, fits(path, value)?, arena)
            }
            "test" => operation.test(self.find(path, arena)?),
            other => refuse(format!("unrecognized op: '{other}'")),
        }
    }

    /// The value of the node, which stays closed until something in it is changed.
    pub(super) fn close(&mut self, arena: &'a Arena) -> Value<'a> {
        let value = match std::mem::take(self) {
            Self::Closed(value) => value,
            Self::Array(mut items) => {
                let items: Vec<_> = items.iter_mut().map(|item| item.close(arena)).collect();
                Value::array(arena, &items)
            }
            Self::Object(mut members) => {
                let members = members.iter_mut();
                let entries: Vec<_> = members
                    .map(|(key, node)| (*key, node.close(arena)))
                    .collect();
                Object::from_sorted(arena, &entries)
            }
        };
        *self = Self::Closed(value);
        value
    }

    fn open(&mut self) {
        match self {
            Self::Closed(Value::Array(items)) => {
                *self = Self::Array(items.iter().map(Node::Closed).collect());
            }
            Self::Closed(Value::Object(object)) => {
                let entries = object.entries().iter();
                *self = Self::Object(
                    entries
                        .map(|(key, value)| (key, Node::Closed(value)))
                        .collect(),
                );
            }
            _ => {}
        }
    }

    /// The node under a key of an open node.
    fn step(&mut self, key: Value<'a>, arena: &'a Arena) -> Result<&mut Self, BuiltinError> {
        let is_there = match self {
            Self::Array(items) => index(key, items.len())? < items.len(),
            Self::Object(members) => members.contains_key(&key),
            Self::Closed(_) => false,
        };
        if !is_there {
            // An error that shows the document.
            return patch::find(self.close(arena), &[key])
                .and_then(|_| refuse("a part of the document cannot be changed"));
        }
        let found = match self {
            Self::Array(items) => {
                let at = index(key, items.len())?;
                items.get_mut(at)
            }
            Self::Object(members) => members.get_mut(&key),
            Self::Closed(_) => None,
        };
        found.map_or_else(|| refuse("a part of the document cannot be changed"), Ok)
    }

    fn find(&mut self, path: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, BuiltinError> {
        match (&*self, path) {
            (Self::Closed(value), path) => patch::find(*value, path),
            (_, []) => Ok(self.close(arena)),
            (_, [key, rest @ ..]) => self.step(*key, arena)?.find(rest, arena),
        }
    }

    fn add(
        &mut self,
        path: &[Value<'a>],
        value: Value<'a>,
        arena: &'a Arena,
    ) -> Result<(), BuiltinError> {
        let Some((key, rest)) = path.split_first() else {
            *self = Self::Closed(value);
            return Ok(());
        };
        self.open();
        match self {
            Self::Closed(closed) => *closed = patch::add(*closed, path, value, arena)?,
            _ if !rest.is_empty() => return self.step(*key, arena)?.add(rest, value, arena),
            Self::Array(items) => {
                let at = index(*key, items.len())?;
                if at > items.len() {
                    return refuse("index for array insertion out of bounds");
                }
                items.insert(at, Self::Closed(value));
            }
            Self::Object(members) => {
                members.insert(*key, Self::Closed(value));
            }
        }
        Ok(())
    }

    /// Takes out the node at a path; of the whole document `null` is left.
    fn remove(&mut self, path: &[Value<'a>], arena: &'a Arena) -> Result<Self, BuiltinError> {
        let Some((key, rest)) = path.split_first() else {
            return Ok(std::mem::take(self));
        };
        self.open();
        match self {
            Self::Closed(closed) => {
                let (left, removed) = patch::remove(*closed, path, arena)?;
                *closed = left;
                Ok(Self::Closed(removed))
            }
            _ if !rest.is_empty() => self.step(*key, arena)?.remove(rest, arena),
            Self::Array(items) => {
                let at = index(*key, items.len())?;
                if at >= items.len() {
                    return refuse("index for array delete out of bounds");
                }
                Ok(items.remove(at))
            }
            Self::Object(members) => members.remove(key).ok_or_else(|| patch::no_child(*key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operations that often fit the document, and often do not.
    fn operation<'a>(arena: &'a Arena, roll: &mut impl FnMut(usize) -> usize) -> Value<'a> {
        let text = Value::String;
        let keys = [
            text("a"),
            text("b"),
            text("s"),
            text("0"),
            text("1"),
            text("2"),
            text("-"),
            text("01"),
            Value::int(0),
            Value::int(1),
            Value::TRUE,
            Value::Number(crate::number::Number::Literal("1.0")),
        ];
        let mut path = || {
            let length = [0, 1, 1, 1, 2, 2, 3][roll(7)];
            let path: Vec<_> = (0..length).map(|_| keys[roll(12)]).collect();
            Value::array(arena, &path)
        };
        let (at, from) = (path(), path());
        let values = [
            Value::int(1),
            Value::array(arena, &[Value::int(7), text("x")]),
            Value::object(
                arena,
                [
                    (text("a"), Value::int(3)),
                    (Value::int(1), Value::EMPTY_OBJECT),
                ],
            ),
            Value::set(arena, [Value::int(1), Value::TRUE, text("a")]),
            Value::EMPTY_OBJECT,
        ];
        let op = [
            "add", "add", "add", "remove", "replace", "replace", "move", "copy", "test", "bad",
        ];
        let entries = [
            (text("op"), text(op[roll(10)])),
            (text("path"), at),
            (text("from"), from),
            (text("value"), values[roll(5)]),
        ];
        let kept = if roll(25) == 0 { 3 } else { 4 };
        Value::object(arena, entries.into_iter().take(kept))
    }

    #[test]
    fn many_operations_do_what_each_of_them_does() {
        let mut seed = 5_u64;
        let mut roll = |sides: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 33).unwrap_or(0) % sides
        };
        let (mut done, mut refused) = (0, 0);
        for _ in 0..3000 {
            let arena = Arena::new();
            let part = Value::object(&arena, [(Value::String("a"), Value::EMPTY_ARRAY)]);
            let set = Value::set(&arena, [part, Value::int(1), Value::String("a")]);
            let entries = [
                (
                    Value::String("a"),
                    Value::array(&arena, &[part, part, Value::Null]),
                ),
                (Value::String("b"), part),
                (Value::String("s"), set),
                (Value::int(1), Value::EMPTY_OBJECT),
            ];
            let mut plain = Value::object(&arena, entries);
            let mut node = Node::Closed(plain);
            for _ in 0..12 {
                let operation = operation(&arena, &mut roll);
                let wanted = patch::apply(plain, operation, &arena);
                let got = node.apply(operation, &arena);
                match wanted {
                    Ok(value) => {
                        assert!(got.is_ok(), "{operation} of {plain}: {got:?}");
                        plain = value;
                        done += 1;
                    }
                    Err(error) => {
                        let got = got.map_err(|error| error.message);
                        assert_eq!(got, Err(error.message), "{operation} of {plain}");
                        refused += 1;
                        node = Node::Closed(plain);
                    }
                }
                if roll(4) == 0 {
                    assert_eq!(node.close(&arena).to_string(), plain.to_string());
                }
            }
        }
        assert!(done > 2000 && refused > 1000, "{done} {refused}");
    }
}
