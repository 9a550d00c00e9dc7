//! Schemas from files, as `--schema` takes them, and the schema of `input` among them and among annotations.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use precinct_rego::ast::{Module, SchemaAnnotation, TermValue};
use serde_json::Value;

use crate::error::BuildError;

/// Schemas by their path behind `schema`; that of the empty path describes `input` everywhere.
pub(crate) type Schemas = BTreeMap<Vec<Arc<str>>, Value>;

/// Reads a schema, or a folder of them, and notes what was looked at.
pub(crate) fn read(root: &Path, seen: &mut Vec<PathBuf>) -> Result<Schemas, BuildError> {
    let mut schemas = Schemas::new();
    let mut open = vec![(root.to_owned(), Vec::new())];
    while let Some((path, keys)) = open.pop() {
        seen.push(path.clone());
        let reading = |error| BuildError::Read(path.clone(), error);
        if !fs::metadata(&path).map_err(reading)?.is_dir() {
            let text = fs::read_to_string(&path).map_err(reading)?;
            let schema = serde_json::from_str(&text)
                .or_else(|_| serde_yaml::from_str(&text))
                .map_err(|error| BuildError::Data(path.clone(), error.to_string()))?;
            schemas.insert(keys, schema);
            continue;
        }
        for entry in fs::read_dir(&path).map_err(reading)? {
            let entry = entry.map_err(reading)?.path();
            let name = if entry.is_dir() {
                entry.file_name()
            } else {
                entry.file_stem()
            };
            let mut keys: Vec<Arc<str>> = keys.clone();
            keys.extend(name.map(|name| Arc::from(name.to_string_lossy())));
            open.push((entry, keys));
        }
    }
    Ok(schemas)
}

/// The schema of `input`: the one for all policies, or the only one that annotations give it.
///
/// # Errors
/// There is none, or annotations give several.
pub(crate) fn of_input(schemas: &Schemas, modules: &[Module]) -> Result<Value, BuildError> {
    if let Some(schema) = schemas.get(&Vec::new()) {
        return Ok(schema.clone());
    }
    let mut found: Vec<&Value> = modules
        .iter()
        .flat_map(|module| &module.annotations)
        .flat_map(|annotations| &annotations.schemas)
        .filter(|annotation| is_input(annotation))
        .filter_map(|annotation| definition(annotation, schemas))
        .collect();
    found.dedup();
    match found[..] {
        [only] => Ok(only.clone()),
        [] => Err(BuildError::Schema(
            "no schema of `input`: expected one file given to `schemas`, or an annotation `schemas: - input: …`"
                .to_owned(),
        )),
        _ => Err(BuildError::Schema(format!(
            "annotations give `input` {} different schemas: expected one, or one file given to `schemas`",
            found.len()
        ))),
    }
}

fn is_input(annotation: &SchemaAnnotation) -> bool {
    matches!(&annotation.path[..], [root] if matches!(&root.value, TermValue::Var(name) if &**name == "input"))
}

fn definition<'s>(annotation: &'s SchemaAnnotation, schemas: &'s Schemas) -> Option<&'s Value> {
    let Some(path) = &annotation.schema else {
        return annotation.definition.as_ref();
    };
    let keys: Vec<Arc<str>> = path
        .iter()
        .skip(1)
        .filter_map(|part| match &part.value {
            TermValue::String(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    schemas.get(&keys)
}
