//! `precinct inspect`: what a bundle, a folder or a module holds.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use precinct_bundle::document;
use precinct_bundle::load::{self, Loaded, LoadedModule};
use precinct_bundle::signature::token;
use precinct_bundle::{Bundle, Files, Manifest};
use precinct_interpreter::policy::PolicyOptions;
use precinct_rego::analysis::annotated::{Annotated, annotated};
use precinct_rego::analysis::required::{Required, required};
use precinct_rego::ast::display::ref_text;
use precinct_rego::compile::{self, CompileOptions};

use super::Outcome;
use crate::host::{self, Parsed, Refusal};
use crate::present::annotations::{self, shortened};
use crate::present::capabilities;
use crate::present::errors;
use crate::present::json::Json;
use crate::present::table::Table;

/// What a bundle, a folder or a module holds: manifest, signatures, packages, documents, metadata and needs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An archive, a folder or a module.
    paths: Vec<String>,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// List the metadata blocks.
    #[arg(short, long)]
    annotations: bool,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables.
    #[default]
    Pretty,
    /// JSON.
    Json,
}

/// How many bytes a cell may have.
const CELL: usize = 50;

/// Reads and reports.
pub fn run(args: &Args) -> Outcome {
    let [path] = args.paths.as_slice() else {
        return Outcome::usage("specify exactly one OPA bundle or path");
    };
    match report(args, path) {
        Ok(text) => {
            print!("{text}");
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(message) => Outcome::failed(format!("error: {message}"), 1),
    }
}

/// What was read.
struct Content {
    parsed: Parsed,
    /// Files by package or document.
    namespaces: BTreeMap<String, Vec<String>>,
    /// What only bundles have: manifest and signatures.
    bundle: Option<(Manifest, Json)>,
}

fn report(args: &Args, path: &str) -> Result<String, String> {
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        ..PolicyOptions::default()
    };
    let content = content(path, &options)?;
    let parsed = &content.parsed;
    let blocks = if args.annotations {
        annotated(&parsed.modules, &parsed.sources)
    } else {
        Vec::new()
    };
    let compile_options = CompileOptions {
        allow_undefined_functions: true,
        use_schema_annotations: false,
        ..CompileOptions::new(Arc::clone(&options.capabilities))
    };
    let compiled = compile::compile(parsed.modules.clone(), &parsed.sources, &compile_options)
        .map_err(|found| errors::text(&host::diagnostics(&found, &parsed.sources)))?;
    let needs = required(&parsed.modules, &compiled.modules, &options.capabilities);
    Ok(match args.format {
        Format::Json => json(&content, &blocks, &needs),
        Format::Pretty => tables(&content, &blocks),
    })
}

fn refused(bundle: &str, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Parse(shown) => format!("bundle {bundle}: {}", errors::text(shown)),
        other => other.text(),
    }
}

fn content(path: &str, options: &PolicyOptions) -> Result<Content, String> {
    let clean = load::clean(path);
    let is_module = std::path::Path::new(&clean)
        .extension()
        .is_some_and(|extension| extension == "rego");
    if is_module {
        let text =
            fs::read_to_string(&clean).map_err(|error| load::system("open", &clean, &error))?;
        let loaded = Loaded {
            modules: vec![LoadedModule {
                name: clean,
                text,
                version: None,
            }],
            ..Loaded::default()
        };
        let parsed = host::parse_loaded(&loaded, options).map_err(|it| it.text())?;
        return Ok(Content {
            namespaces: packages(&parsed),
            parsed,
            bundle: None,
        });
    }
    let files = load::bundle_files(&clean, &load::Options::default())
        .map_err(|error| in_bundle(&clean, &error))?;
    let is_folder = fs::metadata(&clean).is_ok_and(|kind| kind.is_dir());
    let full = |name: &str| match (is_folder, clean.as_str()) {
        (true, ".") => name.to_owned(),
        (true, folder) => format!("{folder}/{name}"),
        (false, _) => format!("/{name}"),
    };
    let bundle = Bundle::read(&files).map_err(|error| in_bundle(&clean, &error))?;
    let loaded = Loaded {
        modules: bundle
            .modules
            .iter()
            .map(|module| LoadedModule {
                name: full(&module.path),
                text: module.text.clone(),
                version: bundle.rego_version(&module.path),
            })
            .collect(),
        ..Loaded::default()
    };
    let parsed = host::parse_loaded(&loaded, options).map_err(|it| refused(&clean, &it))?;
    let mut namespaces = packages(&parsed);
    for part in &bundle.documents {
        let place = std::iter::once("data")
            .chain(part.path.iter().map(|name| &**name))
            .collect::<Vec<&str>>()
            .join(".");
        namespaces.entry(place).or_default().push(full(&part.file));
    }
    Ok(Content {
        parsed,
        namespaces,
        bundle: Some((bundle.manifest, signatures(&files)?)),
    })
}

