//! Traces as lines of text.

use std::collections::{BTreeMap, HashMap};

use precinct_rego::source::Sources;

use super::{Event, Op, Subject};

/// The width that names of files are shortened to.
const NAME_WIDTH: usize = 64;

/// The longest text of a variable's value in a trace.
const VALUE_WIDTH: usize = 32;

/// The longest text of a value below the expression that it belongs to.
const PART_WIDTH: usize = 64;

/// The events, a line each: place, indented step, and with `locals` the variables that are bound.
#[must_use]
pub fn text(events: &[Event], sources: &Sources, locals: bool) -> String {
    indented(events, sources, locals, 0)
}

/// The same with spaces before each cell and at the end of the line.
#[must_use]
pub fn indented(events: &[Event], sources: &Sources, locals: bool, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let mut depths: HashMap<u32, usize> = HashMap::new();
    let names = names(events, sources);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for event in events {
        let outer = depths.get(&event.parent).copied().unwrap_or(0);
        let depth = *depths.entry(event.query).or_insert(outer + 1);
        let mut row = vec![place(event, sources, &names), step(event, depth)];
        if locals {
            row.push(variables(&event.locals));
        }
        rows.push(row);
    }
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        for (number, cell) in row.iter().enumerate() {
            text.push_str(&indent);
            text.push_str(cell);
            if number + 1 < row.len() {
                let width = widths.get(number).copied().unwrap_or(0);
                let free = width.saturating_sub(cell.chars().count());
                text.extend(std::iter::repeat_n(' ', free + 5));
            }
        }
        text.push_str(&indent);
        text.push('\n');
    }
    text
}

fn step(event: &Event, depth: usize) -> String {
    let bars = match (event.op, event.subject) {
        (Op::Enter, _) | (Op::Redo, Subject::Rule | Subject::Body) => depth,
        _ => depth + 1,
    };
    let mut text = "| ".repeat(bars.saturating_sub(1));
    text.push_str(event.op.as_str());
    text.push(' ');
    if event.op == Op::Note {
        text.push('"');
        text.push_str(&event.message);
        text.push('"');
        return text;
    }
    text.push_str(&event.text);
    if !event.message.is_empty() {
        text.push(' ');
        text.push_str(&event.message);
    }
    text
}

fn place(event: &Event, sources: &Sources, names: &HashMap<String, String>) -> String {
    match sources.get(event.span.source) {
        Some(source) if !source.name.is_empty() => {
            let name = names.get(source.name.as_ref());
            format!(
                "{}:{}",
                name.map_or(source.name.as_ref(), String::as_str),
                event.span.row
            )
        }
        _ => format!("query:{}", event.span.row.max(1)),
    }
}

/// Long names lose folders in their middle, as long as they stay different.
fn names(events: &[Event], sources: &Sources) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for event in events {
        let Some(source) = sources.get(event.span.source) else {
            continue;
        };
        names
            .entry(source.name.to_string())
            .or_insert_with(|| shortened(&source.name));
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for short in names.values() {
        *counts.entry(short.clone()).or_default() += 1;
    }
    for (full, short) in &mut names {
        if counts.get(short).is_some_and(|count| *count > 1) {
            short.clone_from(full);
        }
    }
    names
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_WIDTH {
        return name.to_owned();
    }
    match (name.split_once('/'), name.rsplit_once('/')) {
        (Some((first, _)), Some((_, last))) => format!("{first}/.../{last}"),
        _ => name.to_owned(),
    }
}

fn variables(locals: &BTreeMap<std::sync::Arc<str>, String>) -> String {
    let parts: Vec<String> = locals
        .iter()
        .map(|(name, value)| format!("{name}: {}", cut(value, VALUE_WIDTH)))
        .collect();
    format!("{{{}}}", parts.join(", "))
}

fn cut(value: &str, width: usize) -> String {
    if value.chars().count() <= width {
        return value.to_owned();
    }
    let head: String = value.chars().take(width - 3).collect();
    head + "..."
}

/// The text of a failed expression, and under it what its parts were, each below its place.
#[must_use]
pub fn failure(event: &Event, sources: &Sources) -> String {
    let Some(source) = sources.get(event.span.source) else {
        return String::new();
    };
    let (from, to) = (event.written.start as usize, event.written.end as usize);
    let line = source.text[..from.min(source.text.len())]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let expression = source.text.get(from..to).unwrap_or_default();
    let lead = |upto: usize| -> String {
        let before = source.text.get(line..upto).unwrap_or_default();
        before
            .chars()
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect()
    };
    let mut text = lead(from) + expression;
    let mut values: Vec<_> = event.values.clone();
    values.sort_by(|one, other| (one.span.col, &one.title).cmp(&(other.span.col, &other.title)));
    values.dedup_by(|one, other| one.title == other.title);
    let rows: std::collections::BTreeSet<u32> = values.iter().map(|value| value.span.row).collect();
    if rows.len() > 1 || rows.first().is_some_and(|row| *row != event.written.row) {
        values.sort_by(|one, other| one.title.cmp(&other.title));
        text.push_str("\n\nWhere:\n");
        for value in values {
            text.push_str(&format!(
                "\n{}: {}",
                value.title,
                cut(&value.value, PART_WIDTH)
            ));
        }
        return text;
    }
    if values.is_empty() {
        return text;
    }
    let arrows = |shown: usize, value: Option<usize>| {
        let mut text = String::new();
        let mut at = line;
        for (number, one) in values[..shown].iter().enumerate() {
            let shared = |other: usize| {
                values
                    .get(other)
                    .is_some_and(|other| other.span.col == one.span.col)
            };
            if number + 1 < shown && shared(number + 1) {
                continue;
            }
            let start = one.span.start as usize;
            let before = source.text.get(at..start).unwrap_or_default();
            text.extend(before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }));
            at = start + 1;
            if value == Some(number) {
                if shared(number + 1) || number > 0 && shared(number - 1) {
                    text.push_str(&one.title);
                    text.push_str(": ");
                }
                text.push_str(&cut(&one.value, PART_WIDTH));
            } else {
                text.push('|');
            }
        }
        text
    };
    text.push('\n');
    text.push_str(&arrows(values.len(), None));
    for number in (0..values.len()).rev() {
        text.push('\n');
        text.push_str(&arrows(number + 1, Some(number)));
    }
    text
}
