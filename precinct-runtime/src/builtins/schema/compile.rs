//! Schema documents to compiled schemas. The first thing wrong is reported, keywords in OPA's order.

use std::collections::HashMap;

use super::super::regex::go;
use super::node::{Additional, Dependency, Items, Node, NodeId, Schema};
use super::reference::Pool;
use super::text::canonical;
use crate::arena::Arena;
use crate::number::Number;
use crate::value::{Array, Object, Value};

/// So deep may schemas nest, references included.
const MAX_DEPTH: u32 = 300;

const TYPES: &[&str] = &[
    "array", "boolean", "integer", "number", "null", "object", "string",
];

/// A version of JSON Schema. Without a `$schema` that names one, all of their keywords count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Draft {
    Four,
    Six,
    Seven,
    Mixed,
}

/// Compiles a schema with everything it refers to.
pub fn compile<'a>(arena: &'a Arena, document: Value<'a>) -> Result<Schema<'a>, String> {
    let draft = named_draft(document)?;
    let mut compiler = Compiler {
        schema: Schema::default(),
        pool: Pool::default(),
        references: HashMap::new(),
        depth: 0,
    };
    let document = compiler.pool.add_root(arena, document, draft)?;
    compiler.node(document, draft.unwrap_or(Draft::Mixed))?;
    Ok(compiler.schema)
}

/// The draft that a document names.
fn named_draft(document: Value<'_>) -> Result<Option<Draft>, String> {
    let object = match document {
        Value::Bool(_) => return Ok(None),
        Value::Object(object) => object,
        _ => return Err("schema is invalid".to_owned()),
    };
    match object.get_str("$schema") {
        None => Ok(None),
        Some(Value::String(uri)) => Ok(match uri.strip_suffix('#').unwrap_or(uri) {
            "http://json-schema.org/draft-04/schema" => Some(Draft::Four),
            "http://json-schema.org/draft-06/schema" => Some(Draft::Six),
            "http://json-schema.org/draft-07/schema" => Some(Draft::Seven),
            _ => None,
        }),
        Some(_) => Err("$schema must be of type string".to_owned()),
    }
}

fn invalid_type(expected: &str, given: &str) -> String {
    format!("Invalid type. Expected: {expected}, given: {given}")
}

struct Compiler<'a> {
    schema: Schema<'a>,
    pool: Pool<'a>,
    /// Nodes of references, made before what they refer to is compiled.
    references: HashMap<String, NodeId>,
    depth: u32,
}

/// The keywords of one schema object.
#[derive(Clone, Copy)]
struct Keywords<'a>(Object<'a>);

impl<'a> Keywords<'a> {
    fn get(self, name: &str) -> Option<Value<'a>> {
        self.0.get_str(name)
    }

    fn text(self, name: &str) -> Result<Option<&'a str>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid_type("string", name)),
        }
    }

    fn list(self, name: &str) -> Result<Option<Array<'a>>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(format!("{name} must be of an array")),
        }
    }

    /// A count; written with decimals it is no integer here.
    fn count(self, name: &str) -> Result<Option<i64>, String> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value
            .as_number()
            .and_then(|number| number.to_string().parse::<i64>().ok())
            .ok_or_else(|| format!("{name} must be of an integer"))?;
        if number < 0 {
            Err(format!("{name} must be greater than or equal to 0"))
        } else {
            Ok(Some(number))
        }
    }

    fn number(self, name: &str) -> Result<Option<Number<'a>>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => Err(format!("{name} must be of a Number")),
        }
    }
}

const fn is_schema(value: Value<'_>) -> bool {
    matches!(value, Value::Bool(_) | Value::Object(_))
}

impl<'a> Compiler<'a> {
    /// Compiles a schema into a new node.
    fn node(&mut self, document: Value<'a>, draft: Draft) -> Result<NodeId, String> {
        let id = self.schema.nodes.len();
        self.schema.nodes.push(Node::default());
        self.fill(id, document, draft)?;
        Ok(id)
    }

    fn fill(&mut self, id: NodeId, document: Value<'a>, draft: Draft) -> Result<(), String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("schema nests more than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let node = self.keywords(document, draft);
        self.depth -= 1;
        if let Some(place) = self.schema.nodes.get_mut(id) {
            *place = node?;
        }
        Ok(())
    }

