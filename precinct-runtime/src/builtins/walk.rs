//! Walking over all nodes of a document.

use crate::arena::Arena;
use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::value::{Array, Value};

/// Walking over all nodes of a document.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("walk", "(x: any) => output: array<array[any], any>", "Generates `[path, value]` tuples for all nested documents of `x` (recursively).  Queries can use `walk` to traverse documents nested under `x`.", walk).categories(&["graph"]).documented(&["value to walk"], "pairs of `path` and `value`: `path` is an array representing the pointer to `value` in `x`. If `path` is assigned a wildcard (`_`), the `walk` function will skip path creation entirely for faster evaluation.").relation().categories(&["graph"]),
];

/// Every node as `[path, value]`, outer nodes first, in the order of the document.
fn walk<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    let whole = operand::at(args, 1);
    context.spend(1)?;
    let mut rows = vec![row(arena, &[], whole)];
    // Nodes that are still to come, each with the path of what it is in; the last one is next.
    let mut open: Vec<(&[Value<'a>], Value<'a>, Value<'a>)> = Vec::new();
    enter(&mut open, &[], whole);
    while let Some((above, key, value)) = open.pop() {
        context.spend(1)?;
        let path = arena
            .alloc_slice_fill_with(above.len() + 1, |at| above.get(at).copied().unwrap_or(key));
        rows.push(row(arena, path, value));
        enter(&mut open, path, value);
    }
    Ok(Some(Value::array(arena, &rows)))
}

fn row<'a>(arena: &'a Arena, path: &'a [Value<'a>], value: Value<'a>) -> Value<'a> {
    Value::Array(Array::new(arena.alloc([Value::Array(path.into()), value])))
}

fn enter<'a>(
    open: &mut Vec<(&'a [Value<'a>], Value<'a>, Value<'a>)>,
    path: &'a [Value<'a>],
    value: Value<'a>,
) {
    match value {
        Value::Array(items) => {
            let items = items.iter().enumerate().rev();
            open.extend(items.map(|(index, item)| {
                let index = i64::try_from(index).unwrap_or(i64::MAX);
                (path, Value::int(index), item)
            }));
        }
        Value::Object(object) => {
            let entries = object.entries().iter().rev();
            open.extend(entries.map(|(key, item)| (path, key, item)));
        }
        Value::Set(set) => {
            let items = set.items().iter().rev();
            open.extend(items.map(|item| (path, *item, *item)));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_come_with_their_paths_in_the_order_of_the_document() {
        let arena = Arena::new();
        let mut context = Context::new(&arena);
        let set = Value::set(&arena, [Value::int(2), Value::int(1)]);
        let list = Value::array(&arena, &[Value::Null, set]);
        let entries = [
            (Value::String("b"), list),
            (Value::String("a"), Value::TRUE),
        ];
        let rows = walk(&mut context, &[Value::object(&arena, entries)]);
        let shown = rows.ok().flatten().map(|rows| rows.to_string());
        let wanted = concat!(
            r#"[[[], {"a": true, "b": [null, {1, 2}]}], [["a"], true], [["b"], [null, {1, 2}]], "#,
            r#"[["b", 0], null], [["b", 1], {1, 2}], [["b", 1, 1], 1], [["b", 1, 2], 2]]"#,
        );
        assert_eq!(shown.as_deref(), Some(wanted));
    }
}
