//! Types from JSON schemas: given for `input` as a whole, or by annotations for parts of documents.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::env::Env;
use super::kinds::{Type, json_key, or};
use super::tree::TypeTree;
use crate::ast::display::ref_text;
use crate::ast::{Rule, SchemaAnnotation, Span, Term, TermValue};
use crate::error::{Code, Diagnostic};

/// The schemas that were given, by their path behind `schema`.
pub type SchemaMap = BTreeMap<Vec<Arc<str>>, Value>;

/// The types of the schemas that were read so far.
#[derive(Default)]
pub(in crate::compile) struct SchemaTypes {
    known: HashMap<String, Type>,
}

/// The schema annotations that apply to a rule.
pub(in crate::compile) struct Schemas<'a> {
    pub(in crate::compile) given: &'a SchemaMap,
    pub(in crate::compile) annotations: Vec<&'a SchemaAnnotation>,
    pub(in crate::compile) types: &'a std::cell::RefCell<SchemaTypes>,
}

impl Schemas<'_> {
    /// Notes the types of the documents that annotations describe.
    pub(super) fn apply(
        &self,
        env: &Env<'_>,
        documents: &mut TypeTree,
        rule: &Rule,
    ) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for annotation in &self.annotations {
            match self.type_of(annotation) {
                Ok(Some(kind)) => describe(env, documents, &annotation.path, kind),
                Ok(None) => {}
                Err(message) => errors.push(Diagnostic::new(Code::Type, rule.span, message)),
            }
        }
        errors
    }

    fn type_of(&self, annotation: &SchemaAnnotation) -> Result<Option<Type>, String> {
        let Some(path) = &annotation.schema else {
            return match &annotation.definition {
                Some(definition) => from_schema(definition).map(Some),
                None => Err("no schema as input to compile".to_owned()),
            };
        };
        if self.given.is_empty() {
            return Ok(None);
        }
        let name = ref_text(path);
        if let Some(known) = self.types.borrow().known.get(&name) {
            return Ok(Some(known.clone()));
        }
        let keys: Vec<Arc<str>> = path
            .iter()
            .skip(1)
            .filter_map(|part| match &part.value {
                TermValue::String(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        let schema = self
            .given
            .get(&keys)
            .ok_or_else(|| format!("undefined schema: {name}"))?;
        let kind = from_schema(schema)?;
        self.types.borrow_mut().known.insert(name, kind.clone());
        Ok(Some(kind))
    }
}

/// Notes the type of the document at a path; what is known around it stays.
fn describe(env: &Env<'_>, documents: &mut TypeTree, path: &[Term], kind: Type) {
    let Some((head, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        documents.put(path, kind);
        return;
    }
    let root = std::slice::from_ref(head);
    let known = match documents.child(&head.value) {
        Some(node) => node.extent(),
        None => env.reference(root),
    };
    documents.put(root, overridden(&known, rest, kind));
}

/// A type in which the part at a path has another type.
fn overridden(known: &Type, path: &[Term], kind: Type) -> Type {
    let Some((first, rest)) = path.split_first() else {
        return kind;
    };
    let key = json_key(first);
    let Type::Object(object) = known else {
        return object_at(path, kind, Some((Type::any(), Type::any())).as_ref());
    };
    let mut properties = object.properties.clone();
    if let Some((_, value)) = properties.iter_mut().find(|(known, _)| *known == key) {
        *value = overridden(value, rest, kind);
    } else {
        let value = if rest.is_empty() {
            kind
        } else {
            object_at(rest, kind, object.rest.as_ref())
        };
        properties.push((key, value));
    }
    Type::object(properties, object.rest.clone())
}

fn object_at(path: &[Term], kind: Type, others: Option<&(Type, Type)>) -> Type {
    path.iter().rev().fold(kind, |kind, part| {
        Type::object(vec![(json_key(part), kind)], others.cloned())
    })
}

/// The type that a schema describes. What types cannot express is left open.
pub(in crate::compile) fn from_schema(schema: &Value) -> Result<Type, String> {
    let mut reader = Reader {
        root: schema,
        open: Vec::new(),
    };
    reader.read(schema)
}

/// The error for a schema of `input` that cannot be read.
pub(in crate::compile) fn input_error(message: String) -> Diagnostic {
    Diagnostic::new(Code::Type, Span::default(), message)
}

struct Reader<'a> {
    root: &'a Value,
    /// The definitions that are being read: those within themselves are left open.
    open: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, schema: &Value) -> Result<Type, String> {
        if self.open.len() > 64 {
            return Ok(Type::any());
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(target);
        }
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        if let Some(options) = list("anyOf") {
            let mut kind = Type::Unknown;
            if schema.get("type").is_some() {
                let mut core = schema.clone();
                if let Some(core) = core.as_object_mut() {
                    core.remove("anyOf");
                }
                let core = self.read(&core)?;
                if matches!(&core, Type::Object(it) if it.rest.is_none()) {
                    kind = core;
                }
            }
            for option in options {
                kind = or(&self.read(option)?, &kind);
            }
            return Ok(kind);
        }
        if let Some(parts) = list("allOf") {
            return self.all_of(schema, parts);
        }
        let kind = type_name(schema);
        Ok(match kind {
            Some("boolean") => Type::Boolean,
            Some("string") => Type::String,
            Some("number") => Type::Number,
            Some("object") => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) if !properties.is_empty() => {
                    let mut list = Vec::new();
                    for (name, property) in properties {
                        let key = TermValue::String(name.as_str().into());
                        list.push((key, self.read(property)?));
                    }
                    Type::object(list, None)
                }
                _ => Type::object(Vec::new(), Some((Type::any(), Type::any()))),
            },
            Some("array") => match schema.get("items") {
                Some(Value::Array(items)) if !items.is_empty() => {
                    let items: Result<Vec<Type>, String> =
                        items.iter().map(|item| self.read(item)).collect();
                    Type::array(items?, None)
                }
                Some(item @ Value::Object(_)) => Type::array(Vec::new(), Some(self.read(item)?)),
                _ => Type::array(Vec::new(), Some(Type::any())),
            },
            _ => Type::any(),
        })
    }

    fn reference(&mut self, target: &str) -> Result<Type, String> {
        if self.open.iter().any(|open| open == target) {
            return Ok(Type::any());
        }
        let pointer = target.strip_prefix('#').unwrap_or(target);
        let Some(schema) = self.root.pointer(pointer) else {
            return Err(format!(
                "unable to compile the schema: Object has no key '{}'",
                pointer.rsplit('/').next().unwrap_or_default()
            ));
        };
        self.open.push(target.to_owned());
        let kind = self.read(schema);
        self.open.pop();
        kind
    }

    /// Properties and items of all parts together, which must be of one type.
    fn all_of(&mut self, schema: &Value, parts: &[Value]) -> Result<Type, String> {
        let mut merged: Option<Type> = None;
        let typed = type_name(schema).map(|_| {
            let mut core = schema.clone();
            if let Some(core) = core.as_object_mut() {
                core.remove("allOf");
            }
            core
        });
        for part in parts.iter().chain(&typed) {
            if part.get("anyOf").is_some() && type_name(part).is_none() {
                continue;
            }
            let kind = self.read(part)?;
            merged = Some(match merged.take() {
                None => kind,
                Some(Type::Object(a)) if matches!(kind, Type::Object(_)) => {
                    let Type::Object(b) = kind else {
                        continue;
                    };
                    let mut properties = a.properties.clone();
                    for (key, value) in &b.properties {
                        properties.retain(|(known, _)| known != key);
                        properties.push((key.clone(), value.clone()));
                    }
                    let rest = properties.is_empty().then(|| (Type::any(), Type::any()));
                    Type::object(properties, rest)
                }
                Some(known) if std::mem::discriminant(&known) == std::mem::discriminant(&kind) => {
                    known
                }
                Some(_) => return Err("unable to merge these schemas".to_owned()),
            });
        }
        Ok(merged.unwrap_or_else(Type::any))
    }
}

/// The type that a schema names, or that its keywords imply.
fn type_name(schema: &Value) -> Option<&'static str> {
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let has = |name: &str| names.contains(&name);
    if has("boolean") {
        Some("boolean")
    } else if has("string") {
        Some("string")
    } else if has("integer") || has("number") {
        Some("number")
    } else if has("object") {
        Some("object")
    } else if has("array") {
        Some("array")
    } else if !names.is_empty() {
        None
    } else if schema.get("properties").is_some() {
        Some("object")
    } else if schema.get("items").is_some() {
        Some("array")
    } else {
        None
    }
}
