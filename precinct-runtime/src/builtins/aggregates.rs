//! One value from many.

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::{Number, arithmetic};
use crate::octets;
use crate::value::{Array, Set, Value};

/// One value from many.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("count", "(collection: any<string, array[any], object[any: any], set[any]>) => n: number", "Count takes a collection or string and returns the number of elements (or characters) in it.", count).categories(&["aggregates"]).documented(&["the set/array/object/string to be counted"], "the count of elements, key/val pairs, or characters, respectively."),
    Builtin::new("sum", "(collection: any<array[number], set[number]>) => n: number", "Sums elements of an array or set of numbers.", sum).categories(&["aggregates"]).documented(&["the set or array of numbers to sum"], "the sum of all elements"),
    Builtin::new("product", "(collection: any<array[number], set[number]>) => n: number", "Multiplies elements of an array or set of numbers", product).categories(&["aggregates"]).documented(&["the set or array of numbers to multiply"], "the product of all elements"),
    Builtin::new("max", "(collection: any<array[any], set[any]>) => n: any", "Returns the maximum value in a collection.", max).categories(&["aggregates"]).documented(&["the set or array to be searched"], "the maximum of all elements"),
    Builtin::new("min", "(collection: any<array[any], set[any]>) => n: any", "Returns the minimum value in a collection.", min).categories(&["aggregates"]).documented(&["the set or array to be searched"], "the minimum of all elements"),
    Builtin::new("sort", "(collection: any<array[any], set[any]>) => n: array[any]", "Returns a sorted array.", sort).categories(&["aggregates"]).documented(&["the array or set to be sorted"], "the sorted array"),
    Builtin::new("all", "(any<array[any], set[any]>) => boolean", "", all).deprecated(),
    Builtin::new("any", "(any<array[any], set[any]>) => boolean", "", any).deprecated(),
];

/// The members of an array or a set.
fn members<'a>(args: &[Value<'a>]) -> Result<Array<'a>, BuiltinError> {
    match operand::at(args, 1) {
        Value::Array(items) => Ok(items),
        Value::Set(set) => Ok(Array::new(set.items())),
        other => Err(operand::wrong_type(1, other, &["set", "array"])),
    }
}

fn count<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let size = match operand::at(args, 1) {
        Value::String(text) => octets::length(text),
        value => value
            .collection_len()
            .ok_or_else(|| operand::wrong_type(1, value, &["array", "object", "set", "string"]))?,
    };
    Ok(Some(Value::int(i64::try_from(size).unwrap_or(i64::MAX))))
}

fn numbers<'a>(args: &[Value<'a>]) -> Result<Vec<Number<'a>>, BuiltinError> {
    let collection = operand::at(args, 1);
    members(args)?
        .iter()
        .map(|item| {
            item.as_number()
                .ok_or_else(|| operand::wrong_element(1, collection, item, &["number"]))
        })
        .collect()
}

fn sum<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let total = arithmetic::sum(&numbers(args)?, context.arena())?;
    Ok(Some(total.into()))
}

fn product<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let total = arithmetic::product(&numbers(args)?, context.arena())?;
    Ok(Some(total.into()))
}

fn max<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let items = members(args)?;
    Ok(items.iter().reduce(|most, item| {
        if item.compare(most).is_gt() {
            item
        } else {
            most
        }
    }))
}

fn min<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let items = members(args)?;
    Ok(items.iter().reduce(|least, item| {
        if item.compare(least).is_lt() {
            item
        } else {
            least
        }
    }))
}

fn sort<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let mut items = members(args)?.to_vec();
    crate::value::sort::sort(&mut items);
    Ok(Some(Value::array(context.arena(), &items)))
}

fn all<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let items = operand::array_or_set(args, 1)?;
    Ok(Some(Value::Bool(
        items.iter().all(|item| item.equals(Value::TRUE)),
    )))
}

fn any<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let found = match operand::at(args, 1) {
        Value::Set(set) => Set::contains(set, Value::TRUE),
        _ => operand::array_or_set(args, 1)?
            .iter()
            .any(|item| item.equals(Value::TRUE)),
    };
    Ok(Some(Value::Bool(found)))
}