    fn keywords(&mut self, document: Value<'a>, draft: Draft) -> Result<Node<'a>, String> {
        let mut node = Node::default();
        let keywords = match document {
            Value::Bool(constant) if draft >= Draft::Six => {
                node.constant = Some(constant);
                return Ok(node);
            }
            Value::Object(object) => Keywords(object),
            _ => return Err("Expected: Valid Schema, given: Invalid JSON".to_owned()),
        };
        let identifier = match draft {
            Draft::Four => "id",
            Draft::Mixed if keywords.get("id").is_some() => "id",
            _ => "$id",
        };
        keywords.text(identifier)?;
        self.definitions(keywords, draft)?;
        keywords.text("title")?;
        keywords.text("description")?;
        if let Some(reference) = keywords.text("$ref")? {
            node.reference = Some(self.reference(reference, draft)?);
            return Ok(node);
        }
        types(&mut node, keywords)?;
        self.object_keywords(&mut node, keywords, draft)?;
        self.items(&mut node, keywords, draft)?;
        number_keywords(&mut node, keywords, draft)?;
        string_keywords(&mut node, keywords)?;
        size_keywords(&mut node, keywords)?;
        if let Some(contains) = keywords.get("contains").filter(|_| draft >= Draft::Six) {
            node.contains = Some(self.node(contains, draft)?);
        }
        value_keywords(&mut node, keywords, draft)?;
        self.combinations(&mut node, keywords, draft)?;
        Ok(node)
    }

    /// Definitions only matter where they are referred to, but must be schemas.
    fn definitions(&mut self, keywords: Keywords<'a>, draft: Draft) -> Result<(), String> {
        let wrong = || invalid_type("Array Of Schemas", "definitions");
        let Some(definitions) = keywords.get("definitions") else {
            return Ok(());
        };
        for (_, definition) in definitions.as_object().ok_or_else(wrong)?.entries() {
            if !is_schema(definition) {
                return Err(wrong());
            }
            self.node(definition, draft)?;
        }
        Ok(())
    }

    fn reference(&mut self, reference: &str, draft: Draft) -> Result<NodeId, String> {
        if let Some(known) = self.references.get(reference) {
            return Ok(*known);
        }
        let id = self.schema.nodes.len();
        self.schema.nodes.push(Node::default());
        self.references.insert(reference.to_owned(), id);
        let document = self.pool.get(reference)?;
        if !is_schema(document.value) {
            return Err("Valid Schema must be of type object".to_owned());
        }
        self.fill(id, document.value, document.draft.unwrap_or(draft))?;
        Ok(id)
    }

    fn object_keywords(
        &mut self,
        node: &mut Node<'a>,
        keywords: Keywords<'a>,
        draft: Draft,
    ) -> Result<(), String> {
        if let Some(properties) = keywords.get("properties") {
            let object = properties
                .as_object()
                .ok_or("Properties must be of type object")?;
            for (name, schema) in object.entries() {
                let id = self.node(schema, draft)?;
                node.properties
                    .push((name.as_str().unwrap_or_default(), id));
            }
        }
        node.additional_properties = self.additional(keywords, "additionalProperties", draft)?;
        if let Some(patterns) = keywords.get("patternProperties") {
            let object = patterns
                .as_object()
                .ok_or_else(|| invalid_type("Valid Schema", "patternProperties"))?;
            for (pattern, schema) in object.entries() {
                let pattern = pattern.as_str().unwrap_or_default();
                let regex = go::compile(pattern)
                    .map_err(|_| format!("Invalid regex pattern '{pattern}'"))?;
                let id = self.node(schema, draft)?;
                node.pattern_properties.push((regex, id));
            }
        }
        if let Some(names) = keywords
            .get("propertyNames")
            .filter(|_| draft >= Draft::Six)
        {
            if !is_schema(names) {
                return Err(invalid_type("Valid Schema", "patternProperties"));
            }
            node.property_names = Some(self.node(names, draft)?);
        }
        self.dependencies(node, keywords, draft)
    }

    fn additional(
        &mut self,
        keywords: Keywords<'a>,
        name: &str,
        draft: Draft,
    ) -> Result<Additional, String> {
        Ok(match keywords.get(name) {
            None | Some(Value::Bool(true)) => Additional::Allowed,
            Some(Value::Bool(false)) => Additional::Forbidden,
            Some(schema @ Value::Object(_)) => Additional::Matching(self.node(schema, draft)?),
            Some(_) => return Err(invalid_type("boolean/Valid Schema", name)),
        })
    }

    fn dependencies(
        &mut self,
        node: &mut Node<'a>,
        keywords: Keywords<'a>,
        draft: Draft,
    ) -> Result<(), String> {
        let Some(dependencies) = keywords.get("dependencies") else {
            return Ok(());
        };
        let object = dependencies
            .as_object()
            .ok_or("dependencies must be of type object")?;
        let wrong = || "Dependency must be of type Schema Or Array Of Strings".to_owned();
        for (name, dependency) in object.entries() {
            let dependency = match dependency {
                Value::Array(items) => {
                    let names: Option<Vec<_>> = items.iter().map(Value::as_str).collect();
                    Dependency::Properties(names.ok_or_else(wrong)?)
                }
                schema if is_schema(schema) => Dependency::Schema(self.node(schema, draft)?),
                _ => return Err(wrong()),
            };
            node.dependencies
                .push((name.as_str().unwrap_or_default(), dependency));
        }
        Ok(())
    }

    fn items(
        &mut self,
        node: &mut Node<'a>,
        keywords: Keywords<'a>,
        draft: Draft,
    ) -> Result<(), String> {
        let wrong = || invalid_type("Valid Schema/Array Of Schemas", "items");
        match keywords.get("items") {
            None => {}
            Some(Value::Array(schemas)) => {
                let mut positional = Vec::with_capacity(schemas.len());
                for schema in schemas {
                    if !is_schema(schema) {
                        return Err(wrong());
                    }
                    positional.push(self.node(schema, draft)?);
                }
                node.items = Items::Positional(positional);
            }
            Some(schema) if is_schema(schema) => {
                node.items = Items::Each(self.node(schema, draft)?);
            }
            Some(_) => return Err(wrong()),
        }
        node.additional_items = self.additional(keywords, "additionalItems", draft)?;
        Ok(())
    }

    fn combinations(
        &mut self,
        node: &mut Node<'a>,
        keywords: Keywords<'a>,
        draft: Draft,
    ) -> Result<(), String> {
        for name in ["oneOf", "anyOf", "allOf"] {
            let mut nodes = Vec::new();
            for schema in keywords.list(name)?.unwrap_or_default() {
                nodes.push(self.node(schema, draft)?);
            }
            match name {
                "oneOf" => node.one_of = nodes,
                "anyOf" => node.any_of = nodes,
                _ => node.all_of = nodes,
            }
        }
        node.not = self.single(keywords, "not", draft)?;
        if draft >= Draft::Seven {
            node.condition = self.single(keywords, "if", draft)?;
            node.then = self.single(keywords, "then", draft)?;
            node.otherwise = self.single(keywords, "else", draft)?;
        }
        Ok(())
    }

    fn single(
        &mut self,
        keywords: Keywords<'a>,
        name: &str,
        draft: Draft,
    ) -> Result<Option<NodeId>, String> {
        match keywords.get(name) {
            None => Ok(None),
            Some(schema) if is_schema(schema) => self.node(schema, draft).map(Some),
            Some(_) => Err(format!("{name} must be of an object")),
        }
    }
}

fn types<'a>(node: &mut Node<'a>, keywords: Keywords<'a>) -> Result<(), String> {
    let wrong = || invalid_type("type", "string/Array Of Strings");
    let names = match keywords.get("type") {
        None => return Ok(()),
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(items)) => {
            let names: Option<Vec<_>> = items.iter().map(Value::as_str).collect();
            names.ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    for name in names {
        if !TYPES.contains(&name) {
            let expected = TYPES.join(" ");
            return Err(format!(
                "has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{expected}]"
            ));
        }
        if node.types.contains(&name) {
            return Err(format!("{name} type is duplicated"));
        }
        node.types.push(name);
    }
    Ok(())
}

fn number_keywords<'a>(
    node: &mut Node<'a>,
    keywords: Keywords<'a>,
    draft: Draft,
) -> Result<(), String> {
    if let Some(value) = keywords.get("multipleOf") {
        let step = value
            .as_number()
            .ok_or_else(|| invalid_type("Number", "multipleOf"))?;
        if step.compare(Number::Int(0)).is_le() {
            return Err("multipleOf must be strictly greater than 0".to_owned());
        }
        node.multiple_of = Some(step);
    }
    node.minimum = keywords.number("minimum")?;
    exclusive(
        keywords,
        draft,
        ("exclusiveMinimum", "minimum"),
        (&mut node.exclusive_minimum, &mut node.minimum),
    )?;
    node.maximum = keywords.number("maximum")?;
    exclusive(
        keywords,
        draft,
        ("exclusiveMaximum", "maximum"),
        (&mut node.exclusive_maximum, &mut node.maximum),
    )
}

