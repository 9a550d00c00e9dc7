//! `precinct audit query`: find records.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use precinct_audit::query::{Counts, moment};
use precinct_audit::{Query, Record, scan, table};

use super::Place;
use crate::commands::Outcome;
use crate::present::json::Json;

/// Find records. Without flags, all of them, oldest first.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The caller's SPIFFE ID, exact, or with `*` for a part of the path and `**` for any number of parts.
    #[arg(long, value_name = "ID")]
    spiffe_id: Option<String>,
    /// The earliest moment: a date or RFC 3339.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    since: Option<jiff::Timestamp>,
    /// The moment before which it was decided: a date or RFC 3339.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    until: Option<jiff::Timestamp>,
    /// `allow`, `deny` or `step_up`.
    #[arg(long)]
    result: Option<precinct_audit::Outcome>,
    /// The reason, exact.
    #[arg(long)]
    reason: Option<String>,
    /// The tool, exact.
    #[arg(long)]
    tool: Option<String>,
    /// The digest of the policies, or its beginning.
    #[arg(long, value_name = "DIGEST")]
    bundle_digest: Option<String>,
    /// The decision's ID.
    #[arg(long, value_name = "ID")]
    decision_id: Option<String>,
    /// The session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only the newest so many.
    #[arg(long)]
    limit: Option<usize>,
    /// Only how often each result and each reason occurs.
    #[arg(short, long)]
    count: bool,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns.
    #[default]
    Table,
    /// The records as they were written, one a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
}

fn parse_moment(text: &str) -> Result<jiff::Timestamp, String> {
    moment(text).map_err(|error| error.to_string())
}

/// Finds and prints.
pub fn run(args: &Args) -> Outcome {
    match found(args).and_then(|found| printed(args, &found)) {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(message) => Outcome::failed(format!("error: {message}"), 1),
    }
}

struct Found {
    records: Vec<Record>,
    counts: Counts,
}

fn found(args: &Args) -> Result<Found, String> {
    let query = Query {
        spiffe_id: args.spiffe_id.clone(),
        since: args.since,
        until: args.until,
        result: args.result,
        reason: args.reason.clone(),
        tool: args.tool.clone(),
        bundle_digest: args.bundle_digest.clone(),
        decision_id: args.decision_id.clone(),
        session: args.session.clone(),
    };
    let mut records = std::collections::VecDeque::new();
    let mut counts = Counts::default();
    let all = scan::records(&args.place.store).map_err(|error| error.to_string())?;
    for located in all {
        let record = located.map_err(|error| error.to_string())?.record;
        if !query.matches(&record.decision) {
            continue;
        }
        counts.add(&record.decision);
        if args.count {
            continue;
        }
        records.push_back(record);
        if args.limit.is_some_and(|limit| records.len() > limit) {
            records.pop_front();
        }
    }
    Ok(Found {
        records: records.into(),
        counts,
    })
}

fn printed(args: &Args, found: &Found) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let written = match (args.count, args.format) {
        (true, format) => counts(&mut out, &found.counts, format),
        (false, Format::Jsonl) => table::json_lines(&mut out, &found.records),
        (false, Format::Csv) => table::csv(&mut out, &found.records),
        (false, Format::Table) => table::aligned(&mut out, &found.records)
            .and_then(|()| writeln!(out, "\n{}", summary(&found.counts))),
    };
    match written {
        // Whoever reads the beginning only, such as `head`, has what it wants.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| error.to_string()),
    }
}

fn summary(counts: &Counts) -> String {
    let total = counts.total();
    let noun = if total == 1 { "decision" } else { "decisions" };
    let parts: Vec<String> = counts
        .results
        .iter()
        .map(|(result, count)| format!("{count} {result}"))
        .collect();
    if parts.is_empty() {
        format!("{total} {noun}")
    } else {
        format!("{total} {noun}: {}", parts.join(", "))
    }
}

fn counts(out: &mut impl Write, counts: &Counts, format: Format) -> io::Result<()> {
    let results = counts
        .results
        .iter()
        .map(|(result, count)| (result.to_string(), *count));
    let reasons = counts
        .reasons
        .iter()
        .map(|(reason, count)| (reason.clone(), *count));
    match format {
        Format::Jsonl => {
            let object = |list: Vec<(String, u64)>| {
                let members = list.into_iter().map(|(name, count)| (name, count.into()));
                Json::Object(members.collect())
            };
            let json = Json::object([
                ("total", Some(counts.total().into())),
                ("results", Some(object(results.collect()))),
                ("reasons", Some(object(reasons.collect()))),
            ]);
            writeln!(out, "{}", json.compact())
        }
        Format::Csv => {
            write!(out, "kind,name,count\r\n")?;
            let rows = results
                .map(|(name, count)| ("result", name, count))
                .chain(reasons.map(|(name, count)| ("reason", name, count)));
            for (kind, name, count) in rows {
                let name = table::cell(&name);
                write!(out, "{kind},{name},{count}\r\n")?;
            }
            Ok(())
        }
        Format::Table => {
            writeln!(out, "{}", summary(counts))?;
            for (reason, count) in reasons {
                writeln!(out, "{count:>10}  {}", reason.escape_debug())?;
            }
            Ok(())
        }
    }
}
