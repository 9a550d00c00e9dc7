//! Policies and documents from the paths of a command line, as `-d` and `-b` take them.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use precinct_runtime::arena::Document;

use crate::bundle::REGISTRY;
use crate::document::{self, AssembleError, Part};
use crate::{Bundle, Error, Files, Limits, Memory, archive, directory, roots};

/// What was found at some paths.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The modules: name as errors show it, text, and the version that a bundle's manifest gives.
    pub modules: Vec<LoadedModule>,
    /// All documents together.
    pub data: Arc<Document>,
    /// The bundles among the paths, by the path that was given.
    pub bundles: Vec<(String, Bundle)>,
    /// The files among the documents that are a Capability Registry: what stands in them is `data.capabilities`.
    pub registries: Vec<Part>,
}

/// One module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedModule {
    /// The path.
    pub name: String,
    /// The text.
    pub text: String,
    /// The version that the manifest of its bundle names.
    pub version: Option<i64>,
}

/// Everything that was wrong, as `1 error occurred during loading: …`.
#[derive(Debug)]
pub struct LoadErrors(pub Vec<String>);

impl std::fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0[..] {
            [one] => write!(f, "1 error occurred during loading: {one}"),
            many => write!(
                f,
                "{} errors occurred during loading:\n{}",
                many.len(),
                many.join("\n")
            ),
        }
    }
}

impl std::error::Error for LoadErrors {}

/// Which files are passed over, and how much is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Shell patterns of names that are left out, below the given paths.
    pub ignore: Vec<String>,
    /// Bounds on what is read.
    pub limits: Limits,
    /// The documents of the last reading, for those who read the same files again.
    pub memory: Option<Arc<Memory>>,
}

impl Options {
    /// Whether the name of a file or folder matches one of the patterns.
    pub fn ignores(&self, name: &str) -> bool {
        self.ignore
            .iter()
            .any(|pattern| glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name)))
    }
}

/// Loads files and folders (`-d`): every `.rego`, `.json`, `.yaml` and `.yml` file and every `.tar.gz` bundle below
/// them. `a.b:path` puts documents below `data.a.b`.
///
/// # Errors
/// All that is wrong with any of the files.
pub fn paths(paths: &[String], options: &Options) -> Result<Loaded, LoadErrors> {
    let mut loading = Loading {
        loaded: Loaded::default(),
        errors: Vec::new(),
        seen: HashSet::new(),
        documents: Vec::new(),
        bytes_left: options.limits.total_bytes,
        options,
    };
    for path in paths {
        let (prefix, path) = split_prefix(path);
        loading.visit(&clean(path), &prefix, 0);
    }
    let data = match &options.memory {
        Some(memory) => memory.assemble(&loading.documents),
        None => document::assemble(&loading.documents),
    };
    loading.loaded.registries = registries(&loading.documents);
    match data {
        Ok(data) => loading.loaded.data = Arc::new(data),
        Err(error) => loading
            .errors
            .push(assemble_message(&error, &loading.documents)),
    }
    if loading.errors.is_empty() {
        Ok(loading.loaded)
    } else {
        Err(LoadErrors(loading.errors))
    }
}

/// The files of one bundle (`-b`): a folder or an archive.
///
/// # Errors
/// When the path can't be read or is no bundle.
pub fn bundle_files(path: &str, options: &Options) -> Result<Files, Error> {
    let path = clean(path);
    let place = Path::new(&path);
    let kind = fs::metadata(place).map_err(|error| Error::Unreadable {
        message: format!("error reading {path:?}: {}", system("stat", &path, &error)),
    })?;
    if kind.is_dir() {
        directory::read(place, &options.limits, |inner| {
            options.ignores(document::base_name(inner))
        })
    } else {
        let bytes = fs::read(place).map_err(|error| Error::Unreadable {
            message: system("open", &path, &error),
        })?;
        archive::read(&bytes, &options.limits)
    }
}

/// Loads bundles (`-b`) into one set. Their roots must not overlap.
///
/// # Errors
/// What is wrong with the first bundle that can't be loaded.
pub fn bundles(paths: &[String], options: &Options) -> Result<Loaded, Error> {
    let mut read = Vec::new();
    for path in paths {
        let files = bundle_files(path, options)?;
        let bundle = Bundle::read(&files).map_err(|error| Error::InBundle {
            bundle: clean(path),
            error: Box::new(error),
        })?;
        read.push((path.clone(), bundle));
    }
    join(read)
}

