//! Documents by URI, and references into them (RFC 3986, RFC 6901). Nothing is fetched: a schema is complete in itself.

use std::collections::HashMap;

use super::super::uri::Uri;
use super::compile::Draft;
use crate::arena::Arena;
use crate::value::{Object, Value};

/// A document with the draft that it names.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    pub value: Value<'a>,
    pub draft: Option<Draft>,
}

/// The documents that references may lead to. References in them are absolute, as far as they can be.
#[derive(Default)]
pub struct Pool<'a> {
    documents: HashMap<String, Document<'a>>,
}

impl<'a> Pool<'a> {
    /// Adds a schema with every part of it that has an identifier.
    pub fn add_root(
        &mut self,
        arena: &'a Arena,
        document: Value<'a>,
        draft: Option<Draft>,
    ) -> Result<Value<'a>, String> {
        let value = self.resolve(arena, document, "", draft)?;
        self.documents
            .insert(String::new(), Document { value, draft });
        Ok(value)
    }

    /// The same value with absolute references; parts with identifiers are added on the way.
    fn resolve(
        &mut self,
        arena: &'a Arena,
        value: Value<'a>,
        base: &str,
        draft: Option<Draft>,
    ) -> Result<Value<'a>, String> {
        match value {
            Value::Array(items) => {
                let resolved: Result<Vec<_>, _> = items
                    .iter()
                    .map(|item| self.resolve(arena, item, base, draft))
                    .collect();
                Ok(Value::array(arena, &resolved?))
            }
            Value::Object(object) => self.resolve_object(arena, object, base, draft),
            other => Ok(other),
        }
    }

    fn resolve_object(
        &mut self,
        arena: &'a Arena,
        object: Object<'a>,
        base: &str,
        draft: Option<Draft>,
    ) -> Result<Value<'a>, String> {
        let key = if object.get_str("id").is_some() {
            "id"
        } else {
            "$id"
        };
        let identifier = object
            .get_str(key)
            .and_then(Value::as_str)
            .filter(|id| Uri::parse(id).is_ok());
        let scope = identifier.map_or_else(|| base.to_owned(), |id| join(base, id));
        if identifier.is_some() && self.documents.contains_key(&scope) {
            return Err(format!("Reference already exists: \"{scope}\""));
        }
        let mut entries = Vec::with_capacity(object.len());
        for (key, value) in object.entries() {
            let resolved = match (key.as_str().unwrap_or_default(), value) {
                ("const" | "enum", value) => value,
                ("$ref", Value::String(reference)) if Uri::parse(reference).is_ok() => {
                    Value::string(arena, &join(&scope, reference))
                }
                // The names in these are no keywords.
                ("properties" | "dependencies" | "patternProperties", Value::Object(named)) => {
                    let mut children = Vec::with_capacity(named.len());
                    for (name, child) in named.entries() {
                        children.push((name, self.resolve(arena, child, &scope, draft)?));
                    }
                    Value::object(arena, children)
                }
                (_, value) => self.resolve(arena, value, &scope, draft)?,
            };
            entries.push((key, resolved));
        }
        let value = Value::object(arena, entries);
        if identifier.is_some() {
            self.documents.insert(scope, Document { value, draft });
        }
        Ok(value)
    }

    /// What a reference leads to.
    pub fn get(&mut self, reference: &str) -> Result<Document<'a>, String> {
        if let Some(document) = self.documents.get(reference) {
            return Ok(*document);
        }
        let (location, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let Some(document) = self.documents.get(location).copied() else {
            let is_canonical = Uri::parse(reference)
                .is_ok_and(|uri| !uri.scheme.is_empty() && !uri.host.is_empty());
            return Err(if is_canonical {
                format!("Could not read schema from {reference}: schemas are not fetched")
            } else {
                format!("Reference {reference} must be canonical")
            });
        };
        let pointer = Uri::parse(&format!("#{fragment}")).map(|uri| uri.fragment)?;
        let value = point(document.value, &pointer)?;
        let found = Document {
            value,
            draft: document.draft,
        };
        self.documents.insert(reference.to_owned(), found);
        Ok(found)
    }
}

/// What a JSON pointer leads to; pointers that do not start with a slash lead to the whole.
fn point<'a>(document: Value<'a>, pointer: &str) -> Result<Value<'a>, String> {
    let Some(tokens) = pointer.strip_prefix('/') else {
        return Ok(document);
    };
    let mut current = document;
    for token in tokens.split('/') {
        current = match current {
            Value::Object(object) => {
                let name = token.replace("~1", "/").replace("~0", "~");
                object
                    .get_str(&name)
                    .ok_or_else(|| format!("Object has no key '{name}'"))?
            }
            Value::Array(items) => {
                let index: i64 = token
                    .parse()
                    .map_err(|_| format!("Invalid array index '{token}'"))?;
                let found = usize::try_from(index)
                    .ok()
                    .and_then(|index| items.get(index));
                found.ok_or_else(|| {
                    format!("Out of bound array[0,{}] index '{index}'", items.len())
                })?
            }
            _ => return Err(format!("Invalid token reference '{token}'")),
        };
    }
    Ok(current)
}

/// A reference relative to a base (RFC 3986 section 5.2), without an empty fragment.
fn join(base: &str, reference: &str) -> String {
    let base = base.split_once('#').map_or(base, |(location, _)| location);
    let joined = if reference.is_empty() || reference.starts_with('#') {
        format!("{base}{reference}")
    } else if has_scheme(reference) {
        reference.to_owned()
    } else {
        let (origin, path) = split_origin(base);
        let (target, fragment) = match reference.find('#') {
            Some(at) => reference.split_at(at),
            None => (reference, ""),
        };
        if target.starts_with("//") {
            let scheme = origin
                .split_once(':')
                .map(|(scheme, _)| format!("{scheme}:"))
                .unwrap_or_default();
            format!("{scheme}{reference}")
        } else if target.starts_with('/') {
            format!("{origin}{}{fragment}", without_dots(target))
        } else {
            let folder = path
                .rfind('/')
                .map_or("/", |at| path.get(..=at).unwrap_or("/"));
            format!(
                "{origin}{}{fragment}",
                without_dots(&format!("{folder}{target}"))
            )
        }
    };
    joined
        .strip_suffix('#')
        .map_or_else(|| joined.clone(), str::to_owned)
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|part| part.is_ascii_alphanumeric() || "+-.".contains(part))
    })
}

/// Scheme and host, and the path after them.
fn split_origin(base: &str) -> (&str, &str) {
    let Some(start) = base.find("//").map(|at| at + 2) else {
        return ("", base);
    };
    let end = base
        .get(start..)
        .and_then(|rest| rest.find('/'))
        .map_or(base.len(), |at| start + at);
    base.split_at(end)
}

/// A path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    parts.pop();
                }
                if is_last {
                    parts.push("");
                }
            }
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}
