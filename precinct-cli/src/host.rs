//! What commands share: reading policies, data and input, compiling, and errors as they are shown.

use std::fs;
use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use precinct_bundle::load::{self, Loaded};
use precinct_bundle::{Bundle, Guard};
use precinct_gateway::registry::Registry;
use precinct_interpreter::capabilities as known;
use precinct_interpreter::policy::{Failure, Policy, PolicyOptions};
use precinct_rego::advice::advise;
use precinct_rego::ast::{Module, RegoVersion, SourceId};
use precinct_rego::capabilities::Capabilities;
use precinct_rego::compile::asks_for_annotations;
use precinct_rego::error::Diagnostic;
use precinct_rego::render::render;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseCapabilities, ParseOptions};
use precinct_runtime::context::Printer;
use precinct_runtime::evaluator::InputError;
use precinct_runtime::json::Decoder;
use precinct_runtime::{Arena, Context, Document, EvalError, Value};

use crate::parallel;
use crate::present::errors::Shown;
use crate::present::json::Json;

/// What was read, parsed.
pub struct Parsed {
    /// The modules as they were written.
    pub modules: Vec<Module>,
    /// Their texts.
    pub sources: Sources,
    /// The base documents.
    pub data: Arc<Document>,
    /// How long parsing took.
    pub parse_ns: u64,
}

/// Why there is no policy.
pub enum Refusal {
    /// Something can't be read.
    Load(String),
    /// Modules do not parse.
    Parse(Vec<Shown>),
    /// A module of a bundle does not parse.
    Bundle {
        /// The bundle.
        path: String,
        /// What is wrong with the first such module.
        shown: Vec<Shown>,
    },
    /// Modules do not compile.
    Compile(Vec<Shown>),
}

impl Refusal {
    /// The errors, ready to be shown.
    pub fn shown(&self) -> Vec<Shown> {
        match self {
            Self::Load(message) => vec![Shown::message(message.clone())],
            Self::Bundle { .. } => vec![Shown::message(format!("loading error: {}", self.text()))],
            Self::Parse(shown) | Self::Compile(shown) => shown.clone(),
        }
    }

    /// As `check`, `test` and `build` report it.
    pub fn text(&self) -> String {
        match self {
            Self::Load(message) => message.clone(),
            Self::Parse(shown) => {
                let lines: Vec<String> = shown.iter().map(Shown::text).collect();
                match lines.as_slice() {
                    [one] => format!("1 error occurred during loading: {one}"),
                    many => format!(
                        "{} errors occurred during loading:\n{}",
                        many.len(),
                        many.join("\n")
                    ),
                }
            }
            Self::Bundle { path, shown } => {
                format!("bundle {path}: {}", crate::present::errors::text(shown))
            }
            Self::Compile(shown) => crate::present::errors::text(shown),
        }
    }

    /// The same, where some of the modules belong to bundles: a bundle is read after all files, and no further than its
    /// first module that does not parse.
    #[must_use]
    pub fn within(self, bundles: &Loaded) -> Self {
        let Self::Parse(mut shown) = self else {
            return self;
        };
        let file = |shown: &Shown| shown.location.as_ref().map(|(file, ..)| file.clone());
        let bundle = |shown: &Shown| Some(bundle_of(bundles, &file(shown)?)?.0);
        if shown.iter().any(|shown| bundle(shown).is_none()) {
            shown.retain(|shown| bundle(shown).is_none());
            return Self::Parse(shown);
        }
        let Some(path) = shown.first().and_then(bundle) else {
            return Self::Parse(shown);
        };
        // Errors stand in the order of the modules.
        let first = shown.first().and_then(file);
        shown.retain(|shown| file(shown) == first);
        Self::Bundle {
            path: path.to_owned(),
            shown,
        }
    }
}

/// The bundle that a module belongs to, by the module's name.
fn bundle_of<'b>(bundles: &'b Loaded, name: &str) -> Option<(&'b str, &'b Bundle)> {
    bundles.bundles.iter().find_map(|(path, bundle)| {
        let prefix = if path == "." {
            String::new()
        } else {
            format!("{path}/")
        };
        let inside = name.strip_prefix(prefix.as_str())?;
        let holds = bundle.modules.iter().any(|file| file.path == inside);
        holds.then_some((path.as_str(), bundle))
    })
}

