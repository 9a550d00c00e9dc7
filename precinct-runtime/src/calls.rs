//! What functions gave for their arguments, and rules for their keys, for as long as an evaluation.
//!
//! Arguments are the same if they are equal scalars, or collections at one place in memory: to compare collections in
//! depth could cost more than the call.

use bumpalo::collections::Vec as ArenaVec;

use crate::arena::Arena;
use crate::index::fold;
use crate::joins::is_same;
use crate::value::Value;

/// So many calls are kept.
const MOST: usize = 1 << 14;

/// The calls of an evaluation and what they gave.
#[derive(Debug)]
pub(crate) struct Calls<'a> {
    arena: &'a Arena,
    kept: ArenaVec<'a, Call<'a>>,
    /// The number of a call and one, or 0, by hash; a power of two, more than half of it 0.
    slots: &'a mut [u32],
    /// Calls count only in the world that they were made in.
    world: u64,
    worlds: u64,
}

/// What a function gave; `None` is undefined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given<'a>(pub Option<Value<'a>>);

#[derive(Debug)]
struct Call<'a> {
    hash: u64,
    world: u64,
    function: u32,
    args: &'a [Value<'a>],
    result: Option<Value<'a>>,
}

impl<'a> Calls<'a> {
    pub(crate) fn new_in(arena: &'a Arena) -> Self {
        Self {
            arena,
            kept: ArenaVec::new_in(arena),
            slots: &mut [],
            world: 0,
            worlds: 0,
        }
    }

    /// What a function gave for these arguments.
    pub(crate) fn find(&self, function: u32, args: &[Value<'_>]) -> Option<Given<'a>> {
        let hash = self.hash(function, args);
        let mut at = self.first(hash)?;
        while let Some(number) = self.slots[at].checked_sub(1) {
            let call = self.kept.get(number as usize)?;
            if call.hash == hash
                && (call.world, call.function) == (self.world, function)
                && call.args.len() == args.len()
                && call
                    .args
                    .iter()
                    .zip(args)
                    .all(|(have, it)| same(*have, *it))
            {
                return Some(Given(call.result));
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    /// Keeps what a function gave, which was not found before; forgets it if there are too many.
    pub(crate) fn keep(&mut self, function: u32, args: &[Value<'a>], result: Option<Value<'a>>) {
        if self.kept.len() >= MOST {
            return;
        }
        let hash = self.hash(function, args);
        self.kept.push(Call {
            hash,
            world: self.world,
            function,
            args: self.arena.alloc_slice_copy(args),
            result,
        });
        if self.kept.len() * 2 > self.slots.len() {
            self.slots = self
                .arena
                .alloc_slice_fill_copy((self.kept.len() * 4).next_power_of_two(), 0);
            for number in 0..self.kept.len() {
                self.place(number);
            }
        } else {
            self.place(self.kept.len() - 1);
        }
    }

    /// What is called from now on may give something else; returns the world to come back to.
    pub(crate) const fn begin_world(&mut self) -> u64 {
        self.worlds += 1;
        std::mem::replace(&mut self.world, self.worlds)
    }

    /// What is called from now on gives what it gave in this world.
    pub(crate) const fn back_to_world(&mut self, world: u64) {
        self.world = world;
    }

    fn place(&mut self, number: usize) {
        let Some(mut at) = self.kept.get(number).and_then(|call| self.first(call.hash)) else {
            return;
        };
        while self.slots[at] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        // There are far fewer calls than numbers.
        self.slots[at] = u32::try_from(number + 1).unwrap_or(0);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the mask keeps the low bits only"
    )]
    fn first(&self, hash: u64) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        Some((hash ^ (hash >> 32)) as usize & mask)
    }

    fn hash(&self, function: u32, args: &[Value<'_>]) -> u64 {
        let start = fold(u64::from(function), self.world.rotate_left(32));
        args.iter()
            .fold(start, |hash, arg| fold(hash, shallow(*arg)))
    }
}

/// A hash of a scalar, or of the place of a collection.
fn shallow(value: Value<'_>) -> u64 {
    let (at, length) = match value {
        Value::Array(items) => items.place(),
        Value::Object(object) => object.place(),
        Value::Set(set) => (set.items().as_ptr().addr(), set.items().len()),
        scalar => return scalar.hash64(),
    };
    (at as u64).rotate_left(20) ^ length as u64
}

fn same(one: Value<'_>, other: Value<'_>) -> bool {
    match (one, other) {
        (Value::Array(_) | Value::Object(_) | Value::Set(_), _) => is_same(one, other),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_by_function_and_arguments() {
        let arena = Arena::new();
        let mut calls = Calls::new_in(&arena);
        for n in 0..1000 {
            calls.keep(
                7,
                &[Value::int(n), Value::String("a")],
                Some(Value::int(n * n)),
            );
            calls.keep(8, &[Value::int(n), Value::String("a")], None);
        }
        for n in 0..1000 {
            let args = [Value::int(n), Value::String("a")];
            assert_eq!(calls.find(7, &args), Some(Given(Some(Value::int(n * n)))));
            assert_eq!(calls.find(8, &args), Some(Given(None)));
            assert_eq!(calls.find(9, &args), None);
        }
        assert_eq!(calls.find(7, &[Value::int(1), Value::String("b")]), None);
        assert_eq!(calls.find(7, &[Value::int(1)]), None);
    }

    #[test]
    fn collections_are_the_same_at_one_place() {
        let arena = Arena::new();
        let mut calls = Calls::new_in(&arena);
        let list = Value::array(&arena, &[Value::int(1)]);
        let alike = Value::array(&arena, &[Value::int(1)]);
        calls.keep(1, &[list], None);
        assert_eq!(calls.find(1, &[list]), Some(Given(None)));
        assert_eq!(calls.find(1, &[alike]), None);
    }

    #[test]
    fn a_call_counts_in_its_world() {
        let arena = Arena::new();
        let mut calls = Calls::new_in(&arena);
        let args = [Value::Null];
        calls.keep(1, &args, Some(Value::int(1)));
        let outer = calls.begin_world();
        assert_eq!(calls.find(1, &args), None);
        calls.keep(1, &args, Some(Value::int(2)));
        assert_eq!(calls.find(1, &args), Some(Given(Some(Value::int(2)))));
        calls.back_to_world(outer);
        assert_eq!(calls.find(1, &args), Some(Given(Some(Value::int(1)))));
        calls.begin_world();
        assert_eq!(calls.find(1, &args), None);
    }

    #[test]
    fn the_number_of_calls_is_bounded() {
        let arena = Arena::new();
        let mut calls = Calls::new_in(&arena);
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        for n in 0..=most {
            calls.keep(1, &[Value::int(n)], None);
        }
        assert_eq!(calls.find(1, &[Value::int(most - 1)]), Some(Given(None)));
        assert_eq!(calls.find(1, &[Value::int(most)]), None);
    }
}
