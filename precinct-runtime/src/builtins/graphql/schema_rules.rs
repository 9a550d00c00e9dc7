//! What a schema must fulfil (GraphQL specification, section 3). The first violation is reported, types in order of
//! their names.

use std::collections::{HashMap, HashSet};

use super::ast::{
    ArgumentDefinition, Definition, DefinitionKind, Directive, DirectiveDefinition,
    FieldDefinition, Position, Type, ValueKind,
};
use super::error::GraphqlError;
use super::schema::Schema;
use crate::json::encode::quote_go;

type Checked = Result<(), GraphqlError>;

fn fail(position: Position, message: String) -> Checked {
    Err(GraphqlError::new(position, message))
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = quote_go(text, &mut out);
    out
}

/// Checks all types and directives.
pub fn check(schema: &Schema) -> Checked {
    for definition in schema.types.values() {
        check_definition(schema, definition)?;
    }
    InputCycles {
        schema,
        visited: HashSet::new(),
        path: Vec::new(),
        index_by_type: HashMap::new(),
    }
    .check()?;
    for directive in schema.directives.values() {
        check_name(directive.position, &directive.name)?;
        check_arguments(schema, &directive.arguments, Some(directive))?;
    }
    Ok(())
}

fn check_name(position: Position, name: &str) -> Checked {
    if name.starts_with("__") {
        let message = format!(
            "Name \"{name}\" must not begin with \"__\", which is reserved by GraphQL introspection."
        );
        return fail(position, message);
    }
    Ok(())
}

fn check_type(schema: &Schema, kind: &Type) -> Checked {
    match schema.get(kind.name()) {
        Some(_) => Ok(()),
        None => fail(kind.position, format!("Undefined type {}.", kind.name())),
    }
}

fn check_definition(schema: &Schema, definition: &Definition) -> Checked {
    check_fields(schema, definition)?;
    for (member, _) in &definition.types {
        match schema.get(member) {
            None => {
                return fail(
                    definition.position,
                    format!("Undefined type {}.", quoted(member)),
                );
            }
            Some(found) if found.kind != DefinitionKind::Object => {
                let message = format!(
                    "{} type {} must be OBJECT.",
                    definition.kind.name(),
                    quoted(member)
                );
                return fail(definition.position, message);
            }
            Some(_) => {}
        }
    }
    for interface in &definition.interfaces {
        check_implements(schema, definition, interface)?;
    }
    check_contents(schema, definition)?;
    check_unique(definition)?;
    if !definition.built_in {
        check_name(definition.position, &definition.name)?;
    }
    // Directives of a type and of its extensions are in different places, so that they may repeat.
    directives(
        schema,
        &definition.directives,
        definition.kind.name(),
        None,
        false,
    )
}

fn check_fields(schema: &Schema, definition: &Definition) -> Checked {
    let location = if definition.kind == DefinitionKind::InputObject {
        "INPUT_FIELD_DEFINITION"
    } else {
        "FIELD_DEFINITION"
    };
    for field in &definition.fields {
        check_name(field.position, &field.name)?;
        check_type(schema, &field.kind)?;
        check_arguments(schema, &field.arguments, None)?;
        directives(schema, &field.directives, location, None, true)?;
    }
    Ok(())
}

/// What belongs into a definition of its kind.
fn check_contents(schema: &Schema, definition: &Definition) -> Checked {
    let (kind, name) = (definition.kind.name(), &definition.name);
    match definition.kind {
        DefinitionKind::Object | DefinitionKind::Interface => {
            if definition.fields.is_empty() {
                return fail(
                    definition.position,
                    format!("{kind} {name}: must define one or more fields."),
                );
            }
            for field in &definition.fields {
                if schema
                    .get(field.kind.name())
                    .is_some_and(|found| found.kind == DefinitionKind::InputObject)
                {
                    let message = format!(
                        "{kind} {name}: field must be one of SCALAR, OBJECT, INTERFACE, UNION, ENUM."
                    );
                    return fail(field.position, message);
                }
            }
        }
        DefinitionKind::Enum => {
            if definition.enum_values.is_empty() {
                let message = format!("{kind} {name}: must define one or more unique enum values.");
                return fail(definition.position, message);
            }
            for value in &definition.enum_values {
                if ["true", "false", "null"].contains(&value.name.as_str()) {
                    return fail(
                        definition.position,
                        format!("{kind} {name}: non-enum value {}.", value.name),
                    );
                }
                directives(schema, &value.directives, "ENUM_VALUE", None, true)?;
            }
        }
        DefinitionKind::InputObject => {
            if definition.fields.is_empty() {
                return fail(
                    definition.position,
                    format!("{kind} {name}: must define one or more input fields."),
                );
            }
            for field in &definition.fields {
                if let Some(found) = schema.get(field.kind.name())
                    && !found.is_input()
                {
                    let message = format!(
                        "{} {}: field must be one of SCALAR, ENUM, INPUT_OBJECT.",
                        found.kind.name(),
                        field.name
                    );
                    return fail(field.position, message);
                }
            }
        }
        DefinitionKind::Scalar | DefinitionKind::Union => {}
    }
    Ok(())
}