/// Where policies and data are read from.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Files and folders (`-d`).
    pub paths: Vec<String>,
    /// Bundles (`-b`).
    pub bundles: Vec<String>,
    /// Names that are left out.
    pub ignore: Vec<String>,
    /// What bundles must satisfy.
    pub guard: Option<Guard>,
    /// `# METADATA` is a comment like any other.
    pub plain_comments: bool,
}

/// The version that `--v0-compatible` and `--v0-v1` ask for.
pub fn version(v0: bool, v0_v1: bool) -> RegoVersion {
    match (v0_v1, v0) {
        (true, _) => RegoVersion::V0CompatV1,
        (false, true) => RegoVersion::V0,
        (false, false) => RegoVersion::V1,
    }
}

/// Reads and parses everything at these places.
///
/// # Errors
/// What can't be read or parsed.
pub fn parse(places: &Places, options: &PolicyOptions) -> Result<Parsed, Refusal> {
    let reading = load::Options {
        ignore: places.ignore.clone(),
        ..load::Options::default()
    };
    let mut loaded =
        load::paths(&places.paths, &reading).map_err(|error| Refusal::Load(error.to_string()))?;
    let bundles = match &places.guard {
        None => load::bundles(&places.bundles, &reading),
        Some(guard) => places
            .bundles
            .iter()
            .map(|path| Ok((path.clone(), guard.admit(path, &reading)?.bundle)))
            .collect::<Result<Vec<_>, _>>()
            .and_then(load::join),
    };
    let bundles = bundles.map_err(|error| Refusal::Load(error.to_string()))?;
    if !places.bundles.is_empty() {
        if places.paths.is_empty() {
            loaded.data = Arc::clone(&bundles.data);
        } else {
            let parts = vec![Arc::clone(&loaded.data), Arc::clone(&bundles.data)];
            let joined = Document::over(parts, |parts, arena| match parts {
                [one, other] => precinct_bundle::document::join(*one, *other, arena),
                _ => Ok(Value::EMPTY_OBJECT),
            });
            let joined = joined.map_err(|path| {
                let place = precinct_bundle::document::reference(&path);
                Refusal::Load(format!("conflicting values at {place}"))
            })?;
            loaded.data = Arc::new(joined);
        }
        loaded.modules.extend(bundles.modules.iter().cloned());
        loaded.registries.extend(bundles.registries.iter().cloned());
    }
    Registry::check(&loaded).map_err(|error| Refusal::Load(error.to_string()))?;
    let parsed = parse_modules(&loaded, options, !places.plain_comments)
        .map_err(|refusal| refusal.within(&bundles))?;
    check_roots(&bundles, &parsed)?;
    Ok(parsed)
}

/// Parses the modules that were read.
///
/// # Errors
/// What does not parse.
pub fn parse_loaded(loaded: &Loaded, options: &PolicyOptions) -> Result<Parsed, Refusal> {
    parse_modules(loaded, options, true)
}

fn parse_modules(
    loaded: &Loaded,
    options: &PolicyOptions,
    process_annotations: bool,
) -> Result<Parsed, Refusal> {
    let started = Instant::now();
    let mut sources = Sources::default();
    let texts: Vec<(SourceId, RegoVersion)> = loaded
        .modules
        .iter()
        .map(|module| {
            let version = match module.version {
                Some(0) => RegoVersion::V0,
                Some(1) => RegoVersion::V1,
                _ => options.version,
            };
            let id = sources.add(module.name.as_str(), module.text.as_str());
            (id, version)
        })
        .collect();
    let read = parallel::map(&texts, |(id, version)| {
        let options = ParseOptions {
            version: *version,
            process_annotations,
            ..parse_options(options.version, &options.capabilities)
        };
        syntax::parse_module(&sources, *id, &options)
    });
    let mut modules = Vec::new();
    let mut errors = Vec::new();
    for module in read {
        match module {
            Ok(module) => modules.push(module),
            Err(more) => errors.extend(more),
        }
    }
    if !errors.is_empty() {
        return Err(Refusal::Parse(diagnostics(&errors, &sources)));
    }
    if !process_annotations && asks_for_annotations(&modules) {
        return parse_modules(loaded, options, true);
    }
    Ok(Parsed {
        modules,
        sources,
        data: Arc::clone(&loaded.data),
        parse_ns: nanos(started),
    })
}

