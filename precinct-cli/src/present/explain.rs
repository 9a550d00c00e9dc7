//! What an evaluation did: as lines, as JSON, and as a profile.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use precinct_interpreter::stack;
use precinct_interpreter::trace::{Detail, Event, Op, Subject, filtered, pretty};
use precinct_rego::ast::Span;
use precinct_rego::source::Sources;

use super::errors::{Frame, Shown};
use super::json::Json;
use super::table::{Align, Table};
use crate::testing::result::duration;

/// How much of an evaluation is explained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Explain {
    /// Nothing.
    #[default]
    Off,
    /// Everything that happens.
    Full,
    /// What policies say with `trace`.
    Notes,
    /// What did not hold.
    Fails,
    /// Everything that happens.
    Debug,
}

impl Explain {
    /// The events that are shown.
    pub fn select(self, events: &[Event]) -> Vec<Event> {
        match self {
            Self::Off => Vec::new(),
            Self::Notes => filtered(events, Detail::Notes),
            Self::Fails => filtered(events, Detail::Fails),
            Self::Full | Self::Debug => filtered(events, Detail::Full),
        }
    }
}

/// The events as lines.
pub fn text(events: &[Event], sources: &Sources, locals: bool) -> String {
    pretty::text(events, sources, locals)
}

/// The events as objects.
pub fn json(events: &[Event], sources: &Sources) -> Json {
    Json::Array(events.iter().map(|event| one(event, sources)).collect())
}

fn one(event: &Event, sources: &Sources) -> Json {
    let kind = match event.subject {
        Subject::Rule => "rule",
        Subject::Body => "body",
        Subject::Expr(_) => "expr",
    };
    let source = sources.get(event.span.source);
    let location = Json::object([
        (
            "file",
            Some(source.map_or("", |source| &source.name).into()),
        ),
        ("row", Some(event.span.row.into())),
        ("col", Some(event.span.col.into())),
    ]);
    let locals = event.locals.iter().map(|(name, value)| {
        Json::object([
            ("name", Some(name.as_ref().into())),
            ("value", Some(value.as_str().into())),
        ])
    });
    Json::object([
        ("Op", Some(event.op.as_str().into())),
        ("Kind", Some(kind.into())),
        ("Node", Some(event.text.as_ref().into())),
        ("Location", Some(location)),
        ("QueryID", Some(event.query.into())),
        ("ParentID", Some(event.parent.into())),
        ("Locals", Some(Json::Array(locals.collect()))),
        ("Message", Some(event.message.as_str().into())),
    ])
}

/// Adds the places of a stack trace, innermost first, to an error. The place of an error in a query is its text.
pub fn traced(mut error: Shown, frames: &[stack::Frame], sources: &Sources) -> Shown {
    error.bodies = frames.iter().map(|frame| frame.body).collect();
    error.trace = frames
        .iter()
        .map(|frame| {
            let (file, row, col, mut text) = place(frame.span, sources);
            if let Some(source) = sources.get(frame.span.source) {
                text = frame.text(&source.text);
            }
            (file, row, col, text)
        })
        .collect();
    error
}

/// The file, row, column and text of a place.
pub fn place(span: Span, sources: &Sources) -> Frame {
    let source = sources.get(span.source);
    let text = source
        .and_then(|source| source.text.get(span.start as usize..span.end as usize))
        .unwrap_or_default();
    let name = source.map_or("", |source| &source.name);
    (name.to_owned(), span.row, span.col, text.to_owned())
}

/// What the expressions of one row cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    file: String,
    row: u32,
    col: u32,
    text: String,
    /// Nanoseconds.
    time: u64,
    evals: u64,
    redos: u64,
    exprs: BTreeSet<usize>,
}

/// What rows cost, in the order of these criteria; the time comes first when there are none.
pub fn profile(events: &[Event], sources: &Sources, sort: &[String], limit: usize) -> Vec<Cost> {
    let mut rows = Rows::default();
    rows.add(events, sources);
    rows.sorted(sort, limit)
}

/// The costs of rows in several evaluations.
#[derive(Default)]
pub struct Rows(BTreeMap<(String, u32), Cost>);

impl Rows {
    /// Adds an evaluation.
    pub fn add(&mut self, events: &[Event], sources: &Sources) {
        let steps: Vec<(&Event, usize)> = events
            .iter()
            .filter_map(|event| match (event.op, event.subject) {
                (Op::Eval | Op::Redo, Subject::Expr(expr)) => Some((event, expr)),
                _ => None,
            })
            .collect();
        let end = events.last().map_or(0, |event| event.ns);
        for (number, (event, expr)) in steps.iter().enumerate() {
            let until = steps.get(number + 1).map_or(end, |(next, _)| next.ns);
            let (file, row, col, text) = place(event.span, sources);
            let cost = self.0.entry((file.clone(), row)).or_insert_with(|| Cost {
                file,
                row,
                col,
                text,
                ..Cost::default()
            });
            cost.time += until.saturating_sub(event.ns);
            cost.exprs.insert(*expr);
            if event.op == Op::Eval {
                cost.evals += 1;
            } else {
                cost.redos += 1;
            }
        }
    }

    /// The costs in the order of these criteria, as many as `limit`; 0 is all.
    pub fn sorted(self, sort: &[String], limit: usize) -> Vec<Cost> {
        let costs = self.0.into_values().collect();
        sorted(costs, sort, limit)
    }
}

