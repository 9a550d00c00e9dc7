//! Benchmarks in Go's three forms: a table, JSON, and lines that `benchstat` reads.

use super::explain::Spread;
use super::json::Json;
use crate::counting::Memory;

/// What was measured.
pub struct Measured {
    /// The nanoseconds of each evaluation.
    pub times: Vec<u64>,
    /// What all of them together asked the allocator for.
    pub memory: Memory,
}

/// A benchmark as it is shown.
pub struct Benchmark {
    /// How many evaluations.
    pub runs: u64,
    /// Nanoseconds of all of them.
    pub time: u64,
    /// What they asked the allocator for, if that is shown.
    pub memory: Option<Memory>,
    /// More figures by their names.
    pub extra: Vec<(String, f64)>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and nanoseconds of a benchmark are far below 2^53"
)]
impl Benchmark {
    /// The figures that stand on top of a report.
    pub fn new(measured: &Measured, with_memory: bool) -> Self {
        Self {
            runs: u64::try_from(measured.times.len()).unwrap_or(u64::MAX),
            time: measured.times.iter().sum(),
            memory: with_memory.then_some(measured.memory),
            extra: Vec::new(),
        }
    }

    /// Adds how the values of a metric of OPA's spread (`timer_rego_query_eval_ns`).
    pub fn spread(&mut self, metric: &str, values: &[u64]) {
        let spread = Spread::new(values.to_vec());
        for (part, value) in spread.figures() {
            self.extra
                .push((format!("histogram_{metric}_{part}"), value));
        }
    }

    /// Adds what one way of asking costs: `interpreter_parsed_ns_99%`.
    pub fn way(&mut self, name: &str, measured: &Measured, with_memory: bool) {
        let runs = measured.times.len().max(1) as f64;
        let spread = Spread::new(measured.times.clone());
        let shown = ["mean", "median", "90%", "99%", "99.9%"];
        for (part, value) in spread.figures() {
            if shown.contains(&part) {
                self.extra.push((format!("{name}_ns_{part}"), value));
            }
        }
        if with_memory {
            let each = |total: u64| total as f64 / runs;
            let Memory { count, bytes } = measured.memory;
            self.extra.push((format!("{name}_allocs"), each(count)));
            self.extra.push((format!("{name}_bytes"), each(bytes)));
        }
    }

    /// Everything in its order.
    fn sorted(&self) -> Vec<(&str, f64)> {
        let mut extra: Vec<_> = self
            .extra
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        extra.sort_by(|one, other| one.0.cmp(other.0));
        extra
    }

    fn mean(&self) -> f64 {
        self.time as f64 / self.runs.max(1) as f64
    }

    fn each(&self, total: u64) -> u64 {
        total / self.runs.max(1)
    }

    /// As JSON, members as Go names them.
    pub fn json(&self) -> String {
        let memory = self.memory.unwrap_or_default();
        let extra = self
            .sorted()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Json::Number(format!("{value}"))));
        Json::object([
            ("N", Some(self.runs.into())),
            ("T", Some(self.time.into())),
            ("Bytes", Some(0_u64.into())),
            ("MemAllocs", Some(memory.count.into())),
            ("MemBytes", Some(memory.bytes.into())),
            ("Extra", Some(Json::Object(extra.collect()))),
        ])
        .pretty()
    }

    /// One line.
    pub fn line(&self) -> String {
        let mut text = format!(
            "BenchmarkOPAEval\t{:8}\t{} ns/op",
            self.runs,
            figure(self.mean())
        );
        for (name, value) in self.sorted() {
            text += &format!("\t{} {name}", figure(value));
        }
        if let Some(memory) = self.memory {
            let (bytes, count) = (self.each(memory.bytes), self.each(memory.count));
            text += &format!("\t{bytes:8} B/op\t{count:8} allocs/op");
        }
        text + "\n"
    }

    /// A table of two columns.
    pub fn table(&self) -> String {
        let mut rows = vec![
            ("samples", self.runs.to_string()),
            ("ns/op", figure(self.mean())),
        ];
        if let Some(memory) = self.memory {
            rows.push(("B/op", self.each(memory.bytes).to_string()));
            rows.push(("allocs/op", self.each(memory.count).to_string()));
        }
        rows.extend(
            self.sorted()
                .into_iter()
                .map(|(name, value)| (name, figure(value))),
        );
        let width = |of: fn(&(&str, String)) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let left = width(|row| row.0.len());
        let right = width(|row| row.1.trim().len());
        let rule = |[begin, middle, end]: [char; 3]| {
            format!(
                "{begin}{}{middle}{}{end}\n",
                "─".repeat(left + 2),
                "─".repeat(right + 2)
            )
        };
        let mut text = rule(['┌', '┬', '┐']);
        for (name, value) in &rows {
            text += &format!("│ {name:left$} │ {:>right$} │\n", value.trim());
        }
        text + &rule(['└', '┴', '┘'])
    }
}

/// A number as Go's benchmarks print it: ten places before the point, and three digits that count for small numbers.
fn figure(value: f64) -> String {
    let size = value.abs();
    let (width, digits) = if size == 0.0 || size >= 99.95 {
        (10, 0)
    } else if size >= 9.995 {
        (12, 1)
    } else if size >= 0.9995 {
        (13, 2)
    } else if size >= 0.099_95 {
        (14, 3)
    } else if size >= 0.009_995 {
        (15, 4)
    } else if size >= 0.000_999_5 {
        (16, 5)
    } else {
        (17, 6)
    };
    format!("{value:width$.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_places_that_go_gives_them() {
        assert_eq!(figure(18_229.7), "     18230");
        assert_eq!(figure(12.34), "        12.3");
        assert_eq!(figure(1.5), "         1.50");
        assert_eq!(figure(0.0), "         0");
    }

    #[test]
    fn a_benchmark_is_a_table_and_a_line() {
        let measured = Measured {
            times: vec![100, 300],
            memory: Memory {
                count: 4,
                bytes: 64,
            },
        };
        let shown = Benchmark::new(&measured, true);
        let table = "┌───────────┬─────┐\n│ samples   │   2 │\n│ ns/op     │ 200 │\n│ B/op      │  32 │\n\
                     │ allocs/op │   2 │\n└───────────┴─────┘\n";
        assert_eq!(shown.table(), table);
        let line =
            "BenchmarkOPAEval\t       2\t       200 ns/op\t      32 B/op\t       2 allocs/op\n";
        assert_eq!(shown.line(), line);
    }

    #[test]
    fn each_way_of_asking_has_its_times_and_what_it_allocates() {
        let measured = Measured {
            times: vec![100, 300],
            memory: Memory {
                count: 4,
                bytes: 64,
            },
        };
        let mut shown = Benchmark::new(&measured, false);
        shown.way("native_bytes", &measured, true);
        let line = shown.line();
        for part in [
            "2.00 native_bytes_allocs",
            "32.0 native_bytes_bytes",
            "200 native_bytes_ns_mean",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}
