//! Types from JSON schemas: given for `input` as a whole, or by annotations for parts of documents.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::described::described;
use super::env::Env;
use super::kinds::{Type, json_key};
use super::tree::TypeTree;
use crate::ast::display::ref_text;
use crate::ast::{Rule, SchemaAnnotation, Span, Term, TermValue};
use crate::compile::options::CompileOptions;
use crate::error::{Code, Diagnostic};
use crate::json_schema::{self, Fetch};

/// The schemas that were given, by their path behind `schema`.
pub type SchemaMap = BTreeMap<Vec<Arc<str>>, Value>;

/// The types of the schemas that were read so far.
#[derive(Default)]
pub(in crate::compile) struct SchemaTypes {
    known: HashMap<String, Type>,
}

/// The schema annotations that apply to a rule.
pub(in crate::compile) struct Schemas<'a> {
    pub(in crate::compile) options: &'a CompileOptions,
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
                Some(definition) => from_schema(definition, self.options).map(Some),
                None => Err("no schema as input to compile".to_owned()),
            };
        };
        if self.options.schemas.is_empty() {
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
            .options
            .schemas
            .get(&keys)
            .ok_or_else(|| format!("undefined schema: {name}"))?;
        let kind = from_schema(schema, self.options)?;
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
    let known = known.opened();
    let Type::Object(object) = known.as_ref() else {
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
pub(in crate::compile) fn from_schema(
    schema: &Value,
    options: &CompileOptions,
) -> Result<Type, String> {
    let fetch = options.fetch_schema.as_deref();
    let fetch = fetch.map(|fetch| fetch as &Fetch<'_>);
    let schemas = json_schema::read(schema, fetch, options.capabilities.allow_net.as_deref())
        .map_err(|message| format!("unable to compile the schema: {message}"))?;
    described(schemas).map_err(|message| format!("type checking: {message}"))
}

/// The error for a schema of `input` that cannot be read.
pub(in crate::compile) fn input_error(message: String) -> Diagnostic {
    Diagnostic::new(Code::Type, Span::default(), message)
}
