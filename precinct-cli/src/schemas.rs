//! Schemas from files: one file describes `input`, a folder's files are named by annotations (`schema.folder.name`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use precinct_bundle::load;
use serde_json::Value;

/// Schemas by their path behind `schema`.
pub type Schemas = BTreeMap<Vec<Arc<str>>, Value>;

/// Reads the schemas at a path; none if there is no path.
///
/// # Errors
/// What can't be read, in the words of OPA.
pub fn read(path: Option<&str>) -> Result<Schemas, String> {
    let Some(path) = path else {
        return Ok(Schemas::new());
    };
    let path = path.strip_prefix("file://").unwrap_or(path);
    read_all(Path::new(path)).map_err(|error| format!("1 error occurred during loading: {error}"))
}

fn read_all(root: &Path) -> Result<Schemas, String> {
    let shown = |path: &Path| path.display().to_string();
    let about = fs::metadata(root).map_err(|error| load::system("stat", &shown(root), &error))?;
    if !about.is_dir() {
        return Ok(Schemas::from([(Vec::new(), read_one(root)?)]));
    }
    let mut schemas = Schemas::new();
    let mut folders: Vec<(PathBuf, Vec<Arc<str>>)> = vec![(root.to_owned(), Vec::new())];
    while let Some((folder, keys)) = folders.pop() {
        let failed = |error: std::io::Error| load::system("open", &shown(&folder), &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            let name = if kind.is_dir() {
                path.file_name()
            } else {
                path.file_stem()
            };
            let mut keys = keys.clone();
            keys.extend(name.map(|name| Arc::from(name.to_string_lossy())));
            if kind.is_dir() {
                folders.push((path, keys));
            } else {
                schemas.insert(keys, read_one(&path)?);
            }
        }
    }
    Ok(schemas)
}

/// Reads a schema in JSON or YAML.
fn read_one(path: &Path) -> Result<Value, String> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| load::system("open", &shown, &error))?;
    serde_json::from_str(&text)
        .or_else(|_| serde_yaml::from_str(&text))
        .map_err(|error| format!("{shown}: {error}"))
}
