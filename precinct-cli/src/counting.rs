//! The allocator of the command counts what it is asked for, which `bench` reports.

pub use precinct_runtime::counting::{Memory, asked};

use precinct_runtime::counting::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_of_this_thread_are_counted() {
        let before = asked();
        let text = std::hint::black_box(vec![0_u8; 1000]);
        let more = asked().since(before);
        drop(text);
        assert_eq!(more.count, 1);
        assert_eq!(more.bytes, 1000);
    }
}
