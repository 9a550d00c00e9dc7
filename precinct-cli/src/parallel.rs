//! Work on many things at once, as far as the machine has processors.

use std::num::NonZero;
use std::thread;

use precinct_runtime::batch::in_blocks;

/// Fewer things than this are not worth a thread, and a thread takes as many at a time.
const PORTION: usize = 8;

/// Calls the function with every thing; the answers are in the order of the things.
pub fn map<T: Sync, R: Send>(things: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    in_blocks(things, processors, PORTION, || (), |(), thing| f(thing))
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn answers_are_in_the_order_of_the_things() {
        let things: Vec<usize> = (0..1000).collect();
        assert_eq!(
            map(&things, |thing| thing * 2),
            (0..1000).map(|it| it * 2).collect::<Vec<_>>()
        );
        assert_eq!(map(&[1, 2], |thing| thing + 1), [2, 3]);
        assert!(map(&[], |thing: &u8| *thing).is_empty());
    }
}
