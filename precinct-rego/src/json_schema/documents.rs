//! What `$ref` can refer to: parts of the schema itself, subschemas by their identifier, other documents.

use std::collections::HashMap;

use serde_json::Value;

use super::reference::Reference;

/// Fetches the document at an address; the error is shown to the author.
pub type Fetch<'f> = dyn Fn(&str) -> Result<Value, String> + 'f;

/// The generations of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draft {
    Four,
    Six,
    Seven,
    /// No `$schema` says which: the keywords of all.
    Mixed,
}

const META_SCHEMAS: [(&str, Draft); 3] = [
    ("http://json-schema.org/draft-04/schema", Draft::Four),
    ("http://json-schema.org/draft-06/schema", Draft::Six),
    ("http://json-schema.org/draft-07/schema", Draft::Seven),
];

/// The draft that `$schema` names.
pub(super) fn draft_of(document: &Value) -> Result<Option<Draft>, String> {
    let map = match document {
        Value::Bool(_) => return Ok(None),
        Value::Object(map) => map,
        _ => return Err("schema is invalid".to_owned()),
    };
    match map.get("$schema") {
        None => Ok(None),
        Some(Value::String(address)) => {
            let address = Reference::parse(address).to_string();
            let known = META_SCHEMAS.iter().find(|(it, _)| *it == address);
            Ok(known.map(|(_, draft)| *draft))
        }
        Some(_) => Err("$schema must be of type string".to_owned()),
    }
}

/// A document, or a part of one that an identifier or a reference names.
#[derive(Clone)]
pub(super) struct Document {
    /// The content, its references resolved.
    pub(super) content: Value,
    pub(super) draft: Option<Draft>,
}

/// All documents that were seen, by address.
pub(super) struct Documents<'f> {
    known: HashMap<String, Document>,
    fetch: Option<&'f Fetch<'f>>,
    allowed_hosts: Option<&'f [String]>,
}

impl<'f> Documents<'f> {
    pub(super) fn new(fetch: Option<&'f Fetch<'f>>, allowed_hosts: Option<&'f [String]>) -> Self {
        Self {
            known: HashMap::new(),
            fetch,
            allowed_hosts,
        }
    }

    /// Adds a document and all its parts that have identifiers.
    pub(super) fn add(&mut self, mut content: Value, address: &Reference) -> Result<(), String> {
        let draft = draft_of(&content)?;
        let name = address.to_string();
        if self.known.contains_key(&name) {
            return Err(already_exists(&name));
        }
        self.resolve(&mut content, address, draft)?;
        self.known.insert(name, Document { content, draft });
        Ok(())
    }

    fn resolve(
        &mut self,
        part: &mut Value,
        base: &Reference,
        draft: Option<Draft>,
    ) -> Result<(), String> {
        let map = match part {
            Value::Array(items) => {
                for item in items {
                    self.resolve(item, base, draft)?;
                }
                return Ok(());
            }
            Value::Object(map) => map,
            _ => return Ok(()),
        };
        let identifier = map.get("id").or_else(|| map.get("$id"));
        let named = identifier
            .and_then(Value::as_str)
            .map(|id| base.resolve(&Reference::parse(id)));
        if let Some(named) = &named
            && self.known.contains_key(&named.to_string())
        {
            return Err(already_exists(&named.to_string()));
        }
        let base = named.as_ref().unwrap_or(base);
        if let Some(Value::String(reference)) = map.get_mut("$ref") {
            *reference = base.resolve(&Reference::parse(reference)).to_string();
        }
        for (key, value) in map.iter_mut() {
            match (key.as_str(), value) {
                // Their members are named by the author: no keywords.
                ("properties" | "dependencies" | "patternProperties", Value::Object(parts)) => {
                    for (_, part) in parts.iter_mut() {
                        self.resolve(part, base, draft)?;
                    }
                }
                ("const" | "enum" | "properties" | "dependencies" | "patternProperties", _) => {}
                (_, value) => self.resolve(value, base, draft)?,
            }
        }
        if let Some(named) = named {
            let content = part.clone();
            self.known
                .insert(named.to_string(), Document { content, draft });
        }
        Ok(())
    }

    /// What is at an address.
    pub(super) fn get(&mut self, address: &str) -> Result<Document, String> {
        if let Some(document) = self.known.get(address) {
            return Ok(document.clone());
        }
        let reference = Reference::parse(address);
        let whole = reference.document();
        if !self.known.contains_key(&whole.to_string()) {
            if !reference.is_complete() {
                return Err(format!("Reference {address} must be canonical"));
            }
            let content = self.load(&reference, &whole)?;
            self.add(content, &whole)?;
        }
        let Some(document) = self.known.get(&whole.to_string()) else {
            return Err(format!("Reference {address} must be canonical"));
        };
        let part = Document {
            content: follow(&document.content, &reference.pointer())?.clone(),
            draft: document.draft,
        };
        self.known.insert(address.to_owned(), part.clone());
        Ok(part)
    }

    fn load(&self, reference: &Reference, whole: &Reference) -> Result<Value, String> {
        let address = whole.to_string();
        if let Some((_, draft)) = META_SCHEMAS.iter().find(|(it, _)| *it == address) {
            // As far as types go: later drafts take booleans for schemas.
            return Ok(match draft {
                Draft::Four => serde_json::json!({"type": "object"}),
                _ => serde_json::json!({"type": ["object", "boolean"]}),
            });
        }
        let allowed = self
            .allowed_hosts
            .is_none_or(|hosts| hosts.iter().any(|host| host == reference.host()));
        match self.fetch {
            Some(fetch) if allowed || reference.scheme == "file" => fetch(&address),
            _ => Err(format!("remote reference loading disabled: {reference}")),
        }
    }
}

fn already_exists(name: &str) -> String {
    format!("Reference already exists: \"{name}\"")
}

/// What a JSON Pointer leads to.
fn follow<'v>(document: &'v Value, pointer: &[String]) -> Result<&'v Value, String> {
    let mut part = document;
    for step in pointer {
        part = match part {
            Value::Object(map) => map
                .get(step)
                .ok_or_else(|| format!("Object has no key '{step}'"))?,
            Value::Array(items) => {
                let index: i64 = step
                    .parse()
                    .map_err(|_| format!("Invalid array index '{step}'"))?;
                usize::try_from(index)
                    .ok()
                    .and_then(|at| items.get(at))
                    .ok_or_else(|| {
                        format!("Out of bound array[0,{}] index '{index}'", items.len())
                    })?
            }
            _ => return Err(format!("Invalid token reference '{step}'")),
        };
    }
    Ok(part)
}
