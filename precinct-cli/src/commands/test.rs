//! `precinct test`: runs the tests of policies.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use precinct_interpreter::coverage::Kind;
use precinct_interpreter::policy::{Policy, PolicyOptions};
use precinct_interpreter::trace::{Detail, Event, Op, Subject, filtered, pretty};
use precinct_rego::lower::Watch;

use super::Outcome;
use crate::host::{self, Places, Refusal};
use crate::present::explain::Explain;
use crate::present::{coverage, errors};
use crate::schemas;
use crate::testing::report::{self, Totals};
use crate::testing::result::TestResult;
use crate::testing::runner::{self, Kept};

/// Runs the tests of policies.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "the flags are OPA's")]
pub struct Args {
    /// Files and folders with policies, tests and data.
    paths: Vec<String>,
    /// Read the paths as bundles.
    #[arg(short, long)]
    bundle: bool,
    /// Show all tests, not only those that failed.
    #[arg(short, long)]
    verbose: bool,
    /// Run the tests whose full name matches this regular expression.
    #[arg(short, long, value_name = "REGEX")]
    run: Option<String>,
    /// The form of the report.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Report which parts of the policies were evaluated, instead of the tests.
    #[arg(short, long)]
    coverage: bool,
    /// Which reasons a gap of coverage is marked with; an empty text is none.
    #[arg(long, value_delimiter = ',', num_args = 0..=1)]
    coverage_runs: Vec<String>,
    /// Fail when coverage is below this percentage.
    #[arg(long, default_value_t = 0.0)]
    threshold: f64,
    /// How long one test may take; 5s, or 30s for a benchmark, unless it is given.
    #[arg(long, value_parser = host::duration)]
    timeout: Option<Duration>,
    /// Repeat the tests that pass and report how fast they are.
    #[arg(long)]
    bench: bool,
    /// Report the memory that benchmarks take.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", require_equals = true)]
    benchmem: bool,
    /// Explain tests that failed; implies --verbose.
    #[arg(long, value_enum)]
    explain: Option<Explain>,
    /// Show expressions that failed with the values of their variables.
    #[arg(long)]
    var_values: bool,
    /// Run the tests again when a file changes.
    #[arg(short, long)]
    watch: bool,
    /// The order of the JSON report.
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,
    /// A schema of the input, or a folder of schemas that annotations name.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<String>,
    /// The kind of program that is run.
    #[arg(short, long, value_parser = ["rego"], default_value = "rego")]
    target: String,
    /// How often the tests are run.
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// How many tests run at once; 0 is as many as there are processors.
    #[arg(short, long, default_value_t = 0)]
    parallel: usize,
    /// Fail when no test was run.
    #[arg(long)]
    fail_on_empty: bool,
    /// Skipped tests are no failure.
    #[arg(short = 'z', long)]
    exit_zero_on_skipped: bool,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// After how many errors compilation stops; 0 is never.
    #[arg(short, long, default_value_t = 10)]
    max_errors: usize,
    /// The file with the builtins and features that may be used.
    #[arg(long)]
    capabilities: Option<String>,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
}

/// The forms of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Pretty,
    /// For programs.
    Json,
    /// Benchmarks for Go's tools, the rest for people.
    Gobench,
}

/// The orders of the JSON report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// As the tests stand in the files.
    #[default]
    None,
    /// The slowest first.
    Duration,
}

/// How long a benchmark repeats a test.
const BENCH: Duration = Duration::from_secs(1);

/// How often files are looked at for changes.
const POLL: Duration = Duration::from_millis(300);

