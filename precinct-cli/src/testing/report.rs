//! Reports of a test run: for people and as JSON.

use base64::Engine as _;

use super::result::{Bench, CaseResult, TestResult};
use crate::present::errors::{self, Shown};
use crate::present::json::Json;

/// What a report for people shows besides failures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Tests that passed, and the traces of those that failed.
    pub verbose: bool,
    /// The expressions that failed, with the values of their parts.
    pub values: bool,
    /// Benchmarks under names for Go's tools.
    pub gobench: bool,
    /// The memory that benchmarks took.
    pub memory: bool,
}

/// How many tests (or cases of tests) went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// True.
    pub passed: usize,
    /// Not true.
    pub failed: usize,
    /// Not evaluated.
    pub skipped: usize,
    /// Ended with an error.
    pub errors: usize,
}

impl Totals {
    /// Counts the results.
    pub fn of(results: &[TestResult]) -> Self {
        let mut totals = Self::default();
        for result in results {
            if result.skip {
                totals.skipped += 1;
            } else if result.error.is_some() {
                totals.errors += 1;
            } else if result.cases.is_empty() {
                totals.passed += usize::from(!result.fail);
                totals.failed += usize::from(result.fail);
            } else {
                for case in &result.cases {
                    let (passed, failed) = case.leaves();
                    totals.passed += passed;
                    totals.failed += failed;
                }
            }
        }
        totals
    }

    /// All of them.
    pub fn all(self) -> usize {
        self.passed + self.failed + self.skipped + self.errors
    }
}

const RULE: &str =
    "--------------------------------------------------------------------------------\n";

/// The report for people.
pub fn text(results: &[TestResult], options: Options) -> String {
    let mut text = String::new();
    let mut dirty = false;
    let mut last_file = "";
    for result in results {
        if let Some(bench) = result.bench.filter(|_| result.passed()) {
            dirty = true;
            let name = if options.gobench {
                result.bench_name()
            } else {
                format!("{}.{}", result.package, result.name)
            };
            text += &bench.line(&name, options.memory);
            text.push('\n');
        } else if options.verbose || !result.passed() {
            dirty = true;
            if !last_file.is_empty() && last_file != result.file {
                text.push('\n');
            }
            last_file = &result.file;
            text += &format!("{}:{}:\n{}\n", result.file, result.row, result.line());
            for case in &result.cases {
                cases(case, 1, options.verbose, &mut text);
            }
            if !result.output.is_empty() {
                text += &format!("\n{}\n", indent(result.output.trim(), 2));
                text.push('\n');
            }
        }
        if let Some(error) = &result.error {
            text += &format!("  {}\n", errors::headline(error));
            if !error.trace.is_empty() {
                text += "  Traceback:\n";
                for frame in &error.trace {
                    text += &format!("    {}\n", errors::frame(frame));
                }
            }
        }
    }
    let totals = Totals::of(results);
    if totals.failed > 0 && (options.verbose || options.values) {
        text += &format!("{RULE}FAILURES\n{RULE}");
        let failed = |result: &&TestResult| result.fail && result.error.is_none();
        for failure in results.iter().filter(failed) {
            text += &failure.line();
            text.push('\n');
            if options.verbose {
                text.push('\n');
                text += &failure.trace;
            }
            if options.values && failure.cases.is_empty() {
                text.push('\n');
                if let Some((place, expression)) = &failure.failure {
                    text += &format!("  {place}\n{}\n", indent(expression, 4));
                }
            }
            if !failure.cases.is_empty() {
                text.push('\n');
                for case in &failure.cases {
                    lineage(case, &mut Vec::new(), &mut text);
                }
            }
            text.push('\n');
        }
    }
    if dirty {
        text += RULE;
    }
    for (name, count) in [
        ("PASS", totals.passed),
        ("FAIL", totals.failed),
        ("SKIPPED", totals.skipped),
        ("ERROR", totals.errors),
    ] {
        if count > 0 {
            text += &format!("{name}: {count}/{}\n", totals.all());
        }
    }
    text
}

fn cases(case: &CaseResult, depth: usize, verbose: bool, text: &mut String) {
    if case.fail || verbose {
        *text += &format!("{}{}: {}\n", "  ".repeat(depth), case.name, case.outcome());
    }
    for inner in &case.cases {
        cases(inner, depth + 1, verbose, text);
    }
}

/// Each failed case at the bottom, below the names that lead to it.
fn lineage<'a>(case: &'a CaseResult, above: &mut Vec<&'a str>, text: &mut String) {
    above.push(&case.name);
    if case.fail && case.cases.is_empty() {
        for (depth, name) in above.iter().enumerate() {
            *text += &format!("{}{name}: {}\n", "  ".repeat(depth + 1), case.outcome());
        }
    }
    for inner in &case.cases {
        lineage(inner, above, text);
    }
    above.pop();
}

fn indent(text: &str, by: usize) -> String {
    let space = " ".repeat(by);
    let lines: Vec<String> = text.lines().map(|line| format!("{space}{line}")).collect();
    lines.join("\n")
}

/// `-f json`
pub fn json(results: &[TestResult]) -> String {
    Json::Array(results.iter().map(one).collect()).pretty()
}

fn one(result: &TestResult) -> Json {
    let location = Json::object([
        ("file", Some(result.file.as_str().into())),
        ("row", Some(result.row.into())),
        ("col", Some(result.col.into())),
    ]);
    let nanos = u64::try_from(result.duration.as_nanos()).unwrap_or(u64::MAX);
    let output = base64::engine::general_purpose::STANDARD.encode(&result.output);
    Json::object([
        ("location", Some(location)),
        ("package", Some(result.package.as_str().into())),
        ("name", Some(result.name.as_str().into())),
        ("error", result.error.as_ref().map(Shown::json)),
        ("fail", result.fail.then_some(Json::Bool(true))),
        ("skip", result.skip.then_some(Json::Bool(true))),
        ("duration", Some(nanos.into())),
        (
            "output",
            (!output.is_empty()).then_some(Json::String(output)),
        ),
        ("sub_results", sub_results(&result.cases)),
        ("benchmark_result", result.bench.as_ref().map(bench)),
    ])
}

fn bench(bench: &Bench) -> Json {
    let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let each = bench.each(nanos(bench.evaluated));
    let extra = Json::object([(
        "timer_rego_query_eval_ns/op",
        Some(Json::Number(format!("{each}"))),
    )]);
    Json::object([
        ("N", Some(bench.rounds.into())),
        ("T", Some(nanos(bench.took).into())),
        ("Bytes", Some(0_u64.into())),
        ("MemAllocs", Some(bench.allocations.into())),
        ("MemBytes", Some(bench.bytes.into())),
        ("Extra", Some(extra)),
    ])
}

fn sub_results(cases: &[CaseResult]) -> Option<Json> {
    if cases.is_empty() {
        return None;
    }
    let members = cases.iter().map(|case| {
        let inner = Json::object([
            ("name", Some(case.name.as_str().into())),
            ("fail", case.fail.then_some(Json::Bool(true))),
            ("sub_results", sub_results(&case.cases)),
        ]);
        (case.name.clone(), inner)
    });
    Some(Json::Object(members.collect()))
}