fn sorted(mut costs: Vec<Cost>, sort: &[String], limit: usize) -> Vec<Cost> {
    let criteria: Vec<&str> = if sort.is_empty() {
        vec![
            "total_time_ns",
            "num_eval",
            "num_redo",
            "num_gen_expr",
            "file",
            "line",
        ]
    } else {
        sort.iter().map(String::as_str).collect()
    };
    costs.sort_by(|one, other| {
        criteria
            .iter()
            .fold(std::cmp::Ordering::Equal, |order, by| {
                order.then_with(|| match *by {
                    "num_eval" => other.evals.cmp(&one.evals),
                    "num_redo" => other.redos.cmp(&one.redos),
                    "num_gen_expr" => other.exprs.len().cmp(&one.exprs.len()),
                    "file" => other.file.cmp(&one.file),
                    "line" => other.row.cmp(&one.row),
                    _ => other.time.cmp(&one.time),
                })
            })
    });
    if limit > 0 {
        costs.truncate(limit);
    }
    costs
}

/// A profile as JSON.
pub fn profile_json(costs: &[Cost]) -> Json {
    let rows = costs.iter().map(|cost| {
        Json::object([
            ("total_time_ns", Some(cost.time.into())),
            ("num_eval", Some(cost.evals.into())),
            ("num_redo", Some(cost.redos.into())),
            ("num_gen_expr", Some(count(cost.exprs.len()).into())),
            (
                "location",
                Some(Json::object([
                    ("file", Some(cost.file.as_str().into())),
                    ("row", Some(cost.row.into())),
                    ("col", Some(cost.col.into())),
                ])),
            ),
        ])
    });
    Json::Array(rows.collect())
}

/// A profile as a table.
pub fn profile_table(costs: &[Cost]) -> String {
    if costs.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["Time", "Num Eval", "Num Redo", "Num Gen Expr", "Location"]);
    table.align = Align::Left;
    for cost in costs {
        let place = if cost.file.is_empty() {
            cost.text.clone()
        } else {
            format!("{}:{}", cost.file, cost.row)
        };
        table.row([
            duration(std::time::Duration::from_nanos(cost.time)),
            cost.evals.to_string(),
            cost.redos.to_string(),
            cost.exprs.len().to_string(),
            place,
        ]);
    }
    table.render()
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// What some timings have in common.
#[derive(Clone, Debug)]
pub struct Spread {
    values: Vec<u64>,
}

impl Spread {
    /// Of these values.
    pub fn new(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        Self { values }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "nanoseconds of an evaluation are far below 2^53"
    )]
    fn floats(&self) -> Vec<f64> {
        self.values.iter().map(|value| *value as f64).collect()
    }

    fn mean(&self) -> f64 {
        let values = self.floats();
        let length = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX)).max(1.0);
        values.iter().sum::<f64>() / length
    }

    fn deviation(&self) -> f64 {
        let values = self.floats();
        let mean = self.mean();
        let length = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX)).max(1.0);
        let sum: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (sum / length).sqrt()
    }

    /// The value below which so many of ten thousand values lie, between neighbours in proportion.
    fn part(&self, of_ten_thousand: u32) -> f64 {
        let values = self.floats();
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return 0.0;
        };
        let length = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let at = u64::from(of_ten_thousand) * (u64::from(length) + 1);
        let below = usize::try_from(at / 10_000).unwrap_or(usize::MAX);
        let beyond = f64::from(u32::try_from(at % 10_000).unwrap_or_default()) / 10_000.0;
        match (below.checked_sub(1), values.get(below)) {
            (None, _) => *first,
            (Some(_), None) => *last,
            (Some(lower), Some(upper)) => {
                let lower = values.get(lower).unwrap_or(first);
                lower + beyond * (upper - lower)
            }
        }
    }

    /// All figures by their names.
    pub fn figures(&self) -> [(&'static str, f64); 12] {
        let [mut least, mut most, mut length] = [0.0; 3];
        let values = self.floats();
        if let (Some(first), Some(last)) = (values.first(), values.last()) {
            (least, most) = (*first, *last);
            length = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
        }
        [
            ("75%", self.part(7_500)),
            ("90%", self.part(9_000)),
            ("95%", self.part(9_500)),
            ("99%", self.part(9_900)),
            ("99.9%", self.part(9_990)),
            ("99.99%", self.part(9_999)),
            ("count", length),
            ("max", most),
            ("mean", self.mean()),
            ("median", self.part(5_000)),
            ("min", least),
            ("stddev", self.deviation()),
        ]
    }

    /// As an object of numbers.
    pub fn json(&self) -> Json {
        let number = |(name, value): (&str, f64)| (name.to_owned(), Json::Number(plain(value)));
        Json::Object(self.figures().map(number).into())
    }

    /// Least, most, mean, 90 % and 99 %, as cells of a table.
    pub fn cells(&self) -> [String; 5] {
        [
            self.values.first().copied().unwrap_or(0).to_string(),
            self.values.last().copied().unwrap_or(0).to_string(),
            plain(self.mean()),
            plain(self.part(9_000)),
            plain(self.part(9_900)),
        ]
    }
}

fn plain(value: f64) -> String {
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_their_neighbours() {
        let spread = Spread::new(vec![4, 1, 3, 2]);
        assert_eq!(
            spread.cells(),
            ["1", "4", "2.5", "4", "4"].map(String::from)
        );
        assert!((spread.part(5_000) - 2.5).abs() < f64::EPSILON);
        assert!((spread.deviation() - 1.25_f64.sqrt()).abs() < 1e-12);
    }
}
