//! Reachability in graphs that are objects of edges.

use std::collections::HashSet;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::value::{Array, SetBuilder, Value};

/// Reachability in graphs.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("graph.reachable", "(graph: object[any: any<array[any], set[any]>], initial: any<array[any], set[any]>) => output: set[any]", "Computes the set of reachable nodes in the graph from a set of starting nodes.", graph_reachable).documented(&["object containing a set or array of neighboring vertices", "set or array of root vertices"], "set of vertices reachable from the `initial` vertices in the directed `graph`"),
    Builtin::new("graph.reachable_paths", "(graph: object[any: any<array[any], set[any]>], initial: any<array[any], set[any]>) => output: set[array[any]]", "Computes the set of reachable paths in the graph from a set of starting nodes.", graph_reachable_paths).documented(&["object containing a set or array of root vertices", "initial paths"], "paths reachable from the `initial` vertices in the directed `graph`"),
];

/// The nodes that a node leads to; edges of another form lead nowhere.
fn neighbours<'a>(graph: Value<'a>, node: Value<'a>) -> Option<Array<'a>> {
    match graph.as_object()?.get(node)? {
        Value::Array(items) => Some(items),
        Value::Set(set) => Some(Array::new(set.items())),
        _ => Some(Array::EMPTY),
    }
}

/// What a node is known by: its text, as with OPA. That of a string needs no quotes to be told from others.
#[derive(PartialEq, Eq, Hash)]
enum Name<'a> {
    String(&'a str),
    Other(String),
}

impl<'a> Name<'a> {
    fn of(node: Value<'a>) -> Self {
        match node {
            Value::String(text) => Self::String(text),
            other => Self::Other(other.to_string()),
        }
    }
}

fn graph_reachable<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let graph = Value::Object(operand::object(args, 1)?);
    let mut open = operand::array_or_set(args, 2)?.to_vec();
    let mut seen = SetBuilder::new(context.arena());
    let mut known = HashSet::new();
    while let Some(node) = open.pop() {
        context.spend(1)?;
        if let Some(next) = neighbours(graph, node)
            && known.insert(Name::of(node))
        {
            seen.add(node);
            open.extend(next);
        }
    }
    Ok(Some(seen.finish()))
}

/// Every way from the start until it ends or meets itself.
fn graph_reachable_paths<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let graph = Value::Object(operand::object(args, 1)?);
    let mut found = SetBuilder::new(context.arena());
    // Nodes to go on from, each with the number of nodes before it on its path. The last one is next, so that the
    // nodes before it are still those of the path.
    let mut open: Vec<(usize, Value<'a>)> = Vec::new();
    let mut path: Vec<Value<'a>> = Vec::new();
    for start in operand::array_or_set(args, 2)? {
        if neighbours(graph, start).is_some() {
            open.push((0, start));
        }
    }
    while let Some((before, last)) = open.pop() {
        path.truncate(before);
        path.push(last);
        context.spend(1 + path.len() as u64)?;
        let next = neighbours(graph, last).unwrap_or_default();
        let mut ends = next.is_empty();
        // That the start leads to itself is seen one step later.
        let passed = if path.len() == 1 { &[][..] } else { &path };
        for next in next {
            let returns = passed.iter().any(|node| node.equals(next));
            if !returns && neighbours(graph, next).is_some() {
                open.push((path.len(), next));
            } else {
                ends = true;
            }
        }
        if ends {
            found.add(Value::array(context.arena(), &path));
        }
    }
    Ok(Some(found.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;

    /// The paths as they are told of, each spelled out by itself.
    fn plain<'a>(graph: Value<'a>, path: &[Value<'a>], found: &mut Vec<Vec<Value<'a>>>) {
        let Some(last) = path.last() else { return };
        let next = neighbours(graph, *last).unwrap_or_default();
        if next.is_empty() {
            found.push(path.to_vec());
        }
        for next in next {
            let returns = path.len() > 1 && path.iter().any(|node| node.equals(next));
            if !returns && neighbours(graph, next).is_some() {
                plain(graph, &[path, &[next]].concat(), found);
            } else {
                found.push(path.to_vec());
            }
        }
    }

    #[test]
    fn all_paths_of_small_graphs_are_found() {
        let mut seed = 11_u64;
        let mut roll = |sides: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from((seed >> 33) % sides).unwrap_or(0)
        };
        for _ in 0..300 {
            let arena = Arena::new();
            let nodes = 1 + roll(6);
            let edges: Vec<_> = (0..nodes)
                .map(|node| {
                    let to: Vec<_> = (0..roll(4)).map(|_| Value::int(roll(7))).collect();
                    (Value::int(node), Value::array(&arena, &to))
                })
                .collect();
            let graph = Value::object(&arena, edges);
            let starts = [Value::int(0), Value::int(roll(7))];
            let mut wanted = Vec::new();
            for start in starts {
                if neighbours(graph, start).is_some() {
                    plain(graph, &[start], &mut wanted);
                }
            }
            let wanted = wanted.iter().map(|path| Value::array(&arena, path));
            let wanted = Value::set(&arena, wanted.collect::<Vec<_>>());
            let args = [graph, Value::array(&arena, &starts)];
            let mut context = Context::new(&arena);
            let found = graph_reachable_paths(&mut context, &args).ok().flatten();
            assert_eq!(found, Some(wanted), "{graph}");
            let reached = graph_reachable(&mut context, &args).ok().flatten();
            let passed = wanted.as_set().map_or(&[][..], |set| set.items());
            let passed = passed.iter().filter_map(|path| path.as_array()).flatten();
            let passed = Value::set(&arena, passed.collect::<Vec<_>>());
            assert_eq!(reached, Some(passed), "{graph}");
        }
    }
}
