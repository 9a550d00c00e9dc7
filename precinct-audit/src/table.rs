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

/// Records as lines of JSON, as they stand in the store.
///
/// # Errors
/// When writing fails.
pub fn json_lines<'r>(
    out: &mut impl Write,
    records: impl IntoIterator<Item = &'r Record>,
) -> io::Result<()> {
    for record in records {
        out.write_all(&record.to_line().map_err(io::Error::other)?)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Records as CSV after RFC 4180, with a line of names. A cell that a spreadsheet would take for a formula is led by
/// an apostrophe.
///
/// # Errors
/// When writing fails.
pub fn csv<'r>(
    out: &mut impl Write,
    records: impl IntoIterator<Item = &'r Record>,
) -> io::Result<()> {
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    write!(out, "{}\r\n", names.join(","))?;
    for record in records {
        let cells: Vec<_> = COLUMNS
            .iter()
            .map(|(_, read)| cell(&read(&record.decision)))
            .collect();
        write!(out, "{}\r\n", cells.join(","))?;
    }
    Ok(())
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

/// Records as an aligned table. Control characters are shown as escapes, so that a record can't paint the terminal.
///
/// # Errors
/// When writing fails.
pub fn aligned<'r>(
    out: &mut impl Write,
    records: impl IntoIterator<Item = &'r Record>,
) -> io::Result<()> {
    let mut rows = vec![
        COLUMNS
            .iter()
            .map(|(name, _)| name.to_uppercase())
            .collect::<Vec<_>>(),
    ];
    rows.extend(records.into_iter().map(|record| {
        COLUMNS
            .iter()
            .map(|(_, read)| printable(&read(&record.decision)))
            .collect()
    }));
    let widths: Vec<_> = (0..COLUMNS.len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for row in &rows {
        let line: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text:<width$}"))
            .collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
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
        aligned(&mut out, []).unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .starts_with("TIMESTAMP  DECISION_ID  RESULT")
        );
    }
}
