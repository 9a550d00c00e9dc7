//! `precinct bench`: what an evaluation costs.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use precinct_interpreter::policy::{PolicyOptions, Query};
use precinct_runtime::Document;
use precinct_runtime::json::{Decoder, to_string};

use super::Outcome;
use super::eval::{Engine, Stopped, asked};
use crate::counting::{self, Memory};
use crate::host::{self, Places};
use crate::native::{self, Trouble, World};
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
    /// Engines to measure; with any, each is reported with its times from bytes and from a parsed input.
    #[arg(long, value_enum, value_delimiter = ',')]
    engine: Vec<Engine>,
    /// Accepted for OPA's sake: documents are always stored for reading.
    #[arg(long)]
    optimize_store_for_read_speed: bool,
    /// The package that the query stands in.
    #[arg(long)]
    package: Option<String>,
    /// Imports of the query.
    #[arg(long)]
    import: Vec<String>,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// A schema of the input, or a folder of schemas that annotations name.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<String>,
    /// The kind of program that is run.
    #[arg(short, long, value_parser = ["rego"], default_value = "rego")]
    target: String,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
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
    let query = match asked(&args.query, args.stdin) {
        Ok(query) => query,
        Err(outcome) => return outcome,
    };
    if args.stdin && args.stdin_input {
        return Outcome::usage("cannot use both --stdin and --stdin-input");
    }
    if args.stdin_input && args.input.is_some() {
        return Outcome::usage("specify --stdin-input or --input but not both");
    }
    let shown = match measure(args, &query) {
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
        version: host::version(args.v0_compatible, false),
        ..PolicyOptions::default()
    };
    options.compile.schemas = schemas::read(args.schema.as_deref()).map_err(Stopped::Message)?;
    let places = Places {
        paths: args.data.clone(),
        bundles: args.bundle.clone(),
        ignore: args.ignore.clone(),
        guard: args.guard.guard().map_err(Stopped::Message)?,
        ..Places::default()
    };
    let input = host::input(args.input.as_deref(), args.stdin_input).map_err(Stopped::Message)?;
    let refused = |refusal: host::Refusal| Stopped::Errors(refusal.shown());
    let parsed = host::parse(&places, &options).map_err(refused)?;
    let policy = host::compile(&parsed, options).map_err(refused)?;
    let package = args.package.as_ref().map(|name| format!("data.{name}"));
    let query = policy
        .query(text, package.as_deref(), &args.import)
        .map_err(|failure| Stopped::Errors(host::failure_shown(&failure)))?;
    let subject = Subject {
        query: &query,
        data: &parsed.data,
        input: input.as_ref(),
        text: input.as_ref().map(|input| to_string(input.value())),
        fail: args.fail,
    };
    for _ in 0..args.count.max(1) {
        let shown = subject.benchmark(args)?;
        printed(&match args.format {
            Format::Pretty => shown.table(),
            Format::Json => shown.json(),
            Format::Gobench => shown.line(),
        });
    }
    Ok(())
}

/// What is measured.
struct Subject<'s> {
    query: &'s Query,
    data: &'s Document,
    input: Option<&'s Document>,
    /// The input as JSON.
    text: Option<String>,
    fail: bool,
}

impl Subject<'_> {
    fn benchmark(&self, args: &Args) -> Result<Benchmark, Stopped> {
        let first = args.engine.first().copied().unwrap_or_default();
        let parsed = self.by(first, false)?;
        let mut shown = Benchmark::new(&parsed, args.benchmem);
        if args.metrics {
            shown.spread(&parsed.times);
        }
        for engine in &args.engine {
            let name = engine.name();
            let others;
            let parsed = if *engine == first {
                &parsed
            } else {
                others = self.by(*engine, false)?;
                &others
            };
            shown.way(&format!("{name}_parsed"), parsed, args.benchmem);
            if self.text.is_some() {
                let read = self.by(*engine, true)?;
                shown.way(&format!("{name}_bytes"), &read, args.benchmem);
            }
        }
        Ok(shown)
    }

    /// `read` is from the bytes of the input on.
    fn by(&self, engine: Engine, read: bool) -> Result<Measured, Stopped> {
        match engine {
            Engine::Interpreter => self.interpreted(read),
            Engine::Native => self.natively(read),
        }
    }

    fn interpreted(&self, read: bool) -> Result<Measured, Stopped> {
        let mut arena = host::arena();
        let text = self.text.as_deref().filter(|_| read);
        for _ in 0..WARM {
            self.once(&arena, text)?;
            arena.reset();
        }
        let mut times = Vec::with_capacity(MOST);
        let mut memory = Memory::default();
        let begun = Instant::now();
        while times.len() < MOST && (times.is_empty() || begun.elapsed() < TIME) {
            let before = counting::asked();
            let started = Instant::now();
            self.once(&arena, text)?;
            times.push(host::nanos(started));
            memory += counting::asked().since(before);
            arena.reset();
        }
        Ok(Measured { times, memory })
    }

    fn once(&self, arena: &precinct_runtime::Arena, text: Option<&str>) -> Result<(), Stopped> {
        let input = match text {
            Some(text) => {
                let read = Decoder::new(arena).decode(text.as_bytes());
                Some(read.map_err(|error| Stopped::Message(error.to_string()))?)
            }
            None => self.input.map(Document::value),
        };
        let mut context = host::prepare(self.query.context(arena))
            .with_documents(self.data)
            .with_input(input);
        let answers = self
            .query
            .answers(&mut context)
            .map_err(|error| Stopped::Errors(vec![host::eval_shown(&error)]))?;
        self.defined(answers.is_empty())
    }

    fn natively(&self, read: bool) -> Result<Measured, Stopped> {
        let ask = |count: usize| {
            let world = World {
                data: self.data,
                input: self.input,
                reads_input: read,
                timeout: None,
                count,
                strict_builtin_errors: false,
                measured: true,
            };
            native::answers(self.query, &world).map_err(|trouble| match trouble {
                Trouble::Program(message) => Stopped::Message(message),
                Trouble::Evaluation(shown) => Stopped::Errors(vec![*shown]),
            })
        };
        let first = ask(WARM)?;
        self.defined(first.rows.is_empty())?;
        let fastest = first.times.iter().copied().min().unwrap_or(1).max(1);
        let count = usize::try_from(host::nanos_of(TIME) / fastest).unwrap_or(MOST);
        let answered = ask(count.clamp(1, MOST))?;
        Ok(Measured {
            times: answered.times,
            memory: answered.memory,
        })
    }

    fn defined(&self, is_empty: bool) -> Result<(), Stopped> {
        if is_empty && self.fail {
            return Err(Stopped::Errors(vec![Shown::message("undefined result")]));
        }
        Ok(())
    }
}

fn printed(text: &str) {
    // A reader that has seen enough closes the pipe.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
