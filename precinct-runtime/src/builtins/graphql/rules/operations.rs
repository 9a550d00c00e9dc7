//! Rules on operations and their variables.

use std::collections::{HashMap, HashSet};

use super::super::ast::{Operation, Position, Selection, VariableDefinition};
use super::super::walk::Walk;

pub fn known_type(walk: &mut Walk<'_>, variable: &VariableDefinition) {
    let name = variable.kind.name();
    if walk.schema.get(name).is_none() {
        walk.error(variable.position, format!("Unknown type \"{name}\"."));
    }
}

pub fn known_root(walk: &mut Walk<'_>, operation: &Operation) {
    if walk.schema.root(&operation.kind).is_none() {
        let message = format!(
            "Schema does not support operation type \"{}\"",
            operation.kind
        );
        walk.error(operation.position, message);
    }
}

pub fn lone_anonymous(walk: &mut Walk<'_>, operation: &Operation) {
    if operation.name.is_empty() && walk.document.operations.len() > 1 {
        let message = "This anonymous operation must be the only defined operation.".to_owned();
        walk.error(operation.position, message);
    }
}

pub fn no_unused_variables(walk: &mut Walk<'_>, operation: &Operation) {
    for variable in &operation.variables {
        if walk.is_used(variable) {
            continue;
        }
        let place = if operation.name.is_empty() {
            String::new()
        } else {
            format!(" in operation \"{}\"", operation.name)
        };
        walk.error(
            variable.position,
            format!("Variable \"${}\" is never used{place}.", variable.name),
        );
    }
}

pub fn unique_name<'s>(walk: &mut Walk<'s>, operation: &'s Operation) {
    if !walk.state.operation_names.insert(&operation.name) {
        walk.error(
            operation.position,
            format!(
                "There can be only one operation named \"{}\".",
                operation.name
            ),
        );
    }
}

pub fn unique_variables(walk: &mut Walk<'_>, operation: &Operation) {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for variable in &operation.variables {
        let count = seen.entry(&variable.name).or_default();
        if *count == 1 {
            walk.error(
                variable.position,
                format!(
                    "There can be only one variable named \"${}\".",
                    variable.name
                ),
            );
        }
        *count += 1;
    }
}

pub fn variables_are_input_types(walk: &mut Walk<'_>, operation: &Operation) {
    for variable in &operation.variables {
        if walk
            .schema
            .get(variable.kind.name())
            .is_some_and(|definition| !definition.is_input())
        {
            let message = format!(
                "Variable \"${}\" cannot be non-input type \"{}\".",
                variable.name, variable.kind
            );
            walk.error(variable.position, message);
        }
    }
}

pub fn single_field_subscription<'s>(walk: &mut Walk<'s>, operation: &'s Operation) {
    if operation.kind != "subscription" || walk.schema.root("subscription").is_none() {
        return;
    }
    let mut fields = Vec::new();
    top_fields(
        walk,
        &operation.selections,
        &mut HashSet::new(),
        &mut fields,
    );
    let mut seen = HashSet::new();
    fields.retain(|(name, _)| seen.insert(*name));
    let subject = if operation.name.is_empty() {
        "Anonymous Subscription".to_owned()
    } else {
        format!("Subscription \"{}\"", operation.name)
    };
    let found: Vec<(String, Position)> = fields
        .into_iter()
        .map(|(name, position)| (name.to_owned(), position))
        .collect();
    if let Some((_, position)) = found.get(1) {
        walk.error(
            *position,
            format!("{subject} must select only one top level field."),
        );
    }
    for (name, position) in found {
        if name.starts_with("__") {
            walk.error(
                position,
                format!("{subject} must not select an introspection top level field."),
            );
        }
    }
}

/// The fields of an operation with those of fragments; a spread of an unknown fragment ends its list.
fn top_fields<'s>(
    walk: &Walk<'s>,
    selections: &'s [Selection],
    inside: &mut HashSet<&'s str>,
    found: &mut Vec<(&'s str, Position)>,
) {
    for selection in selections {
        match selection {
            Selection::Field(field) => found.push((&field.name, field.position)),
            Selection::Inline(inline) => top_fields(walk, &inline.selections, inside, found),
            Selection::Spread(spread) => {
                let Some(fragment) = walk.find_fragment(&spread.name) else {
                    return;
                };
                // Deep chains of fragments are cut off, as they are in the walk itself.
                if inside.len() < 500 && inside.insert(&fragment.name) {
                    top_fields(walk, &fragment.selections, inside, found);
                }
            }
        }
    }
}
