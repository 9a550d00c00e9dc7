//! Many inputs at once, on as many threads as there are cores to spare.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::context::SharedState;
use crate::evaluator::Evaluator;

/// Decisions are handed out in blocks of this size: small enough that no thread waits long for another at the end.
pub const BLOCK: usize = 64;

/// Decides for many inputs, and gives the results in the order of the inputs.
///
/// With one thread everything runs on the caller's. Each thread keeps one evaluator, which is reset behind each decision:
/// only the first few ask for memory.
///
/// ```
/// use precinct_runtime::evaluate_many;
///
/// let lengths = evaluate_many(&["a", "bc"], 2.try_into().unwrap(), |_evaluator, text| text.len());
/// assert_eq!(lengths, [1, 2]);
/// ```
pub fn evaluate_many<I: Sync, T: Send>(
    inputs: &[I],
    threads: NonZero<usize>,
    decide: impl for<'e> Fn(&'e Evaluator, &'e I) -> T + Sync,
) -> Vec<T> {
    let shared = Arc::<SharedState>::default();
    in_blocks(
        inputs,
        threads,
        BLOCK,
        || Evaluator::new().with_shared(Arc::clone(&shared)),
        |evaluator, input| {
            let result = decide(evaluator, input);
            evaluator.reset();
            result
        },
    )
}

/// Does something with each input, on threads that each have a state of their own and take so many inputs at a time.
pub fn in_blocks<I: Sync, W, T: Send>(
    inputs: &[I],
    threads: NonZero<usize>,
    block: usize,
    state: impl Fn() -> W + Sync,
    one: impl Fn(&mut W, &I) -> T + Sync,
) -> Vec<T> {
    let threads = threads.get().min(inputs.len().div_ceil(block.max(1)));
    if threads <= 1 {
        let mut state = state();
        return inputs.iter().map(|input| one(&mut state, input)).collect();
    }
    let next = AtomicUsize::new(0);
    let blocks: Vec<&[I]> = inputs.chunks(block.max(1)).collect();
    let work = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(block) = blocks.get(at) else {
                return done;
            };
            let results: Vec<T> = block.iter().map(|input| one(&mut state, input)).collect();
            done.push((at, results));
        }
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for worker in workers {
            match worker.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_inputs_on_any_number_of_threads() {
        let inputs: Vec<usize> = (0..1000).collect();
        let doubled: Vec<usize> = inputs.iter().map(|n| n * 2).collect();
        for threads in [NonZero::<usize>::MIN, NonZero::<usize>::MAX] {
            assert_eq!(evaluate_many(&inputs, threads, |_, n| n * 2), doubled);
        }
        assert!(evaluate_many(&[0; 0], NonZero::<usize>::MAX, |_, n| *n).is_empty());
    }

    #[test]
    fn a_panic_of_a_thread_reaches_the_caller() {
        let inputs = [0; 1000];
        let outcome = std::panic::catch_unwind(|| {
            evaluate_many(&inputs, NonZero::<usize>::MAX, |_, n| {
                assert_ne!(*n, 0, "a test of panics");
            });
        });
        assert!(outcome.is_err());
    }
}
