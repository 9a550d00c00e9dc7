//! An allocator for programs that report what they allocate: the system's, with a count of what each thread asked it for.
//!
//! A program makes it its own with `#[global_allocator]`; without that nothing is counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::AddAssign;

/// How much memory was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Allocations, and enlargements of them.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Memory {
    /// What was asked for since a moment at which this was the count.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            count: self.count.wrapping_sub(before.count),
            bytes: self.bytes.wrapping_sub(before.bytes),
        }
    }
}

impl AddAssign for Memory {
    fn add_assign(&mut self, more: Self) {
        self.count = self.count.wrapping_add(more.count);
        self.bytes = self.bytes.wrapping_add(more.bytes);
    }
}

thread_local! {
    static ASKED: Cell<Memory> = const { Cell::new(Memory { count: 0, bytes: 0 }) };
}

/// What this thread has asked for since it began.
#[must_use]
pub fn asked() -> Memory {
    ASKED.with(Cell::get)
}

/// The system's allocator, with a count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

fn note(bytes: usize) {
    // A thread that ends has no counter left, and nobody asks for it.
    let _ = ASKED.try_with(|asked| {
        let before = asked.get();
        asked.set(Memory {
            count: before.count.wrapping_add(1),
            bytes: before.bytes.wrapping_add(bytes as u64),
        });
    });
}

#[expect(
    unsafe_code,
    reason = "allocations can only be counted by an allocator, and the trait asks for it; all work is the system's"
)]
// SAFETY: every call goes to the system allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