/// Puts bundles that have been read together. The changes of deltas are made.
///
/// # Errors
/// When their roots overlap, or a change names what is not there.
pub fn join(bundles: Vec<(String, Bundle)>) -> Result<Loaded, Error> {
    let mut loaded = Loaded::default();
    let mut documents = Vec::new();
    let bundles: Vec<(String, Bundle)> = bundles
        .into_iter()
        .map(|(path, bundle)| (clean(&path), bundle))
        .collect();
    let claims: Vec<(&str, Vec<&str>)> = bundles
        .iter()
        .map(|(path, bundle)| (path.as_str(), bundle.manifest.roots()))
        .collect();
    if let Some(message) = roots::conflict(&claims) {
        return Err(Error::Manifest(message));
    }
    for (path, bundle) in bundles {
        for module in &bundle.modules {
            loaded.modules.push(LoadedModule {
                name: joined(&path, &module.path),
                text: module.text.clone(),
                version: bundle.rego_version(&module.path),
            });
        }
        documents.extend(bundle.documents.iter().map(|part| Part {
            file: joined(&path, &part.file),
            ..part.clone()
        }));
        loaded.bundles.push((path, bundle));
    }
    let mut data = document::assemble(&documents)
        .map_err(|error| Error::Manifest(assemble_message(&error, &documents)))?;
    for (path, bundle) in &loaded.bundles {
        if let Some(patch) = &bundle.patch {
            data = patch.apply(&data).map_err(|error| Error::InBundle {
                bundle: path.clone(),
                error: Box::new(error),
            })?;
        }
    }
    loaded.registries = registries(&documents);
    loaded.data = Arc::new(data);
    Ok(loaded)
}

/// A file is a registry by its name, where it stands at the root of the documents.
fn registries(documents: &[Part]) -> Vec<Part> {
    let is_registry =
        |part: &&Part| part.path.is_empty() && document::base_name(&part.file) == REGISTRY;
    documents.iter().filter(is_registry).cloned().collect()
}

/// An error with the files that it speaks of.
fn assemble_message(error: &AssembleError, documents: &[Part]) -> String {
    match error {
        AssembleError::Text { part, message } => format!("{}: {message}", documents[*part].file),
        AssembleError::NoObject { part } => {
            format!("{}: document must be of type object", documents[*part].file)
        }
        AssembleError::Conflict { part, earlier, .. } => {
            let file = &documents[*part].file;
            match earlier {
                Some(earlier) => format!(
                    "{file}: merge error: {error}, also defined in {}",
                    documents[*earlier].file
                ),
                None => format!(
                    "{file}: merge error: {error}, data from multiple files must not overlap"
                ),
            }
        }
    }
}

/// `a.b:path` gives the keys and the path; addresses (`file://`) have no prefix.
pub fn split_prefix(path: &str) -> (Vec<String>, &str) {
    match path.find(':') {
        Some(colon) if path.find("://") != Some(colon) && colon > 0 => (
            path[..colon].split('.').map(str::to_owned).collect(),
            &path[colon + 1..],
        ),
        _ => (Vec::new(), path),
    }
}

/// A path without `file://`, `./` and doubled slashes.
pub fn clean(path: &str) -> String {
    let path = path.strip_prefix("file://").unwrap_or(path);
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder == "." {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// An error of the system in the words that Go has for it.
pub fn system(action: &str, path: &str, error: &std::io::Error) -> String {
    let what = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        std::io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        _ => error.to_string(),
    };
    format!("{action} {path}: {what}")
}

struct Loading<'a> {
    loaded: Loaded,
    errors: Vec<String>,
    /// Prefix and path of each file that was loaded: a file that is named twice counts once.
    seen: HashSet<(Vec<String>, String)>,
    /// The documents, to be put together at the end.
    documents: Vec<Part>,
    bytes_left: u64,
    options: &'a Options,
}

