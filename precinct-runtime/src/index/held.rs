//! Arms by what a collection holds: `"admin" in input.roles`, `input.roles[_] == "admin"`,
//! `some c in input.containers; c.image == "x"`.
//!
//! Each entry of the collection is looked up once, whatever the number of arms.

use std::collections::{BTreeMap, BTreeSet};

use bumpalo::collections::Vec as ArenaVec;

use super::Buckets;
use crate::arena::Arena;
use crate::joins::{Inside, elements, inside};
use crate::value::Value;

/// Arms by the hash of what they want.
type Lists = BTreeMap<u64, BTreeSet<u32>>;

/// The arms that look at what entries have at one path.
#[derive(Debug)]
pub(super) struct Held {
    path: Box<[Box<str>]>,
    buckets: Buckets,
    /// All of them, in order.
    arms: Vec<u32>,
    /// Some of them want a collection there: others are not hashed, which takes as long as they are large.
    collections: bool,
}

impl Held {
    /// Arms, the paths that they look at, and what they want there.
    pub(super) fn all<'k>(
        keys: impl Iterator<Item = (u32, &'k [&'k str], Value<'k>)>,
    ) -> Vec<Self> {
        let mut paths: BTreeMap<&[&str], (bool, Lists)> = BTreeMap::new();
        for (arm, path, value) in keys {
            let (collections, lists) = paths.entry(path).or_default();
            *collections |= value.collection_len().is_some();
            lists.entry(value.hash64()).or_default().insert(arm);
        }
        let held = paths.into_iter().map(|(path, (collections, lists))| {
            let arms: BTreeSet<u32> = lists.values().flatten().copied().collect();
            Self {
                path: path.iter().map(|key| Box::from(*key)).collect(),
                buckets: Buckets::new(lists),
                arms: arms.into_iter().collect(),
                collections,
            }
        });
        held.collect()
    }

    /// The arms whose value the collection may hold, in order; what is no collection holds nothing.
    pub(super) fn arms<'a>(&'a self, arena: &'a Arena, collection: Value<'_>) -> &'a [u32] {
        let mut first: &[u32] = &[];
        let mut found = ArenaVec::new_in(arena);
        for entry in elements(collection) {
            let list = match inside(entry, &self.path) {
                Inside::Value(value) if self.collections || value.collection_len().is_none() => {
                    self.buckets.get(value.hash64())
                }
                Inside::Value(_) | Inside::Nothing => continue,
                Inside::Unknown => return &self.arms,
            };
            // Most collections hold nothing that is wanted, or one thing.
            if first.is_empty() {
                first = list;
            } else if found.len() + list.len() > self.arms.len() {
                return &self.arms;
            } else {
                found.extend_from_slice(list);
            }
        }
        if found.is_empty() {
            return first;
        }
        found.extend_from_slice(first);
        found.sort_unstable();
        found.dedup();
        found.into_bump_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [&str; 4] = ["admin", "owner", "reader", "writer"];

    fn index() -> Vec<Held> {
        let whole = (0..).zip(ROLES).map(|(arm, role)| (arm, &[][..], role));
        let named = (4..)
            .zip(ROLES)
            .map(|(arm, role)| (arm, &["name"][..], role));
        Held::all(
            whole
                .chain(named)
                .map(|(arm, path, role)| (arm, path, Value::String(role))),
        )
    }

    fn found(collection: Value<'_>) -> Vec<u32> {
        let arena = Arena::new();
        let index = index();
        let arms = index.iter().flat_map(|held| held.arms(&arena, collection));
        arms.copied().collect()
    }

    #[test]
    fn arms_are_found_in_order_and_once() {
        let arena = Arena::new();
        let array = |names: &[&'static str]| {
            let names: Vec<_> = names.iter().map(|name| Value::String(name)).collect();
            found(Value::array(&arena, &names))
        };
        assert_eq!(array(&["x", "writer", "admin", "writer"]), [0, 3]);
        assert_eq!(array(&["x", "writer", "y"]), [3]);
        assert_eq!(array(&["x"]), [0_u32; 0]);
        let members = ["owner", "admin"].map(Value::String);
        assert_eq!(found(Value::set(&arena, members)), [0, 1]);
        let values = ["owner", "admin"].map(|role| (Value::String(role), Value::String("reader")));
        assert_eq!(found(Value::object(&arena, values)), [2]);
    }

    #[test]
    fn what_entries_have_at_a_path_is_looked_up() {
        let arena = Arena::new();
        let named = |name| Value::object(&arena, [(Value::String("name"), Value::String(name))]);
        let list = [named("reader"), Value::TRUE, named("x"), named("admin")];
        assert_eq!(found(Value::array(&arena, &list)), [4, 6]);
        // Members of a set are their own keys.
        let list = [Value::set(&arena, [Value::String("name")])];
        assert_eq!(found(Value::array(&arena, &list)), [4, 5, 6, 7]);
    }

    #[test]
    fn collections_are_found_where_they_are_wanted() {
        let arena = Arena::new();
        let empty = || Value::array(&arena, &[]);
        let list = Value::array(&arena, &[Value::TRUE, empty()]);
        let keys = [(0, &[][..], empty()), (1, &[][..], Value::String("a"))];
        let held = Held::all(keys.into_iter());
        assert_eq!(held[0].arms(&arena, list), [0]);
    }

    #[test]
    fn what_is_no_collection_holds_nothing() {
        for value in [
            Value::Null,
            Value::TRUE,
            Value::int(7),
            Value::String("admin"),
        ] {
            assert_eq!(found(value), [0_u32; 0]);
        }
    }
}
