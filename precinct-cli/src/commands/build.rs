//! `precinct build`: a bundle from policies and data. The same sources give the same bytes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use precinct_bundle::load::{self, Loaded, LoadedModule};
use precinct_bundle::patch::Patch;
use precinct_bundle::signature::token;
use precinct_bundle::{Bundle, Files, Limits, archive};
use precinct_gateway::registry::Registry;
use precinct_interpreter::optimize::{self, Optimization, Unoptimized};
use precinct_interpreter::policy::{Policy, PolicyOptions};
use precinct_rego::analysis::annotated::annotated;
use precinct_rego::ast::TermValue;
use precinct_rego::error::Code;
use precinct_rego::format::{FormatOptions, format_module};
use precinct_rego::plan::{self, Entrypoint};
use precinct_runtime::json::Encoding;
use serde_json::json;

use super::Outcome;
use crate::host::{self, Parsed, Refusal};
use crate::library;
use crate::present::errors;
use crate::signing::{self, VerificationArgs};
use crate::writing;

/// A bundle from policies and data.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders.
    paths: Vec<String>,
    /// Read the paths as bundles.
    #[arg(short, long)]
    bundle: bool,
    /// The file of the bundle.
    #[arg(short, long, default_value = "bundle.tar.gz")]
    output: String,
    /// The name of this version of the bundle.
    #[arg(short, long)]
    revision: Option<String>,
    /// Paths of documents that are asked for.
    #[arg(short, long)]
    entrypoint: Vec<String>,
    /// What is built.
    #[arg(short, long, value_enum, default_value_t)]
    target: Target,
    /// How much is evaluated ahead: 0 is nothing, 1 keeps rules that depend on the input, 2 inlines them.
    #[arg(short = 'O', long, default_value_t = 0)]
    optimize: u8,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// The file with the builtins and features that may be used.
    #[arg(long, value_parser = host::capabilities_place)]
    capabilities: Option<String>,
    /// The secret (HMAC) or the file of the PEM block with the private key.
    #[arg(long, value_name = "KEY")]
    signing_key: Option<String>,
    /// The algorithm (RFC 7518), to sign and to verify.
    #[arg(long, default_value = "RS256")]
    signing_alg: String,
    /// A file with further claims.
    #[arg(long, value_name = "PATH")]
    claims_file: Option<String>,
    #[command(flatten)]
    verification: VerificationArgs,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// Plan the entry points alone, and not also the rules that depend on them.
    #[arg(long)]
    prune_unused: bool,
    /// Say more on the standard error: there is nothing to say.
    #[arg(long, hide = true)]
    debug: bool,
    /// Follow symbolic links: always so.
    #[arg(long)]
    follow_symlinks: bool,
    /// The form of plans: only JSON is supported.
    #[arg(long, value_enum, default_value_t, hide = true)]
    format: PlanFormat,
    /// The package of rules that -O makes beside those there were.
    #[arg(long, default_value = "partial")]
    partial_namespace: String,
    /// Further parts of plans: `unplanned_rules` lists the rules that no entry point reaches.
    #[arg(long, value_name = "NAME")]
    plan_addons: Vec<String>,
    /// Keep `print` in Wasm modules, which are not supported.
    #[arg(long, hide = true)]
    wasm_include_print: bool,
    /// The plugin that signs and verifies; there is none but the default.
    #[arg(long, value_name = "NAME")]
    signing_plugin: Option<String>,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// What is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Policies as they were written.
    #[default]
    Rego,
    /// These, and the policies as a shared library for machines like this one, which a server loads if the bundle is signed.
    Native,
    /// A Wasm module: not supported.
    Wasm,
    /// The policies, and `plan.json`: what engines of OPA's IR execute.
    Plan,
}

/// The forms of plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// JSON.
    #[default]
    Json,
    /// Protocol buffers.
    Proto,
}

/// Builds and writes.
pub fn run(args: &Args) -> Outcome {
    if args.paths.is_empty() {
        return Outcome::usage("expected at least one path");
    }
    match built(args) {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(message) => Outcome::refused(&message),
    }
}

