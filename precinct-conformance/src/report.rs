//! Totals and failures.

use std::fmt::Write as _;

use serde::Serialize;

/// One case that an engine got wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The case's id.
    pub case: String,
    /// The engine's name.
    pub engine: String,
    /// What was expected.
    pub want: String,
    /// What came out.
    pub got: String,
}

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Answers as expected.
    pub passed: usize,
    /// Answers that were not.
    pub failed: usize,
    /// Cases that were not run, each for a reason that is listed as data.
    pub skipped: usize,
    /// The answers that were not as expected.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Counts one verdict.
    pub fn count(&mut self, case: &str, engine: &str, verdict: Result<(), (String, String)>) {
        match verdict {
            Ok(()) => self.passed += 1,
            Err((want, got)) => {
                self.failed += 1;
                self.failures.push(Failure {
                    case: case.to_owned(),
                    engine: engine.to_owned(),
                    want,
                    got,
                });
            }
        }
    }

    /// One line for each failure, then the totals.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for failure in &self.failures {
            // Writing to a string can't fail.
            let _ = writeln!(
                text,
                "{} ({}): want {}, got {}",
                failure.case,
                failure.engine,
                one_line(&failure.want),
                one_line(&failure.got)
            );
        }
        let _ = writeln!(
            text,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        );
        text
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}
