//! Objects, and JSON documents by paths.
//!
//! * [`patch`]: the operations of `json.patch`, one at a time
//! * `edit`: many of them on one document

mod edit;
pub mod patch;

use std::collections::HashMap;

use crate::arena::Arena;
use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::{Array, Object, ObjectBuilder, Value};

/// Objects, and JSON documents by paths.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("object.get", "(object: object[any: any], key: any, default: any) => value: any", "Returns value of an object's key if present, otherwise a default. If the supplied `key` is an `array`, then `object.get` will search through a nested object or array using each key in turn. For example: `object.get({\"a\": [{ \"b\": true }]}, [\"a\", 0, \"b\"], false)` results in `true`.", object_get).documented(&["object to get `key` from", "key to lookup in `object`", "default to use when lookup fails"], "`object[key]` if present, otherwise `default`"),
    Builtin::new("object.keys", "(object: object[any: any]) => value: set[any]", "Returns a set of an object's keys. For example: `object.keys({\"a\": 1, \"b\": true, \"c\": \"d\")` results in `{\"a\", \"b\", \"c\"}`.", object_keys).documented(&["object to get keys from"], "set of `object`'s keys"),
    Builtin::new("object.union", "(a: object[any: any], b: object[any: any]) => output: object[any: any]", "Creates a new object of the asymmetric union of two objects. For example: `object.union({\"a\": 1, \"b\": 2, \"c\": {\"d\": 3}}, {\"a\": 7, \"c\": {\"d\": 4, \"e\": 5}})` will result in `{\"a\": 7, \"b\": 2, \"c\": {\"d\": 4, \"e\": 5}}`.", object_union).documented(&["left-hand object", "right-hand object"], "a new object which is the result of an asymmetric recursive union of two objects where conflicts are resolved by choosing the key from the right-hand object `b`"),
    Builtin::new("object.union_n", "(objects: array[object[any: any]]) => output: object[any: any]", "Creates a new object that is the asymmetric union of all objects merged from left to right. For example: `object.union_n([{\"a\": 1}, {\"b\": 2}, {\"a\": 3}])` will result in `{\"b\": 2, \"a\": 3}`.", object_union_n).documented(&["list of objects to merge"], "asymmetric recursive union of all objects in `objects`, merged from left to right, where conflicts are resolved by choosing the key from the right-hand object"),
    Builtin::new("object.remove", "(object: object[any: any], keys: any<array[any], object[any: any], set[any]>) => output: object[any: any]", "Removes specified keys from an object.", object_remove).documented(&["object to remove keys from", "keys to remove from x"], "result of removing the specified `keys` from `object`"),
    Builtin::new("object.filter", "(object: object[any: any], keys: any<array[any], object[any: any], set[any]>) => filtered: object[any: any]", "Filters the object by keeping only specified keys. For example: `object.filter({\"a\": {\"b\": \"x\", \"c\": \"y\"}, \"d\": \"z\"}, [\"a\"])` will result in `{\"a\": {\"b\": \"x\", \"c\": \"y\"}}`).", object_filter).documented(&["object to filter keys", "keys to keep in `object`"], "remaining data from `object` with only keys specified in `keys`"),
    Builtin::new("object.subset", "(super: any<array[any], object[any: any], set[any]>, sub: any<array[any], object[any: any], set[any]>) => result: boolean", "Determines if an object `sub` is a subset of another object `super`.Object `sub` is a subset of object `super` if and only if every key in `sub` is also in `super`, **and** for all keys which `sub` and `super` share, they have the same value. This function works with objects, sets, arrays and a set of array and set.If both arguments are objects, then the operation is recursive, e.g. `{\"c\": {\"x\": {10, 15, 20}}` is a subset of `{\"a\": \"b\", \"c\": {\"x\": {10, 15, 20, 25}, \"y\": \"z\"}`. If both arguments are sets, then this function checks if every element of `sub` is a member of `super`, but does not attempt to recurse. If both arguments are arrays, then this function checks if `sub` appears contiguously in order within `super`, and also does not attempt to recurse. If `super` is array and `sub` is set, then this function checks if `super` contains every element of `sub` with no consideration of ordering, and also does not attempt to recurse.", object_subset).documented(&["object to test if sub is a subset of", "object to test if super is a superset of"], "`true` if `sub` is a subset of `super`, otherwise undefined"),
    Builtin::new("json.filter", "(object: object[any: any], paths: any<array[any<string, array[any]>], set[any<string, array[any]>]>) => filtered: object[any: any]", "Filters the object. For example: `json.filter({\"a\": {\"b\": \"x\", \"c\": \"y\"}}, [\"a/b\"])` will result in `{\"a\": {\"b\": \"x\"}}`). Paths are not filtered in-order and are deduplicated before being evaluated.", json_filter).categories(&["object"]).documented(&["object to filter", "JSON string paths"], "remaining data from `object` with only keys specified in `paths`"),
    Builtin::new("json.remove", "(object: object[any: any], paths: any<array[any<string, array[any]>], set[any<string, array[any]>]>) => output: object[any: any]", "Removes paths from an object. For example: `json.remove({\"a\": {\"b\": \"x\", \"c\": \"y\"}}, [\"a/b\"])` will result in `{\"a\": {\"c\": \"y\"}}`. Paths are not removed in-order and are deduplicated before being evaluated.", json_remove).categories(&["object"]).documented(&["object to remove paths from", "JSON string paths"], "result of removing all keys specified in `paths`"),
    Builtin::new("json.patch", "(target: any, patches: array[object<op: string, path: any>[any: any]]) => output: any", "Patches an object according to RFC6902. For example: `json.patch({\"a\": {\"foo\": 1}}, [{\"op\": \"add\", \"path\": \"/a/bar\", \"value\": 2}])` results in `{\"a\": {\"foo\": 1, \"bar\": 2}`. The patches are applied atomically: if any of them fails, the result will be undefined. Additionally works on sets, where a value contained in the set is considered to be its path.", json_patch).categories(&["object"]).documented(&["the object, array or set to patch", "the JSON patches to apply"], "result obtained after consecutively applying all patch operations in `patches`"),
];

