//! `precinct audit query`: find records.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use precinct_audit::query::{Counts, moment};
use precinct_audit::table::Aligned;
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
    #[arg(long, value_name = "DIGEST", value_parser = parse_digest)]
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

fn parse_digest(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let is_hex = digits
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex && (1..=64).contains(&digits.len()) {
        Ok(text.to_owned())
    } else {
        Err("expected `sha256:` and up to 64 of 0-9a-f, or a beginning of them".to_owned())
    }
}

fn parse_moment(text: &str) -> Result<jiff::Timestamp, String> {
    moment(text).map_err(|error| error.to_string())
}

/// Finds and prints.
pub fn run(args: &Args) -> Outcome {
    match printed(args) {
        Ok(None) => Outcome::Code(ExitCode::SUCCESS),
        Ok(Some(Broken { first, lines })) => {
            let noun = if lines == 1 { "line was" } else { "lines were" };
            Outcome::failed(format!("error: {first}; {lines} {noun} passed over"), 1)
        }
        // Whoever reads the beginning only, such as `head`, has what it wants.
        Err(Stop::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(Stop::Unwritten(error)) => Outcome::failed(format!("error: {error}"), 1),
        Err(Stop::Unread(message)) => Outcome::failed(format!("error: {message}"), 1),
    }
}

/// Why a search ends early.
enum Stop {
    /// What is asked for can't be, or the store can't be read.
    Unread(String),
    /// The output can't be written.
    Unwritten(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unwritten(error)
    }
}

impl From<precinct_audit::Error> for Stop {
    fn from(error: precinct_audit::Error) -> Self {
        Self::Unread(error.to_string())
    }
}

/// Lines that are no records.
struct Broken {
    /// Where the first is, and what is wrong with it.
    first: String,
    /// How many there are.
    lines: u64,
}

/// What a walk through the store found.
#[derive(Default)]
struct Found {
    counts: Counts,
    broken: Option<Broken>,
}

/// A store, and what is looked for in it.
struct Search<'s> {
    store: &'s Path,
    query: Query,
}

impl Search<'_> {
    /// Hands over the records that fit, oldest first, and keeps none. Lines that are no records are passed over.
    fn walk(&self, mut each: impl FnMut(Record) -> io::Result<()>) -> Result<Found, Stop> {
        let mut found = Found::default();
        for located in scan::records(self.store)? {
            match located {
                Ok(located) if self.query.matches(&located.record.decision) => {
                    found.counts.add(&located.record.decision);
                    each(located.record)?;
                }
                Ok(_) => {}
                Err(error @ precinct_audit::Error::Malformed { .. }) => {
                    let broken = found.broken.get_or_insert_with(|| Broken {
                        first: error.to_string(),
                        lines: 0,
                    });
                    broken.lines += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }
}

fn query(args: &Args) -> Result<Query, Stop> {
    if let (Some(since), Some(until)) = (args.since, args.until)
        && since >= until
    {
        return Err(Stop::Unread(format!(
            "--since {since} is not before --until {until}: nothing was decided between them"
        )));
    }
    Ok(Query {
        spiffe_id: args.spiffe_id.clone(),
        since: args.since,
        until: args.until,
        result: args.result,
        reason: args.reason.clone(),
        tool: args.tool.clone(),
        bundle_digest: args.bundle_digest.clone(),
        decision_id: args.decision_id.clone(),
        session: args.session.clone(),
    })
}

/// Prints what was found, and tells what was passed over.
fn printed(args: &Args) -> Result<Option<Broken>, Stop> {
    let search = Search {
        store: &args.place.store,
        query: query(args)?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let found = if args.count {
        let found = search.walk(|_| Ok(()))?;
        counts(&mut out, &found.counts, args.format)?;
        found
    } else if let Some(limit) = args.limit {
        let mut newest = VecDeque::new();
        let found = search.walk(|record| {
            newest.push_back(record);
            if newest.len() > limit {
                newest.pop_front();
            }
            Ok(())
        })?;
        let mut table = Aligned::default();
        for record in &newest {
            table.measure(record);
        }
        names(&mut out, args.format, &table)?;
        for record in &newest {
            line(&mut out, args.format, &table, record)?;
        }
        found
    } else {
        let mut table = Aligned::default();
        if args.format == Format::Table {
            // A store may be larger than memory, so it is walked twice.
            search.walk(|record| {
                table.measure(&record);
                Ok(())
            })?;
        }
        names(&mut out, args.format, &table)?;
        search.walk(|record| line(&mut out, args.format, &table, &record))?
    };
    if !args.count && args.format == Format::Table {
        writeln!(out, "\n{}", summary(&found.counts))?;
    }
    out.flush()?;
    Ok(found.broken)
}

fn names(out: &mut impl Write, format: Format, table: &Aligned) -> io::Result<()> {
    match format {
        Format::Table => table.names(out),
        Format::Csv => table::csv_names(out),
        Format::Jsonl => Ok(()),
    }
}

fn line(out: &mut impl Write, format: Format, table: &Aligned, record: &Record) -> io::Result<()> {
    match format {
        Format::Table => table.line(out, record),
        Format::Csv => table::csv_line(out, record),
        Format::Jsonl => table::json_line(out, record),
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