/// In draft 4 the keyword says whether the bound itself is out, later it is a bound of its own.
fn exclusive<'a>(
    keywords: Keywords<'a>,
    draft: Draft,
    (name, bound_name): (&str, &str),
    (exclusive, bound): (&mut Option<Number<'a>>, &mut Option<Number<'a>>),
) -> Result<(), String> {
    let Some(value) = keywords.get(name) else {
        return Ok(());
    };
    match (draft, value) {
        (Draft::Four | Draft::Mixed, Value::Bool(is_exclusive)) => {
            if bound.is_none() {
                return Err(format!("{name} cannot be used without {bound_name}"));
            }
            if is_exclusive {
                *exclusive = bound.take();
            }
        }
        (Draft::Six | Draft::Seven | Draft::Mixed, Value::Number(number)) => {
            *exclusive = Some(number);
        }
        (Draft::Four, _) => return Err(invalid_type("boolean", name)),
        (Draft::Mixed, _) => return Err(invalid_type("boolean/number", name)),
        (Draft::Six | Draft::Seven, _) => return Err(invalid_type("number", name)),
    }
    Ok(())
}

fn string_keywords<'a>(node: &mut Node<'a>, keywords: Keywords<'a>) -> Result<(), String> {
    node.min_length = keywords.count("minLength")?;
    node.max_length = keywords.count("maxLength")?;
    if node
        .min_length
        .zip(node.max_length)
        .is_some_and(|(low, high)| low > high)
    {
        return Err("minLength cannot be greater than maxLength".to_owned());
    }
    if let Some(pattern) = keywords.text("pattern")? {
        let regex = go::compile(pattern).map_err(|_| "pattern must be a valid regex".to_owned())?;
        node.pattern = Some((regex, pattern));
    }
    node.format = keywords.text("format")?.filter(|format| !format.is_empty());
    Ok(())
}