fn built(args: &Args) -> Result<(), String> {
    let signs = args.signing_key.is_some() || args.verification.verification_key.is_some();
    if signs && !args.bundle {
        return Err(
            "enable bundle mode (ie. --bundle) to verify or sign bundle files or directories"
                .to_owned(),
        );
    }
    if let Some(unknown) = args.plan_addons.iter().find(|it| *it != "unplanned_rules") {
        return Err(format!(
            "unsupported plan addon {unknown:?} (want one of [unplanned_rules])"
        ));
    }
    if args.format == PlanFormat::Proto && args.target != Target::Plan {
        return Err("plan format \"proto\" is only valid with target \"plan\"".to_owned());
    }
    if !args.plan_addons.is_empty() && args.target != Target::Plan {
        return Err("plan addons are only valid with target \"plan\"".to_owned());
    }
    signing::known_plugin(args.signing_plugin.as_deref())?;
    let (mut loaded, old_token) = match sources(args)? {
        Sources::Whole(loaded, old_token) => (loaded, old_token),
        Sources::Delta(loaded, patch) => return delta(args, &loaded, &patch),
    };
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        prints: true,
        capabilities: host::capabilities(args.capabilities.as_deref())?,
        ..PolicyOptions::default()
    };
    let refused = |refusal: Refusal| match &refusal {
        Refusal::Parse(_) | Refusal::Bundle { .. } | Refusal::Load(_) => {
            format!("load error: {}", refusal.text())
        }
        Refusal::Compile(_) => refusal.text(),
    };
    let parsed = host::parse_loaded(&loaded, &options)
        .map_err(|refusal| refused(refusal.within(&loaded)))?;
    let entrypoints = entrypoints(args, &parsed);
    if args.optimize > 0 && entrypoints.is_empty() {
        return Err("bundle optimizations require at least one entrypoint".to_owned());
    }
    let target = match args.target {
        Target::Rego | Target::Native => None,
        Target::Wasm => Some("wasm"),
        Target::Plan => Some("plan"),
    };
    if let Some(target) = target.filter(|_| entrypoints.is_empty()) {
        return Err(format!(
            "{target} compilation requires at least one entrypoint"
        ));
    }
    if args.target == Target::Wasm {
        return Err("target wasm is not supported: only OPA's own engines read it".to_owned());
    }
    let mut planned = None;
    if args.optimize > 0 && args.target == Target::Plan {
        // OPA's plans tell the places of what was there before it was optimised.
        return Err(
            "target plan is not supported with --optimize: build the rego target with it, and plan what that gives".to_owned(),
        );
    }
    let library = (args.target == Target::Native).then(|| options.clone());
    if args.optimize > 0 {
        let paths = entrypoints.into_iter().map(|it| it.path).collect();
        loaded.modules = optimized(args, &loaded, parsed, paths, &options)?;
    } else {
        let policy = host::compile(&parsed, options).map_err(refused)?;
        if args.target == Target::Plan {
            planned = Some(plan(args, &policy, &entrypoints)?);
        }
        loaded.modules = formatted(&parsed)?;
    }
    let mut files = content(args, &loaded)?;
    if let Some(options) = library {
        for (path, bytes) in library::files(&loaded.modules, &options)? {
            add(&mut files, &path, bytes)?;
        }
    }
    if let Some(planned) = planned {
        add(&mut files, PLAN, planned.to_json().into_bytes())?;
    }
    if let (None, [_], Some(token)) = (&args.signing_key, loaded.bundles.as_slice(), old_token) {
        // What was signed keeps its signature, which no longer fits if something was changed.
        add(&mut files, token::FILE, token)?;
    }
    if let Some(key) = &args.signing_key {
        let id = &args.verification.verification_key_id;
        let signer = signing::signer(key, &args.signing_alg, id, args.claims_file.as_deref())?;
        let token = token::sign(in_order(&files), &signer).map_err(|error| error.to_string())?;
        add(&mut files, token::FILE, token)?;
    }
    let bytes = archive::write(&files).map_err(|error| error.to_string())?;
    writing::replace(Path::new(&args.output), &bytes)
}

/// The file of the plan in a bundle.
const PLAN: &str = "plan.json";

/// A document that is asked for.
struct Named {
    /// As the flag has it; `None` for one that a metadata block names.
    name: Option<String>,
    path: Vec<String>,
}

/// The documents that flags and metadata blocks name, in this order and each once.
fn entrypoints(args: &Args, parsed: &Parsed) -> Vec<Named> {
    let mut found = Vec::new();
    for name in &args.entrypoint {
        let path = name.strip_prefix('/').unwrap_or(name);
        found.push(Named {
            name: Some(name.clone()),
            path: path.split('/').map(str::to_owned).collect(),
        });
    }
    for block in annotated(&parsed.modules, &parsed.sources) {
        let names_document = matches!(block.annotations.scope.as_str(), "package" | "document");
        if !block.annotations.entrypoint || !names_document {
            continue;
        }
        let parts = block.path.iter().skip(1).map(|part| match &part.value {
            TermValue::String(name) => name.to_string(),
            _ => part.to_string(),
        });
        found.push(Named {
            name: None,
            path: parts.collect(),
        });
    }
    let mut seen = BTreeSet::new();
    found.retain(|it| seen.insert(it.path.clone()));
    found
}

