//! `precinct eval --partial`: the queries and rules that remain when parts of the documents are not known.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use precinct_interpreter::partial::{Partial, PartialError, PartialQuery};
use precinct_rego::ast::json::{JsonOptions, body_json, module_json};
use precinct_rego::ast::{Module, RegoVersion};
use precinct_rego::format::{FormatOptions, format_body, format_module};
use precinct_rego::source::Sources;
use precinct_runtime::Context;
use precinct_runtime::context::Bounds;

use super::Outcome;
use super::eval::Args;
use crate::host;
use crate::present::errors::{self, Shown};
use crate::present::json::Json;
use crate::present::results::Format;
use crate::present::table::grid;

/// The options of partial evaluation.
#[derive(Debug, clap::Args)]
pub struct ResidualArgs {
    /// Evaluate in part: show what remains of the query.
    #[arg(short, long)]
    pub partial: bool,
    /// What is not known.
    #[arg(short, long, value_delimiter = ',', default_value = "input")]
    unknowns: Vec<String>,
    /// Rules that are not inlined.
    #[arg(long, value_delimiter = ',')]
    disable_inlining: Vec<String>,
    /// Inline no rules that depend on what is not known.
    #[arg(long)]
    shallow_inlining: bool,
    /// Call builtins whose answers differ from call to call.
    #[arg(long, visible_alias = "nondeterminstic-builtins")]
    nondeterministic_builtins: bool,
}

enum Stopped {
    Message(String),
    Errors(Vec<Shown>),
}

/// Evaluates in part and prints.
pub fn run(args: &Args, query: &str) -> Outcome {
    let (found, shown) = match evaluate(args, query) {
        Ok(found) => (Some(found), Vec::new()),
        Err(Stopped::Message(message)) => return Outcome::failed(message, 2),
        Err(Stopped::Errors(shown)) => (None, shown),
    };
    let text = match (args.format, &found) {
        (Format::Json, _) => Ok(json(found.as_ref(), &shown)),
        (_, None) => {
            eprintln!("{}", errors::text(&shown));
            Ok(String::new())
        }
        (Format::Source, Some(found)) => source(found),
        (_, Some(found)) => pretty(found),
    };
    match text {
        // A reader that has seen enough closes the pipe.
        Ok(text) => drop(std::io::stdout().lock().write_all(text.as_bytes())),
        Err(message) => return Outcome::failed(message, 2),
    }
    let undefined = found.as_ref().is_none_or(|it| it.queries.is_empty());
    let code = match found {
        None => 2,
        Some(_) if args.fail_defined => u8::from(!undefined),
        Some(_) => u8::from(args.fail && undefined),
    };
    Outcome::Code(ExitCode::from(code))
}

/// Readies contexts for evaluations that end at a moment.
fn ready(deadline: Option<Instant>) -> impl for<'a> Fn(Context<'a>) -> Context<'a> + Sync {
    move |context| {
        host::prepare(context).with_bounds(Bounds {
            deadline,
            ..Bounds::default()
        })
    }
}

fn evaluate(args: &Args, query: &str) -> Result<Partial, Stopped> {
    let (options, places) = args.policy_options().map_err(Stopped::Message)?;
    let input = args.question.input().map_err(Stopped::Message)?;
    let refused = |refusal: host::Refusal| Stopped::Errors(refusal.shown());
    let parsed = host::parse(&places, &options).map_err(refused)?;
    let policy = host::compile(&parsed, options).map_err(refused)?;
    let package = args.package.as_ref().map(|it| format!("data.{it}"));
    let deadline = args.timeout.map(|time| Instant::now() + time);
    let prepare = ready(deadline);
    let asked = &args.residual;
    let question = PartialQuery {
        query,
        package: package.as_deref(),
        imports: &args.import,
        unknowns: &asked.unknowns,
        disable_inlining: &asked.disable_inlining,
        shallow_inlining: asked.shallow_inlining,
        truths: false,
        nondeterministic_builtins: asked.nondeterministic_builtins,
        data: &parsed.data,
        input: input.as_ref(),
        prepare: &prepare,
    };
    policy
        .partial(&question)
        .map_err(|error| Stopped::Errors(self::shown(error)))
}

/// The errors of a partial evaluation, ready to be shown.
pub fn shown(error: PartialError) -> Vec<Shown> {
    match error {
        PartialError::Query(failure) => host::failure_shown(&failure),
        PartialError::Evaluation(error) => vec![host::eval_shown(&error)],
    }
}

/// What remains, as an object.
pub fn json(found: Option<&Partial>, shown: &[Shown]) -> String {
    let errors = (!shown.is_empty()).then(|| Json::Array(shown.iter().map(Shown::json).collect()));
    let partial = found.map(|found| {
        let sources = Sources::default();
        let options = JsonOptions::default();
        let list = |items: Vec<String>| {
            let items = items
                .iter()
                .filter_map(|text| serde_json::from_str(text).ok());
            let items: Vec<serde_json::Value> = items.collect();
            (!items.is_empty()).then(|| Json::Array(items.iter().map(Json::from).collect()))
        };
        let queries = found.queries.iter();
        let modules = found.support.iter();
        Json::object([
            (
                "queries",
                list(queries.map(|it| body_json(it, &sources, options)).collect()),
            ),
            (
                "modules",
                list(
                    modules
                        .map(|it| module_json(it, &sources, options))
                        .collect(),
                ),
            ),
        ])
    });
    Json::object([("errors", errors), ("partial", partial)]).pretty()
}

fn query_text(body: &precinct_rego::ast::Body) -> Result<String, String> {
    format_body(body, RegoVersion::V1).map_err(|errors| message(&errors))
}

fn module_text(module: &Module) -> Result<String, String> {
    let options = FormatOptions {
        ignore_locations: true,
        ..FormatOptions::new(module.version)
    };
    let sources = Sources::default();
    format_module(module, &sources, &options).map_err(|errors| message(&errors))
}

fn message(errors: &[precinct_rego::error::Diagnostic]) -> String {
    errors
        .first()
        .map(|it| it.message.clone())
        .unwrap_or_default()
}

fn source(found: &Partial) -> Result<String, String> {
    let mut text = String::new();
    for (number, body) in (1..).zip(&found.queries) {
        text += &format!("# Query {number}\n{}\n", query_text(body)?);
    }
    for (number, module) in (1..).zip(&found.support) {
        text += &format!("# Module {number}\n{}", module_text(module)?);
    }
    Ok(text)
}

/// What remains, as a table.
///
/// # Errors
/// When a part of it can't be written as text.
pub fn pretty(found: &Partial) -> Result<String, String> {
    let trimmed = |text: String| text.replace('\t', "  ").trim_matches('\n').to_owned();
    let mut rows = Vec::new();
    for (number, body) in (1..).zip(&found.queries) {
        rows.push([format!("Query {number}"), trimmed(query_text(body)?)]);
    }
    for (number, module) in (1..).zip(&found.support) {
        rows.push([format!("Support {number}"), trimmed(module_text(module)?)]);
    }
    Ok(grid(&rows))
}
