//! Rules on the arguments of fields and directives.

use std::fmt::Display;

use super::super::ast::{Argument, ArgumentDefinition, Position};
use super::super::suggest::hint;
use super::super::walk::Walk;

/// Every argument is one of those that are defined. The owner is named as in messages, such as `directive "@skip"`.
pub fn known(
    walk: &mut Walk<'_>,
    given: &[Argument],
    defined: &[ArgumentDefinition],
    owner: impl Display,
    position: Position,
) {
    for argument in given {
        if !defined.iter().any(|known| known.name == argument.name) {
            let names = defined.iter().map(|known| known.name.as_str());
            let message = format!(
                "Unknown argument \"{}\" on {owner}.{}",
                argument.name,
                hint("Did you mean", &argument.name, names)
            );
            walk.error(position, message);
        }
    }
}

/// Arguments that may not be null and have no default are given. The owner is named as in messages, such as
/// `Directive "@skip"`.
pub fn required(
    walk: &mut Walk<'_>,
    given: &[Argument],
    defined: &[ArgumentDefinition],
    owner: impl Display,
    position: Position,
) {
    let must = |wanted: &&ArgumentDefinition| wanted.kind.non_null && wanted.default.is_none();
    for wanted in defined.iter().filter(must) {
        if !given.iter().any(|argument| argument.name == wanted.name) {
            let message = format!(
                "{owner} argument \"{}\" of type \"{}\" is required, but it was not provided.",
                wanted.name, wanted.kind
            );
            walk.error(position, message);
        }
    }
}
