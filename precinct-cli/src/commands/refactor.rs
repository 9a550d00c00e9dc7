//! `precinct refactor move`: packages under other names.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use precinct_bundle::load;
use precinct_interpreter::policy::PolicyOptions;
use precinct_rego::analysis::relocation::{Move, relocate};
use precinct_rego::ast::{Ref, TermValue};
use precinct_rego::compile::{self, CompileOptions};
use precinct_rego::format::{FormatOptions, Target, format_module};
use precinct_rego::source::Sources;
use precinct_rego::syntax;

use super::Outcome;
use crate::host::{self, Places};
use crate::present::errors;
use crate::writing;

/// Change policies as a whole.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    change: Option<Change>,
}

/// What to change.
#[derive(Debug, clap::Subcommand)]
enum Change {
    /// Rename packages and all references to them, and print the policies or write them back.
    Move(MoveArgs),
}

/// Names and files.
#[derive(Debug, clap::Args)]
struct MoveArgs {
    /// Files and folders.
    paths: Vec<String>,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// What references start with now and are to start with: `data.a.b:data.c`. Can be repeated.
    #[arg(short, long, value_name = "FROM:TO")]
    path: Vec<String>,
    /// Overwrite the files.
    #[arg(short, long)]
    write: bool,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// Changes and prints or writes.
pub fn run(args: &Args) -> Outcome {
    let Some(Change::Move(args)) = &args.change else {
        return Outcome::Help;
    };
    if args.paths.is_empty() {
        return Outcome::usage("specify at least one path containing policy files");
    }
    match moved(args) {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(message) => Outcome::failed(format!("error: {message}"), 1),
    }
}

fn moved(args: &MoveArgs) -> Result<(), String> {
    if args.path.is_empty() {
        return Err("specify at least one mapping of the form <from>:<to>".to_owned());
    }
    let moves = args
        .path
        .iter()
        .map(|text| mapping(text))
        .collect::<Result<Vec<Move>, String>>()?;
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        ..PolicyOptions::default()
    };
    let places = Places {
        paths: args.paths.clone(),
        ignore: args.ignore.clone(),
        plain_comments: true,
        ..Places::default()
    };
    let mut parsed = host::parse(&places, &options).map_err(|refusal| refusal.text())?;
    for module in &mut parsed.modules {
        relocate(module, &moves).map_err(|error| {
            let place = parsed.sources.get(error.span.source);
            let file = place.map(|source| source.name.to_string());
            let file = file.unwrap_or_default();
            format!("{file}:{}: {}", error.span.row, error.message)
        })?;
    }
    let compile_options = CompileOptions::new(Arc::clone(&options.capabilities));
    compile::compile(parsed.modules.clone(), &parsed.sources, &compile_options)
        .map_err(|found| errors::text(&host::diagnostics(&found, &parsed.sources)))?;
    let mut layout = FormatOptions::new(options.version);
    layout.target = Target::of(options.version);
    layout.source_version = options.version;
    for module in &parsed.modules {
        let text = format_module(module, &parsed.sources, &layout).map_err(|found| {
            let text = errors::text(&host::diagnostics(&found, &parsed.sources));
            format!("failed to parse Rego source file: {text}")
        })?;
        let source = parsed.sources.get(module.package.span.source);
        match source.filter(|_| args.write) {
            Some(source) => {
                writing::replace(Path::new(&load::clean(&source.name)), text.as_bytes())?;
            }
            None => print!("{text}"),
        }
    }
    Ok(())
}

/// Reads `data.a:data.b`, the one member of an object.
fn mapping(text: &str) -> Result<Move, String> {
    // The number is the exit code that OPA has in mind; it ends with 1 all the same.
    let form = || "expected mapping of the form <from>:<to> (2)".to_owned();
    let mut sources = Sources::default();
    let id = sources.add("", format!("{{{text}}}"));
    let term =
        syntax::parse_term(&sources, id, &syntax::ParseOptions::default()).map_err(|found| {
            let shown = host::diagnostics(&found, &sources);
            format!(
                "failed to parse mapping: failed to parse term: {} (2)",
                errors::text(&shown)
            )
        })?;
    let TermValue::Object(entries) = term.value else {
        return Err(form());
    };
    let Ok([(from, to)]) = <[_; 1]>::try_from(entries) else {
        return Err(form());
    };
    let path = |term: precinct_rego::ast::Term| -> Result<Ref, String> {
        match term.value {
            TermValue::Ref(parts) => Ok(parts),
            _ => Err(format!("expected ref but got {term}")),
        }
    };
    Ok(Move {
        from: path(from)?,
        to: path(to)?,
    })
}