fn size_keywords<'a>(node: &mut Node<'a>, keywords: Keywords<'a>) -> Result<(), String> {
    node.min_properties = keywords.count("minProperties")?;
    node.max_properties = keywords.count("maxProperties")?;
    if node
        .min_properties
        .zip(node.max_properties)
        .is_some_and(|(low, high)| low > high)
    {
        return Err("minProperties cannot be greater than maxProperties".to_owned());
    }
    for name in keywords.list("required")?.unwrap_or_default() {
        let name = name
            .as_str()
            .ok_or_else(|| invalid_type("string", "required"))?;
        if node.required.contains(&name) {
            return Err("required items must be unique".to_owned());
        }
        node.required.push(name);
    }
    node.min_items = keywords.count("minItems")?;
    node.max_items = keywords.count("maxItems")?;
    match keywords.get("uniqueItems") {
        None => {}
        Some(Value::Bool(unique)) => node.unique_items = unique,
        Some(_) => return Err("uniqueItems must be of a boolean".to_owned()),
    }
    Ok(())
}

fn value_keywords<'a>(
    node: &mut Node<'a>,
    keywords: Keywords<'a>,
    draft: Draft,
) -> Result<(), String> {
    if let Some(constant) = keywords.get("const").filter(|_| draft >= Draft::Six) {
        node.constant_value = Some(canonical(constant));
    }
    if let Some(values) = keywords.list("enum")? {
        let mut allowed = Vec::with_capacity(values.len());
        for value in values {
            let text = canonical(value);
            if allowed.contains(&text) {
                return Err("enum items must be unique".to_owned());
            }
            allowed.push(text);
        }
        node.allowed = Some(allowed);
    }
    Ok(())
}
