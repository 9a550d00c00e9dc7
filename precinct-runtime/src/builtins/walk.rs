//! Walking over all nodes of a document.

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::value::Value;

/// Walking over all nodes of a document.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("walk", "(x: any) => output: array<array[any], any>", "Generates `[path, value]` tuples for all nested documents of `x` (recursively).  Queries can use `walk` to traverse documents nested under `x`.", walk).categories(&["graph"]).documented(&["value to walk"], "pairs of `path` and `value`: `path` is an array representing the pointer to `value` in `x`. If `path` is assigned a wildcard (`_`), the `walk` function will skip path creation entirely for faster evaluation.").relation().categories(&["graph"]),
];

/// Every node as `[path, value]`, outer nodes first, in the order of the document.
fn walk<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    let mut rows = Vec::new();
    let mut open = vec![(Vec::new(), operand::at(args, 1))];
    while let Some((path, value)) = open.pop() {
        context.spend(1)?;
        let place = Value::array(arena, &path);
        rows.push(Value::array(arena, &[place, value]));
        let below = |key: Value<'a>| {
            let mut path = path.clone();
            path.push(key);
            path
        };
        // What is opened last is visited first.
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().rev() {
                    let key = Value::int(i64::try_from(index).unwrap_or(i64::MAX));
                    open.push((below(key), item));
                }
            }
            Value::Object(object) => {
                for (key, item) in object.entries().iter().rev() {
                    open.push((below(key), item));
                }
            }
            Value::Set(set) => {
                for item in set.items().iter().rev() {
                    open.push((below(*item), *item));
                }
            }
            _ => {}
        }
    }
    Ok(Some(Value::array(arena, &rows)))
}
