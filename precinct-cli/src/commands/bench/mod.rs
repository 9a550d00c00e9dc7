//! `precinct bench`: what an evaluation costs, as a whole, in part, or asked of a server.

mod evaluations;
mod residuals;
mod service;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use precinct_interpreter::policy::{Policy, PolicyOptions};
use precinct_runtime::Document;

use super::Outcome;
use super::eval::{Engine, Stopped};
use super::question::QuestionArgs;
use crate::counting::{self, Memory};
use crate::host::{self, Places};
use crate::present::benchmark::{Benchmark, Measured};
use crate::present::errors::{self, Shown};
use crate::schemas;
use crate::signing::GuardArgs;

/// How long one measurement goes on, and how many evaluations it has at most.
const TIME: Duration = Duration::from_secs(1);
const MOST: usize = 2_000_000;
/// Evaluations before the first that counts.
const WARM: usize = 10;

/// What an evaluation costs.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "the flags are OPA's")]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// How often the benchmark is repeated.
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// Report what evaluations ask the allocator for.
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    benchmem: bool,
    /// Report how the times spread.
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    metrics: bool,
    /// Exit with 1 when the result is undefined.
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    fail: bool,
    /// Engines to measure, each from bytes and from a parsed input; the figures on top are those of the first. Where none
    /// is named, the table has both, and the forms for programs have what OPA's have.
    #[arg(long, value_enum, value_delimiter = ',', conflicts_with_all = ["partial", "e2e"])]
    engine: Vec<Engine>,
    /// Measure partial evaluation.
    #[arg(short, long)]
    partial: bool,
    /// What is not known when evaluation is partial.
    #[arg(short, long, value_delimiter = ',', default_value = "input")]
    unknowns: Vec<String>,
    /// Ask a server over HTTP, which is started for it with the same policies: what a client waits for.
    #[arg(long)]
    e2e: bool,
    /// The configuration file of that server.
    #[arg(short, long, value_name = "PATH")]
    config_file: Option<String>,
    /// Seconds that requests in flight to that server have when it ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    shutdown_grace_period: u64,
    /// Seconds that the server goes on after it was told to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    shutdown_wait_period: u64,
    /// Accepted for OPA's sake: documents are always stored for reading.
    #[arg(long)]
    optimize_store_for_read_speed: bool,
    /// The package that the query stands in.
    #[arg(long)]
    package: Option<String>,
    /// Imports of the query.
    #[arg(long)]
    import: Vec<String>,
    /// A schema of the input, or a folder of schemas that annotations name.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<String>,
    /// The kind of program that is run.
    #[arg(short, long, value_parser = ["rego"], default_value = "rego")]
    target: String,
    #[command(flatten)]
    guard: GuardArgs,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    #[default]
    Pretty,
    Json,
    Gobench,
}

/// Measures and prints.
pub fn run(args: &Args) -> Outcome {
    let query = match args.question.query() {
        Ok(query) => query,
        Err(outcome) => return outcome,
    };
    if let Err(outcome) = args.question.check() {
        return outcome;
    }
    let measured = if args.e2e {
        service::measure(args, &query)
    } else {
        measure(args, &query)
    };
    let shown = match measured {
        Ok(()) => return Outcome::Code(ExitCode::SUCCESS),
        Err(Stopped::Message(message)) => vec![Shown::message(message)],
        Err(Stopped::Errors(shown)) => shown,
    };
    if args.format == Format::Json {
        printed(&errors::json(&shown).pretty());
    } else {
        eprintln!("{}", errors::text(&shown));
    }
    Outcome::Code(ExitCode::FAILURE)
}

fn measure(args: &Args, text: &str) -> Result<(), Stopped> {
    let mut options = PolicyOptions {
        version: args.question.version(),
        ..PolicyOptions::default()
    };
    options.compile.schemas = schemas::read(args.schema.as_deref()).map_err(Stopped::Message)?;
    let places = Places {
        guard: args.guard.guard().map_err(Stopped::Message)?,
        ..args.question.places()
    };
    let input = args.question.input().map_err(Stopped::Message)?;
    let refused = |refusal: host::Refusal| Stopped::Errors(refusal.shown());
    let parsed = host::parse(&places, &options).map_err(refused)?;
    let policy = host::compile(&parsed, options).map_err(refused)?;
    let question = Question {
        policy: &policy,
        text,
        package: args.package.as_ref().map(|name| format!("data.{name}")),
        data: &parsed.data,
        input: input.as_ref(),
    };
    if args.partial {
        residuals::measure(args, &question)
    } else {
        evaluations::measure(args, &question)
    }
}

/// What is evaluated again and again.
struct Question<'q> {
    policy: &'q Policy,
    /// The query.
    text: &'q str,
    /// The package that it stands in, below `data`.
    package: Option<String>,
    data: &'q Document,
    input: Option<&'q Document>,
}

/// Does it again and again until there is enough to tell.
fn repeated(mut once: impl FnMut() -> Result<(), Stopped>) -> Result<Measured, Stopped> {
    for _ in 0..WARM {
        once()?;
    }
    let mut times = Vec::with_capacity(MOST);
    let mut memory = Memory::default();
    let begun = Instant::now();
    while times.len() < MOST && (times.is_empty() || begun.elapsed() < TIME) {
        let before = counting::asked();
        let started = Instant::now();
        once()?;
        times.push(host::nanos(started));
        memory += counting::asked().since(before);
    }
    Ok(Measured { times, memory })
}

/// Fails where `--fail` asks for a result and there is none.
fn defined(args: &Args, is_empty: bool) -> Result<(), Stopped> {
    if is_empty && args.fail {
        return Err(Stopped::Errors(vec![Shown::message("undefined result")]));
    }
    Ok(())
}

/// Measures as often as it is asked for, and prints.
fn each_time(
    args: &Args,
    mut benchmark: impl FnMut() -> Result<Benchmark, Stopped>,
) -> Result<(), Stopped> {
    for _ in 0..args.count.max(1) {
        let shown = benchmark()?;
        printed(&match args.format {
            Format::Pretty => shown.table(),
            Format::Json => shown.json(),
            Format::Gobench => shown.line(),
        });
    }
    Ok(())
}

fn printed(text: &str) {
    // A reader that has seen enough closes the pipe.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
