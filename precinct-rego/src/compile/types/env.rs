//! What is known about the types of variables and documents at a place: layers around each other.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::kinds::{Type, json_key, or};
use super::tree::TypeTree;
use crate::ast::{Term, TermValue, Var};
use crate::capabilities::Capabilities;
use crate::compile::vars;
use crate::compile::visit::is_constant;

/// One layer: what it knows hides what the layers around it know.
pub(super) struct Env<'a> {
    vars: RefCell<HashMap<Var, Type>>,
    pub(super) tree: Documents<'a>,
    pub(super) outer: Option<&'a Env<'a>>,
    /// Types of variables belong to the layer around: this one is for one expression only.
    for_expression: bool,
    /// The builtins, which the outermost layer knows.
    builtins: Option<&'a Capabilities>,
    pub(super) closures: &'a Closures,
}

/// The documents of a layer.
pub(super) enum Documents<'a> {
    None,
    Own(TypeTree),
    Shared(&'a TypeTree),
    Cached(Rc<TypeTree>),
}

/// Comprehensions that were looked at, and what came out.
#[derive(Default)]
pub(super) struct Closures {
    /// Changes with all that is known, so that results are only used where nothing has changed.
    state: Cell<u64>,
    last: Cell<u64>,
    /// What is looked at lies within a comprehension, and its surroundings are left out.
    pub(super) from_outside: Cell<bool>,
    pub(super) known: RefCell<HashMap<(usize, u64), Type>>,
}

impl Closures {
    pub(super) fn state(&self) -> u64 {
        self.state.get()
    }

    fn changed(&self) {
        self.last.set(self.last.get() + 1);
        self.state.set(self.last.get());
    }

    /// Goes back to a state: all that was learnt since has been forgotten.
    pub(super) fn restore(&self, state: u64) {
        self.state.set(state);
    }
}

impl<'a> Env<'a> {
    pub(super) fn root(
        tree: &'a TypeTree,
        builtins: &'a Capabilities,
        closures: &'a Closures,
    ) -> Self {
        Self {
            vars: RefCell::default(),
            tree: Documents::Shared(tree),
            outer: None,
            for_expression: false,
            builtins: Some(builtins),
            closures,
        }
    }

    pub(super) fn inside(outer: &'a Env<'a>) -> Self {
        outer.closures.changed();
        Self {
            vars: RefCell::default(),
            tree: Documents::None,
            outer: Some(outer),
            for_expression: false,
            builtins: None,
            closures: outer.closures,
        }
    }

    /// A layer for one expression with modifiers.
    pub(super) fn for_expression(outer: &'a Env<'a>, tree: Documents<'a>) -> Self {
        outer.closures.changed();
        Self {
            vars: RefCell::default(),
            tree,
            outer: Some(outer),
            for_expression: true,
            builtins: None,
            closures: outer.closures,
        }
    }

    /// What this layer knows of the documents or builtins below the head of a reference.
    pub(super) fn below(&self, head: &TermValue) -> Option<&TypeTree> {
        let documents = match &self.tree {
            Documents::None => None,
            Documents::Own(tree) => tree.child(head),
            Documents::Shared(tree) => tree.child(head),
            Documents::Cached(tree) => tree.child(head),
        };
        documents.or_else(|| match head {
            TermValue::Var(name) => self.builtins?.types(name),
            _ => None,
        })
    }

    /// The type that this layer itself knows of a variable.
    pub(super) fn own_var(&self, name: &str) -> Option<Type> {
        self.vars.borrow().get(name).cloned()
    }

    /// The type of a variable; unknown if there is none.
    pub(super) fn var(&self, name: &Var) -> Type {
        let head = TermValue::Var(name.clone());
        let mut layer = Some(self);
        while let Some(env) = layer {
            if let Some(kind) = env.own_var(name) {
                return kind;
            }
            if let Some(node) = env.below(&head) {
                return node.value.clone().unwrap_or(Type::Unknown);
            }
            layer = env.outer;
        }
        Type::Unknown
    }

