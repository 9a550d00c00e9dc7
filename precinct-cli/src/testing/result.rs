//! How one test went.

use std::time::Duration;

use crate::present::errors::Shown;

/// How one test went.
#[derive(Clone, Debug, Default)]
pub struct TestResult {
    /// The file of the rule.
    pub file: String,
    /// Its row, from 1.
    pub row: u32,
    /// Its column, from 1.
    pub col: u32,
    /// `data.a.b`
    pub package: String,
    /// The rule's name.
    pub name: String,
    /// The rule was not true.
    pub fail: bool,
    /// The rule's name starts with `todo_`: it was not evaluated.
    pub skip: bool,
    /// The evaluation ended with an error.
    pub error: Option<Shown>,
    /// How long the evaluation took.
    pub duration: Duration,
    /// What the test printed.
    pub output: String,
    /// The cases of a test that has some: `test_x[case]`.
    pub cases: Vec<CaseResult>,
    /// The trace of a failed test, ready to be shown.
    pub trace: String,
    /// The place and the text of the expression that failed.
    pub failure: Option<(String, String)>,
    /// How fast the test is.
    pub bench: Option<Bench>,
}

/// How fast a test is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bench {
    /// How often it ran.
    pub rounds: u64,
    /// How long that took.
    pub took: Duration,
    /// How long of this the engine ran.
    pub evaluated: Duration,
    /// How often memory for values had to be asked for.
    pub allocations: u64,
    /// How many bytes of it.
    pub bytes: u64,
}

impl Bench {
    /// A part of this for each round.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and nanoseconds of a benchmark are far below 2^53"
    )]
    pub fn each(&self, whole: u64) -> f64 {
        whole as f64 / self.rounds.max(1) as f64
    }

    /// As Go's benchmarks are printed.
    pub fn line(&self, name: &str, memory: bool) -> String {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mut text = format!(
            "{name}\t{:8}\t{:10.0} ns/op\t{:10.0} timer_rego_query_eval_ns/op",
            self.rounds,
            self.each(nanos(self.took)),
            self.each(nanos(self.evaluated)),
        );
        if memory {
            text += &format!(
                "\t{:8} B/op\t{:8} allocs/op",
                self.bytes / self.rounds.max(1),
                self.allocations / self.rounds.max(1)
            );
        }
        text
    }
}

/// How one case of a test went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// The case, or one below it, was not true.
    pub fail: bool,
    /// The cases below.
    pub cases: Vec<CaseResult>,
}

impl TestResult {
    /// Neither failed, nor skipped, nor ended with an error.
    pub fn passed(&self) -> bool {
        !self.fail && !self.skip && self.error.is_none()
    }

    /// `data.a.test_x: PASS (1.5ms)`
    pub fn line(&self) -> String {
        let name = format!("{}.{}", self.package, self.name);
        if self.skip {
            return format!("{name}: SKIPPED");
        }
        let outcome = if self.error.is_some() {
            "ERROR"
        } else if self.fail {
            "FAIL"
        } else {
            "PASS"
        };
        format!("{name}: {outcome} ({})", duration(self.duration))
    }
}

impl TestResult {
    /// The line, and a line for each case.
    pub fn full(&self) -> String {
        let mut text = self.line() + "\n";
        for case in &self.cases {
            case.full(0, &mut text);
        }
        text
    }

    /// `BenchmarkDataATestX`: a name that Go's tools for benchmarks read.
    pub fn bench_name(&self) -> String {
        let full = format!("{}.{}", self.package, self.name);
        let parts = full.split(|c: char| !c.is_alphanumeric());
        parts.fold("Benchmark".to_owned(), |mut name, part| {
            let mut chars = part.chars();
            name.extend(chars.next().map(|first| first.to_ascii_uppercase()));
            name + chars.as_str()
        })
    }
}

impl CaseResult {
    fn full(&self, depth: usize, text: &mut String) {
        let indent = "  ".repeat(depth);
        *text += &format!("{indent}{}: {}\n", self.name, self.outcome());
        for inner in &self.cases {
            inner.full(depth + 1, text);
        }
    }

    /// `PASS` or `FAIL`.
    pub fn outcome(&self) -> &'static str {
        if self.fail { "FAIL" } else { "PASS" }
    }

    /// How many cases without cases below them passed and failed.
    pub fn leaves(&self) -> (usize, usize) {
        if self.cases.is_empty() {
            return if self.fail { (0, 1) } else { (1, 0) };
        }
        self.cases.iter().fold((0, 0), |(passed, failed), case| {
            let (more_passed, more_failed) = case.leaves();
            (passed + more_passed, failed + more_failed)
        })
    }
}

/// A duration as Go prints it: `1.5µs`, `2m3s`.
pub fn duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let fraction = |unit: u128, name: &str| {
        let (whole, rest) = (nanos / unit, nanos % unit);
        let width = unit.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        match digits.trim_end_matches('0') {
            "" => format!("{whole}{name}"),
            digits => format!("{whole}.{digits}{name}"),
        }
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => fraction(1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(1_000_000, "ms"),
        _ => {
            let minutes = nanos / 60_000_000_000;
            let seconds = nanos % 60_000_000_000;
            let text = {
                let (whole, rest) = (seconds / 1_000_000_000, seconds % 1_000_000_000);
                let digits = format!("{rest:09}");
                match digits.trim_end_matches('0') {
                    "" => format!("{whole}s"),
                    digits => format!("{whole}.{digits}s"),
                }
            };
            match (minutes / 60, minutes % 60) {
                (0, 0) => text,
                (0, minutes) => format!("{minutes}m{text}"),
                (hours, minutes) => format!("{hours}h{minutes}m{text}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_go() {
        for (nanos, text) in [
            (0, "0s"),
            (999, "999ns"),
            (1_500, "1.5µs"),
            (2_000_000, "2ms"),
            (1_234_567_000, "1.234567s"),
            (61_000_000_000, "1m1s"),
            (3_600_000_000_000, "1h0m0s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn only_the_lowest_cases_count() {
        let leaf = |fail| CaseResult {
            fail,
            ..CaseResult::default()
        };
        let case = CaseResult {
            fail: true,
            cases: vec![leaf(true), leaf(false), leaf(false)],
            ..CaseResult::default()
        };
        assert_eq!(case.leaves(), (2, 1));
    }
}
