//! `precinct test`: runs the tests of policies.

use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use precinct_interpreter::policy::PolicyOptions;

use super::Outcome;
use crate::host::{self, Places, Refusal};
use crate::present::coverage;
use crate::testing::report::{self, Totals};
use crate::testing::result::TestResult;
use crate::testing::runner;

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
    /// How long one test may take.
    #[arg(long, value_parser = host::duration, default_value = "5s")]
    timeout: Duration,
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
}

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
    match prepared(args) {
        Err(message) => Outcome::failed(message, 1),
        Ok((policy, parsed)) => {
            let mut tests = runner::tests(&parsed.modules, &parsed.sources);
            if let Some(pattern) = &pattern {
                tests.retain(|test| pattern.is_match(&format!("{}.{}", test.package, test.name)));
            }
            if tests.is_empty() {
                return if args.fail_on_empty {
                    Outcome::failed("no tests were run".to_owned(), 1)
                } else {
                    Outcome::Code(ExitCode::SUCCESS)
                };
            }
            let options = runner::Options {
                timeout: args.timeout,
                threads: match args.parallel {
                    0 => std::thread::available_parallelism().map_or(1, usize::from),
                    threads => threads,
                },
                coverage: args.coverage,
            };
            let mut code = 0;
            for _ in 0..args.count.max(1) {
                let (results, covered) = runner::run(&policy, &parsed.data, &tests, &options);
                let report = args
                    .coverage
                    .then(|| covered.report(&parsed.modules, &parsed.sources));
                code = match report {
                    Some(report) => show_coverage(args, &results, &report),
                    None => show(args, &results),
                };
                if code != 0 {
                    break;
                }
            }
            Outcome::Code(ExitCode::from(code))
        }
    }
}

type Prepared = (precinct_interpreter::Policy, host::Parsed);

fn prepared(args: &Args) -> Result<Prepared, String> {
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        prints: true,
        max_errors: args.max_errors,
        marks: args.coverage,
        unoptimised: args.coverage,
        capabilities: host::capabilities(args.capabilities.as_deref())?,
        ..PolicyOptions::default()
    };
    let mut places = Places {
        ignore: args.ignore.clone(),
        ..Places::default()
    };
    if args.bundle {
        places.bundles.clone_from(&args.paths);
    } else {
        places.paths.clone_from(&args.paths);
    }
    let refused = |refusal: Refusal| refusal.text();
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

fn show(args: &Args, results: &[TestResult]) -> u8 {
    match args.format {
        Format::Json => print!("{}", report::json(results)),
        Format::Pretty => {
            let options = report::Options {
                verbose: args.verbose,
            };
            print!("{}", report::text(results, options));
        }
    }
    code(args, Totals::of(results))
}

fn show_coverage(
    args: &Args,
    results: &[TestResult],
    covered: &precinct_interpreter::coverage::Report,
) -> u8 {
    let totals = Totals::of(results);
    if totals.failed > 0 || totals.errors > 0 {
        return show(args, results);
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
