//! Coverage as OPA's JSON.

use precinct_interpreter::coverage::{FileReport, Kind, Range, Report};

use super::json::Json;
use super::table::grid;

/// The reasons that gaps are marked with, as `--coverage-runs` names them: both unless it is given.
///
/// # Errors
/// There is no such reason.
pub fn kinds(names: &[String]) -> Result<Vec<Kind>, String> {
    if names.is_empty() {
        return Ok(Kind::ALL.to_vec());
    }
    let wanted = names.iter().filter(|name| !name.is_empty());
    let kinds = wanted.map(|name| {
        let known = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let [one, other] = Kind::ALL.map(Kind::name);
        known.ok_or_else(|| {
            format!("invalid --coverage-runs value {name:?} (expected {one:?} or {other:?})")
        })
    });
    kinds.collect()
}

fn position(row: u32, col: u32) -> Json {
    Json::object([("row", Some(row.into())), ("col", Some(col.into()))])
}

fn ranges(list: &[Range], report: &FileReport) -> Option<Json> {
    let items = list.iter().map(|range| {
        Json::object([
            ("start", Some(position(range.start.row, range.start.col))),
            ("end", Some(position(range.end.row, range.end.col))),
            (
                "kinds",
                report.kinds.get(range).map(|kinds| {
                    Json::Array(kinds.iter().map(|kind| kind.name().into()).collect())
                }),
            ),
        ])
    });
    (!list.is_empty()).then(|| Json::Array(items.collect()))
}

fn lines(count: usize) -> Option<Json> {
    (count > 0).then(|| Json::Number(count.to_string()))
}

fn percent(value: f64) -> Option<Json> {
    (value > 0.0).then(|| Json::Number(value.to_string()))
}

fn file(report: &FileReport) -> Json {
    Json::object([
        ("covered", ranges(&report.covered, report)),
        ("not_covered", ranges(&report.not_covered, report)),
        ("covered_lines", lines(report.covered_lines())),
        ("not_covered_lines", lines(report.not_covered_lines())),
        ("coverage", percent(report.percentage())),
    ])
}

/// What is shown of the report besides JSON: how much was covered.
pub fn table(report: &Report) -> String {
    let share = format!("{:.2}", report.percentage());
    grid(&[["Overall Coverage".to_owned(), share]])
}

/// The whole report.
pub fn json(report: &Report) -> Json {
    let files = report
        .files
        .iter()
        .map(|(name, report)| (name.to_string(), file(report)));
    Json::object([
        ("files", Some(Json::Object(files.collect()))),
        (
            "covered_lines",
            lines(report.covered_lines()).or(Some(Json::Number("0".into()))),
        ),
        (
            "not_covered_lines",
            lines(report.not_covered_lines()).or(Some(Json::Number("0".into()))),
        ),
        (
            "coverage",
            percent(report.percentage()).or(Some(Json::Number("0".into()))),
        ),
    ])
}
