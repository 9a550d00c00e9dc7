//! From JSON to schemas.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::documents::{Document, Documents, Draft, Fetch, draft_of};
use super::keywords;
use super::reference::Reference;
use super::schema::{Kind, Kinds, Schema, SchemaId, Schemas};

/// Subschemas and references may be nested this deep.
const MAX_DEPTH: usize = 300;

/// Reads a schema with all that it refers to. Documents elsewhere are fetched from the allowed hosts (all, if there is
/// no list), if there is a way to fetch them.
///
/// # Errors
/// A keyword has a value of the wrong form, or a reference leads nowhere.
pub fn read(
    schema: &Value,
    fetch: Option<&Fetch<'_>>,
    allowed_hosts: Option<&[String]>,
) -> Result<Schemas, String> {
    if schema.is_null() {
        return Err("no schema as input to compile".to_owned());
    }
    let mut documents = Documents::new(fetch, allowed_hosts);
    documents.add(schema.clone(), &Reference::default())?;
    let root = documents.get("")?;
    let draft = draft_of(&root.content)?.unwrap_or(Draft::Mixed);
    let mut reader = Reader {
        documents,
        list: Vec::new(),
        referred: HashMap::new(),
        depth: 0,
    };
    reader.read(&root.content, draft)?;
    Ok(Schemas { list: reader.list })
}

struct Reader<'f> {
    documents: Documents<'f>,
    list: Vec<Schema>,
    /// What references lead to.
    referred: HashMap<String, SchemaId>,
    depth: usize,
}

