//! `precinct eval`: answers to a query.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use precinct_interpreter::coverage::Coverage;
use precinct_interpreter::engine::NoHooks;
use precinct_interpreter::policy::{Policy, PolicyOptions, Query, Row as Answer};
use precinct_runtime::Document;
use precinct_runtime::context::Bounds;

use super::Outcome;
use crate::host::{self, Places};
use crate::present::coverage;
use crate::present::errors::{self, Shown};
use crate::present::json::Json;
use crate::present::results::{self, Expression, Format, Row};
use crate::schemas;
use crate::signing::GuardArgs;

/// Answers to a query.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "the flags are OPA's")]
pub struct Args {
    /// The query.
    query: Vec<String>,
    /// Files and folders with policies and data.
    #[arg(short, long, value_name = "PATH")]
    data: Vec<String>,
    /// Bundles: archives or folders.
    #[arg(short, long, value_name = "PATH")]
    bundle: Vec<String>,
    /// The file with the input document.
    #[arg(short, long, value_name = "PATH")]
    input: Option<String>,
    /// Read the input document from the standard input.
    #[arg(short = 'I', long)]
    stdin_input: bool,
    /// Read the query from the standard input.
    #[arg(long)]
    stdin: bool,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Exit with 1 when the result is undefined.
    #[arg(long)]
    fail: bool,
    /// Exit with 1 when the result is defined.
    #[arg(long)]
    fail_defined: bool,
    /// The first error of a builtin ends the evaluation.
    #[arg(long)]
    strict_builtin_errors: bool,
    /// Show the errors of builtins.
    #[arg(long)]
    show_builtin_errors: bool,
    /// Refuse unused imports and variables and deprecated builtins.
    #[arg(short = 'S', long)]
    strict: bool,
    /// The package that the query stands in.
    #[arg(long)]
    package: Option<String>,
    /// Imports of the query.
    #[arg(long)]
    import: Vec<String>,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// The file with the builtins and features that may be used.
    #[arg(long)]
    capabilities: Option<String>,
    /// A schema of the input, or a folder of schemas that annotations name.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<String>,
    /// The longest text of a cell in pretty output.
    #[arg(long, default_value_t = 80)]
    pretty_limit: usize,
    /// Report which parts of the policies were evaluated.
    #[arg(long)]
    coverage: bool,
    /// Report how long the steps took.
    #[arg(long)]
    metrics: bool,
    /// Report more about the evaluation; implies --metrics.
    #[arg(long)]
    instrument: bool,
    /// How often the query is evaluated.
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// How long the evaluation may take.
    #[arg(long, value_parser = host::duration)]
    timeout: Option<Duration>,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// Which engine evaluates.
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    #[command(flatten)]
    guard: GuardArgs,
}

/// The engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// Runs the IR at once.
    #[default]
    Interpreter,
}

/// Evaluates and prints.
pub fn run(args: &Args) -> Outcome {
    let query = match (args.query.as_slice(), args.stdin) {
        ([_, ..], true) => return Outcome::usage("specify query argument or --stdin but not both"),
        ([], false) => return Outcome::usage("specify query argument or --stdin"),
        ([_, _, ..], _) => return Outcome::usage("specify at most one query argument"),
        ([one], false) => one.clone(),
        ([], true) => {
            let mut text = String::new();
            if let Err(error) = std::io::stdin().lock().read_to_string(&mut text) {
                return Outcome::failed(error.to_string(), 2);
            }
            text.trim_end_matches('\n').to_owned()
        }
    };
    if args.stdin && args.stdin_input {
        return Outcome::usage("cannot use both --stdin and --stdin-input");
    }
    if args.stdin_input && args.input.is_some() {
        return Outcome::usage("specify --stdin-input or --input but not both");
    }
    if args.fail && args.fail_defined {
        return Outcome::usage("specify --fail or --fail-defined but not both");
    }
    if args.format == Format::Source {
        return Outcome::usage("invalid output format for evaluation");
    }
    let mut report = Report::default();
    let (code, rows) = match evaluate(args, &query, &mut report) {
        Ok(rows) => {
            let wrong = if args.fail_defined {
                !rows.is_empty()
            } else {
                args.fail && rows.is_empty()
            };
            (u8::from(wrong), rows)
        }
        Err(Stopped::Message(message)) => return Outcome::failed(message, 2),
        Err(Stopped::Errors(shown)) => {
            report.errors = shown;
            (2, Vec::new())
        }
    };
    show(args, &rows, &report);
    Outcome::Code(ExitCode::from(code))
}

enum Stopped {
    /// A message on the standard error, whatever the format.
    Message(String),
    /// Errors in the output.
    Errors(Vec<Shown>),
}

/// What is shown besides the answers.
#[derive(Default)]
struct Report {
    errors: Vec<Shown>,
    metrics: Vec<(String, u64)>,
    coverage: Option<Json>,
}