fn object_get<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let object = Value::Object(operand::object(args, 1)?);
    let found = match operand::at(args, 2) {
        Value::Array(path) => path.iter().try_fold(object, Value::get),
        key => object.get(key),
    };
    Ok(Some(found.unwrap_or(operand::at(args, 3))))
}

fn object_keys<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let object = operand::object(args, 1)?;
    Ok(Some(Value::set(context.arena(), object.keys())))
}

fn object_union<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (one, other) = (operand::object(args, 1)?, operand::object(args, 2)?);
    Ok(Some(union(one, other, context.arena())))
}

/// Both objects; where both have a key, objects are joined and otherwise the second counts.
fn union<'a>(one: Object<'a>, other: Object<'a>, arena: &'a Arena) -> Value<'a> {
    if other.is_empty() {
        return Value::Object(one);
    }
    let mut entries = Vec::with_capacity(one.len() + other.len());
    let (mut left, mut right) = (one.entries().iter().peekable(), other.entries().iter());
    let mut next = right.next();
    while let Some((key, value)) = next {
        entries.extend(std::iter::from_fn(|| {
            left.next_if(|(before, _)| *before < key)
        }));
        // Of equal keys (1 and 1.0) the first one stays.
        entries.push(match left.next_if(|(same, _)| same.equals(key)) {
            Some((key, under)) => match (under, value) {
                (Value::Object(one), Value::Object(other)) => (key, union(one, other, arena)),
                _ => (key, value),
            },
            None => (key, value),
        });
        next = right.next();
    }
    entries.extend(left);
    Object::from_sorted(arena, &entries)
}

fn object_union_n<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let list = operand::array(args, 1)?;
    let objects = list.iter().map(|item| {
        item.as_object()
            .ok_or_else(|| operand::wrong_element(1, Value::Array(list), item, &["object"]))
    });
    let objects = objects.collect::<Result<Vec<_>, _>>()?;
    Ok(Some(union_all(&objects, context.arena())))
}

/// What [`union`] of the first two, then of that and the third, and so on makes, in one pass.
fn union_all<'a>(objects: &[Object<'a>], arena: &'a Arena) -> Value<'a> {
    match objects {
        [] => return Value::EMPTY_OBJECT,
        [one] => return Value::Object(*one),
        [one, other] => return union(*one, *other, arena),
        _ => {}
    }
    let mut builder = ObjectBuilder::new(arena);
    // The objects that lie over each other under one key, by the key's place.
    let mut layers: HashMap<usize, Vec<Object<'a>>> = HashMap::new();
    for (key, value) in objects.iter().flat_map(|object| object.entries()) {
        let (place, before) = builder.exchange(key, value);
        match (before, value) {
            (Some(Value::Object(below)), Value::Object(above)) => {
                layers
                    .entry(place)
                    .or_insert_with(|| vec![below])
                    .push(above);
            }
            (Some(Value::Object(_)), _) => {
                layers.remove(&place);
            }
            _ => {}
        }
    }
    for (place, layers) in layers {
        builder.set_at(place, union_all(&layers, arena));
    }
    builder.finish()
}

/// The keys that an array, a set or an object names.
fn keys<'a>(args: &[Value<'a>], position: usize) -> Result<Vec<Value<'a>>, BuiltinError> {
    match operand::at(args, position) {
        Value::Object(object) => Ok(object.keys().collect()),
        Value::Array(items) => Ok(items.to_vec()),
        Value::Set(set) => Ok(set.items().to_vec()),
        other => Err(operand::wrong_type(
            position,
            other,
            &["object", "set", "array"],
        )),
    }
}

