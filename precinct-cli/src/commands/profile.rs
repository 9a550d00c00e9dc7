//! `precinct profile`: where the time of a decision goes.

use std::io::Write as _;
use std::process::ExitCode;

use precinct_interpreter::policy::PolicyOptions;
use precinct_interpreter::trace::Tracer;
use precinct_rego::lower::Watch;
use precinct_runtime::Document;

use super::Outcome;
use super::eval::Stopped;
use super::question::QuestionArgs;
use crate::host;
use crate::present::errors::{self, Shown};
use crate::present::json::Json;
use crate::present::{explain, profile};

/// Show where the time of a decision goes, by rule and by row.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// How often the query is evaluated; rules have the time of one evaluation on average in tables, all else is of all evaluations.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    count: u64,
    /// How many rules and rows are shown; 0 is all.
    #[arg(long, default_value_t = 10)]
    limit: usize,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    #[default]
    Pretty,
    Json,
}

/// Evaluates and reports.
pub fn run(args: &Args) -> Outcome {
    let query = match args.question.query() {
        Ok(query) => query,
        Err(outcome) => return outcome,
    };
    if let Err(outcome) = args.question.check() {
        return outcome;
    }
    let shown = match report(args, &query) {
        Ok(text) => {
            // A reader that has seen enough closes the pipe.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            return Outcome::Code(ExitCode::SUCCESS);
        }
        Err(Stopped::Message(message)) => vec![Shown::message(message)],
        Err(Stopped::Errors(shown)) => shown,
    };
    if args.format == Format::Json {
        print!("{}", errors::json(&shown).pretty());
    } else {
        eprintln!("{}", errors::text(&shown));
    }
    Outcome::Code(ExitCode::from(2))
}

fn report(args: &Args, text: &str) -> Result<String, Stopped> {
    let options = PolicyOptions {
        version: args.question.version(),
        watch: Some(Watch::default()),
        ..PolicyOptions::default()
    };
    let places = args.question.places();
    let input = args.question.input().map_err(Stopped::Message)?;
    let refused = |refusal: host::Refusal| Stopped::Errors(refusal.shown());
    let parsed = host::parse(&places, &options).map_err(refused)?;
    let policy = host::compile(&parsed, options).map_err(refused)?;
    let query = policy
        .query(text, None, &[])
        .map_err(|failure| Stopped::Errors(host::failure_shown(&failure)))?;
    let outline = policy.outline();
    let mut arena = host::arena();
    let sources = query.sources();
    let (mut rules, mut rows) = (profile::Rules::default(), explain::Rows::default());
    for _ in 0..args.count {
        let mut context = host::prepare(query.context(&arena))
            .with_documents(&parsed.data)
            .with_input(input.as_ref().map(Document::value));
        let mut tracer = Tracer::new(query.program(), &outline, query.outline());
        let answers = query
            .answers_with(&mut context, &mut tracer)
            .map_err(|error| Stopped::Errors(vec![host::eval_shown(&error)]))?;
        let is_defined = !answers.is_empty();
        drop(answers);
        drop(context);
        let events = tracer.finish(is_defined);
        rules.add(&events, sources);
        rows.add(&events, sources);
        arena.reset();
    }
    let mut rules = rules.sorted();
    if args.limit > 0 {
        rules.truncate(args.limit);
    }
    let rows = rows.sorted(&[], args.limit);
    Ok(match args.format {
        Format::Json => Json::object([
            ("count", Some(args.count.into())),
            ("rules", Some(profile::json(&rules))),
            ("rows", Some(explain::profile_json(&rows))),
        ])
        .pretty(),
        Format::Pretty => profile::table(&rules, args.count) + &explain::profile_table(&rows),
    })
}
