//! Rules on values and variables in them.

use std::collections::HashSet;

use super::super::ast::{DefinitionKind, Type, Value, ValueKind};
use super::super::suggest::{close, hint, or_list};
use super::super::walk::{ValueInfo, Walk};

pub fn defined_variable(walk: &mut Walk<'_>, value: &Value, info: ValueInfo<'_>) {
    let Some(operation) = walk.operation else {
        return;
    };
    if value.kind != ValueKind::Variable || info.variable.is_some() {
        return;
    }
    let place = if operation.name.is_empty() {
        String::new()
    } else {
        format!(" by operation \"{}\"", operation.name)
    };
    walk.error(
        value.position,
        format!("Variable \"{value}\" is not defined{place}."),
    );
}

pub fn unique_fields(walk: &mut Walk<'_>, value: &Value) {
    if value.kind != ValueKind::Object {
        return;
    }
    let mut seen = HashSet::new();
    for child in &value.children {
        if !seen.insert(&child.name) {
            walk.error(
                child.position,
                format!(
                    "There can be only one input field named \"{}\".",
                    child.name
                ),
            );
        }
    }
}

pub fn correct_type(walk: &mut Walk<'_>, value: &Value, info: ValueInfo<'_>) {
    let (Some(definition), Some(expected)) = (info.definition, info.expected) else {
        return;
    };
    if value.kind == ValueKind::Null && expected.non_null {
        walk.error(
            value.position,
            format!("Expected value of type \"{expected}\", found {value}."),
        );
    }
    let name = definition.name.as_str();
    let is_one_of = |names: &[&str]| names.contains(&name);
    // What scalars of the schema itself take, nobody knows.
    if definition.kind == DefinitionKind::Scalar
        && !is_one_of(&["Int", "Float", "String", "Boolean", "ID"])
    {
        return;
    }
    let unexpected = || unexpected(value, expected, definition.kind);
    if !can_be_read(walk, value) {
        walk.error(value.position, unexpected());
    }
    let is_wrong = match value.kind {
        ValueKind::Null | ValueKind::Variable => false,
        ValueKind::List => expected.element.is_none(),
        ValueKind::Int => !is_one_of(&["Int", "Float", "ID"]),
        ValueKind::Float => !is_one_of(&["Float"]),
        ValueKind::Boolean => !is_one_of(&["Boolean"]),
        ValueKind::String | ValueKind::Block if definition.kind != DefinitionKind::Enum => {
            !is_one_of(&["String", "ID"])
        }
        ValueKind::String | ValueKind::Block => {
            let names = definition
                .enum_values
                .iter()
                .map(|known| known.name.as_str());
            let hint = hint("Did you mean the enum value", &value.raw, names);
            let message =
                format!("Enum \"{expected}\" cannot represent non-enum value: {value}.{hint}");
            walk.error(value.position, message);
            false
        }
        ValueKind::Enum if definition.kind != DefinitionKind::Enum => {
            let names = close(
                &value.raw,
                definition
                    .enum_values
                    .iter()
                    .map(|known| known.name.as_str()),
            );
            let hint = if names.is_empty() {
                String::new()
            } else {
                format!(" Did you mean the enum value {}?", or_list(&names))
            };
            walk.error(value.position, unexpected() + &hint);
            false
        }
        ValueKind::Enum => {
            if !definition
                .enum_values
                .iter()
                .any(|known| known.name == value.raw)
            {
                let names = definition
                    .enum_values
                    .iter()
                    .map(|known| known.name.as_str());
                let hint = hint("Did you mean the enum value", &value.raw, names);
                walk.error(
                    value.position,
                    format!("Value \"{value}\" does not exist in \"{expected}\" enum.{hint}"),
                );
            }
            false
        }
        ValueKind::Object => {
            correct_object(walk, value, info);
            false
        }
    };
    if is_wrong {
        walk.error(value.position, unexpected());
    }
}

