//! Schemas: a type system document joined with the prelude, its extensions applied.

use std::collections::{BTreeMap, HashMap};

use super::ast::{
    Definition, DefinitionKind, Directive, DirectiveDefinition, FieldDefinition, SchemaDocument,
    Type,
};
use super::error::GraphqlError;
use super::parse_schema::parse_schema;
use super::schema_rules;

const PRELUDE: &str = include_str!("prelude.graphql");

/// Directives that a document may declare again.
const BUILT_IN_DIRECTIVES: &[&str] = &[
    "include",
    "skip",
    "deprecated",
    "specifiedBy",
    "defer",
    "oneOf",
];

/// Types by name, and how they relate.
#[derive(Debug, Default)]
pub struct Schema {
    pub types: BTreeMap<String, Definition>,
    pub directives: BTreeMap<String, DirectiveDefinition>,
    query: Option<String>,
    mutation: Option<String>,
    subscription: Option<String>,
    /// Names of the types that a value of a type may have.
    possible: HashMap<String, Vec<String>>,
}

impl Schema {
    /// Joins a document with the prelude and checks the whole.
    pub fn build(document: SchemaDocument) -> Result<Self, GraphqlError> {
        let mut prelude = parse_schema(PRELUDE)?;
        for definition in &mut prelude.definitions {
            definition.built_in = true;
        }
        let mut schema = Self::default();
        let mut order = Vec::new();
        for definition in prelude.definitions.into_iter().chain(document.definitions) {
            if schema.types.contains_key(&definition.name) {
                let message = format!("Cannot redeclare type {}.", definition.name);
                return Err(GraphqlError::new(definition.position, message));
            }
            order.push(definition.name.clone());
            schema.types.insert(definition.name.clone(), definition);
        }
        for extension in document.extensions {
            schema.extend(extension, &mut order)?;
        }
        schema.relate(&order);
        for directive in prelude.directives.into_iter().chain(document.directives) {
            let is_known = schema.directives.contains_key(&directive.name);
            if is_known && !BUILT_IN_DIRECTIVES.contains(&directive.name.as_str()) {
                let message = format!("Cannot redeclare directive {}.", directive.name);
                return Err(GraphqlError::new(directive.position, message));
            }
            schema.directives.insert(directive.name.clone(), directive);
        }
        if let Some(second) = document.schemas.get(1) {
            let message =
                "Cannot have multiple schema entry points, consider schema extensions instead."
                    .to_owned();
            return Err(GraphqlError::new(second.position, message));
        }
        let has_definition = !document.schemas.is_empty();
        for definition in document.schemas.iter().chain(&document.schema_extensions) {
            for entry in &definition.operations {
                if !schema.types.contains_key(&entry.named) {
                    let message = format!(
                        "Schema root {} refers to a type {} that does not exist.",
                        entry.operation, entry.named
                    );
                    return Err(GraphqlError::new(entry.position, message));
                }
                if let Some(root) = schema.root_slot(&entry.operation) {
                    *root = Some(entry.named.clone());
                }
            }
            schema_rules::directives(&schema, &definition.directives, "SCHEMA", None, true)?;
        }
        schema_rules::check(&schema)?;
        if !has_definition {
            schema.infer_roots();
        }
        schema.add_introspection();
        Ok(schema)
    }

    fn extend(
        &mut self,
        extension: Definition,
        order: &mut Vec<String>,
    ) -> Result<(), GraphqlError> {
        let definition = self.types.entry(extension.name.clone()).or_insert_with(|| {
            order.push(extension.name.clone());
            Definition {
                kind: extension.kind,
                name: extension.name.clone(),
                position: extension.position,
                ..Definition::default()
            }
        });
        if definition.kind != extension.kind {
            let message = format!(
                "Cannot extend type {} because the base type is a {}, not {}.",
                extension.name,
                definition.kind.name(),
                extension.kind.name()
            );
            return Err(GraphqlError::new(extension.position, message));
        }
        definition.directives.extend(extension.directives);
        definition.interfaces.extend(extension.interfaces);
        definition.fields.extend(extension.fields);
        definition.types.extend(extension.types);
        definition.enum_values.extend(extension.enum_values);
        Ok(())
    }

    fn relate(&mut self, order: &[String]) {
        for name in order {
            let Some(definition) = self.types.get(name) else {
                continue;
            };
            let mut add = |key: &str, member: &str| {
                self.possible
                    .entry(key.to_owned())
                    .or_default()
                    .push(member.to_owned());
            };
            match definition.kind {
                DefinitionKind::Union => {
                    for (member, _) in &definition.types {
                        add(name, member);
                    }
                }
                DefinitionKind::InputObject
                | DefinitionKind::Object
                | DefinitionKind::Interface => {
                    for interface in &definition.interfaces {
                        add(interface, name);
                    }
                    if definition.kind != DefinitionKind::Interface {
                        add(name, name);
                    }
                }
                DefinitionKind::Scalar | DefinitionKind::Enum => {}
            }
        }
    }

    fn root_slot(&mut self, operation: &str) -> Option<&mut Option<String>> {
        match operation {
            "query" => Some(&mut self.query),
            "mutation" => Some(&mut self.mutation),
            "subscription" => Some(&mut self.subscription),
            _ => None,
        }
    }

    fn infer_roots(&mut self) {
        for (operation, name) in [
            ("query", "Query"),
            ("mutation", "Mutation"),
            ("subscription", "Subscription"),
        ] {
            let exists = self.types.contains_key(name);
            if let Some(root) = self.root_slot(operation)
                && root.is_none()
                && exists
            {
                *root = Some(name.to_owned());
            }
        }
    }

    fn add_introspection(&mut self) {
        let Some(query) = self
            .query
            .as_ref()
            .and_then(|name| self.types.get_mut(name))
        else {
            return;
        };
        query.fields.push(FieldDefinition {
            name: "__schema".to_owned(),
            kind: Type::of("__Schema", true),
            ..FieldDefinition::default()
        });
        query.fields.push(FieldDefinition {
            name: "__type".to_owned(),
            kind: Type::of("__Type", false),
            arguments: vec![super::ast::ArgumentDefinition {
                name: "name".to_owned(),
                kind: Type::of("String", true),
                ..super::ast::ArgumentDefinition::default()
            }],
            ..FieldDefinition::default()
        });
    }

    /// The type of a name.
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.types.get(name)
    }

    /// The type that operations of a kind start at; no kind means queries.
    pub fn root(&self, operation: &str) -> Option<&Definition> {
        let name = match operation {
            "query" | "" => &self.query,
            "mutation" => &self.mutation,
            "subscription" => &self.subscription,
            _ => &None,
        };
        name.as_ref().and_then(|name| self.get(name))
    }

    /// Names of the types that a value of this type may have.
    pub fn possible_types(&self, name: &str) -> &[String] {
        self.possible
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The directive of a name, as documents use it.
    pub fn directive(&self, directive: &Directive) -> Option<&DirectiveDefinition> {
        self.directives.get(&directive.name)
    }
}