/// How modules of a version are parsed under these capabilities.
pub fn parse_options(version: RegoVersion, capabilities: &Capabilities) -> ParseOptions {
    let v0 = precinct_interpreter::capabilities_v0();
    let is_old = matches!(version, RegoVersion::V0 | RegoVersion::V0CompatV1);
    let is_default = std::ptr::eq(
        capabilities,
        &raw const *precinct_interpreter::capabilities(),
    );
    let capabilities = if is_old && is_default {
        &v0
    } else {
        capabilities
    };
    ParseOptions {
        version,
        process_annotations: true,
        capabilities: Some(ParseCapabilities {
            future_keywords: capabilities.future_keywords.clone(),
            features: capabilities.features.clone(),
        }),
        ..ParseOptions::default()
    }
}

/// The packages of a bundle's modules must belong to its roots.
fn check_roots(bundles: &Loaded, parsed: &Parsed) -> Result<(), Refusal> {
    for module in &parsed.modules {
        let Some(source) = parsed.sources.get(module.package.span.source) else {
            continue;
        };
        let Some((path, bundle)) = bundle_of(bundles, &source.name) else {
            continue;
        };
        let parts: Vec<String> = module.package.path[1..]
            .iter()
            .map(|part| match &part.value {
                precinct_rego::ast::TermValue::String(text) => text.to_string(),
                _ => part.to_string(),
            })
            .collect();
        if !bundle.manifest.owns(&parts.join("/")) {
            return Err(Refusal::Load(format!(
                "bundle {path}: manifest roots [{}] do not permit '{}' in module '{}'",
                bundle.manifest.roots().join(" "),
                module.package,
                source.name
            )));
        }
    }
    Ok(())
}

/// Compiles what was parsed.
///
/// # Errors
/// What does not compile.
pub fn compile(parsed: &Parsed, options: PolicyOptions) -> Result<Policy, Refusal> {
    let capabilities = Arc::clone(&options.capabilities);
    Policy::from_modules(parsed.modules.clone(), parsed.sources.clone(), options).map_err(
        |mut failure| {
            advise(&mut failure.errors, &parsed.modules, &capabilities);
            Refusal::Compile(failure_shown(&failure))
        },
    )
}

/// Whether what was parsed compiles; the program is left aside. The errors have their help.
///
/// # Errors
/// What does not compile.
pub fn check(parsed: Parsed, options: &PolicyOptions) -> Result<(), Refusal> {
    let Parsed {
        modules, sources, ..
    } = parsed;
    // The modules are copied only where there is something to say about them, by parsing them again.
    Policy::check(modules, &sources, options).map_err(|mut errors| {
        let written: Vec<Module> = sources
            .iter()
            .filter_map(|(id, _)| {
                let options = parse_options(options.version, &options.capabilities);
                syntax::parse_module(&sources, id, &options).ok()
            })
            .collect();
        advise(&mut errors, &written, &options.capabilities);
        Refusal::Compile(diagnostics(&errors, &sources))
    })
}

/// A context with time, randomness and prints to the standard error.
pub fn prepare(context: Context<'_>) -> Context<'_> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let ns = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    let mut context = context.with_seed(u64::try_from(ns).unwrap_or_default().rotate_left(17));
    context.time_ns = ns;
    context.printer = Some(Printer::Lines(|line| eprintln!("{line}")));
    context
}

/// Reads the input document: JSON or YAML, of a file or of the standard input.
///
/// # Errors
/// What can't be read.
pub fn input(path: Option<&str>, stdin: bool) -> Result<Option<Document>, String> {
    let bytes = if stdin {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        bytes
    } else {
        let Some(path) = path else { return Ok(None) };
        let path = load::clean(path);
        fs::read(&path).map_err(|error| load::system("open", &path, &error))?
    };
    document(&bytes).map(Some).map_err(|error| {
        // What is piped is OPA's text alone.
        let place = std::io::stderr()
            .is_terminal()
            .then(|| misplaced(&bytes))
            .flatten();
        match place {
            Some(place) => format!(
                "{error}\n  --> {}:{place}",
                path.unwrap_or("standard input")
            ),
            None => error,
        }
    })
}

/// `ROW:COLUMN: …` of what is wrong with a text that looks like JSON. Both count from 1, columns in bytes.
fn misplaced(bytes: &[u8]) -> Option<String> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if !matches!(first, b'{' | b'[' | b'"') {
        return None;
    }
    let arena = Arena::new();
    let error = Decoder::new(&arena).decode(bytes).err()?;
    let InputError { message, row, col } = InputError::new(error, bytes);
    Some(format!("{row}:{col}: {message}"))
}