fn evaluate(args: &Args, text: &str, report: &mut Report) -> Result<Vec<Row>, Stopped> {
    let errors = Stopped::Errors;
    let capabilities =
        host::capabilities(args.capabilities.as_deref()).map_err(Stopped::Message)?;
    let mut options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        strict: args.strict,
        prints: true,
        marks: args.coverage,
        unoptimised: args.coverage,
        capabilities,
        ..PolicyOptions::default()
    };
    options.compile.schemas = schemas::read(args.schema.as_deref()).map_err(Stopped::Message)?;
    let places = Places {
        paths: args.data.clone(),
        bundles: args.bundle.clone(),
        ignore: args.ignore.clone(),
        guard: args.guard.guard().map_err(Stopped::Message)?,
    };
    let input = host::input(args.input.as_deref(), args.stdin_input).map_err(Stopped::Message)?;
    let mut metrics: Vec<(&str, u64)> = Vec::new();
    let started = Instant::now();
    let parsed = host::parse(&places, &options).map_err(|refusal| errors(refusal.shown()))?;
    metrics.push(("timer_rego_load_files_ns", host::nanos(started)));
    metrics.push(("timer_rego_module_parse_ns", parsed.parse_ns));
    let started = Instant::now();
    let policy = host::compile(&parsed, options).map_err(|refusal| errors(refusal.shown()))?;
    metrics.push(("timer_rego_module_compile_ns", host::nanos(started)));
    let started = Instant::now();
    let package = args
        .package
        .as_ref()
        .map(|package| format!("data.{package}"));
    let query = policy
        .query(text, package.as_deref(), &args.import)
        .map_err(|failure| errors(host::failure_shown(&failure)))?;
    metrics.push(("timer_rego_query_parse_ns", 0));
    metrics.push(("timer_rego_query_compile_ns", host::nanos(started)));
    let started = Instant::now();
    let mut coverage = Coverage::default();
    let mut rows = Vec::new();
    for _ in 0..args.count.max(1) {
        rows = once(
            args,
            &policy,
            &query,
            &parsed.data,
            input.as_ref(),
            &mut coverage,
            report,
        )?;
    }
    metrics.push(("timer_rego_query_eval_ns", host::nanos(started)));
    if args.metrics || args.instrument {
        metrics.sort_unstable();
        report.metrics = metrics
            .into_iter()
            .map(|(name, ns)| (name.to_owned(), ns))
            .collect();
    }
    if args.coverage {
        report.coverage = Some(coverage::json(
            &coverage.report(&parsed.modules, &parsed.sources),
        ));
    }
    Ok(rows)
}

fn once(
    args: &Args,
    _policy: &Policy,
    query: &Query,
    data: &Document,
    input: Option<&Document>,
    coverage: &mut Coverage,
    report: &mut Report,
) -> Result<Vec<Row>, Stopped> {
    let arena = host::arena();
    let mut context = host::prepare(query.context(&arena))
        .with_data(data.value())
        .with_input(input.map(Document::value))
        .with_bounds(Bounds {
            deadline: args.timeout.map(|time| Instant::now() + time),
            ..Bounds::default()
        });
    context.strict_builtin_errors = args.strict_builtin_errors;
    let answers = if args.coverage {
        query.answers_with(&mut context, coverage)
    } else {
        query.answers_with(&mut context, &mut NoHooks)
    };
    let answers = answers.map_err(|error| Stopped::Errors(vec![host::eval_shown(&error)]))?;
    if args.show_builtin_errors {
        report.errors = context
            .builtin_errors
            .iter()
            .map(host::eval_shown)
            .collect();
    }
    Ok(answers.iter().map(|answer| row(query, answer)).collect())
}

fn row(query: &Query, answer: &Answer<'_>) -> Row {
    let expressions = query.expressions.iter().zip(&answer.expressions);
    let bindings = query.variables.iter().zip(&answer.variables);
    Row {
        expressions: expressions
            .map(|(expression, value)| Expression {
                value: Json::from(*value),
                text: expression.text.clone(),
                row: expression.row,
                col: expression.col,
            })
            .collect(),
        bindings: bindings
            .map(|(name, value)| (name.to_string(), Json::from(*value)))
            .collect(),
    }
}

fn show(args: &Args, rows: &[Row], report: &Report) {
    let failed = !report.errors.is_empty();
    let text = match args.format {
        Format::Json => Some(json(rows, report, false)),
        Format::Discard => Some(json(rows, report, true)),
        _ if failed => {
            eprintln!("{}", errors::text(&report.errors));
            None
        }
        Format::Values => Some(results::values(rows)),
        Format::Bindings => Some(results::bindings(rows)),
        Format::Raw => Some(results::raw(rows)),
        Format::Pretty => Some(pretty(args, rows, report)),
        Format::Source => None,
    };
    if let Some(text) = text {
        // A reader that has seen enough closes the pipe.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

fn json(rows: &[Row], report: &Report, discard: bool) -> String {
    let result = if discard {
        Some(Json::from("discarded"))
    } else {
        (!rows.is_empty()).then(|| results::rows_json(rows))
    };
    let shown = (!report.errors.is_empty())
        .then(|| Json::Array(report.errors.iter().map(Shown::json).collect()));
    let metrics = (!report.metrics.is_empty()).then(|| {
        let timers = report
            .metrics
            .iter()
            .map(|(name, ns)| (name.clone(), Json::from(*ns)));
        Json::Object(timers.collect())
    });
    Json::object([
        ("errors", shown),
        ("result", result),
        ("metrics", metrics),
        ("coverage", report.coverage.clone()),
    ])
    .pretty()
}

fn pretty(args: &Args, rows: &[Row], report: &Report) -> String {
    let mut text = results::pretty_rows(rows, args.pretty_limit);
    if !report.metrics.is_empty() {
        let mut table = crate::present::table::Table::new(["METRIC", "VALUE"]);
        for (name, ns) in &report.metrics {
            table.row([name.clone(), ns.to_string()]);
        }
        text += &table.render();
    }
    if let Some(coverage) = &report.coverage {
        text += &coverage.pretty();
    }
    text
}
