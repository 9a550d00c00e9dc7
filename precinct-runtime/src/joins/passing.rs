//! Indexes over lists that live no longer than an evaluation: parts of the input, results of rules.
//!
//! A list is looked through a few times before its index is made, since most are looked through once. What
//! [`super::Joins`] says of its indexes holds here, too.

use bumpalo::collections::Vec as ArenaVec;

use super::{Inside, WORTHWHILE, elements, inside, is_same};
use crate::arena::Arena;
use crate::value::Value;

/// So many lists are watched at the same time.
const WATCHED: usize = 32;

/// The lists that an evaluation looks through for entries with a certain value at a path.
#[derive(Debug)]
pub(crate) struct Lists<'a> {
    watched: ArenaVec<'a, Watched<'a>>,
    /// Which of them makes room for the next.
    oldest: usize,
}

#[derive(Debug)]
struct Watched<'a> {
    list: Value<'a>,
    path: Path,
    /// How often it was looked through.
    turns: u32,
    index: State<'a>,
}

#[derive(Clone, Copy, Debug)]
enum State<'a> {
    Unmade,
    /// What its entries have at the path is not a matter of keys.
    Unable,
    /// The hashes of what they have, ascending, and the position of the entry of each.
    Made(&'a [u64], &'a [u32]),
}

/// A path by its place in memory, where it stays for the evaluation, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Path(usize, usize);

impl<'a> Lists<'a> {
    pub(crate) fn new_in(arena: &'a Arena) -> Self {
        Self {
            watched: ArenaVec::new_in(arena),
            oldest: 0,
        }
    }

    /// The positions of the entries of a list that may have the value at the path, in order; `None` if all may.
    pub(crate) fn find<S: AsRef<str>>(
        &mut self,
        arena: &'a Arena,
        source: Value<'a>,
        path: &'a [S],
        wanted: Value<'_>,
    ) -> Option<&'a [u32]> {
        let length = source.collection_len()?;
        if length < WORTHWHILE {
            return None;
        }
        let place = match path {
            [] => Path(0, 0),
            path => Path(path.as_ptr().addr(), path.len()),
        };
        let known = self
            .watched
            .iter_mut()
            .find(|known| known.path == place && is_same(known.list, source));
        let Some(known) = known else {
            self.watch(source, place);
            return None;
        };
        known.turns = known.turns.saturating_add(1);
        if matches!(known.index, State::Unmade) && known.turns > enough(length) {
            known.index = made(arena, source, path);
        }
        let State::Made(hashes, positions) = known.index else {
            return None;
        };
        let hash = wanted.hash64();
        let start = hashes.partition_point(|have| *have < hash);
        let count = hashes[start..].partition_point(|have| *have == hash);
        Some(&positions[start..start + count])
    }

    /// Watches one more list, in the place of one that has no index if there are many.
    fn watch(&mut self, list: Value<'a>, path: Path) {
        let new = Watched {
            list,
            path,
            turns: 1,
            index: State::Unmade,
        };
        if self.watched.len() < WATCHED {
            self.watched.push(new);
            return;
        }
        self.oldest = (self.oldest + 1) % WATCHED;
        if let Some(old) = self.watched.get_mut(self.oldest)
            && !matches!(old.index, State::Made(..))
        {
            *old = new;
        }
    }
}

/// After so many turns the next will make an index, which costs about as much as a logarithm of turns.
fn enough(length: usize) -> u32 {
    2 + length.checked_ilog2().unwrap_or(0) / 2
}

fn made<'a, S: AsRef<str>>(arena: &'a Arena, source: Value<'a>, path: &[S]) -> State<'a> {
    let mut found: ArenaVec<'_, (u64, u32)> = ArenaVec::new_in(arena);
    for (position, entry) in (0_u32..).zip(elements(source)) {
        match inside(entry, path) {
            Inside::Value(value) => found.push((value.hash64(), position)),
            Inside::Nothing => {}
            Inside::Unknown => return State::Unable,
        }
    }
    found.sort_unstable();
    State::Made(
        arena.alloc_slice_fill_iter(found.iter().map(|(hash, _)| *hash)),
        arena.alloc_slice_fill_iter(found.iter().map(|(_, position)| *position)),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn users(arena: &Arena) -> Value<'_> {
        let users = (0..40).map(|n| {
            let id = (Value::String("id"), Value::int(n % 10));
            Value::object(arena, [id])
        });
        Value::array(arena, &users.collect::<Vec<_>>())
    }

    #[test]
    fn a_list_has_an_index_when_it_was_looked_through_often() {
        let arena = Arena::new();
        let users = users(&arena);
        let mut lists = Lists::new_in(&arena);
        let mut find = |path, wanted| lists.find(&arena, users, path, wanted);
        for _ in 0..enough(40) {
            assert_eq!(find(&["id"], Value::int(3)), None);
        }
        assert_eq!(find(&["id"], Value::int(3)), Some(&[3, 13, 23, 33][..]));
        assert_eq!(find(&["id"], Value::int(10)), Some(&[][..]));
        assert_eq!(find(&[], Value::int(3)), None);
    }

    #[test]
    fn members_of_sets_and_entries_of_objects_have_positions() {
        let arena = Arena::new();
        let members: Vec<_> = (0..20).map(Value::int).collect();
        let set = Value::set(&arena, members.iter().copied());
        let fields = members.iter().map(|n| (*n, Value::int(7)));
        let object = Value::object(&arena, fields);
        let mut lists = Lists::new_in(&arena);
        for _ in 0..enough(20) {
            lists.find::<&str>(&arena, set, &[], Value::int(5));
            lists.find::<&str>(&arena, object, &[], Value::int(7));
        }
        let found = lists.find::<&str>(&arena, set, &[], Value::int(5));
        assert_eq!(found, Some(&[5][..]));
        let found = lists.find::<&str>(&arena, object, &[], Value::int(7));
        assert_eq!(found.map(<[u32]>::len), Some(20));
    }

    #[test]
    fn many_lists_are_watched_in_turns() {
        let arena = Arena::new();
        let mut lists = Lists::new_in(&arena);
        for _ in 0..3 * WATCHED {
            lists.find(&arena, users(&arena), &["id"], Value::int(1));
        }
        assert_eq!(lists.watched.len(), WATCHED);
        let last = users(&arena);
        for _ in 0..=enough(40) {
            lists.find(&arena, last, &["id"], Value::int(1));
        }
        let found = lists.find(&arena, last, &["id"], Value::int(1));
        assert_eq!(found.map(<[u32]>::len), Some(4));
    }
}
