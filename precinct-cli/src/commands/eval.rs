//! `precinct eval`: answers to a query.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use precinct_interpreter::coverage::{Coverage, Kind};
use precinct_interpreter::policy::{Policy, PolicyOptions, Query};
use precinct_interpreter::stack::Stack;
use precinct_interpreter::trace::{Event, Outline, Tracer};
use precinct_rego::lower::Watch;
use precinct_rego::source::Sources;
use precinct_runtime::context::{Bounds, Printer};
use precinct_runtime::{Arena, Context, Document};

use super::question::QuestionArgs;
use super::{Outcome, residual};
use crate::host::{self, Places};
use crate::native::{self, Trouble, World};
use crate::present::coverage;
use crate::present::errors::{self, Shown};
use crate::present::explain::{self, Explain};
use crate::present::json::Json;
use crate::present::results::{self, Format, Row};
use crate::present::table::Table;
use crate::schemas;
use crate::signing::GuardArgs;

/// Answers to a query.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "the flags are OPA's")]
pub struct Args {
    #[command(flatten)]
    pub question: QuestionArgs,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    pub format: Format,
    /// Exit with 1 when the result is undefined.
    #[arg(long)]
    pub fail: bool,
    /// Exit with 1 when the result is defined.
    #[arg(long)]
    pub fail_defined: bool,
    /// The first error of a builtin ends the evaluation.
    #[arg(long)]
    strict_builtin_errors: bool,
    /// Show the errors of builtins.
    #[arg(long)]
    show_builtin_errors: bool,
    /// Refuse unused imports and variables and deprecated builtins.
    #[arg(short = 'S', long)]
    strict: bool,
    /// Explain the evaluation.
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    explain: Explain,
    /// Show the values of variables in an explanation.
    #[arg(long)]
    var_values: bool,
    /// Report what each row of the policies cost.
    #[arg(long)]
    profile: bool,
    /// How many rows of a profile are shown; 0 is all.
    #[arg(long, default_value_t = 10)]
    profile_limit: usize,
    /// The order of a profile.
    #[arg(long, value_parser = ["total_time_ns", "num_eval", "num_redo", "num_gen_expr", "file", "line"])]
    profile_sort: Vec<String>,
    /// The path of a document, `a/b/c`, that is asked for.
    #[arg(short, long)]
    entrypoint: Option<String>,
    /// Which reasons a gap of coverage is marked with; an empty text is none.
    #[arg(long, value_delimiter = ',', num_args = 0..=1)]
    coverage_runs: Vec<String>,
    /// How much is prepared ahead of the evaluation: the engine always does what it can.
    #[arg(short = 'O', long, default_value_t = 0)]
    optimize: u8,
    /// Accepted for OPA's sake: documents are always stored for reading.
    #[arg(long)]
    optimize_store_for_read_speed: bool,
    /// Let traces and coverage go on where a rule or a loop has settled the value; results do not depend on it.
    #[arg(long)]
    disable_early_exit: bool,
    /// Let traces and coverage enter rules that OPA's index leaves out; results do not depend on it.
    #[arg(long)]
    disable_indexing: bool,
    /// The kind of program that is run.
    #[arg(short, long, value_parser = ["rego"], default_value = "rego")]
    target: String,
    /// The package that the query stands in.
    #[arg(long)]
    pub package: Option<String>,
    /// Imports of the query.
    #[arg(long)]
    pub import: Vec<String>,
    /// The file with the builtins and features that may be used.
    #[arg(long)]
    capabilities: Option<String>,
    /// A schema of the input, or a folder of schemas that annotations name.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<String>,
    /// Without effect, as in OPA: `pretty-limit` of the shell cuts what is long.
    #[arg(long, default_value_t = 80, allow_negative_numbers = true)]
    pretty_limit: i64,
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
    pub timeout: Option<Duration>,
    /// Which engine evaluates.
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    #[command(flatten)]
    pub residual: residual::ResidualArgs,
    #[command(flatten)]
    guard: GuardArgs,
}

/// The engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// Runs the IR at once.
    #[default]
    Interpreter,
    /// Rust is generated, built with cargo, kept for the next time, and run.
    Native,
}

impl Engine {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interpreter => "interpreter",
            Self::Native => "native",
        }
    }
}