/// What OPA's other engines execute for these entry points.
fn plan(args: &Args, policy: &Policy, entrypoints: &[Named]) -> Result<plan::Policy, String> {
    if args.format == PlanFormat::Proto {
        return Err("plan format \"proto\" is not supported: plans are written as JSON".to_owned());
    }
    let entrypoints: Vec<Entrypoint> = entrypoints
        .iter()
        .map(|named| {
            let made = Entrypoint::at(named.path.iter().map(String::as_str));
            Entrypoint {
                name: named.name.clone().unwrap_or(made.name),
                ..made
            }
        })
        .collect();
    let options = plan::Options {
        prune_unused: args.prune_unused,
        unplanned_rules: !args.plan_addons.is_empty(),
    };
    let sources = policy.sources();
    plan::plan(policy.compiled(), sources, &entrypoints, options).map_err(|found| {
        match found.as_slice() {
            // Planning ends with its first error, which OPA shows as it is.
            [only] if only.code == Code::Plain => match sources.get(only.span.source) {
                Some(source) if only.span.row > 0 => {
                    format!("{}:{}: {}", source.name, only.span.row, only.message)
                }
                _ => only.message.clone(),
            },
            _ => errors::text(&host::diagnostics(&found, sources)),
        }
    })
}

/// The modules in their canonical layout, each in the version that it was written in.
fn formatted(parsed: &Parsed) -> Result<Vec<LoadedModule>, String> {
    let mut made = Vec::new();
    for module in &parsed.modules {
        let Some(source) = parsed.sources.get(module.package.span.source) else {
            continue;
        };
        let options = FormatOptions::new(module.version);
        let text = format_module(module, &parsed.sources, &options)
            .map_err(|found| errors::text(&host::diagnostics(&found, &parsed.sources)))?;
        made.push(LoadedModule {
            name: source.name.to_string(),
            text,
            version: None,
        });
    }
    Ok(made)
}

/// The modules after what their data decides has been evaluated.
fn optimized(
    args: &Args,
    loaded: &Loaded,
    parsed: Parsed,
    entrypoints: Vec<Vec<String>>,
    options: &PolicyOptions,
) -> Result<Vec<LoadedModule>, String> {
    let roots = roots(loaded);
    let wanted = Optimization {
        entrypoints,
        roots: roots
            .iter()
            .map(|root| {
                root.split('/')
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect()
            })
            .collect(),
        shallow_inlining: args.optimize == 1,
        namespace: args.partial_namespace.clone(),
    };
    let made = optimize::optimized(parsed.modules, &parsed.sources, &parsed.data, &wanted, options)
        .map_err(|stopped| match stopped {
            Unoptimized::Invalid(entrypoint) => format!(
                "invalid entrypoint {entrypoint}: to create optimized support module, the entrypoint ref must have at \
                 least two components in addition to the 'data' root"
            ),
            Unoptimized::Undefined(entrypoint) => format!("undefined entrypoint {entrypoint}"),
            Unoptimized::Policy(failure) => errors::text(&host::failure_shown(&failure)),
            Unoptimized::Evaluation(error) => error.to_string(),
        })?;
    Ok(made
        .into_iter()
        .map(|module| LoadedModule {
            name: module.name,
            text: module.text,
            version: None,
        })
        .collect())
}

/// The paths below `data` that the bundles own.
fn roots(loaded: &Loaded) -> Vec<String> {
    let mut roots: Vec<String> = loaded
        .bundles
        .iter()
        .flat_map(|(_, bundle)| bundle.manifest.roots())
        .map(str::to_owned)
        .collect();
    if roots.is_empty() {
        roots.push(String::new());
    }
    roots
}

/// Modules first, then data, then the manifest: the order in which OPA lists signed files.
fn in_order(files: &Files) -> Vec<(String, &[u8])> {
    let rank = |path: &str| match path {
        PLAN => 1,
        "data.json" => 2,
        ".manifest" => 3,
        _ => 0,
    };
    let mut list: Vec<(String, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (path.to_owned(), bytes))
        .collect();
    list.sort_by_key(|(path, _)| (rank(path), path.clone()));
    list
}

/// What is built from.
enum Sources {
    /// Policies and data, and the signature file of the last bundle that has one.
    Whole(Loaded, Option<Vec<u8>>),
    /// A bundle that changes another one.
    Delta(Loaded, Patch),
}

