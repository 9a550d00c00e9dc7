//! Work on many things at once, as far as the machine has processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer things than this are not worth a thread.
const WORTH_A_THREAD: usize = 8;

/// How many things a thread takes at a time.
const PORTION: usize = 8;

/// Calls the function with every thing; the answers are in the order of the things.
pub fn map<T: Sync, R: Send>(things: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(things.len() / WORTH_A_THREAD);
    if threads < 2 {
        return things.iter().map(f).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answers = Vec::new();
        loop {
            let from = next.fetch_add(PORTION, Ordering::Relaxed);
            let portion = things.iter().enumerate().skip(from).take(PORTION);
            let before = answers.len();
            answers.extend(portion.map(|(at, thing)| (at, f(thing))));
            if answers.len() == before {
                return answers;
            }
        }
    };
    let mut answers: Vec<(usize, R)> = thread::scope(|scope| {
        let handles: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut answers = work();
        for handle in handles {
            match handle.join() {
                Ok(more) => answers.extend(more),
                // What went wrong in a thread goes wrong here.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        answers
    });
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
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
