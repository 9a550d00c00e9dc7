//! The types of documents by their paths.

use std::collections::BTreeMap;

use super::kinds::{Type, or};
use crate::ast::{Span, Term, TermValue};
use crate::capabilities::Builtin;

/// A node of the tree. Its children are by the parts of references, `data` and `input` at the root.
#[derive(Clone, Debug, Default)]
pub struct TypeTree {
    /// The type of the document, if it is known as a whole.
    pub(super) value: Option<Type>,
    pub(super) children: BTreeMap<TermValue, TypeTree>,
}

impl TypeTree {
    /// The types of builtins whose names have their first part in common, below it.
    pub(crate) fn of_builtins<'b>(builtins: impl Iterator<Item = &'b Builtin>) -> Self {
        let mut tree = Self::default();
        for builtin in builtins {
            let path: Vec<Term> = builtin
                .name
                .split('.')
                .skip(1)
                .map(|name| part(TermValue::String(name.into())))
                .collect();
            tree.put(&path, Type::of_builtin(&builtin.decl));
        }
        tree
    }

    /// What is known before any rule: the type of `input`, if it has one.
    pub(in crate::compile) fn of_input(input: Option<Type>) -> Self {
        let mut tree = Self::default();
        if let Some(input) = input {
            tree.put(&[part(TermValue::Var("input".into()))], input);
        }
        tree
    }

    pub(super) fn child(&self, key: &TermValue) -> Option<&Self> {
        self.children.get(key)
    }

    /// Sets the type at a path.
    pub(super) fn put(&mut self, path: &[Term], kind: Type) {
        let mut node = self;
        for part in path {
            node = node.children.entry(part.value.clone()).or_default();
        }
        node.value = Some(kind);
    }

    /// The type of the document here, put together from those below if need be.
    pub(super) fn extent(&self) -> Type {
        if let Some(value) = &self.value {
            return value.clone();
        }
        let properties = self
            .children
            .iter()
            .filter(|(key, _)| {
                matches!(
                    key,
                    TermValue::String(_) | TermValue::Number(_) | TermValue::Boolean(_)
                )
            })
            .map(|(key, child)| (key.clone(), child.extent()))
            .collect();
        // Base documents can add any other property.
        Type::object(properties, Some((Type::String, Type::any())))
    }

    /// What the document here can be asked for: the keys of its [`extent`](Self::extent).
    pub(super) fn keys(&self) -> Type {
        if let Some(value) = &self.value {
            return value.keys();
        }
        let has = |wanted: fn(&TermValue) -> bool| self.children.keys().any(wanted);
        let mut keys = Type::String;
        if has(|key| matches!(key, TermValue::Number(_))) {
            keys = or(&keys, &Type::Number);
        }
        if has(|key| matches!(key, TermValue::Boolean(_))) {
            keys = or(&keys, &Type::Boolean);
        }
        keys
    }

    /// Adds a rule's type at a path: to what is known there, and to the objects on the way and below.
    pub(super) fn insert(&mut self, path: &[Term], kind: &Type, key_type: &dyn Fn(&Term) -> Type) {
        let mut node = self;
        for (position, part) in path.iter().enumerate() {
            node = node.children.entry(part.value.clone()).or_default();
            let rest = path.get(position + 1..).unwrap_or_default();
            if !rest.is_empty()
                && let Some(object @ Type::Object(_)) =
                    node.value.as_ref().map(Type::opened).as_deref()
            {
                node.value = Some(with_property(object, rest, kind, key_type));
            }
        }
        let mut merged = match &node.value {
            Some(known) => merge(known, kind),
            None => kind.clone(),
        };
        let (is_object, opened) = (
            matches!(*kind.opened(), Type::Object(_)),
            merged.opened().into_owned(),
        );
        if is_object && !node.children.is_empty() && matches!(opened, Type::Object(_)) {
            merged = opened;
            let mut below = Vec::new();
            for (key, child) in &node.children {
                child.leaves(&mut vec![key.clone()], &mut below);
            }
            for (path, leaf) in below {
                let path: Vec<Term> = path.into_iter().map(part).collect();
                merged = with_property(&merged, &path, &leaf, key_type);
            }
        }
        node.value = Some(merged);
    }

    fn leaves(&self, path: &mut Vec<TermValue>, found: &mut Vec<(Vec<TermValue>, Type)>) {
        if let Some(value) = &self.value {
            found.push((path.clone(), value.clone()));
            return;
        }
        for (key, child) in &self.children {
            path.push(key.clone());
            child.leaves(path, found);
            path.pop();
        }
    }
}

/// An object type with a further property at a path.
fn with_property(
    object: &Type,
    path: &[Term],
    kind: &Type,
    key_type: &dyn Fn(&Term) -> Type,
) -> Type {
    let (Some((first, rest)), Type::Object(it)) = (path.split_first(), object) else {
        return object.clone();
    };
    let value = if rest.is_empty() {
        kind.clone()
    } else {
        with_property(&Type::object(Vec::new(), None), rest, kind, key_type)
    };
    let key = key_type(first);
    let added = match &it.rest {
        Some((keys, values)) => (or(keys, &key), or(values, &value)),
        None => (key, value),
    };
    Type::object(it.properties.clone(), Some(added))
}

/// The type of a document that two rules contribute to.
fn merge(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (Type::Unknown, it) | (it, Type::Unknown) => it.clone(),
        (Type::Recursive(x), Type::Recursive(y)) if x.is(y) => a.clone(),
        (Type::Recursive(_), _) | (_, Type::Recursive(_)) => merge(&a.opened(), &b.opened()),
        (Type::Object(x), Type::Object(y))
            if x.properties.is_empty() && y.properties.is_empty() =>
        {
            match (&x.rest, &y.rest) {
                (None, _) => b.clone(),
                (_, None) => a.clone(),
                (Some((xk, xv)), Some((yk, yv))) => {
                    Type::object(Vec::new(), Some((or(xk, yk), merge(xv, yv))))
                }
            }
        }
        (Type::Object(x), Type::Any(of)) | (Type::Any(of), Type::Object(x))
            if x.properties.is_empty() =>
        {
            let open = |it: &Type| matches!(it, Type::Object(it) if it.properties.is_empty() && it.rest.is_some());
            match (&x.rest, of.iter().position(open)) {
                (Some((key, value)), Some(at)) => {
                    let mut list = of.to_vec();
                    if let Type::Object(it) = &of[at]
                        && let Some((keys, values)) = &it.rest
                    {
                        list[at] =
                            Type::object(Vec::new(), Some((or(keys, key), or(values, value))));
                    }
                    Type::any_of(list)
                }
                _ => or(a, b),
            }
        }
        (Type::Set(x), Type::Set(y)) => Type::set(or(x, y)),
        _ => or(a, b),
    }
}

/// A part of a path, which stands nowhere.
fn part(value: TermValue) -> Term {
    Term {
        span: Span::default(),
        value,
    }
}