/// Runs and reports. The exit code is 0 when all tests passed, 2 when one did not, 1 when they could not be run.
pub fn run(args: &Args) -> Outcome {
    if args.paths.is_empty() {
        return Outcome::usage("specify at least one file");
    }
    let pattern = match args
        .run
        .as_deref()
        .map(precinct_runtime::builtins::regex::go::compile)
    {
        None => None,
        Some(Ok(pattern)) => Some(pattern),
        Some(Err(error)) => return Outcome::failed(error.message, 1),
    };
    let wanted = |name: &str| {
        pattern
            .as_ref()
            .is_none_or(|pattern| pattern.is_match(name))
    };
    if !args.watch {
        return Outcome::Code(ExitCode::from(once(args, &wanted)));
    }
    loop {
        let before = changes(&args.paths);
        once(args, &wanted);
        println!("{}\nWatching for changes ...", "*".repeat(80));
        while changes(&args.paths) == before {
            std::thread::sleep(POLL);
        }
    }
}

/// When each file below these paths was changed.
fn changes(paths: &[String]) -> BTreeMap<PathBuf, Option<SystemTime>> {
    let mut changes = BTreeMap::new();
    let mut next: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    while let Some(path) = next.pop() {
        let Ok(known) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if known.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            next.extend(entries.map(|entry| entry.path()));
        } else {
            changes.insert(path, known.modified().ok());
        }
    }
    changes
}

fn once(args: &Args, wanted: &dyn Fn(&str) -> bool) -> u8 {
    let (prepared, runs) = match ready(args) {
        Ok(ready) => ready,
        Err(message) => {
            eprintln!("{message}");
            return 1;
        }
    };
    let (policy, parsed) = &prepared;
    let mut tests = runner::tests(&parsed.modules, &parsed.sources);
    tests.retain(|test| wanted(&test.document()));
    if tests.is_empty() && args.fail_on_empty {
        eprintln!("no tests were run");
        return 1;
    }
    let default = if args.bench { 30 } else { 5 };
    let options = runner::Options {
        timeout: args.timeout.unwrap_or(Duration::from_secs(default)),
        threads: match args.parallel {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        },
        progress: args.format != Format::Json,
    };
    let outline = args.coverage.then(|| policy.outline());
    let mut code = 0;
    for _ in 0..args.count.max(1) {
        if args.bench {
            let bench = |test| runner::bench(policy, &parsed.data, test, &options, BENCH);
            let results: Vec<TestResult> = tests.iter().map(bench).collect();
            code = show(args, results);
        } else {
            let covering = outline.as_ref().map(|outline| runner::Covering {
                outline,
                runs: &runs,
            });
            let (mut results, covered) =
                runner::run(policy, &parsed.data, &tests, &options, covering);
            explain(args, &tests, &options, &mut results);
            code = match outline {
                Some(_) => {
                    let report = covered.report(&parsed.modules, &parsed.sources);
                    show_coverage(args, results, &report)
                }
                None => show(args, results),
            };
        }
        if code != 0 {
            break;
        }
    }
    code
}

/// Runs the tests that failed once more, to tell why.
fn explain(
    args: &Args,
    tests: &[runner::Test],
    options: &runner::Options,
    results: &mut [TestResult],
) {
    let wanted = args.verbose() || args.var_values;
    if !wanted || args.format == Format::Json || !results.iter().any(|result| result.fail) {
        return;
    }
    // What compiled once compiles again; when files have changed in between there is nothing to tell.
    let Ok((policy, parsed)) = prepared(args, Some(Watch::default())) else {
        return;
    };
    let outline = policy.outline();
    let kept = if args.var_values {
        Kept::Variables
    } else {
        Kept::Steps
    };
    for (test, result) in tests.iter().zip(results) {
        if !result.fail || result.error.is_some() {
            continue;
        }
        let traced = runner::trace(&policy, &parsed.data, test, options, &outline, kept);
        let shown = match args.explain {
            Some(explain) => explain.select(&traced.events),
            None => filtered(&traced.events, Detail::NotesAndFails),
        };
        result.trace = pretty::indented(&shown, policy.sources(), args.var_values, 2);
        let failed = |event: &&Event| {
            let expression = matches!(event.subject, Subject::Expr(_));
            event.op == Op::Fail
                && event.query != 0
                && expression
                && !event.text.starts_with("every ")
        };
        result.failure = traced.events.iter().rev().find(failed).map(|event| {
            let source = policy.sources().get(event.span.source);
            let file = source.map_or("", |source| &source.name);
            (
                format!("{file}:{}:", event.span.row),
                pretty::failure(event, policy.sources()),
            )
        });
    }
}

