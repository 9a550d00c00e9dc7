//! Sets. The difference is `minus`, in the family of numbers: it serves both.

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::sort::{merge, pick};
use crate::value::{Set, SetBuilder, Value};

/// Sets.
pub const FAMILY: &[Builtin] = &[
    Builtin::new(
        "and",
        "(x: set[any], y: set[any]) => z: set[any]",
        "Returns the intersection of two sets.",
        and,
    )
    .categories(&["sets"])
    .documented(
        &["the first set", "the second set"],
        "the intersection of `x` and `y`",
    )
    .infix("&")
    .categories(&["sets"]),
    Builtin::new(
        "or",
        "(x: set[any], y: set[any]) => z: set[any]",
        "Returns the union of two sets.",
        or,
    )
    .categories(&["sets"])
    .documented(&["", ""], "the union of `x` and `y`")
    .infix("|")
    .categories(&["sets"]),
    Builtin::new(
        "union",
        "(xs: set[set[any]]) => y: set[any]",
        "Returns the union of the given input sets.",
        union,
    )
    .categories(&["sets"])
    .documented(&["set of sets to merge"], "the union of all `xs` sets"),
    Builtin::new(
        "intersection",
        "(xs: set[set[any]]) => y: set[any]",
        "Returns the intersection of the given input sets.",
        intersection,
    )
    .categories(&["sets"])
    .documented(
        &["set of sets to intersect"],
        "the intersection of all `xs` sets",
    ),
    Builtin::new("set_diff", "(set[any], set[any]) => set[any]", "", set_diff).deprecated(),
];

fn both<'a>(args: &[Value<'a>]) -> Result<(&'a Set<'a>, &'a Set<'a>), BuiltinError> {
    Ok((operand::set(args, 1)?, operand::set(args, 2)?))
}

/// So many times larger a set has to be for looking up members in it to be faster than going through it.
const LARGER: usize = 8;

/// The members of the first set that the second one has too.
fn shared<'a>(x: &Set<'a>, y: &Set<'a>) -> Vec<Value<'a>> {
    if x.len() * LARGER < y.len() {
        let items = x.items().iter().copied();
        return items.filter(|item| y.contains(*item)).collect();
    }
    if y.len() * LARGER < x.len() {
        return y.items().iter().filter_map(|item| x.get(*item)).collect();
    }
    pick(x.items(), y.items(), true)
}

/// The members of the first set that the second one has not.
pub(super) fn difference<'a>(x: &Set<'a>, y: &Set<'a>) -> Vec<Value<'a>> {
    if x.len() * LARGER < y.len() {
        let items = x.items().iter().copied();
        return items.filter(|item| !y.contains(*item)).collect();
    }
    pick(x.items(), y.items(), false)
}

fn and<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    Ok(Some(Set::from_sorted(context.arena(), &shared(x, y))))
}

fn or<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    let all = merge(x.items(), y.items());
    Ok(Some(Set::from_sorted(context.arena(), &all)))
}

fn set_diff<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = both(args)?;
    Ok(Some(Set::from_sorted(context.arena(), &difference(x, y))))
}

/// The sets in a set of sets.
fn inner<'a>(args: &[Value<'a>]) -> Result<Vec<&'a Set<'a>>, BuiltinError> {
    let outer = operand::set(args, 1)?;
    outer
        .items()
        .iter()
        .map(|item| {
            item.as_set()
                .ok_or_else(|| operand::wrong_element(1, Value::Set(outer), *item, &["set"]))
        })
        .collect()
}

fn union<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let mut builder = SetBuilder::new(context.arena());
    for set in inner(args)? {
        set.items().iter().for_each(|item| builder.add(*item));
    }
    Ok(Some(builder.finish()))
}

fn intersection<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let sets = inner(args)?;
    let Some((first, rest)) = sets.split_first() else {
        return Ok(Some(Value::EMPTY_SET));
    };
    let shared: Vec<_> = first
        .items()
        .iter()
        .copied()
        .filter(|item| rest.iter().all(|set| set.contains(*item)))
        .collect();
    Ok(Some(Set::from_sorted(context.arena(), &shared)))
}