/// Evaluates and prints.
pub fn run(args: &Args) -> Outcome {
    let query = match &args.entrypoint {
        Some(path) if args.question.is_silent() => document_of(path),
        _ => match args.question.query() {
            Ok(query) => query,
            Err(outcome) => return outcome,
        },
    };
    if let Err(outcome) = args.question.check() {
        return outcome;
    }
    if let Err(message) = coverage::kinds(&args.coverage_runs) {
        return Outcome::usage(&message);
    }
    if args.fail && args.fail_defined {
        return Outcome::usage("specify --fail or --fail-defined but not both");
    }
    if args.engine == Engine::Native && (args.traced() || args.show_builtin_errors) {
        return Outcome::usage(
            "compiled queries are not traced: --engine native goes without --explain, --profile, --coverage and --show-builtin-errors",
        );
    }
    if args.residual.partial {
        if !matches!(args.format, Format::Pretty | Format::Json | Format::Source) {
            return Outcome::usage("invalid output format for partial evaluation");
        }
        return residual::run(args, &query);
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

/// Why there are no answers.
pub enum Stopped {
    /// A message on the standard error, whatever the format.
    Message(String),
    /// Errors in the output.
    Errors(Vec<Shown>),
}

/// What is shown besides the answers.
#[derive(Default)]
pub struct Report {
    pub errors: Vec<Shown>,
    pub metrics: Vec<(String, u64)>,
    pub spreads: Vec<(String, explain::Spread)>,
    pub coverage: Option<precinct_interpreter::coverage::Report>,
    pub events: Vec<Event>,
    pub sources: Sources,
    pub profile: Vec<explain::Cost>,
}

/// `data.a.b` of `a/b`
fn document_of(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.fold("data".to_owned(), |text, part| {
        let quoted = Json::from(part).compact();
        text + "[" + &quoted + "]"
    })
}

fn evaluate(args: &Args, text: &str, report: &mut Report) -> Result<Vec<Row>, Stopped> {
    let errors = Stopped::Errors;
    if args.coverage {
        // Modules that do not compile are reported too, as none.
        report.coverage = Some(Coverage::default().report(&[], &Sources::default()));
    }
    let (options, places) = args.policy_options().map_err(Stopped::Message)?;
    let input = args.question.input().map_err(Stopped::Message)?;
    let mut metrics: Vec<(&str, u64)> = Vec::new();
    let started = Instant::now();
    let parsed = host::parse(&places, &options).map_err(|refusal| errors(refusal.shown()))?;
    metrics.push(("timer_rego_load_files_ns", host::nanos(started)));
    metrics.push(("timer_rego_module_parse_ns", parsed.parse_ns));
    let started = Instant::now();
    let policy =
        host::compile(&parsed, options.clone()).map_err(|refusal| errors(refusal.shown()))?;
    metrics.push(("timer_rego_module_compile_ns", host::nanos(started)));
    let started = Instant::now();
    let package = args
        .package
        .as_ref()
        .map(|package| format!("data.{package}"));
    let ask = |policy: &Policy| {
        let query = policy.query(text, package.as_deref(), &args.import);
        query.map_err(|failure| errors(host::failure_shown(&failure)))
    };
    let query = ask(&policy)?;
    metrics.push(("timer_rego_query_parse_ns", 0));
    metrics.push(("timer_rego_query_compile_ns", host::nanos(started)));
    let started = Instant::now();
    let mut covered = Coverage::default();
    let outline = args.traced().then(|| policy.outline());
    let run = Run {
        args,
        policy: &policy,
        query: &query,
        data: &parsed.data,
        input: input.as_ref(),
        outline: outline.as_ref(),
    };
    let (rows, times) = match args.engine {
        Engine::Native => run.natively()?,
        Engine::Interpreter => {
            let mut rows = Vec::new();
            let mut times = Vec::new();
            for _ in 0..args.count.max(1) {
                let begun = Instant::now();
                let answered = run.once(&mut covered, report);
                times.push(host::nanos(begun));
                rows = match answered {
                    Ok(rows) => rows,
                    Err(stopped) => {
                        run.explain(report);
                        if args.coverage {
                            report.coverage =
                                Some(covered.report(&parsed.modules, &parsed.sources));
                        }
                        return Err(stopped);
                    }
                };
            }
            (rows, times)
        }
    };
    let all = match args.engine {
        Engine::Native => times.iter().sum(),
        Engine::Interpreter => host::nanos(started),
    };
    metrics.push(("timer_rego_query_eval_ns", all));
    run.explain(report);
    if args.metrics || args.instrument || args.profile {
        report.measured(metrics, &times, args.count);
    }
    if args.coverage {
        for kind in coverage::kinds(&args.coverage_runs).map_err(Stopped::Message)? {
            let options = PolicyOptions {
                watch: options.watch.map(|watch| kind.lifted(watch)),
                ..options.clone()
            };
            let policy =
                host::compile(&parsed, options).map_err(|refusal| errors(refusal.shown()))?;
            let run = Run {
                policy: &policy,
                query: &ask(&policy)?,
                ..run
            };
            run.supplement(kind, &mut covered);
        }
        report.coverage = Some(covered.report(&parsed.modules, &parsed.sources));
    }
    Ok(rows)
}

impl Report {
    /// Takes what was measured: each timer once, or how `count` evaluations spread.
    fn measured(&mut self, mut metrics: Vec<(&str, u64)>, times: &[u64], count: usize) {
        if count > 1 {
            let spread = |(name, ns): &(&str, u64)| {
                let values = if *name == "timer_rego_query_eval_ns" {
                    times.to_vec()
                } else {
                    vec![*ns; count]
                };
                ((*name).to_owned(), explain::Spread::new(values))
            };
            self.spreads = metrics.iter().map(spread).collect();
            self.spreads.sort_by(|one, other| one.0.cmp(&other.0));
            return;
        }
        metrics.sort_unstable();
        let named = |(name, ns): (&str, u64)| (name.to_owned(), ns);
        self.metrics = metrics.into_iter().map(named).collect();
    }
}

impl Args {
    fn traced(&self) -> bool {
        self.profile || self.coverage || self.explain != Explain::Off
    }

    /// How the policies are read and compiled.
    pub fn policy_options(&self) -> Result<(PolicyOptions, Places), String> {
        let capabilities = host::capabilities(self.capabilities.as_deref())?;
        let mut options = PolicyOptions {
            version: self.question.version(),
            strict: self.strict,
            prints: true,
            // Who wants to see what builtins complain about wants everything to be evaluated to its end.
            marks: self.show_builtin_errors,
            watch: self.traced().then_some(Watch {
                index: !self.disable_indexing,
                early_exit: !self.disable_early_exit,
            }),
            capabilities,
            ..PolicyOptions::default()
        };
        options.compile.schemas = schemas::read(self.schema.as_deref())?;
        let places = Places {
            guard: self.guard.guard()?,
            ..self.question.places()
        };
        Ok((options, places))
    }
}

/// A query that is ready to be asked.
#[derive(Clone, Copy)]
struct Run<'r> {
    args: &'r Args,
    policy: &'r Policy,
    query: &'r Query,
    data: &'r Document,
    input: Option<&'r Document>,
    outline: Option<&'r Outline>,
}

impl Run<'_> {
    /// All evaluations in a program of their own: the answers of the last, and the nanoseconds that each took.
    fn natively(&self) -> Result<(Vec<Row>, Vec<u64>), Stopped> {
        let world = World {
            data: self.data,
            input: self.input,
            reads_input: false,
            timeout: self.args.timeout,
            count: self.args.count,
            strict_builtin_errors: self.args.strict_builtin_errors,
            measured: false,
        };
        match native::answers(self.query, &world) {
            Ok(answered) => Ok((answered.rows, answered.times)),
            Err(Trouble::Program(message)) => Err(Stopped::Message(message)),
            Err(Trouble::Evaluation(shown)) => Err(Stopped::Errors(vec![*shown])),
        }
    }

    fn context<'a>(&'a self, arena: &'a Arena) -> Context<'a> {
        let mut context = host::prepare(self.query.context(arena))
            .with_documents(self.data)
            .with_input(self.input.map(Document::value))
            .with_bounds(Bounds {
                deadline: self.args.timeout.map(|time| Instant::now() + time),
                ..Bounds::default()
            });
        context.strict_builtin_errors = self.args.strict_builtin_errors;
        context
    }

    /// Evaluates once more, in another way, for what coverage says about gaps; nothing else is shown of it.
    fn supplement(&self, kind: Kind, coverage: &mut Coverage) {
        let Some(outline) = self.outline else { return };
        let arena = host::arena();
        let mut context = self.context(&arena);
        context.printer = Some(Printer::each(|_, _| {}));
        let mut tracer = Tracer::new(self.query.program(), outline, self.query.outline()).once();
        let answers = self.query.answers_with(&mut context, &mut tracer);
        if let Err(error) = &answers {
            let lifted = match kind {
                Kind::IndexExcluded => "rule indexing",
                Kind::EarlyExit => "early exit",
            };
            eprintln!("warning: coverage pass with {lifted} disabled failed: {error}");
        }
        let answered = answers.is_ok_and(|answers| !answers.is_empty());
        coverage.record_run(kind, &tracer.finish(answered), outline);
    }

    fn once(&self, coverage: &mut Coverage, report: &mut Report) -> Result<Vec<Row>, Stopped> {
        let (args, query) = (self.args, self.query);
        let arena = host::arena();
        let mut context = self.context(&arena);
        let mut stack = Stack::default();
        let answers = if let Some(outline) = self.outline {
            let mut tracer = Tracer::new(query.program(), outline, query.outline());
            if args.var_values {
                tracer = tracer.with_locals();
            }
            if args.disable_early_exit {
                tracer = tracer.without_early_exit();
            }
            if !args.profile && args.explain == Explain::Off {
                tracer = tracer.once();
            }
            let mut hooks = (tracer, &mut stack);
            let answers = query.answers_with(&mut context, &mut hooks);
            let answered = answers.as_ref().is_ok_and(|answers| !answers.is_empty());
            report.events = hooks.0.finish(answered);
            coverage.record(&report.events, outline);
            answers
        } else {
            query.answers_with(&mut context, &mut stack)
        };
        let answers = answers.map_err(|error| {
            let frames = stack.frames(query.program(), self.policy.modules(), query.body());
            let shown = explain::traced(host::eval_shown(&error), &frames, query.sources());
            Stopped::Errors(vec![shown])
        })?;
        if args.show_builtin_errors {
            report.errors = context
                .builtin_errors
                .iter()
                .enumerate()
                .map(|(number, error)| {
                    let modules = self.policy.modules();
                    let frames =
                        stack.builtin_frames(number, query.program(), modules, query.body());
                    explain::traced(host::eval_shown(error), &frames, query.sources())
                })
                .collect();
        }
        Ok(answers
            .iter()
            .map(|answer| Row::new(query, answer))
            .collect())
    }

    /// Keeps of the trace what is shown.
    fn explain(&self, report: &mut Report) {
        let sources = self.query.sources();
        if self.args.profile {
            report.profile = explain::profile(
                &report.events,
                sources,
                &self.args.profile_sort,
                self.args.profile_limit,
            );
        }
        report.events = self.args.explain.select(&report.events);
        report.sources = sources.clone();
    }
}