/// The first item, in the order of the ones it repeats, that has the name of an earlier one.
fn repeated<T>(items: &[T], name: impl Fn(&T) -> &str) -> Option<&T> {
    let mut first_at: HashMap<&str, usize> = HashMap::new();
    let mut found: Option<(usize, &T)> = None;
    for (index, item) in items.iter().enumerate() {
        if let Some(&first) = first_at.get(name(item)) {
            if found.is_none_or(|(best, _)| first < best) {
                found = Some((first, item));
            }
        } else {
            first_at.insert(name(item), index);
        }
    }
    found.map(|(_, item)| item)
}

fn check_unique(definition: &Definition) -> Checked {
    let name = &definition.name;
    if let Some(field) = repeated(&definition.fields, |field| &field.name) {
        return fail(
            field.position,
            format!("Field {name}.{} can only be defined once.", field.name),
        );
    }
    if let Some(value) = repeated(&definition.enum_values, |value| &value.name) {
        return fail(
            value.position,
            format!("Enum value {name}.{} can only be defined once.", value.name),
        );
    }
    if let Some((member, position)) = repeated(&definition.types, |(member, _)| member) {
        let message = format!("Union type {name} can only include type {member} once.");
        return fail(position.or(definition.position), message);
    }
    Ok(())
}

fn check_arguments(
    schema: &Schema,
    arguments: &[ArgumentDefinition],
    inside: Option<&DirectiveDefinition>,
) -> Checked {
    for argument in arguments {
        check_name(argument.position, &argument.name)?;
        check_type(schema, &argument.kind)?;
        if let Some(found) = schema.get(argument.kind.name())
            && !found.is_input()
        {
            let message = format!(
                "cannot use {} as argument {} because {} is not a valid input type",
                argument.kind,
                argument.name,
                found.kind.name()
            );
            return fail(argument.position, message);
        }
        directives(
            schema,
            &argument.directives,
            "ARGUMENT_DEFINITION",
            inside,
            true,
        )?;
    }
    Ok(())
}

/// Checks directives at a location. `once`: all of them were written there, so that they may not repeat.
pub fn directives(
    schema: &Schema,
    list: &[Directive],
    location: &str,
    inside: Option<&DirectiveDefinition>,
    once: bool,
) -> Checked {
    let mut seen = HashSet::new();
    for directive in list {
        let name = &directive.name;
        check_name(directive.position, name)?;
        if inside.is_some_and(|outer| outer.name == *name) {
            return fail(
                directive.position,
                format!("Directive {name} cannot refer to itself."),
            );
        }
        let Some(definition) = schema.directive(directive) else {
            return fail(directive.position, format!("Undefined directive {name}."));
        };
        if once && !seen.insert(name) && !definition.repeatable {
            let message = format!("The directive {name} can only be used once at this location.");
            return fail(directive.position, message);
        }
        if !definition
            .locations
            .iter()
            .any(|allowed| allowed == location)
        {
            return fail(
                directive.position,
                format!("Directive {name} is not applicable on {location}."),
            );
        }
        for argument in &directive.arguments {
            if definition.argument(&argument.name).is_none() {
                let message = format!("Undefined argument {} for directive {name}.", argument.name);
                return fail(argument.position, message);
            }
        }
        for wanted in definition
            .arguments
            .iter()
            .filter(|wanted| wanted.kind.non_null && wanted.default.is_none())
        {
            let given = directive
                .arguments
                .iter()
                .find(|argument| argument.name == wanted.name);
            if given.is_none_or(|argument| argument.value.kind == ValueKind::Null) {
                let message = format!(
                    "Argument {} for directive {name} cannot be null.",
                    wanted.name
                );
                return fail(directive.position, message);
            }
        }
    }
    Ok(())
}