    /// Notes the type of a variable.
    pub(super) fn set_var(&self, name: &Var, kind: Type) {
        let mut env = self;
        while env.for_expression
            && let Some(outer) = env.outer
        {
            env = outer;
        }
        env.vars.borrow_mut().insert(name.clone(), kind);
        self.closures.changed();
    }

    /// The type of the document that a reference leads to.
    pub(super) fn reference(&self, parts: &[Term]) -> Type {
        let Some((head, rest)) = parts.split_first() else {
            return Type::Unknown;
        };
        let mut layer = Some(self);
        while let Some(env) = layer {
            if let Some(name) = vars::name(head)
                && let Some(kind) = env.own_var(name)
            {
                return select(kind, rest);
            }
            if let Some(node) = env.below(&head.value)
                && let Some(found) = descend(node, rest)
            {
                return found;
            }
            layer = env.outer;
        }
        if vars::name(head).is_some_and(|name| vars::is_root(name)) {
            Type::any()
        } else {
            Type::Unknown
        }
    }

    /// The type of a term, comprehensions left aside.
    pub(super) fn plain<'e>(&self, value: &'e TermValue, of: &dyn Fn(&Term) -> Type) -> Type {
        match value {
            TermValue::Null => Type::Null,
            TermValue::Boolean(_) => Type::Boolean,
            TermValue::Number(_) => Type::Number,
            TermValue::String(_) | TermValue::Template(_) => Type::String,
            TermValue::Array(items) => Type::array(items.iter().map(of).collect(), None),
            TermValue::Object(entries) => {
                let mut properties: Vec<(TermValue, Type)> = Vec::new();
                let mut rest = None;
                // Of several keys that are not constant OPA knows one: the last in the order of its locals, which
                // calls get behind variables, and other terms behind calls.
                let rank = |key: &'e Term| match key.value {
                    TermValue::Var(_) => (0, Some(key)),
                    TermValue::Call(_) => (1, Some(key)),
                    _ => (2, Some(key)),
                };
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| rank(key));
                for (key, value) in entries {
                    if is_constant(&key.value) {
                        let key = json_key(key);
                        properties.retain(|(known, _)| *known != key);
                        properties.push((key, of(value)));
                    } else {
                        rest = Some((of(key), of(value)));
                    }
                }
                Type::object(properties, rest)
            }
            TermValue::Set(items) => Type::set(
                items
                    .iter()
                    .fold(Type::Unknown, |sum, item| or(&sum, &of(item))),
            ),
            TermValue::Ref(parts) => self.reference(parts),
            TermValue::Var(name) => self.var(name),
            TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_)
            | TermValue::Call(_) => Type::Unknown,
        }
    }
}

/// What a node answers to the rest of a reference; `None` if layers around are to be asked.
fn descend(node: &TypeTree, rest: &[Term]) -> Option<Type> {
    let Some((part, tail)) = rest.split_first() else {
        return Some(node.extent());
    };
    if let Some(value) = &node.value {
        return match node.child(&part.value) {
            Some(child) => descend(child, tail),
            None => Some(select(value.clone(), rest)),
        };
    }
    if !is_constant(&part.value) {
        return Some(select(node.extent(), rest));
    }
    descend(node.child(&part.value)?, tail)
}

/// What values of a type answer to the rest of a reference.
pub(super) fn select(kind: Type, rest: &[Term]) -> Type {
    let mut kind = kind;
    for part in rest {
        if kind.is_unknown() {
            return kind;
        }
        kind = match &part.value {
            TermValue::Var(_)
            | TermValue::Ref(_)
            | TermValue::Array(_)
            | TermValue::Object(_)
            | TermValue::Set(_) => {
                if kind.is_empty_collection() {
                    // Walking through nothing says nothing about what would be found.
                    return Type::any();
                }
                kind.values()
            }
            value if is_constant(value) => kind.select(value),
            _ => Type::Unknown,
        };
    }
    kind
}