impl Reader<'_> {
    fn reserve(&mut self) -> SchemaId {
        self.list.push(Schema::default());
        SchemaId(self.list.len() - 1)
    }

    fn read(&mut self, json: &Value, draft: Draft) -> Result<SchemaId, String> {
        let id = self.reserve();
        self.read_as(id, json, draft)?;
        Ok(id)
    }

    fn read_as(&mut self, id: SchemaId, json: &Value, draft: Draft) -> Result<(), String> {
        if self.depth == MAX_DEPTH {
            return Err("schema is nested too deeply".to_owned());
        }
        self.depth += 1;
        let schema = match json {
            Value::Bool(_) if draft >= Draft::Six => Ok(Schema::default()),
            Value::Object(keywords) => self.keywords(keywords, draft),
            _ => Err("Expected: Valid Schema, given: Invalid JSON".to_owned()),
        };
        self.depth -= 1;
        if let Some(slot) = self.list.get_mut(id.0) {
            *slot = schema?;
        }
        Ok(())
    }

    /// Reads the keywords in the order in which their faults are reported.
    fn keywords(&mut self, map: &Map<String, Value>, draft: Draft) -> Result<Schema, String> {
        let mut schema = Schema::default();
        let id = match draft {
            Draft::Four => "id",
            Draft::Mixed if map.contains_key("id") => "id",
            _ => "$id",
        };
        keywords::string(map, id)?;
        match map.get("definitions") {
            None => {}
            Some(Value::Object(definitions)) => {
                for definition in definitions.values() {
                    if !is_schema(definition) {
                        return Err(wrong_type("Array Of Schemas", "definitions"));
                    }
                    self.read(definition, draft)?;
                }
            }
            Some(_) => return Err(wrong_type("Array Of Schemas", "definitions")),
        }
        keywords::string(map, "title")?;
        keywords::string(map, "description")?;
        if let Some(address) = keywords::string(map, "$ref")? {
            let (target, is_new) = self.reference(address)?;
            schema.reference = Some((address.to_owned(), target));
            if is_new {
                return Ok(schema);
            }
        }
        if let Some(kinds) = map.get("type") {
            schema.kinds = read_kinds(kinds)?;
        }
        self.object_keywords(&mut schema, map, draft)?;
        self.array_keywords(&mut schema, map, draft)?;
        keywords::limits(map, draft)?;
        if draft >= Draft::Six
            && let Some(contains) = map.get("contains")
        {
            self.read(contains, draft)?;
        }
        keywords::choices(map)?;
        self.list_of(map, "oneOf", draft)?;
        schema.any_of = self.list_of(map, "anyOf", draft)?;
        schema.all_of = self.list_of(map, "allOf", draft)?;
        let conditions: &[&str] = if draft >= Draft::Seven {
            &["not", "if", "then", "else"]
        } else {
            &["not"]
        };
        for keyword in conditions {
            match map.get(*keyword) {
                None => {}
                Some(part) if is_schema(part) => {
                    self.read(part, draft)?;
                }
                Some(_) => return Err(format!("{keyword} must be of an object")),
            }
        }
        Ok(schema)
    }

    /// What is at an address, and whether it has just been read.
    fn reference(&mut self, address: &str) -> Result<(SchemaId, bool), String> {
        if let Some(id) = self.referred.get(address) {
            return Ok((*id, false));
        }
        let id = self.reserve();
        self.referred.insert(address.to_owned(), id);
        let Document { content, draft } = self.documents.get(address)?;
        if !is_schema(&content) {
            return Err("Valid Schema must be of type object".to_owned());
        }
        self.read_as(id, &content, draft.unwrap_or(Draft::Mixed))?;
        Ok((id, true))
    }

    fn object_keywords(
        &mut self,
        schema: &mut Schema,
        map: &Map<String, Value>,
        draft: Draft,
    ) -> Result<(), String> {
        match map.get("properties") {
            None => {}
            Some(Value::Object(properties)) => {
                for (name, part) in properties {
                    schema
                        .properties
                        .push((name.clone(), self.read(part, draft)?));
                }
            }
            Some(_) => return Err("Properties must be of type object".to_owned()),
        }
        self.boolean_or_schema(map, "additionalProperties", draft)?;
        match map.get("patternProperties") {
            None => {}
            Some(Value::Object(patterns)) => {
                for part in patterns.values() {
                    self.read(part, draft)?;
                }
            }
            Some(_) => return Err(wrong_type("Valid Schema", "patternProperties")),
        }
        if draft >= Draft::Six
            && let Some(names) = map.get("propertyNames")
        {
            if !is_schema(names) {
                return Err(wrong_type("Valid Schema", "patternProperties"));
            }
            self.read(names, draft)?;
        }
        match map.get("dependencies") {
            None => Ok(()),
            Some(Value::Object(dependencies)) => {
                for dependency in dependencies.values() {
                    match dependency {
                        Value::Array(names) if names.iter().all(Value::is_string) => {}
                        part if is_schema(part) => {
                            self.read(part, draft)?;
                        }
                        _ => {
                            return Err(
                                "Dependency must be of type Schema Or Array Of Strings".to_owned()
                            );
                        }
                    }
                }
                Ok(())
            }
            Some(_) => Err("dependencies must be of type object".to_owned()),
        }
    }

    fn array_keywords(
        &mut self,
        schema: &mut Schema,
        map: &Map<String, Value>,
        draft: Draft,
    ) -> Result<(), String> {
        let wrong = || wrong_type("Valid Schema/Array Of Schemas", "items");
        match map.get("items") {
            None => {}
            Some(Value::Array(parts)) => {
                for part in parts {
                    if !is_schema(part) {
                        return Err(wrong());
                    }
                    schema.items.push(self.read(part, draft)?);
                }
            }
            Some(part) if is_schema(part) => {
                schema.items.push(self.read(part, draft)?);
                schema.items_are_alike = true;
            }
            Some(_) => return Err(wrong()),
        }
        self.boolean_or_schema(map, "additionalItems", draft)
    }

    fn boolean_or_schema(
        &mut self,
        map: &Map<String, Value>,
        keyword: &str,
        draft: Draft,
    ) -> Result<(), String> {
        match map.get(keyword) {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(part @ Value::Object(_)) => self.read(part, draft).map(drop),
            Some(_) => Err(wrong_type("boolean/Valid Schema", keyword)),
        }
    }

    fn list_of(
        &mut self,
        map: &Map<String, Value>,
        keyword: &str,
        draft: Draft,
    ) -> Result<Vec<SchemaId>, String> {
        keywords::list(map, keyword)?
            .iter()
            .map(|part| self.read(part, draft))
            .collect()
    }
}

fn is_schema(json: &Value) -> bool {
    json.is_object() || json.is_boolean()
}

fn read_kinds(json: &Value) -> Result<Vec<Kind>, String> {
    let wrong = || wrong_type("type", "string/Array Of Strings");
    let names: Vec<&str> = match json {
        Value::String(name) => vec![name],
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().ok_or_else(wrong))
            .collect::<Result<_, _>>()?,
        _ => return Err(wrong()),
    };
    let mut kinds = Vec::new();
    for name in names {
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
            let known = Kind::ALL.map(Kind::name).join(" ");
            return Err(format!(
                "has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{known}]"
            ));
        };
        if kinds.contains(&kind) {
            return Err(format!("{} type is duplicated", Kinds(&[kind])));
        }
        kinds.push(kind);
    }
    Ok(kinds)
}

pub(super) fn wrong_type(expected: &str, given: &str) -> String {
    format!("Invalid type. Expected: {expected}, given: {given}")
}
