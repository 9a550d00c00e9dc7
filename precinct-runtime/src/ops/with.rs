//! Replacing parts of input and data.

use crate::arena::Arena;
use crate::context::{Context, Mock};
use crate::value::{Object, Value};

/// How a replacement is taken back. Replacements end in the opposite order of their beginnings.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum Undo<'a> {
    /// Puts an input back.
    Input(Option<Value<'a>>),
    /// Puts base documents back and ends a mask.
    Data(Value<'a>, u32),
    /// Puts back what was in the place of a function.
    Function(u32, Option<Mock<'a>>),
}

/// `with input.a.b as value`
pub fn put_input<'a, S: AsRef<str>>(
    context: &mut Context<'a>,
    path: &[S],
    value: Value<'a>,
) -> Undo<'a> {
    let before = context.input;
    context.input = Some(put(context.arena(), before, path, value));
    Undo::Input(before)
}

/// `with data.a.b as value`
pub fn put_data<'a, S: AsRef<str>>(
    context: &mut Context<'a>,
    path: &[S],
    value: Value<'a>,
    mask: u32,
) -> Undo<'a> {
    let before = context.data;
    context.data = put(context.arena(), Some(before), path, value);
    context.mask(mask);
    Undo::Data(before, mask)
}

/// `with f as g`, `with f as value`
pub fn put_function<'a>(context: &mut Context<'a>, mock: u32, by: Mock<'a>) -> Undo<'a> {
    Undo::Function(mock, context.set_mock(mock, Some(by)))
}

/// Ends a replacement.
pub fn undo<'a>(context: &mut Context<'a>, undo: Undo<'a>) {
    match undo {
        Undo::Input(before) => context.input = before,
        Undo::Data(before, mask) => {
            context.data = before;
            context.unmask(mask);
        }
        Undo::Function(mock, before) => {
            context.set_mock(mock, before);
        }
    }
}

/// A copy of a document with the value at a path; what is not on the way to it is shared. Objects on the way are made
/// where nothing or something else stands.
fn put<'a, S: AsRef<str>>(
    arena: &'a Arena,
    document: Option<Value<'a>>,
    path: &[S],
    value: Value<'a>,
) -> Value<'a> {
    let Some((name, rest)) = path.split_first() else {
        return value;
    };
    let object = match document {
        Some(Value::Object(object)) => object,
        _ => Object::EMPTY,
    };
    let name = name.as_ref();
    let below = put(arena, object.get_str(name), rest, value);
    object.with(arena, Value::string(arena, name), below)
}
