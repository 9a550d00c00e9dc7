//! Printing decisions: as a table, JSON lines or CSV.

use std::io::{self, Write};

use crate::{Decision, Record};

/// A column: its name, and how it is read off a decision.
type Column = (&'static str, fn(&Decision) -> String);

/// The columns of the table and of CSV.
const COLUMNS: [Column; 9] = [
    ("timestamp", |decision| decision.timestamp.clone()),
    ("decision_id", |decision| decision.decision_id.clone()),
    ("result", |decision| decision.result.to_string()),
    ("reason", |decision| {
        decision.reason.clone().unwrap_or_default()
    }),
    ("spiffe_id", |decision| {
        decision.input_text("caller_spiffe_id").unwrap_or_default()
    }),
    ("tool", |decision| {
        decision.input_text("tool_name").unwrap_or_default()
    }),
    ("session", |decision| {
        decision.input_text("session_id").unwrap_or_default()
    }),
    ("path", |decision| decision.path.clone()),
    ("bundle_digest", |decision| decision.bundle_digest.clone()),
];

/// A record as a line of JSON, as it stands in the store.
///
/// # Errors
/// When writing fails.
pub fn json_line(out: &mut impl Write, record: &Record) -> io::Result<()> {
    out.write_all(&record.to_line().map_err(io::Error::other)?)?;
    out.write_all(b"\n")
}

/// The first line of CSV: the names of the columns.
///
/// # Errors
/// When writing fails.
pub fn csv_names(out: &mut impl Write) -> io::Result<()> {
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    write!(out, "{}\r\n", names.join(","))
}

/// A record as a line of CSV after RFC 4180. A cell that a spreadsheet would take for a formula is led by an apostrophe.
///
/// # Errors
/// When writing fails.
pub fn csv_line(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let cells: Vec<_> = COLUMNS
        .iter()
        .map(|(_, read)| cell(&read(&record.decision)))
        .collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// A cell of CSV.
pub fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Records as lines with aligned columns. Control characters are shown as escapes, so that a record can't paint the terminal.
///
/// A table knows how wide its columns are, and none of its rows: they are told twice, to be measured and to be written.
#[derive(Clone, Debug)]
pub struct Aligned {
    widths: [usize; COLUMNS.len()],
}

impl Default for Aligned {
    fn default() -> Self {
        Self {
            widths: COLUMNS.map(|(name, _)| name.len()),
        }
    }
}

impl Aligned {
    /// Makes room for a record.
    pub fn measure(&mut self, record: &Record) {
        for (width, (_, read)) in self.widths.iter_mut().zip(COLUMNS) {
            *width = printable(&read(&record.decision))
                .chars()
                .count()
                .max(*width);
        }
    }

    /// The line of the columns' names.
    ///
    /// # Errors
    /// When writing fails.
    pub fn names(&self, out: &mut impl Write) -> io::Result<()> {
        self.write(out, &COLUMNS.map(|(name, _)| name.to_uppercase()))
    }

    /// The line of a record.
    ///
    /// # Errors
    /// When writing fails.
    pub fn line(&self, out: &mut impl Write, record: &Record) -> io::Result<()> {
        let cells = COLUMNS.map(|(_, read)| printable(&read(&record.decision)));
        self.write(out, &cells)
    }

    fn write(&self, out: &mut impl Write, cells: &[String; COLUMNS.len()]) -> io::Result<()> {
        let padded: Vec<_> = cells
            .iter()
            .zip(self.widths)
            .map(|(text, width)| format!("{text:<width$}"))
            .collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    }
}

fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn cells_are_quoted_and_disarmed() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
    }

    #[test]
    fn an_empty_table_still_names_its_columns() {
        let mut out = Vec::new();
        Aligned::default().names(&mut out).unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .starts_with("TIMESTAMP  DECISION_ID  RESULT")
        );
    }
}