fn object_remove<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let object = operand::object(args, 1)?;
    let keys = Value::set(context.arena(), keys(args, 2)?);
    let left = object
        .entries()
        .iter()
        .filter(|(key, _)| keys.get(*key).is_none());
    Ok(Some(Value::object(context.arena(), left)))
}

fn object_filter<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let object = operand::object(args, 1)?;
    let keys = Value::set(context.arena(), keys(args, 2)?);
    let kept = object
        .entries()
        .iter()
        .filter(|(key, _)| keys.get(*key).is_some());
    Ok(Some(Value::object(context.arena(), kept)))
}

fn object_subset<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (whole, part) = (operand::at(args, 1), operand::at(args, 2));
    let holds = match (whole, part) {
        (Value::Object(_), Value::Object(_))
        | (Value::Array(_), Value::Array(_))
        | (Value::Set(_), Value::Set(_)) => is_subset(whole, part),
        (Value::Array(items), Value::Set(set)) => {
            // Members that come twice count twice, and an empty array has none to stop at.
            let mut missing = set.len();
            items.iter().any(|item| {
                missing -= usize::from(missing > 0 && set.contains(item));
                missing == 0
            })
        }
        _ => {
            return Err(BuiltinError::operand(
                "both arguments object.subset must be of the same type or array and set",
            ));
        }
    };
    Ok(Some(Value::Bool(holds)))
}

fn is_subset(whole: Value<'_>, part: Value<'_>) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .entries()
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|there| is_subset(there, value))),
        (Value::Set(whole), Value::Set(part)) => {
            part.items().iter().all(|item| whole.contains(*item))
        }
        (Value::Array(whole), Value::Array(part)) => {
            let is_there = |(at, item): (usize, Value<'_>)| {
                whole.get(at).is_some_and(|there| there.equals(item))
            };
            (0..=whole.len()).any(|start| (start..).zip(part).all(is_there))
        }
        (whole, part) => whole.equals(part),
    }
}

/// A path: an array of keys, or a text with slashes, where `~1` and `~0` stand for `/` and `~`.
fn path<'a>(value: Value<'a>, arena: &'a Arena) -> Result<Vec<Value<'a>>, BuiltinError> {
    match value {
        Value::String(text) => {
            if text.is_empty() {
                return Ok(Vec::new());
            }
            let text = text.trim_start_matches('/');
            Ok(text
                .split('/')
                .map(|part| {
                    if part.contains('~') {
                        Value::string(arena, &part.replace("~1", "/").replace("~0", "~"))
                    } else {
                        Value::String(part)
                    }
                })
                .collect())
        }
        Value::Array(items) => Ok(items.to_vec()),
        other => Err(operand::wrong(
            2,
            &format!(
                "must be one of {{set, array}} containing string paths or array of path segments but got {}",
                other.type_name()
            ),
        )),
    }
}

/// The paths that a collection names.
fn paths<'a>(args: &[Value<'a>], arena: &'a Arena) -> Result<Vec<Vec<Value<'a>>>, BuiltinError> {
    let items = match operand::at(args, 2) {
        Value::Array(items) => items,
        Value::Set(set) => Array::new(set.items()),
        other => return Err(operand::wrong_type(2, other, &["set", "array"])),
    };
    items.iter().map(|item| path(item, arena)).collect()
}

/// Paths as a tree: a node without children takes everything.
#[derive(Default)]
struct Wanted<'a> {
    whole: bool,
    below: Vec<(Value<'a>, Wanted<'a>)>,
}

impl<'a> Wanted<'a> {
    fn add(&mut self, path: &[Value<'a>]) {
        let mut node = self;
        for key in path {
            let at = if let Some(at) = node.below.iter().position(|(there, _)| there.equals(*key)) {
                at
            } else {
                node.below.push((*key, Wanted::default()));
                node.below.len() - 1
            };
            node = &mut node.below[at].1;
        }
        node.whole = true;
    }

    fn child(&self, key: Value<'_>) -> Option<&Self> {
        self.below
            .iter()
            .find(|(there, _)| there.equals(key))
            .map(|(_, node)| node)
    }
}

fn json_filter<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let object = Value::Object(operand::object(args, 1)?);
    let mut wanted = Wanted::default();
    // A path without keys names nothing.
    for path in paths(args, context.arena())?
        .iter()
        .filter(|path| !path.is_empty())
    {
        wanted.add(path);
    }
    let kept = filter(object, &wanted, context.arena());
    Ok(Some(kept.unwrap_or(Value::EMPTY_OBJECT)))
}

