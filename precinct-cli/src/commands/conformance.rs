//! `precinct conformance`: recorded evaluations, answered again and compared.

use std::io::IsTerminal;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum;
use precinct_codegen::workshop::Workshop;
use precinct_conformance::engines::native::Native;
use precinct_conformance::{Answer, Case, Report, engines, files, judge};

use super::Outcome;
use super::front_end::{self, Kind};

/// Recorded evaluations, answered again and compared.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder of cases, or a file of them.
    path: PathBuf,
    /// What is compared.
    #[arg(short, long, value_enum, default_value_t)]
    kind: Kind,
    /// Who answers evaluations.
    #[arg(short, long, value_enum, default_value_t)]
    engine: Engine,
    /// Only the first of every so many evaluations, by their names.
    #[arg(long, value_name = "N", default_value = "1")]
    every: NonZero<usize>,
    /// The form of the report.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Only cases whose name contains this text.
    #[arg(long, default_value = "")]
    case: String,
}

/// The forms of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each failure, then totals.
    #[default]
    Pretty,
    /// `{passed, failed, skipped, failures}`
    Json,
}

/// Runs all cases; the exit code is 1 when one fails.
pub fn run(args: &Args) -> Outcome {
    let report = match args.kind {
        Kind::Eval => evaluations(args),
        kind => front_end::report(kind, &args.path, &args.case),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => return Outcome::failed(format!("{error:#}"), 1),
    };
    match args.format {
        Format::Pretty => print!("{}", report.text()),
        Format::Json => match serde_json::to_string(&report) {
            Ok(text) => println!("{text}"),
            Err(error) => return Outcome::failed(error.to_string(), 1),
        },
    }
    Outcome::Code(if report.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The engines that are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// The IR is run at once.
    #[default]
    Interpreter,
    /// Rust is generated, built with cargo and run.
    Native,
    /// One after the other; answers that differ are failures even where a case takes both.
    Both,
}

fn evaluations(args: &Args) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let mut cases = files::read(&args.path)?;
    cases.sort_by(|one, other| one.id.cmp(&other.id));
    let chosen: Vec<&Case> = cases
        .iter()
        .filter(|case| case.id.contains(&args.case))
        .step_by(args.every.get())
        .collect();
    let mut progress = Progress::new(chosen.len());
    let mut interpreted = Vec::new();
    if args.engine != Engine::Native {
        for case in &chosen {
            let answer = engines::interpreter::answer(case);
            report.count(&case.id, "interpreter", judge(case, &answer));
            interpreted.push(answer);
            progress.show("interpreted", interpreted.len());
        }
    }
    if args.engine == Engine::Interpreter {
        return Ok(report);
    }
    let engine = Native::new(Workshop::standard()?);
    let native = engine.answers(&chosen, |done| progress.show("built and run", done))?;
    for (at, (case, answer)) in chosen.iter().zip(&native).enumerate() {
        let verdict = judge(case, answer).and_then(|()| match interpreted.get(at) {
            Some(other) if differ(answer, other) => {
                Err((format!("as interpreted: {other:?}"), format!("{answer:?}")))
            }
            _ => Ok(()),
        });
        report.count(&case.id, "native", verdict);
    }
    Ok(report)
}

/// Errors are the same by their codes: their texts can name what only one engine knows, such as the line of a limit.
fn differ(one: &Answer, other: &Answer) -> bool {
    match (one, other) {
        (Answer::Error { code: one, .. }, Answer::Error { code: other, .. }) => one != other,
        (one, other) => one != other,
    }
}

/// What is said of a run that takes more than a second, on a terminal.
struct Progress {
    all: usize,
    start: Instant,
    last: Option<Instant>,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self {
            all,
            start: Instant::now(),
            last: None,
        }
    }

    fn show(&mut self, what: &str, done: usize) {
        let second = std::time::Duration::from_secs(1);
        let due = self.last.unwrap_or(self.start).elapsed() > second;
        if due && std::io::stderr().is_terminal() {
            eprint!("\r{done} of {} cases {what}\x1b[K", self.all);
            self.last = Some(Instant::now());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.last.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
