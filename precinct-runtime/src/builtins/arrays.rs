//! Arrays.

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::value::Value;

/// Arrays.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("array.concat", "(x: array[any], y: array[any]) => z: array[any]", "Concatenates two arrays.", array_concat).documented(&["the first array", "the second array"], "the concatenation of `x` and `y`"),
    Builtin::new("array.slice", "(arr: array[any], start: number, stop: number) => slice: array[any]", "Returns a slice of a given array. If `start` is greater or equal than `stop`, `slice` is `[]`.", array_slice).documented(&["the array to be sliced", "the start index of the returned slice; if less than zero, it's clamped to 0", "the stop index of the returned slice; if larger than `count(arr)`, it's clamped to `count(arr)`"], "the subslice of `array`, from `start` to `end`, including `arr[start]`, but excluding `arr[end]`"),
    Builtin::new("array.reverse", "(arr: array[any]) => rev: array[any]", "Returns the reverse of a given array.", array_reverse).documented(&["the array to be reversed"], "an array containing the elements of `arr` in reverse order"),
    Builtin::new("array.flatten", "(arr: array[any]) => flattened: array[any]", "Non-recursively unpacks array items in arr into the flattened array. Other types are appended as-is.", array_flatten).documented(&["the array to be flattened"], "array flattened one level"),
];

fn array_concat<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (one, other) = (operand::array(args, 1)?, operand::array(args, 2)?);
    let joined: Vec<_> = one.iter().chain(other).collect();
    Ok(Some(Value::array(context.arena(), &joined)))
}

/// Bounds beyond the array are moved to its ends; a stop before the start gives nothing.
fn array_slice<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let items = operand::array(args, 1)?;
    let bound = |index: i64| {
        usize::try_from(index.max(0))
            .unwrap_or(usize::MAX)
            .min(items.len())
    };
    let start = bound(operand::int(args, 2)?);
    let stop = bound(operand::int(args, 3)?).max(start);
    let part = &items.slice(context.arena())[start..stop];
    Ok(Some(Value::Array(part.into())))
}

fn array_reverse<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let reversed: Vec<_> = operand::array(args, 1)?.iter().rev().collect();
    Ok(Some(Value::array(context.arena(), &reversed)))
}

/// One level: the items of inner arrays take their arrays' places.
fn array_flatten<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let mut flat = Vec::new();
    for item in operand::array(args, 1)? {
        match item {
            Value::Array(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    Ok(Some(Value::array(context.arena(), &flat)))
}
