//! Random numbers from the evaluation's seed.

use std::collections::HashMap;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::value::Value;

/// Random numbers.
pub const FAMILY: &[Builtin] = &[
Builtin::new("rand.intn", "(str: string, n: number) => y: number", "Returns a random integer between `0` and `n` (`n` exclusive). If `n` is `0`, then `y` is always `0`. For any given argument pair (`str`, `n`), the output will be consistent throughout a query evaluation.", intn).categories(&["numbers"]).documented(&["seed string for the random number", "upper bound of the random number (exclusive)"], "random integer in the range `[0, abs(n))`").nondeterministic(),
];

/// The numbers drawn in this evaluation: the same text and bound give the same number.
#[derive(Default)]
struct Drawn(HashMap<(String, u64), i64>);

fn intn<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    let bound = operand::int(args, 2)?.unsigned_abs();
    if bound == 0 {
        return Ok(Some(Value::int(0)));
    }
    let key = (text.to_owned(), bound);
    if let Some(drawn) = context.slot::<Drawn>().0.get(&key) {
        return Ok(Some(Value::int(*drawn)));
    }
    // Numbers from the incomplete last round of the generator would favour small results.
    let whole_rounds = u64::MAX - u64::MAX % bound;
    let mut random = context.random();
    while random >= whole_rounds {
        random = context.random();
    }
    let drawn = i64::try_from(random % bound).unwrap_or_default();
    context.slot::<Drawn>().0.insert(key, drawn);
    Ok(Some(Value::int(drawn)))
}
