//! From JSON schemas to the types of the values that they describe. What types cannot express is left open.

use std::collections::HashMap;
use std::sync::Arc;

use super::kinds::{Type, or};
use crate::ast::TermValue;
use crate::json_schema::{Kind, Schema, SchemaId, Schemas, merge};

/// Schemas may be nested this deep; what lies deeper is left open.
const MAX_DEPTH: usize = 250;

/// The type of a schema within itself. It is told from the schema each time that it is asked for.
#[derive(Clone, Debug)]
pub struct Recursive {
    /// The address of the schema (`#/definitions/tree`).
    name: Arc<str>,
    at: SchemaId,
    schemas: Arc<Schemas>,
}

impl Recursive {
    /// The address of the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both are of the same schema.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.schemas, &other.schemas)
    }

    /// The type with its own parts.
    #[must_use]
    pub fn opened(&self) -> Type {
        let mut reader = Reader::new(&self.schemas);
        match reader.definition(&self.name, self.at) {
            Ok(Type::Recursive(_)) | Err(_) => Type::any(),
            Ok(kind) => kind,
        }
    }
}

/// The type of the values that a schema describes.
pub(super) fn described(schemas: Schemas) -> Result<Type, String> {
    let schemas = Arc::new(schemas);
    match schemas.get(Schemas::ROOT) {
        Some(root) => Reader::new(&schemas).read(root),
        None => Ok(Type::any()),
    }
}

struct Reader<'s> {
    schemas: &'s Arc<Schemas>,
    /// The types of what references lead to; none while it is being read.
    definitions: HashMap<Arc<str>, Option<Type>>,
    depth: usize,
}

impl<'s> Reader<'s> {
    fn new(schemas: &'s Arc<Schemas>) -> Self {
        Self {
            schemas,
            definitions: HashMap::new(),
            depth: 0,
        }
    }

    fn at(&mut self, id: SchemaId) -> Result<Type, String> {
        let schemas = self.schemas;
        match schemas.get(id) {
            Some(schema) => self.read(schema),
            None => Ok(Type::any()),
        }
    }

    fn read(&mut self, schema: &Schema) -> Result<Type, String> {
        if let Some((name, target)) = &schema.reference {
            return self.definition(name, *target);
        }
        if self.depth == MAX_DEPTH {
            return Ok(Type::any());
        }
        self.depth += 1;
        let kind = if !schema.any_of.is_empty() {
            self.any_of(schema)
        } else if !schema.all_of.is_empty() {
            self.all_of(schema)
        } else {
            self.plain(schema)
        };
        self.depth -= 1;
        kind
    }

    /// The type of what a reference leads to.
    fn definition(&mut self, name: &str, target: SchemaId) -> Result<Type, String> {
        match self.definitions.get(name) {
            Some(Some(known)) => return Ok(known.clone()),
            Some(None) => {
                return Ok(Type::Recursive(Arc::new(Recursive {
                    name: name.into(),
                    at: target,
                    schemas: Arc::clone(self.schemas),
                })));
            }
            None => {}
        }
        let schemas = self.schemas;
        let Some(schema) = schemas.resolved(target) else {
            return Ok(Type::any());
        };
        let name: Arc<str> = name.into();
        self.definitions.insert(Arc::clone(&name), None);
        let kind = self.read(schema)?;
        self.definitions.insert(name, Some(kind.clone()));
        Ok(kind)
    }

    fn any_of(&mut self, schema: &Schema) -> Result<Type, String> {
        let mut kind = Type::Unknown;
        if !schema.kinds.is_empty() {
            let core = Schema {
                any_of: Vec::new(),
                ..schema.clone()
            };
            let core = self.read(&core)?;
            if matches!(&core, Type::Object(it) if it.rest.is_none()) {
                kind = core;
            }
        }
        for option in &schema.any_of {
            kind = or(&self.at(*option)?, &kind);
        }
        Ok(kind)
    }

    fn all_of(&mut self, schema: &Schema) -> Result<Type, String> {
        let schemas = self.schemas;
        let parts: Vec<Schema> = schema
            .all_of
            .iter()
            .filter_map(|id| schemas.resolved(*id))
            .filter(|part| {
                // Choices without a type of their own would contradict parts with one.
                !(part.kinds.is_empty()
                    && !part.any_of.is_empty()
                    && part.properties.is_empty()
                    && part.items.is_empty())
            })
            .cloned()
            .collect();
        if parts.is_empty() {
            return Ok(Type::any());
        }
        let merged = merge(schemas, parts)?;
        if schema.kinds.is_empty() {
            return self.read(&merged);
        }
        let both = |kind| schema.is(kind) && merged.is(kind);
        if both(Kind::Object) || both(Kind::Array) {
            let merged = merge(schemas, vec![merged, schema.clone()])?;
            return self.read(&merged);
        }
        if schema.kinds != merged.kinds {
            return Err("unable to merge these schemas".to_owned());
        }
        self.read(&merged)
    }

    fn plain(&mut self, schema: &Schema) -> Result<Type, String> {
        let has_properties = !schema.properties.is_empty();
        let has_items = !schema.items.is_empty();
        if schema.is(Kind::Boolean) {
            Ok(Type::Boolean)
        } else if schema.is(Kind::String) {
            Ok(Type::String)
        } else if schema.is(Kind::Integer) || schema.is(Kind::Number) {
            Ok(Type::Number)
        } else if has_properties && (schema.is(Kind::Object) || !schema.is(Kind::Array)) {
            self.object(schema)
        } else if schema.is(Kind::Object) {
            Ok(Type::object(Vec::new(), Some((Type::any(), Type::any()))))
        } else if has_items {
            self.array(schema)
        } else if schema.is(Kind::Array) {
            Ok(Type::array(Vec::new(), Some(Type::any())))
        } else {
            Ok(Type::any())
        }
    }

    fn object(&mut self, schema: &Schema) -> Result<Type, String> {
        let mut properties: Vec<(TermValue, Type)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (name, part) in &schema.properties {
            let kind = self.at(*part)?;
            if seen.insert(name.as_str()) {
                properties.push((TermValue::String(name.as_str().into()), kind));
            }
        }
        Ok(Type::object(properties, None))
    }

    fn array(&mut self, schema: &Schema) -> Result<Type, String> {
        let mut items = Vec::new();
        for part in &schema.items {
            items.push(self.at(*part)?);
        }
        if schema.items_are_alike {
            items.truncate(1);
            return Ok(Type::array(Vec::new(), items.pop()));
        }
        Ok(Type::array(items, None))
    }
}
