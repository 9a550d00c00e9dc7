//! `precinct profile`: where the time of a decision goes.

use std::io::Write as _;
use std::process::ExitCode;

use precinct_interpreter::policy::PolicyOptions;
use precinct_interpreter::trace::Tracer;
use precinct_runtime::Document;

use super::Outcome;
use super::eval::{Stopped, asked};
use crate::host::{self, Places};
use crate::present::errors::{self, Shown};
use crate::present::json::Json;
use crate::present::{explain, profile};

/// Show where the time of a decision goes, by rule and by row.
#[derive(Debug, clap::Args)]
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
    /// How often the query is evaluated; rules have the time of one evaluation on average in tables, all else is of all evaluations.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    count: u64,
    /// How many rules and rows are shown; 0 is all.
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
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
        version: host::version(args.v0_compatible, false),
        marks: true,
        unoptimised: true,
        ..PolicyOptions::default()
    };
    let places = Places {
        paths: args.data.clone(),
        bundles: args.bundle.clone(),
        ignore: args.ignore.clone(),
        guard: None,
        ..Places::default()
    };
    let input = host::input(args.input.as_deref(), args.stdin_input).map_err(Stopped::Message)?;
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