fn correct_object(walk: &mut Walk<'_>, value: &Value, info: ValueInfo<'_>) {
    let Some(definition) = info.definition else {
        return;
    };
    for field in definition
        .fields
        .iter()
        .filter(|field| field.kind.non_null && field.default.is_none())
    {
        if !value.children.iter().any(|child| child.name == field.name) {
            let message = format!(
                "Field \"{}.{}\" of required type \"{}\" was not provided.",
                definition.name, field.name, field.kind
            );
            walk.error(value.position, message);
        }
    }
    for _ in definition
        .directives
        .iter()
        .filter(|directive| directive.name == "oneOf")
    {
        match value.children.as_slice() {
            [only] if only.value.kind == ValueKind::Null => {
                let field = definition
                    .fields
                    .first()
                    .map(|field| field.name.as_str())
                    .unwrap_or_default();
                walk.error(
                    only.value.position,
                    format!("Field \"{}.{field}\" must be non-null.", definition.name),
                );
            }
            [_] => {}
            _ => {
                let message = format!(
                    "OneOf Input Object \"{}\" must specify exactly one key.",
                    definition.name
                );
                walk.error(value.position, message);
            }
        }
    }
    for child in &value.children {
        if definition.field(&child.name).is_none() {
            let names = definition.fields.iter().map(|field| field.name.as_str());
            let hint = hint("Did you mean", &child.name, names);
            let message = format!(
                "Field \"{}\" is not defined by type \"{}\".{hint}",
                child.name, definition.name
            );
            walk.error(child.position, message);
        }
    }
}

/// Numbers must fit 64 bits and booleans be spelled right, also in defaults of variables.
fn can_be_read(walk: &Walk<'_>, value: &Value) -> bool {
    match value.kind {
        ValueKind::Int => value.raw.parse::<i64>().is_ok(),
        ValueKind::Float => value.raw.parse::<f64>().is_ok_and(f64::is_finite),
        ValueKind::Boolean => [
            "1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False",
        ]
        .contains(&value.raw.as_str()),
        ValueKind::List | ValueKind::Object => value
            .children
            .iter()
            .all(|child| can_be_read(walk, &child.value)),
        ValueKind::Variable => {
            let default = walk
                .value_info(value)
                .variable
                .and_then(|variable| variable.default.as_ref());
            // Defaults are constant, so that this goes no deeper than they do.
            default.is_none_or(|default| {
                default.kind == ValueKind::Variable || can_be_read(walk, default)
            })
        }
        ValueKind::String | ValueKind::Block | ValueKind::Null | ValueKind::Enum => true,
    }
}

fn unexpected(value: &Value, expected: &Type, kind: DefinitionKind) -> String {
    match expected.to_string().as_str() {
        "Int" | "Int!" => {
            let digits = value.raw.strip_prefix(['-', '+']).unwrap_or(&value.raw);
            let is_integer =
                !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            if is_integer && value.raw.parse::<i32>().is_err() {
                format!("Int cannot represent non 32-bit signed integer value: {value}")
            } else {
                format!("Int cannot represent non-integer value: {value}")
            }
        }
        "String" | "String!" | "[String]" => {
            format!("String cannot represent a non string value: {value}")
        }
        "Boolean" | "Boolean!" => format!("Boolean cannot represent a non boolean value: {value}"),
        "Float" | "Float!" => format!("Float cannot represent non numeric value: {value}"),
        "ID" | "ID!" => format!("ID cannot represent a non-string and non-integer value: {value}"),
        other if kind == DefinitionKind::Enum => {
            format!("Enum \"{other}\" cannot represent non-enum value: {value}.")
        }
        other => format!("Expected value of type \"{other}\", found {value}."),
    }
}

pub fn allowed_position(walk: &mut Walk<'_>, value: &Value, info: ValueInfo<'_>) {
    let (ValueKind::Variable, Some(expected), Some(variable), Some(_)) =
        (value.kind, info.expected, info.variable, walk.operation)
    else {
        return;
    };
    let has_default = variable
        .default
        .as_ref()
        .is_some_and(|default| default.kind != ValueKind::Null);
    let mut wanted = expected.clone();
    if has_default || info.has_default {
        wanted.non_null = false;
    }
    if !variable.kind.is_compatible(&wanted) {
        let message = format!(
            "Variable \"{value}\" of type \"{}\" used in position expecting type \"{expected}\".",
            variable.kind
        );
        walk.error(value.position, message);
    }
}

pub fn one_of_variables(walk: &mut Walk<'_>, value: &Value, info: ValueInfo<'_>) {
    let Some(definition) = info.definition.filter(|_| value.kind == ValueKind::Object) else {
        return;
    };
    if !definition
        .directives
        .iter()
        .any(|directive| directive.name == "oneOf")
    {
        return;
    }
    for child in value
        .children
        .iter()
        .filter(|child| child.value.kind == ValueKind::Variable)
    {
        let Some(variable) = walk.value_info(&child.value).variable else {
            continue;
        };
        if !variable.kind.non_null {
            let message = format!(
                "Variable \"{}\" is of type \"{}\" but must be non-nullable to be used for OneOf Input Object \"{}\".",
                child.value, variable.kind, definition.name
            );
            walk.error(variable.position.or(child.value.position), message);
        }
    }
}
