//! Rules that native code enters where it has no context to count them in: a number of the thread's own, since an
//! evaluation never leaves its thread.

use std::cell::Cell;

thread_local! {
    static ENTERED: Cell<u64> = const { Cell::new(0) };
}

/// A rule's body begins.
#[inline]
pub fn enter_rule() {
    ENTERED.set(ENTERED.get().wrapping_add(1));
}

/// How many have begun on this thread, ever.
pub(crate) fn entered() -> u64 {
    ENTERED.get()
}