fn in_bundle(path: &str, error: &precinct_bundle::Error) -> String {
    match error {
        precinct_bundle::Error::Unreadable { .. } => error.to_string(),
        _ => format!("bundle {path}: {error}"),
    }
}

fn packages(parsed: &Parsed) -> BTreeMap<String, Vec<String>> {
    let mut namespaces: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in &parsed.modules {
        if let Some(source) = parsed.sources.get(module.package.span.source) {
            namespaces
                .entry(ref_text(&module.package.path))
                .or_default()
                .push(source.name.to_string());
        }
    }
    namespaces
}

fn signatures(files: &Files) -> Result<Json, String> {
    let found = files
        .iter()
        .find(|(name, _)| document::base_name(name) == token::FILE);
    let Some((_, bytes)) = found else {
        return Ok(Json::Object(Vec::new()));
    };
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("bundle load failed on signatures decode: {error}"))?;
    let known = ["signatures", "plugin"];
    let members = known.iter().filter_map(|name| {
        let value = value.get(name)?;
        Some(((*name).to_owned(), Json::from(value)))
    });
    Ok(Json::Object(members.collect()))
}

fn json(content: &Content, blocks: &[Annotated<'_>], needs: &Required<'_>) -> String {
    let bundle = content.bundle.as_ref();
    let namespaces = content.namespaces.iter().map(|(name, files)| {
        let files = files.iter().map(|file| file.as_str().into()).collect();
        (name.clone(), Json::Array(files))
    });
    let builtins: Vec<Json> = needs
        .builtins
        .iter()
        .map(|it| capabilities::builtin(it, false))
        .collect();
    let needs = Json::object([
        (
            "builtins",
            (!builtins.is_empty()).then_some(Json::Array(builtins)),
        ),
        (
            "future_keywords",
            capabilities::words(needs.future_keywords.iter().map(String::as_str)),
        ),
        (
            "features",
            capabilities::words(needs.features.iter().copied()),
        ),
    ]);
    let sources = &content.parsed.sources;
    Json::object([
        (
            "manifest",
            bundle.map(|(manifest, _)| self::manifest(manifest)),
        ),
        (
            "signatures_config",
            Some(bundle.map_or_else(|| Json::Object(Vec::new()), |(_, it)| it.clone())),
        ),
        (
            "namespaces",
            (!content.namespaces.is_empty()).then(|| Json::Object(namespaces.collect())),
        ),
        (
            "annotations",
            (!blocks.is_empty()).then(|| annotations::json(blocks, sources)),
        ),
        ("capabilities", Some(needs)),
    ])
    .pretty()
}

fn manifest(manifest: &Manifest) -> Json {
    let roots = manifest.roots().into_iter().map(Json::from).collect();
    let number = |version: i64| Json::Number(version.to_string());
    let versions = manifest
        .file_rego_versions
        .iter()
        .map(|(pattern, version)| (pattern.clone(), number(*version)));
    let metadata = serde_json::Value::Object(manifest.metadata.clone());
    Json::object([
        ("revision", Some(manifest.revision.as_str().into())),
        ("roots", Some(Json::Array(roots))),
        (
            "wasm",
            (!manifest.wasm.is_empty())
                .then(|| Json::Array(manifest.wasm.iter().map(Json::from).collect())),
        ),
        ("rego_version", manifest.rego_version.map(number)),
        (
            "file_rego_versions",
            (!manifest.file_rego_versions.is_empty()).then(|| Json::Object(versions.collect())),
        ),
        (
            "metadata",
            (!manifest.metadata.is_empty()).then(|| Json::from(&metadata)),
        ),
    ])
}

fn tables(content: &Content, blocks: &[Annotated<'_>]) -> String {
    let mut text = String::new();
    if let Some((manifest, _)) = &content.bundle {
        let rows = manifest_rows(manifest);
        if !rows.is_empty() {
            text.push_str("MANIFEST:\n");
            text.push_str(&merged(["FIELD", "VALUE"], &rows, &[0, 1]));
        }
    }
    let rows: Vec<[String; 2]> = content
        .namespaces
        .iter()
        .flat_map(|(name, files)| files.iter().map(|file| [name.clone(), file_name(file)]))
        .collect();
    if !rows.is_empty() {
        text.push_str("NAMESPACES:\n");
        text.push_str(&merged(["NAMESPACE", "FILE"], &rows, &[0]));
    }
    if !blocks.is_empty() {
        text.push_str(&annotations::text(blocks, &content.parsed.sources));
    }
    text
}

fn manifest_rows(manifest: &Manifest) -> Vec<[String; 2]> {
    let row = |name: &str, value: &str| [name.to_owned(), value.to_owned()];
    let mut rows = Vec::new();
    if let Some(version) = manifest.rego_version {
        rows.push(row("Rego Version", &version.to_string()));
    }
    if !manifest.revision.is_empty() {
        rows.push(row("Revision", &shortened(&manifest.revision, CELL)));
    }
    let mut roots = manifest.roots();
    roots.sort_unstable();
    if roots != [""] {
        rows.extend(roots.iter().map(|root| row("Roots", &file_name(root))));
    }
    if !manifest.metadata.is_empty() {
        let metadata = serde_json::Value::Object(manifest.metadata.clone());
        let text = shortened(&Json::from(&metadata).compact(), CELL);
        rows.push(row("Metadata", &text));
    }
    rows
}

/// A table in which a cell that repeats the one above is left empty, in these columns.
fn merged(header: [&str; 2], rows: &[[String; 2]], columns: &[usize]) -> String {
    let mut table = Table::new(header);
    let mut above: Option<&[String; 2]> = None;
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let repeats = above.and_then(|above| above.get(column)) == Some(cell);
            if repeats && columns.contains(&column) {
                String::new()
            } else {
                cell.clone()
            }
        });
        table.row(cells);
        above = Some(row);
    }
    table.render()
}

/// A file's name, folders in its middle replaced with dots when it is too long.
fn file_name(name: &str) -> String {
    if name.len() < CELL {
        return name.to_owned();
    }
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = folder.strip_prefix('/').unwrap_or(folder);
    let middle = match folder.split_once('/') {
        Some((first, rest)) if !first.is_empty() => rest,
        _ => folder,
    };
    // As many bytes are replaced as are needed, from the middle's left on.
    let spare = (CELL + middle.len()).saturating_sub(name.len() + 3);
    let mut end = middle.len().saturating_sub(spare);
    while !middle.is_char_boundary(end) {
        end -= 1;
    }
    let cut = middle.get(..end).unwrap_or_default();
    if cut.len() > 3 {
        name.replacen(cut, "...", 1)
    } else {
        name.to_owned()
    }
}
