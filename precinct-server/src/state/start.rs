//! The first state, from the paths of a command line.

use std::sync::Arc;

use precinct_bundle::load::{self, Loaded, LoadedModule};
use precinct_bundle::signature::SignatureError;
use precinct_bundle::{Bundle, Digest, Guard, Memory};
use precinct_gateway::registry::Registry;
use precinct_interpreter::policy::{Failure, PolicyOptions, Step};
use precinct_runtime::compiled::Compiled;
use precinct_runtime::{Document, Value};

use super::activation::{self, ActivationError, Candidate};
use super::ownership::Bundles;
use super::policies::{Policies, Text, Texts};
use super::{Snapshot, document};

/// Where policies and documents come from.
#[derive(Clone, Default)]
pub struct Places {
    /// Files and folders.
    pub paths: Vec<String>,
    /// Bundles: archives or folders.
    pub bundles: Vec<String>,
    /// Policies and documents that are part of this program.
    pub compiled: Option<&'static dyn Compiled>,
    /// Shell patterns of names that are left out.
    pub ignore: Vec<String>,
    /// What bundles must satisfy.
    pub guard: Option<Guard>,
    /// The files of detached signatures, which change with the bundles that they are of.
    pub signatures: Vec<String>,
    /// How modules are compiled.
    pub options: PolicyOptions,
    /// The documents of the last reading, where the places are read again when they change.
    pub memory: Option<Arc<Memory>>,
}

/// Reads everything and compiles it.
///
/// # Errors
/// `load error: …` or `initialization error: …`, as OPA says it.
pub fn read(places: &Places) -> Result<Snapshot, String> {
    let failed = |message: String| format!("load error: {message}");
    let reading = reading(places);
    let loaded = match places.compiled {
        Some(compiled) => built_in(compiled).map_err(failed)?,
        None => load::paths(&places.paths, &reading).map_err(|error| failed(error.to_string()))?,
    };
    Registry::check(&loaded).map_err(|error| failed(error.to_string()))?;
    let candidates: Vec<Candidate> = places
        .bundles
        .iter()
        .map(|path| candidate(path, places).map_err(failed))
        .collect::<Result<_, _>>()?;
    let first = from_files(&loaded, places)?;
    if candidates.is_empty() {
        return Ok(first);
    }
    activation::activate(&first, &candidates).map_err(|error| match error {
        ActivationError::Modules(failure) => refused(&failure),
        ActivationError::Roots(message) if candidates.len() == 1 => {
            failed(format!("bundle {}: {message}", candidates[0].name))
        }
        other => failed(other.to_string()),
    })
}

/// What is part of this program, as if it had been read.
fn built_in(compiled: &dyn Compiled) -> Result<Loaded, String> {
    let modules = compiled.sources().iter().map(|(name, text)| LoadedModule {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        version: None,
    });
    let data = compiled.data().unwrap_or("{}");
    let data = Document::from_json(data.as_bytes()).map_err(|error| error.to_string())?;
    Ok(Loaded {
        modules: modules.collect(),
        data: Arc::new(data),
        ..Loaded::default()
    })
}

fn reading(places: &Places) -> load::Options {
    load::Options {
        ignore: places.ignore.clone(),
        memory: places.memory.clone(),
        ..load::Options::default()
    }
}

/// The guard with the signatures as they are now.
fn guard(places: &Places) -> Result<Option<Guard>, String> {
    let Some(guard) = &places.guard else {
        return Ok(None);
    };
    let mut guard = guard.clone();
    if !places.signatures.is_empty() {
        guard.signatures = Vec::new();
    }
    for name in &places.signatures {
        let text = std::fs::read(name).map_err(|error| load::system("open", name, &error))?;
        guard.signatures.push((name.clone(), text));
    }
    Ok(Some(guard))
}

