//! Values back to syntax trees: policies may hand on what `graphql.parse_query` and `graphql.parse_schema` gave them.
//!
//! Members that are missing are empty, unknown ones are ignored, and null counts as missing.

use super::ast::{
    Argument, ArgumentDefinition, ChildValue, Definition, DefinitionComments, DefinitionKind,
    Directive, DirectiveDefinition, EnumValueDefinition, Field, FieldDefinition, Fragment,
    Operation, OperationType, QueryDocument, SchemaDefinition, SchemaDocument, Selection, Type,
    Value, ValueKind, VariableDefinition,
};
use crate::error::BuiltinError;
use crate::value::Value as Rego;

type Read<T> = Result<T, BuiltinError>;

/// Reads a query document.
pub fn query(value: Rego<'_>) -> Read<QueryDocument> {
    Ok(QueryDocument {
        operations: list(value, "Operations", operation)?,
        fragments: list(value, "Fragments", fragment)?,
    })
}

/// Reads a schema document.
pub fn schema(value: Rego<'_>) -> Read<SchemaDocument> {
    Ok(SchemaDocument {
        schemas: list(value, "Schema", schema_definition)?,
        schema_extensions: list(value, "SchemaExtension", schema_definition)?,
        directives: list(value, "Directives", directive_definition)?,
        definitions: list(value, "Definitions", definition)?,
        extensions: list(value, "Extensions", definition)?,
        comment: Vec::new(),
    })
}

fn wrong(name: &str, found: Rego<'_>, expected: &str) -> BuiltinError {
    BuiltinError::new(format!(
        "GraphQL document: {name} must be {expected}, not {}",
        found.type_name()
    ))
}

fn member<'a>(value: Rego<'a>, name: &str) -> Option<Rego<'a>> {
    value.field(name).filter(|found| *found != Rego::Null)
}

fn text(value: Rego<'_>, name: &str) -> Read<String> {
    match member(value, name) {
        None => Ok(String::new()),
        Some(Rego::String(text)) => Ok(text.to_owned()),
        Some(other) => Err(wrong(name, other, "a string")),
    }
}

fn flag(value: Rego<'_>, name: &str) -> Read<bool> {
    match member(value, name) {
        None => Ok(false),
        Some(Rego::Bool(flag)) => Ok(flag),
        Some(other) => Err(wrong(name, other, "a boolean")),
    }
}

fn list<'a, T>(value: Rego<'a>, name: &str, read: impl Fn(Rego<'a>) -> Read<T>) -> Read<Vec<T>> {
    let Some(found) = member(value, name) else {
        return Ok(Vec::new());
    };
    let items = found
        .as_array()
        .ok_or_else(|| wrong(name, found, "an array"))?;
    items.iter().map(read).collect()
}

/// An element that must be an object.
fn object(value: Rego<'_>) -> Read<()> {
    if matches!(value, Rego::Object(_)) {
        Ok(())
    } else {
        Err(wrong("an element", value, "an object"))
    }
}

fn texts(value: Rego<'_>, name: &str) -> Read<Vec<String>> {
    list(value, name, |item| {
        item.as_str()
            .map(str::to_owned)
            .ok_or_else(|| wrong(name, item, "an array of strings"))
    })
}

/// Selections as OPA reads them back: every object is taken for a field, what is none is left out.
fn selections(value: Rego<'_>) -> Read<Vec<Selection>> {
    let Some(found) = member(value, "SelectionSet") else {
        return Ok(Vec::new());
    };
    let items = found
        .as_array()
        .ok_or_else(|| wrong("SelectionSet", found, "an array"))?;
    Ok(items
        .iter()
        .filter_map(|item| field(item).ok())
        .map(Selection::Field)
        .collect())
}

fn field(value: Rego<'_>) -> Read<Field> {
    object(value)?;
    Ok(Field {
        alias: text(value, "Alias")?,
        name: text(value, "Name")?,
        arguments: list(value, "Arguments", argument)?,
        directives: list(value, "Directives", directive)?,
        selections: selections(value)?,
        position: None,
        comment: Vec::new(),
    })
}

fn operation(value: Rego<'_>) -> Read<Operation> {
    object(value)?;
    Ok(Operation {
        kind: text(value, "Operation")?,
        name: text(value, "Name")?,
        variables: list(value, "VariableDefinitions", variable)?,
        directives: list(value, "Directives", directive)?,
        selections: selections(value)?,
        position: None,
        comment: Vec::new(),
    })
}

fn fragment(value: Rego<'_>) -> Read<Fragment> {
    object(value)?;
    Ok(Fragment {
        name: text(value, "Name")?,
        variables: list(value, "VariableDefinition", variable)?,
        type_condition: text(value, "TypeCondition")?,
        directives: list(value, "Directives", directive)?,
        selections: selections(value)?,
        position: None,
        comment: Vec::new(),
    })
}

fn variable(value: Rego<'_>) -> Read<VariableDefinition> {
    object(value)?;
    Ok(VariableDefinition {
        name: text(value, "Variable")?,
        kind: kind(value)?,
        default: default(value)?,
        directives: list(value, "Directives", directive)?,
        position: None,
        comment: Vec::new(),
    })
}

fn default(value: Rego<'_>) -> Read<Option<Value>> {
    member(value, "DefaultValue").map(literal).transpose()
}

