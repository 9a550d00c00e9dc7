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

fn graph_reachable<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let graph = Value::Object(operand::object(args, 1)?);
    let mut open = operand::array_or_set(args, 2)?.to_vec();
    let mut seen = SetBuilder::new(context.arena());
    let mut known: HashSet<String> = HashSet::new();
    while let Some(node) = open.pop() {
        context.spend(1)?;
        if let Some(next) = neighbours(graph, node)
            && known.insert(node.to_string())
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
    let mut open: Vec<Vec<Value<'a>>> = Vec::new();
    for start in operand::array_or_set(args, 2)? {
        if neighbours(graph, start).is_some() {
            open.push(vec![start]);
        }
    }
    while let Some(path) = open.pop() {
        context.spend(1 + path.len() as u64)?;
        let Some(last) = path.last() else { continue };
        let mut ends = true;
        // That the start leads to itself is seen one step later.
        let passed = if path.len() == 1 { &[][..] } else { &path };
        for next in neighbours(graph, *last).unwrap_or_default() {
            if passed.iter().any(|node| node.equals(next)) {
                found.add(Value::array(context.arena(), &path));
                ends = false;
                continue;
            }
            ends = false;
            if neighbours(graph, next).is_some() {
                let mut longer = path.clone();
                longer.push(next);
                open.push(longer);
            } else {
                found.add(Value::array(context.arena(), &path));
            }
        }
        if ends {
            found.add(Value::array(context.arena(), &path));
        }
    }
    Ok(Some(found.finish()))
}