fn filter<'a>(value: Value<'a>, wanted: &Wanted<'a>, arena: &'a Arena) -> Option<Value<'a>> {
    if wanted.whole {
        return Some(value);
    }
    match value {
        Value::Object(object) => {
            let kept = object
                .entries()
                .iter()
                .filter_map(|(key, value)| Some((key, filter(value, wanted.child(key)?, arena)?)));
            Some(Value::object(arena, kept.collect::<Vec<_>>()))
        }
        Value::Array(items) => {
            let kept: Vec<_> = items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    filter(item, wanted.child(index_key(arena, index))?, arena)
                })
                .collect();
            Some(Value::array(arena, &kept))
        }
        Value::Set(set) => {
            let kept = set
                .items()
                .iter()
                .filter_map(|item| filter(*item, wanted.child(*item)?, arena));
            Some(Value::set(arena, kept.collect::<Vec<_>>()))
        }
        // What has no members is kept whatever is wanted of it.
        scalar => Some(scalar),
    }
}

/// The index of an array as paths name it: a text.
fn index_key(arena: &Arena, index: usize) -> Value<'_> {
    Value::string(arena, &index.to_string())
}

fn json_remove<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let object = Value::Object(operand::object(args, 1)?);
    let mut unwanted = Wanted::default();
    for path in paths(args, context.arena())? {
        if !path.is_empty() {
            unwanted.add(&path);
        }
    }
    Ok(Some(remove(object, &unwanted, context.arena())))
}

fn remove<'a>(value: Value<'a>, unwanted: &Wanted<'a>, arena: &'a Arena) -> Value<'a> {
    let left = |key: Value<'a>, value: Value<'a>| match unwanted.child(key) {
        None => Some(value),
        Some(node) if node.whole => None,
        Some(node) => Some(remove(value, node, arena)),
    };
    match value {
        Value::Object(object) => {
            let entries = object
                .entries()
                .iter()
                .filter_map(|(key, value)| Some((key, left(key, value)?)));
            Value::object(arena, entries.collect::<Vec<_>>())
        }
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| left(index_key(arena, index), item))
                .collect();
            Value::array(arena, &items)
        }
        Value::Set(set) => {
            let items = set.items().iter().filter_map(|item| left(*item, *item));
            Value::set(arena, items.collect::<Vec<_>>())
        }
        other => other,
    }
}

/// With fewer operations, copying what they change is faster than opening it.
const MANY_OPERATIONS: usize = 4;

fn json_patch<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let operations = operand::array(args, 2)?;
    let mut document = operand::at(args, 1);
    if operations.len() >= MANY_OPERATIONS {
        let mut node = edit::Node::Closed(document);
        for operation in operations {
            context.spend(1)?;
            node.apply(operation, context.arena())?;
        }
        return Ok(Some(node.close(context.arena())));
    }
    for operation in operations {
        context.spend(1)?;
        document = patch::apply(document, operation, context.arena())?;
    }
    Ok(Some(document))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Objects of a few keys, some of which nest.
    fn object<'a>(arena: &'a Arena, seed: &mut u64, depth: u32) -> Value<'a> {
        let mut roll = |sides: u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*seed >> 33) % sides
        };
        let keys = [
            Value::int(1),
            Value::Number(crate::number::Number::Literal("1.0")),
            Value::String("a"),
            Value::String("b"),
            Value::String("c"),
        ];
        let count = roll(4);
        let picked: Vec<_> = (0..count).map(|_| (roll(5), roll(3), roll(9))).collect();
        let entries = picked.into_iter().map(|(key, kind, number)| {
            let value = match kind {
                0 => Value::int(i64::try_from(number).unwrap_or(0)),
                _ if depth == 0 => Value::Null,
                _ => object(arena, seed, depth - 1),
            };
            (
                keys.get(usize::try_from(key).unwrap_or(0))
                    .copied()
                    .unwrap_or_default(),
                value,
            )
        });
        Value::object(arena, entries.collect::<Vec<_>>())
    }

    #[test]
    fn the_union_of_many_is_that_of_two_again_and_again() {
        let mut seed = 7;
        for round in 0..500 {
            let arena = Arena::new();
            let objects: Vec<_> = (0..round % 7)
                .filter_map(|_| object(&arena, &mut seed, 3).as_object())
                .collect();
            let plain = objects.iter().fold(Object::EMPTY, |all, object| {
                let mut builder = ObjectBuilder::new(&arena);
                crate::ops::collection::extend(&arena, &mut builder, Value::Object(all));
                crate::ops::collection::extend(&arena, &mut builder, Value::Object(*object));
                builder.finish().as_object().unwrap_or(Object::EMPTY)
            });
            let joined = union_all(&objects, &arena);
            assert_eq!(joined.to_string(), Value::Object(plain).to_string());
        }
    }
}
