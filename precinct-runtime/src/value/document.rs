//! The builder for a document whose rule heads have dynamic parts: `p[x].q[y] := z`, `p[x] contains y`.

use bumpalo::collections::Vec as ArenaVec;

use super::{ArrayBuilder, ObjectBuilder, SetBuilder, Value};
use crate::arena::Arena;

/// Two rules want different things at one place of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentConflict;

/// Nested objects whose leaves are values or sets.
#[derive(Debug, Clone)]
pub struct DocumentBuilder<'a> {
    arena: &'a Arena,
    root: Node<'a>,
}

#[derive(Debug, Default, Clone)]
enum Node<'a> {
    #[default]
    Nothing,
    Leaf(Value<'a>),
    Members(SetBuilder<'a>),
    Items(ArrayBuilder<'a>),
    /// Keys in the order of their arrival; the value of a key is its position among the nodes.
    Inner {
        keys: ObjectBuilder<'a>,
        nodes: ArenaVec<'a, Node<'a>>,
    },
}

impl<'a> DocumentBuilder<'a> {
    /// Empty.
    #[must_use]
    pub const fn new(arena: &'a Arena) -> Self {
        Self {
            arena,
            root: Node::Nothing,
        }
    }

    /// Makes it empty again.
    pub fn clear(&mut self) {
        self.root = Node::Nothing;
    }

    /// Puts a leaf at a path. A different leaf there, or anything but objects on the way, is a conflict.
    pub fn put(&mut self, path: &[Value<'a>], value: Value<'a>) -> Result<(), DocumentConflict> {
        match self.root.descend(self.arena, path)? {
            node @ Node::Nothing => {
                *node = Node::Leaf(value);
                Ok(())
            }
            Node::Leaf(have) if have.equals(value) => Ok(()),
            _ => Err(DocumentConflict),
        }
    }

    /// Adds a member to the set at a path, which need not be there, or be a leaf without members. No member only makes
    /// the place, which is an empty object for as long as nothing is put there.
    pub fn add(
        &mut self,
        path: &[Value<'a>],
        member: Option<Value<'a>>,
    ) -> Result<(), DocumentConflict> {
        let node = self.root.descend(self.arena, path)?;
        let Some(member) = member else {
            return Ok(());
        };
        if matches!(node, Node::Nothing)
            || matches!(node, Node::Leaf(Value::Set(set)) if set.is_empty())
        {
            *node = Node::Members(SetBuilder::new(self.arena));
        }
        let Node::Members(set) = node else {
            return Err(DocumentConflict);
        };
        set.add(member);
        Ok(())
    }

    /// Adds to the set, or to the array, of a key. Nothing else may be put into the document.
    pub fn group(&mut self, key: Value<'a>, value: Value<'a>, is_set: bool) {
        let Ok(node) = self.root.descend(self.arena, &[key]) else {
            return;
        };
        if matches!(node, Node::Nothing) {
            *node = if is_set {
                Node::Members(SetBuilder::new(self.arena))
            } else {
                Node::Items(ArrayBuilder::new(self.arena))
            };
        }
        match node {
            Node::Members(members) => members.add(value),
            Node::Items(items) => items.push(value),
            Node::Nothing | Node::Leaf(_) | Node::Inner { .. } => {}
        }
    }

    /// The document, `{}` if nothing was put; the builder is empty afterwards.
    pub fn finish(&mut self) -> Value<'a> {
        std::mem::take(&mut self.root).finish(self.arena)
    }
}

impl<'a> Node<'a> {
    fn descend(
        &mut self,
        arena: &'a Arena,
        path: &[Value<'a>],
    ) -> Result<&mut Self, DocumentConflict> {
        let mut node = self;
        for key in path {
            if matches!(node, Node::Nothing) {
                *node = Node::Inner {
                    keys: ObjectBuilder::new(arena),
                    nodes: ArenaVec::new_in(arena),
                };
            }
            let Node::Inner { keys, nodes } = node else {
                return Err(DocumentConflict);
            };
            let at = if let Some(at) = keys.get(*key) {
                at.as_number().and_then(crate::Number::to_index)
            } else {
                nodes.push(Node::Nothing);
                keys.replace(
                    *key,
                    Value::int(i64::try_from(nodes.len() - 1).unwrap_or(0)),
                );
                Some(nodes.len() - 1)
            };
            node = at
                .and_then(|at| nodes.get_mut(at))
                .ok_or(DocumentConflict)?;
        }
        Ok(node)
    }

    /// The path of a rule head is as long as the head, so that recursion is bounded by the policy's text.
    fn finish(self, arena: &'a Arena) -> Value<'a> {
        match self {
            Node::Nothing => Value::EMPTY_OBJECT,
            Node::Leaf(value) => value,
            Node::Members(mut set) => set.finish(),
            Node::Items(mut items) => items.finish(),
            Node::Inner { mut keys, nodes } => {
                let values =
                    ArenaVec::from_iter_in(nodes.into_iter().map(|node| node.finish(arena)), arena);
                let Value::Object(positions) = keys.finish() else {
                    return Value::EMPTY_OBJECT;
                };
                let entries = ArenaVec::from_iter_in(
                    positions.entries().iter().filter_map(|(key, at)| {
                        let at = at.as_number()?.to_index()?;
                        Some((key, *values.get(at)?))
                    }),
                    arena,
                );
                super::Object::from_sorted(arena, &entries)
            }
        }
    }
}