impl Loading<'_> {
    fn visit(&mut self, path: &str, prefix: &[String], depth: usize) {
        let kind = match fs::metadata(path) {
            Ok(kind) => kind,
            Err(error) => return self.errors.push(system("stat", path, &error)),
        };
        if depth > 0 && self.options.ignores(document::base_name(path)) {
            return;
        }
        if depth > 256 {
            return self.errors.push(format!("{path}: folders nest too deeply"));
        }
        if kind.is_dir() {
            return self.folder(path, prefix, depth);
        }
        if !self.seen.insert((prefix.to_vec(), path.to_owned())) {
            return;
        }
        if let Err(message) = self.file(path, prefix, depth, kind.len()) {
            self.errors.push(message);
        }
    }

    fn folder(&mut self, path: &str, prefix: &[String], depth: usize) {
        let entries = fs::read_dir(path).and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<Result<Vec<String>, std::io::Error>>()
        });
        let mut names = match entries {
            Ok(names) => names,
            Err(error) => return self.errors.push(system("open", path, &error)),
        };
        names.sort_unstable();
        let mut below = prefix.to_vec();
        if depth > 0 {
            below.push(document::base_name(path).to_owned());
        }
        for name in names {
            let inner = match path {
                "." => name,
                "/" => format!("/{name}"),
                _ => format!("{path}/{name}"),
            };
            self.visit(&inner, &below, depth + 1);
        }
    }

    fn file(
        &mut self,
        path: &str,
        prefix: &[String],
        depth: usize,
        length: u64,
    ) -> Result<(), String> {
        let extension = document::base_name(path)
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension);
        let bundle = path.ends_with(".tar.gz");
        if depth > 0 && !bundle && !matches!(extension, "rego" | "json" | "yaml" | "yml") {
            return Ok(());
        }
        self.bytes_left = self.bytes_left.checked_sub(length).ok_or_else(|| {
            format!(
                "{path}: more than {} bytes in all",
                self.options.limits.total_bytes
            )
        })?;
        let bytes = fs::read(path).map_err(|error| system("open", path, &error))?;
        if bundle {
            return self.bundle(path, prefix, &bytes);
        }
        match extension {
            "rego" => {
                let text = String::from_utf8(bytes)
                    .map_err(|error| format!("{path}: {}", error.utf8_error()))?;
                self.loaded.modules.push(LoadedModule {
                    name: path.to_owned(),
                    text,
                    version: None,
                });
                Ok(())
            }
            "json" | "yaml" | "yml" => {
                self.document(path, prefix, bytes);
                Ok(())
            }
            _ => {
                // A file that is named on the command line may hold JSON or YAML whatever its ending.
                let json = document::yaml(&bytes)
                    .ok()
                    .filter(|json| json.starts_with('{'));
                let json = json.ok_or_else(|| format!("{path}: can't recognize file type"))?;
                self.document(path, prefix, json.into_bytes());
                Ok(())
            }
        }
    }

    fn document(&mut self, path: &str, prefix: &[String], text: Vec<u8>) {
        self.documents.push(Part {
            path: prefix.to_vec(),
            file: path.to_owned(),
            text,
        });
    }

    fn bundle(&mut self, path: &str, prefix: &[String], bytes: &[u8]) -> Result<(), String> {
        let bundle = archive::read(bytes, &self.options.limits)
            .and_then(|files| Bundle::read(&files))
            .map_err(|error| format!("bundle {path}: {error}"))?;
        for module in &bundle.modules {
            self.loaded.modules.push(LoadedModule {
                name: joined(path, &module.path),
                text: module.text.clone(),
                version: bundle.rego_version(&module.path),
            });
        }
        self.documents
            .extend(bundle.documents.iter().map(|part| Part {
                path: [prefix, &part.path].concat(),
                file: joined(path, &part.file),
                text: part.text.clone(),
            }));
        self.loaded.bundles.push((path.to_owned(), bundle));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use precinct_runtime::json::to_string;

    use super::*;

    fn folder(list: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in list {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn documents_stand_below_their_folders_and_prefix() {
        let folder = folder(&[
            ("conf/data.json", r#"{"x": 1}"#),
            ("conf/more.yml", "y: 2"),
            ("p.rego", "package p"),
            ("readme.txt", "nothing"),
        ]);
        let path = format!("a.b:{}", folder.path().display());
        let loaded = paths(&[path], &Options::default()).unwrap();
        assert_eq!(
            to_string(loaded.data.value()),
            r#"{"a":{"b":{"conf":{"x":1,"y":2}}}}"#
        );
        assert_eq!(loaded.modules.len(), 1);
    }

    #[test]
    fn a_conflict_names_both_files() {
        let folder = folder(&[("a.json", r#"{"x": 1}"#), ("b.json", r#"{"x": 2}"#)]);
        let place = folder.path().display();
        let error = paths(&[place.to_string()], &Options::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "1 error occurred during loading: {place}/b.json: merge error: conflicting values at data.x, also defined in {place}/a.json"
            )
        );
    }

    #[test]
    fn a_missing_path_is_an_error_in_the_words_of_stat() {
        let error = paths(&["absent".to_owned()], &Options::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 error occurred during loading: stat absent: no such file or directory"
        );
    }

    #[test]
    fn paths_have_one_form() {
        assert_eq!(clean("./a//b/../c/"), "a/c");
        assert_eq!(clean("file:///a/b"), "/a/b");
        assert_eq!(clean("."), ".");
        assert_eq!(split_prefix("a.b:c/d").0, ["a", "b"]);
        assert!(split_prefix("file:///x").0.is_empty());
    }
}