/// A bundle, a folder or an archive, that satisfies what the places demand of bundles.
///
/// # Errors
/// What it does not satisfy, or what is wrong with it.
pub fn candidate(path: &str, places: &Places) -> Result<Candidate, String> {
    let reading = &reading(places);
    let guard = guard(places)?;
    let guard = guard.as_ref();
    let name = load::clean(path);
    let within = |error: precinct_bundle::Error| match error {
        precinct_bundle::Error::Unreadable { .. } => error.to_string(),
        error => {
            let help = hint(&name, &error).unwrap_or_default();
            format!("bundle {name}: {error}{help}")
        }
    };
    let is_folder = std::fs::metadata(&name).is_ok_and(|kind| kind.is_dir());
    if !is_folder {
        return archive(&name, guard, reading).map_err(within);
    }
    let (bundle, digest, verified_libraries) = match guard {
        Some(guard) => {
            let admitted = guard.admit(path, reading).map_err(within)?;
            (
                admitted.bundle,
                admitted.digest,
                admitted.verified_libraries,
            )
        }
        None => {
            let files = load::bundle_files(path, reading).map_err(within)?;
            let bundle = Bundle::read(&files).map_err(within)?;
            (bundle, Digest::of_files(&files), false)
        }
    };
    Ok(Candidate {
        folder: name.clone(),
        name: name.into(),
        bundle,
        etag: String::new(),
        digest: digest.to_string(),
        archive: None,
        verified_libraries,
    })
}

/// A signature that lies beside the archive counts once it is named.
fn hint(name: &str, error: &precinct_bundle::Error) -> Option<String> {
    let beside = format!("{name}.sig");
    let is_missed = matches!(
        error,
        precinct_bundle::Error::Signature(SignatureError::Missing)
    );
    (is_missed && std::path::Path::new(&beside).is_file())
        .then(|| format!("; for the signature beside it say --signature {beside}"))
}

/// An archive; what is verified, read and kept are the same bytes.
fn archive(
    name: &str,
    guard: Option<&Guard>,
    reading: &load::Options,
) -> Result<Candidate, precinct_bundle::Error> {
    let bytes = std::fs::read(name).map_err(|error| precinct_bundle::Error::Unreadable {
        message: load::system("open", name, &error),
    })?;
    let (bundle, digest, verified_libraries) = match guard {
        Some(guard) => {
            let admitted = guard.admit_archive(&bytes, reading)?;
            (
                admitted.bundle,
                admitted.digest,
                admitted.verified_libraries,
            )
        }
        None => {
            let files = precinct_bundle::archive::read(&bytes, &reading.limits)?;
            (Bundle::read(&files)?, Digest::of_bytes(&bytes), false)
        }
    };
    Ok(Candidate {
        name: name.into(),
        bundle,
        folder: String::new(),
        etag: String::new(),
        digest: digest.to_string(),
        archive: Some(bytes.into()),
        verified_libraries,
    })
}

fn from_files(loaded: &Loaded, places: &Places) -> Result<Snapshot, String> {
    let texts: Texts = loaded
        .modules
        .iter()
        .map(|module| {
            let text = Text {
                file: module.name.as_str().into(),
                text: module.text.as_str().into(),
                version: None,
                bundle: None,
            };
            (module.name.clone(), text)
        })
        .collect();
    let policies =
        Policies::compile(texts, places.options.clone()).map_err(|failure| refused(&failure))?;
    document::check_rules(&policies, &loaded.data)
        .map_err(|message| format!("initialization error: {message}"))?;
    let data = with_version(&loaded.data).map_err(|error| error.to_string())?;
    Ok(Snapshot::new(
        Arc::new(policies),
        Arc::new(data),
        Arc::new(Bundles::new()),
    ))
}

/// The documents with `data.system.version`, which says what answers.
fn with_version(data: &Arc<Document>) -> Result<Document, document::WriteError> {
    Document::over(vec![Arc::clone(data)], |parts, arena| {
        let text = |text: &str| Value::string(arena, text);
        let empty = ["build_commit", "build_hostname", "build_timestamp"];
        let version = Value::object(
            arena,
            empty
                .iter()
                .map(|name| (text(name), text("")))
                .chain([(text("version"), text(env!("CARGO_PKG_VERSION")))]),
        );
        let path = ["system", "version"].map(str::to_owned);
        let data = parts.first().copied().unwrap_or(Value::EMPTY_OBJECT);
        let data = document::make_way(data, &path, arena)?;
        document::write(data, &path, document::Change::Add(version), arena)
    })
}

/// Errors of modules as OPA reports them when it starts.
fn refused(failure: &Failure) -> String {
    match failure.step {
        Step::Compile => format!("initialization error: {failure}"),
        Step::Parse => {
            let lines: Vec<String> = failure
                .errors
                .iter()
                .map(|error| failure.line(error))
                .collect();
            match lines.as_slice() {
                [one] => format!("load error: 1 error occurred during loading: {one}"),
                many => format!(
                    "load error: {} errors occurred during loading:\n{}",
                    many.len(),
                    many.join("\n")
                ),
            }
        }
    }
}