fn show(args: &Args, rows: &[Row], report: &Report) {
    let failed = !report.errors.is_empty();
    if failed && args.format == Format::Pretty && !report.events.is_empty() {
        print!(
            "{}",
            explain::text(&report.events, &report.sources, args.var_values)
        );
    }
    let text = match args.format {
        Format::Json => Some(json(rows, report, false)),
        Format::Discard => Some(json(rows, report, true)),
        Format::Pretty if failed => {
            eprintln!("{}", errors::text(&report.errors));
            report.coverage.as_ref().map(coverage::table)
        }
        _ if failed => {
            eprintln!("{}", errors::text(&report.errors));
            None
        }
        Format::Values => Some(results::values(rows)),
        Format::Bindings => Some(results::bindings(rows)),
        Format::Raw => Some(results::raw(rows)),
        Format::Pretty => Some(pretty(rows, report, 0, args.var_values)),
        Format::Source => None,
    };
    if let Some(text) = text {
        // A reader that has seen enough closes the pipe.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Answers and everything else as one object.
pub fn json(rows: &[Row], report: &Report, discard: bool) -> String {
    let result = if discard {
        report.errors.is_empty().then(|| Json::from("discarded"))
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
    let spreads = (!report.spreads.is_empty()).then(|| {
        let spreads = report.spreads.iter();
        Json::Object(
            spreads
                .map(|(name, spread)| (name.clone(), spread.json()))
                .collect(),
        )
    });
    let events =
        (!report.events.is_empty()).then(|| explain::json(&report.events, &report.sources));
    let profile = (!report.profile.is_empty()).then(|| explain::profile_json(&report.profile));
    Json::object([
        ("errors", shown),
        ("result", result),
        ("metrics", metrics),
        ("aggregated_metrics", spreads),
        ("explanation", events),
        ("profile", profile),
        ("coverage", report.coverage.as_ref().map(coverage::json)),
    ])
    .pretty()
}

/// Answers and everything else for people; `limit` is the longest text of a cell.
pub fn pretty(rows: &[Row], report: &Report, limit: usize, values: bool) -> String {
    let mut text = explain::text(&report.events, &report.sources, values);
    text += &results::pretty_rows(rows, limit);
    if !report.spreads.is_empty() {
        let mut table = Table::new(["Metric", "Min", "Max", "Mean", "90%", "99%"]);
        for (name, spread) in &report.spreads {
            table.row(std::iter::once(name.clone()).chain(spread.cells()));
        }
        text += &table.render();
    }
    if !report.metrics.is_empty() {
        let mut table = Table::new(["Metric", "Value"]);
        for (name, ns) in &report.metrics {
            table.row([name.clone(), ns.to_string()]);
        }
        text += &table.render();
    }
    text += &explain::profile_table(&report.profile);
    if let Some(coverage) = &report.coverage {
        text += &coverage::table(coverage);
    }
    text
}
