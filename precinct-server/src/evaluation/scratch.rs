//! Storage for the values of one request.

use std::cell::Cell;

use precinct_runtime::Arena;

/// An arena that grew larger than this many bytes is given back.
const KEPT: usize = 4 << 20;

thread_local! {
    static SPARE: Cell<Option<Arena>> = const { Cell::new(None) };
}

/// Runs with an empty arena. Each thread keeps one from request to request, so that a small decision asks the
/// allocator for nothing.
pub fn with_arena<R>(run: impl FnOnce(&Arena) -> R) -> R {
    let mut arena = SPARE.take().unwrap_or_default();
    let result = run(&arena);
    if arena.allocated_bytes() <= KEPT {
        arena.reset();
        SPARE.set(Some(arena));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_is_empty_even_inside_another() {
        with_arena(|outer| {
            outer.alloc(1_u64);
            with_arena(|inner| assert_eq!(inner.allocated_bytes(), 0));
        });
        with_arena(|again| {
            again.alloc(2_u64);
        });
    }
}