impl Args {
    fn verbose(&self) -> bool {
        self.verbose || self.explain.is_some()
    }
}

type Prepared = (Policy, host::Parsed);

/// The policies, and the same to be evaluated in the other ways that coverage asks for.
fn ready(args: &Args) -> Result<(Prepared, Vec<(Kind, Policy)>), String> {
    let kinds = coverage::kinds(&args.coverage_runs)?;
    let mut runs = Vec::new();
    for kind in kinds.into_iter().filter(|_| args.coverage) {
        let (policy, _) = prepared(args, Some(kind.lifted(Watch::default())))?;
        runs.push((kind, policy));
    }
    Ok((prepared(args, args.coverage.then(Watch::default))?, runs))
}

fn prepared(args: &Args, watch: Option<Watch>) -> Result<Prepared, String> {
    let mut options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        prints: true,
        max_errors: args.max_errors,
        watch,
        capabilities: host::capabilities(args.capabilities.as_deref())?,
        ..PolicyOptions::default()
    };
    options.compile.schemas = schemas::read(args.schema.as_deref())?;
    let mut places = Places {
        ignore: args.ignore.clone(),
        ..Places::default()
    };
    if args.bundle {
        places.bundles.clone_from(&args.paths);
    } else {
        places.paths.clone_from(&args.paths);
    }
    let refused = |refusal: Refusal| match &refusal {
        Refusal::Bundle { path, .. } => {
            format!("unable to load bundle {path}: {}", refusal.text())
        }
        Refusal::Load(_) | Refusal::Parse(_) | Refusal::Compile(_) => refusal.text(),
    };
    let parsed = host::parse(&places, &options).map_err(refused)?;
    let mut noted = host::Parsed {
        modules: parsed.modules.clone(),
        sources: parsed.sources.clone(),
        data: parsed.data.clone(),
        parse_ns: 0,
    };
    runner::note_cases(&mut noted.modules);
    let policy = host::compile(&noted, options).map_err(refused)?;
    Ok((policy, parsed))
}

fn code(args: &Args, totals: Totals) -> u8 {
    let skipped = totals.skipped > 0 && !args.exit_zero_on_skipped;
    if totals.failed > 0 || totals.errors > 0 || skipped {
        2
    } else {
        0
    }
}

fn show(args: &Args, mut results: Vec<TestResult>) -> u8 {
    if args.format == Format::Json {
        if args.sort == Sort::Duration {
            results.sort_by_key(|result| std::cmp::Reverse(result.duration));
        }
        print!("{}", report::json(&results));
    } else {
        let options = report::Options {
            verbose: args.verbose(),
            values: args.var_values,
            gobench: args.format == Format::Gobench,
            memory: args.benchmem,
        };
        print!("{}", report::text(&results, options));
    }
    code(args, Totals::of(&results))
}

fn show_coverage(
    args: &Args,
    results: Vec<TestResult>,
    covered: &precinct_interpreter::coverage::Report,
) -> u8 {
    let totals = Totals::of(&results);
    if let Some(error) = results.iter().find_map(|result| result.error.as_ref()) {
        eprintln!("{}", errors::headline(error));
        return 1;
    }
    // Without coverage there is no JSON either: what failed is told as to people.
    let failed: Vec<TestResult> = results.into_iter().filter(|it| it.fail).collect();
    if let Some(first) = failed.first() {
        eprintln!("{}", first.full());
        let options = report::Options {
            verbose: args.verbose(),
            ..report::Options::default()
        };
        print!("{}", report::text(&failed, options));
        return 1;
    }
    let percentage = covered.percentage();
    if percentage < args.threshold {
        eprintln!(
            "Code coverage threshold not met: got {percentage:.2} instead of {:.2}",
            args.threshold
        );
        return 2;
    }
    print!("{}", coverage::json(covered).pretty());
    code(args, totals)
}