fn check_implements(schema: &Schema, definition: &Definition, interface_name: &str) -> Checked {
    let Some(interface) = schema.get(interface_name) else {
        return fail(
            definition.position,
            format!("Undefined type {}.", quoted(interface_name)),
        );
    };
    if interface.kind != DefinitionKind::Interface {
        let message = format!(
            "{} is a non interface type {}.",
            quoted(interface_name),
            interface.kind.name()
        );
        return fail(definition.position, message);
    }
    let subject = format!("For {} to implement {}", definition.name, interface.name);
    for required in &interface.fields {
        let Some(found) = definition.field(&required.name) else {
            let message = format!("{subject} it must have a field called {}.", required.name);
            return fail(definition.position, message);
        };
        if !is_covariant(schema, &required.kind, &found.kind) {
            let message = format!(
                "{subject} the field {} must have type {}.",
                required.name, required.kind
            );
            return fail(found.position, message);
        }
        check_implemented_arguments(&subject, required, found)?;
    }
    for inherited in &interface.interfaces {
        if definition.interfaces.contains(inherited) {
            continue;
        }
        let name = &definition.name;
        return fail(
            definition.position,
            if inherited == name {
                format!(
                    "Type {name} cannot implement {interface_name} because it would create a circular reference."
                )
            } else {
                format!(
                    "Type {name} must implement {inherited} because it is implemented by {interface_name}."
                )
            },
        );
    }
    Ok(())
}

fn check_implemented_arguments(
    subject: &str,
    required: &FieldDefinition,
    found: &FieldDefinition,
) -> Checked {
    let same = format!(
        "{subject} the field {} must have the same arguments but",
        required.name
    );
    for argument in &required.arguments {
        match found.argument(&argument.name) {
            None => {
                return fail(
                    found.position,
                    format!("{same} it is missing {}.", argument.name),
                );
            }
            Some(own) if !argument.kind.is_compatible(&own.kind) => {
                return fail(
                    own.position,
                    format!("{same} {} has the wrong type.", argument.name),
                );
            }
            Some(_) => {}
        }
    }
    for own in &found.arguments {
        if required.argument(&own.name).is_none() && own.kind.non_null && own.default.is_none() {
            let message = format!(
                "{subject} any additional arguments on {} must be optional or have a default value but {} is required.",
                found.name, own.name
            );
            return fail(own.position, message);
        }
    }
    Ok(())
}

fn is_covariant(schema: &Schema, required: &Type, actual: &Type) -> bool {
    if required.non_null && !actual.non_null {
        return false;
    }
    match (&required.element, &actual.element) {
        (Some(required), Some(actual)) => is_covariant(schema, required, actual),
        (Some(_), None) => false,
        (None, _) => {
            required.named == actual.named
                || schema
                    .possible_types(&required.named)
                    .contains(&actual.named)
        }
    }
}

/// Input objects that cannot be written down because they contain themselves through fields that may not be null.
struct InputCycles<'s> {
    schema: &'s Schema,
    visited: HashSet<&'s str>,
    path: Vec<&'s FieldDefinition>,
    index_by_type: HashMap<&'s str, usize>,
}

impl<'s> InputCycles<'s> {
    fn check(mut self) -> Checked {
        for definition in self.schema.types.values() {
            if definition.kind == DefinitionKind::InputObject {
                self.visit(definition)?;
            }
        }
        Ok(())
    }

    /// Depth first, with a stack of its own: chains of types are as long as documents make them.
    fn visit(&mut self, start: &'s Definition) -> Checked {
        if !self.visited.insert(&start.name) {
            return Ok(());
        }
        self.index_by_type.insert(&start.name, 0);
        let mut stack = vec![(start, start.fields.iter())];
        while let Some((definition, fields)) = stack.last_mut() {
            let Some(field) = fields.next() else {
                self.index_by_type.remove(definition.name.as_str());
                stack.pop();
                self.path.pop();
                continue;
            };
            if !field.kind.non_null || field.kind.named.is_empty() {
                continue;
            }
            let Some(next) = self
                .schema
                .get(&field.kind.named)
                .filter(|next| next.kind == DefinitionKind::InputObject)
            else {
                continue;
            };
            self.path.push(field);
            if let Some(index) = self.index_by_type.get(next.name.as_str()) {
                let cycle = self.path.get(*index..).unwrap_or_default();
                let names = cycle
                    .iter()
                    .map(|field| field.name.as_str())
                    .collect::<Vec<_>>()
                    .join(".");
                let message = format!(
                    "Cannot reference Input Object {} within itself through a series of non-null fields: {}.",
                    quoted(&next.name),
                    quoted(&names)
                );
                return fail(cycle.first().and_then(|field| field.position), message);
            }
            if self.visited.insert(&next.name) {
                self.index_by_type.insert(&next.name, self.path.len());
                stack.push((next, next.fields.iter()));
            } else {
                self.path.pop();
            }
        }
        Ok(())
    }
}
