//! Many inputs at once.

use std::num::NonZero;

use precinct_rego::ir::FunctionId;
use precinct_runtime::batch::{BLOCK, in_blocks};
use precinct_runtime::{Arena, Context, EvalError, Value};

use crate::engine::Engine;

/// What every evaluation of a batch shares.
pub struct Batch<'b, P> {
    /// The function that is asked.
    pub function: FunctionId,
    /// The base documents.
    pub data: Value<'b>,
    /// Sets time, seed, bounds and whatever else a context needs besides input and data.
    pub prepare: P,
}

impl Engine {
    /// Evaluates a function for many inputs and gives what `take` makes of each result, in the order of the inputs.
    ///
    /// With one thread everything runs on the caller's. Each thread keeps one arena, so that only the first few
    /// evaluations ask for memory.
    pub fn evaluate_many<'b, P, T>(
        &self,
        batch: &Batch<'b, P>,
        inputs: &[Value<'b>],
        threads: NonZero<usize>,
        take: impl Fn(Result<Option<Value<'_>>, EvalError>) -> T + Sync,
    ) -> Vec<T>
    where
        P: Fn(&mut Context<'_>) + Sync,
        T: Send,
    {
        in_blocks(inputs, threads, BLOCK, Arena::new, |arena, input| {
            self.one(batch, *input, arena, &take)
        })
    }

    fn one<'b, P: Fn(&mut Context<'_>), T>(
        &self,
        batch: &Batch<'b, P>,
        input: Value<'b>,
        arena: &mut Arena,
        take: impl Fn(Result<Option<Value<'_>>, EvalError>) -> T,
    ) -> T {
        arena.reset();
        let mut context = self
            .context(arena)
            .with_input(Some(input))
            .with_data(batch.data);
        (batch.prepare)(&mut context);
        take(self.evaluate(batch.function, &mut context))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{Policy, PolicyOptions, Text};

    #[test]
    fn answers_keep_the_order_of_the_inputs_on_any_number_of_threads() {
        let text = Text {
            name: "p.rego".into(),
            text: "package p\n\nallow if input.n % data.by == 0\n".into(),
            version: None,
        };
        let policy = Policy::compile(vec![text], PolicyOptions::default()).unwrap();
        let engine = policy.engine();
        let arena = Arena::new();
        let object = |name, n| Value::object(&arena, [(Value::String(name), Value::int(n))]);
        let inputs: Vec<_> = (0..1000).map(|n| object("n", n)).collect();
        let batch = Batch {
            function: engine.entrypoint("p/allow").unwrap(),
            data: object("by", 3),
            prepare: |_: &mut Context<'_>| {},
        };
        let expected: Vec<_> = (0..1000).map(|n| n % 3 == 0).collect();
        for threads in [1, 2, 7, 100] {
            let answers =
                engine.evaluate_many(&batch, &inputs, threads.try_into().unwrap(), |answer| {
                    answer.unwrap().is_some()
                });
            assert_eq!(answers, expected);
        }
        let none = engine.evaluate_many(&batch, &[], 4.try_into().unwrap(), |_| ());
        assert_eq!(none.len(), 0);
    }
}