/// JSON or YAML bytes as a document.
///
/// # Errors
/// What is wrong with them.
pub fn document(bytes: &[u8]) -> Result<Document, String> {
    if let Ok(document) = Document::from_json(bytes) {
        return Ok(document);
    }
    let json = precinct_bundle::document::yaml(bytes)
        .map_err(|error| format!("unable to parse input: {error}"))?;
    Document::from_json(json.as_bytes()).map_err(|error| format!("unable to parse input: {error}"))
}

/// An arena that lives as long as the process: for values that are shown before it ends.
pub fn arena() -> Arena {
    Arena::new()
}

/// The nanoseconds since a moment.
pub fn nanos(since: Instant) -> u64 {
    nanos_of(since.elapsed())
}

/// The nanoseconds of a time.
pub fn nanos_of(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Diagnostics, ready to be shown.
pub fn diagnostics(errors: &[Diagnostic], sources: &Sources) -> Vec<Shown> {
    let coloured = std::io::stderr().is_terminal();
    errors
        .iter()
        .map(|error| Shown {
            code: error.code.to_string(),
            message: error.message.clone(),
            location: sources
                .get(error.span.source)
                .filter(|_| error.span.row > 0)
                .map(|source| (source.name.to_string(), error.span.row, error.span.col)),
            lines: error.details.clone(),
            details: error.data.as_ref().map(details),
            picture: render(std::slice::from_ref(error), sources, coloured),
            ..Shown::default()
        })
        .collect()
}

/// The members of details in the order in which OPA writes them.
fn details(data: &serde_json::Value) -> Json {
    const ORDER: [&str; 7] = ["line", "idx", "ref", "pos", "have", "want", "oneOf"];
    match Json::from(data) {
        Json::Object(mut members) => {
            members.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name));
            Json::Object(members)
        }
        other => other,
    }
}

/// The errors of a policy or query.
pub fn failure_shown(failure: &Failure) -> Vec<Shown> {
    diagnostics(&failure.errors, &failure.sources)
}

/// An error of an evaluation.
pub fn eval_shown(error: &EvalError) -> Shown {
    Shown {
        code: error.code.to_string(),
        message: error.message.clone(),
        location: error
            .location
            .as_ref()
            .map(|place| (place.file.to_string(), place.row, place.col)),
        ..Shown::default()
    }
}

/// The capabilities of a file; without one, all that precinct has.
///
/// # Errors
/// What is wrong with the file.
pub fn capabilities(path: Option<&str>) -> Result<Arc<Capabilities>, String> {
    let Some(path) = path else {
        return Ok(precinct_interpreter::capabilities());
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            return known::capabilities_of(path).ok_or_else(|| load::system("open", path, &error));
        }
    };
    Capabilities::from_json(&text)
        .map(Arc::new)
        .map_err(|error| error.to_string())
}

/// A duration as Go writes it, for flags.
///
/// # Errors
/// In the words of Go.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    let ns =
        precinct_runtime::builtins::time::duration::parse(text).map_err(|error| error.message)?;
    u64::try_from(ns)
        .map(std::time::Duration::from_nanos)
        .map_err(|_| format!("invalid duration {text:?}"))
}

/// The file or version that `--capabilities` names.
///
/// # Errors
/// There is no such file, and no version of this name.
pub fn capabilities_place(text: &str) -> Result<String, String> {
    let is_file =
        || fs::read_to_string(text).is_ok_and(|text| Capabilities::from_json(&text).is_ok());
    if known::versions().any(|version| version == text) || is_file() {
        return Ok(text.to_owned());
    }
    Err(format!(
        "no such file or capabilities version found: {text}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_placed() {
        for (text, expected) in [
            (&b"{\"a\": 1,\n \"b\": }"[..], Some("2:7: ")),
            (b"[1, 2", Some("1:6: ")),
            (b"{}", None),
            (b"a: yaml", None),
            (b"", None),
        ] {
            let place = misplaced(text);
            match expected {
                Some(start) => assert!(
                    place
                        .as_deref()
                        .is_some_and(|place| place.starts_with(start)),
                    "{place:?}"
                ),
                None => assert_eq!(place, None),
            }
        }
    }
}
