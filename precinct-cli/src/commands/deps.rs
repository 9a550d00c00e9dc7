//! `precinct deps`: the documents that a query depends on.

use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use precinct_interpreter::policy::PolicyOptions;
use precinct_rego::analysis::dependencies::{self, Dependencies};
use precinct_rego::ast::display::ref_text;
use precinct_rego::ast::json::ref_json;
use precinct_rego::compile::{self, CompileOptions};
use precinct_rego::source::Sources;
use precinct_rego::syntax;

use super::Outcome;
use crate::host::{self, Places};
use crate::present::errors;
use crate::present::json::Json;
use crate::present::table::Table;

/// The documents that a query depends on: base documents come from outside, virtual ones from rules.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The query.
    queries: Vec<String>,
    /// Policies and data.
    #[arg(short, long)]
    data: Vec<String>,
    /// Bundles.
    #[arg(short, long)]
    bundle: Vec<String>,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table.
    #[default]
    Pretty,
    /// JSON.
    Json,
}

/// Finds and reports.
pub fn run(args: &Args) -> Outcome {
    let [query] = args.queries.as_slice() else {
        return Outcome::usage("specify exactly one query argument");
    };
    match found(args, query) {
        Ok(found) => {
            print!(
                "{}",
                match args.format {
                    Format::Json => json(&found),
                    Format::Pretty => table(&found),
                }
            );
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(message) => Outcome::failed(message, 1),
    }
}

fn found(args: &Args, query: &str) -> Result<Dependencies, String> {
    let options = PolicyOptions::default();
    let mut texts = Sources::default();
    let id = texts.add("", query);
    let parse_options = host::parse_options(options.version, &options.capabilities);
    let body = syntax::parse_query(&texts, id, &parse_options)
        .map_err(|found| errors::text(&host::diagnostics(&found, &texts)))?;
    let places = Places {
        paths: args.data.clone(),
        bundles: args.bundle.clone(),
        ignore: args.ignore.clone(),
        plain_comments: true,
        ..Places::default()
    };
    let parsed = host::parse(&places, &options).map_err(|refusal| refusal.text())?;
    let compile_options = CompileOptions {
        use_schema_annotations: false,
        ..CompileOptions::new(Arc::clone(&options.capabilities))
    };
    let compiled = compile::compile(parsed.modules, &parsed.sources, &compile_options)
        .map_err(|found| errors::text(&host::diagnostics(&found, &parsed.sources)))?;
    Ok(dependencies::of_query(&compiled, &body))
}

fn json(found: &Dependencies) -> String {
    let list = |references: &[precinct_rego::ast::Ref]| {
        let list: Vec<Json> = references
            .iter()
            .map(|parts| Json::Raw(ref_json(parts)))
            .collect();
        (!list.is_empty()).then_some(Json::Array(list))
    };
    Json::object([
        ("base", list(&found.base)),
        ("virtual", list(&found.virtual_documents)),
    ])
    .pretty()
}

fn table(found: &Dependencies) -> String {
    let columns: Vec<(&str, Vec<String>)> = [
        ("BASE DOCUMENTS", &found.base),
        ("VIRTUAL DOCUMENTS", &found.virtual_documents),
    ]
    .into_iter()
    .filter(|(_, references)| !references.is_empty())
    .map(|(name, references)| (name, references.iter().map(|it| ref_text(it)).collect()))
    .collect();
    let height = columns.iter().map(|(_, cells)| cells.len()).max();
    let Some(height) = height else {
        return String::new();
    };
    let mut table = Table::new(columns.iter().map(|(name, _)| *name));
    for row in 0..height {
        table.row(
            columns
                .iter()
                .map(|(_, cells)| cells.get(row).cloned().unwrap_or_default()),
        );
    }
    table.render()
}