fn sources(args: &Args) -> Result<Sources, String> {
    let reading = load::Options {
        ignore: args.ignore.clone(),
        ..load::Options::default()
    };
    if !args.bundle {
        return load::paths(&args.paths, &reading)
            .and_then(|loaded| Registry::check(&loaded).map(|()| Sources::Whole(loaded, None)))
            .map_err(|error| format!("load error: {error}"));
    }
    let mut bundles = Vec::new();
    let mut old_token = None;
    for path in &args.paths {
        let clean = load::clean(path);
        let failed = |error: &dyn std::fmt::Display| format!("load error: bundle {clean}: {error}");
        let files =
            load::bundle_files(path, &reading).map_err(|error| format!("load error: {error}"))?;
        let folder = fs::metadata(&clean).is_ok_and(|kind| kind.is_dir());
        let prefix = if folder { clean.as_str() } else { "" };
        let requirement = args.verification.requirement(&args.signing_alg, prefix)?;
        // Without a key, what is built from is the operator's own, and may carry an older signature.
        if requirement.is_some() {
            token::verify(&files, requirement.as_ref()).map_err(|error| failed(&error))?;
        }
        let mut bundle = Bundle::read(&files).map_err(|error| failed(&error))?;
        Registry::of_bundle(&bundle).map_err(|problems| failed(&problems))?;
        if let Some(patch) = bundle.patch.take() {
            if args.paths.len() > 1 {
                return Err(failed(
                    &"a delta changes a bundle that is active, and is built alone",
                ));
            }
            let loaded = Loaded {
                bundles: vec![(path.clone(), bundle)],
                ..Loaded::default()
            };
            return Ok(Sources::Delta(loaded, patch));
        }
        bundles.push((path.clone(), bundle));
        old_token = files.get(token::FILE).map(<[u8]>::to_vec).or(old_token);
    }
    load::join(bundles)
        .map(|loaded| Sources::Whole(loaded, old_token))
        .map_err(|error| format!("load error: {error}"))
}

/// Writes a delta, which holds its changes and a manifest.
fn delta(args: &Args, loaded: &Loaded, patch: &Patch) -> Result<(), String> {
    if args.signing_key.is_some() {
        return Err("delta bundles do not support signatures".to_owned());
    }
    if args.optimize > 0 || args.target != Target::Rego {
        return Err(
            "delta bundles hold no policies: --optimize and --target do not apply".to_owned(),
        );
    }
    let mut files = Files::default();
    let changes = patch.to_json().map_err(|error| error.to_string())? + "\n";
    add(&mut files, "patch.json", changes.into_bytes())?;
    add(&mut files, ".manifest", manifest(args, loaded))?;
    let bytes = archive::write(&files).map_err(|error| error.to_string())?;
    writing::replace(Path::new(&args.output), &bytes)
}

fn add(files: &mut Files, path: &str, bytes: Vec<u8>) -> Result<(), String> {
    files
        .add(path, bytes, &Limits::default())
        .map_err(|error| error.to_string())
}

fn content(args: &Args, loaded: &Loaded) -> Result<Files, String> {
    let mut files = Files::default();
    let data = Encoding::PLAIN.encode(loaded.data.value()) + "\n";
    add(&mut files, "data.json", data.into_bytes())?;
    for module in &loaded.modules {
        add(
            &mut files,
            module.name.trim_start_matches('/'),
            module.text.clone().into_bytes(),
        )?;
    }
    add(&mut files, ".manifest", manifest(args, loaded))?;
    Ok(files)
}

/// The text of the manifest.
fn manifest(args: &Args, loaded: &Loaded) -> Vec<u8> {
    let mut manifest = serde_json::Map::new();
    let only = match loaded.bundles.as_slice() {
        [(_, bundle)] => Some(&bundle.manifest),
        _ => None,
    };
    // What was optimised is another version than what was read.
    let revision = args.revision.clone().or_else(|| {
        only.filter(|_| args.optimize == 0)
            .map(|manifest| manifest.revision.clone())
    });
    manifest.insert("revision".to_owned(), json!(revision.unwrap_or_default()));
    let mut roots = roots(loaded);
    let own = &args.partial_namespace;
    let covers = |root: &String| {
        root.is_empty()
            || own == root
            || own
                .strip_prefix(root.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
    };
    if args.optimize > 0 && !roots.iter().any(covers) {
        roots.push(own.clone());
    }
    manifest.insert("roots".to_owned(), json!(roots));
    manifest.insert(
        "rego_version".to_owned(),
        json!(i32::from(!args.v0_compatible)),
    );
    if let Some(metadata) = only
        .map(|manifest| &manifest.metadata)
        .filter(|map| !map.is_empty())
    {
        manifest.insert("metadata".to_owned(), json!(metadata));
    }
    // OPA's order of members, and its line end.
    let members: Vec<String> = ["revision", "roots", "rego_version", "metadata"]
        .iter()
        .filter_map(|name| Some(format!("{}:{}", json!(name), manifest.get(*name)?)))
        .collect();
    format!("{{{}}}\n", members.join(",")).into_bytes()
}