fn argument(value: Rego<'_>) -> Read<Argument> {
    object(value)?;
    let name = text(value, "Name")?;
    let found = member(value, "Value").ok_or_else(|| wrong("Value", Rego::Null, "an object"))?;
    Ok(Argument {
        name,
        value: literal(found)?,
        position: None,
        comment: Vec::new(),
    })
}

fn directive(value: Rego<'_>) -> Read<Directive> {
    object(value)?;
    Ok(Directive {
        name: text(value, "Name")?,
        arguments: list(value, "Arguments", argument)?,
        position: None,
    })
}

fn literal(value: Rego<'_>) -> Read<Value> {
    object(value)?;
    let number = member(value, "Kind").map_or(Some(0), Rego::as_i64);
    let kind = match number {
        Some(0) => ValueKind::Variable,
        Some(1) => ValueKind::Int,
        Some(2) => ValueKind::Float,
        Some(3) => ValueKind::String,
        Some(4) => ValueKind::Block,
        Some(5) => ValueKind::Boolean,
        Some(6) => ValueKind::Null,
        Some(7) => ValueKind::Enum,
        Some(8) => ValueKind::List,
        Some(9) => ValueKind::Object,
        _ => {
            return Err(BuiltinError::new(
                "GraphQL document: Kind must be the number of a kind of value",
            ));
        }
    };
    Ok(Value {
        raw: text(value, "Raw")?,
        children: list(value, "Children", child)?,
        kind,
        position: None,
        comment: Vec::new(),
    })
}

fn child(value: Rego<'_>) -> Read<ChildValue> {
    let argument = argument(value)?;
    Ok(ChildValue {
        name: argument.name,
        value: argument.value,
        position: None,
        comment: Vec::new(),
    })
}

fn kind(value: Rego<'_>) -> Read<Type> {
    type_reference(member(value, "Type").ok_or_else(|| wrong("Type", Rego::Null, "an object"))?)
}

fn type_reference(value: Rego<'_>) -> Read<Type> {
    object(value)?;
    let element = member(value, "Elem")
        .map(type_reference)
        .transpose()?
        .map(Box::new);
    Ok(Type {
        named: text(value, "NamedType")?,
        element,
        non_null: flag(value, "NonNull")?,
        position: None,
    })
}

fn schema_definition(value: Rego<'_>) -> Read<SchemaDefinition> {
    object(value)?;
    Ok(SchemaDefinition {
        description: text(value, "Description")?,
        directives: list(value, "Directives", directive)?,
        operations: list(value, "OperationTypes", |operation| {
            object(operation)?;
            let (named, kind) = (text(operation, "Type")?, text(operation, "Operation")?);
            Ok(OperationType {
                operation: kind,
                named,
                position: None,
                comment: Vec::new(),
            })
        })?,
        position: None,
        comments: DefinitionComments::default(),
    })
}

fn definition(value: Rego<'_>) -> Read<Definition> {
    object(value)?;
    let name = text(value, "Kind")?;
    let kind = DefinitionKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name)
        .ok_or_else(|| {
            BuiltinError::new(format!(
                "GraphQL document: unknown kind of definition {name:?}"
            ))
        })?;
    Ok(Definition {
        kind,
        description: text(value, "Description")?,
        name: text(value, "Name")?,
        directives: list(value, "Directives", directive)?,
        interfaces: texts(value, "Interfaces")?,
        fields: list(value, "Fields", field_definition)?,
        types: texts(value, "Types")?
            .into_iter()
            .map(|name| (name, None))
            .collect(),
        enum_values: list(value, "EnumValues", enum_value)?,
        position: None,
        built_in: flag(value, "BuiltIn")?,
        comments: DefinitionComments::default(),
    })
}

fn field_definition(value: Rego<'_>) -> Read<FieldDefinition> {
    object(value)?;
    Ok(FieldDefinition {
        description: text(value, "Description")?,
        name: text(value, "Name")?,
        arguments: list(value, "Arguments", argument_definition)?,
        default: default(value)?,
        kind: kind(value)?,
        directives: list(value, "Directives", directive)?,
        position: None,
        comments: DefinitionComments::default(),
    })
}

fn argument_definition(value: Rego<'_>) -> Read<ArgumentDefinition> {
    object(value)?;
    Ok(ArgumentDefinition {
        description: text(value, "Description")?,
        name: text(value, "Name")?,
        default: default(value)?,
        kind: kind(value)?,
        directives: list(value, "Directives", directive)?,
        position: None,
        comments: DefinitionComments::default(),
    })
}

fn enum_value(value: Rego<'_>) -> Read<EnumValueDefinition> {
    object(value)?;
    Ok(EnumValueDefinition {
        description: text(value, "Description")?,
        name: text(value, "Name")?,
        directives: list(value, "Directives", directive)?,
        position: None,
        comments: DefinitionComments::default(),
    })
}

fn directive_definition(value: Rego<'_>) -> Read<DirectiveDefinition> {
    object(value)?;
    Ok(DirectiveDefinition {
        description: text(value, "Description")?,
        name: text(value, "Name")?,
        arguments: list(value, "Arguments", argument_definition)?,
        locations: texts(value, "Locations")?,
        repeatable: flag(value, "IsRepeatable")?,
        position: None,
        comments: DefinitionComments::default(),
    })
}
