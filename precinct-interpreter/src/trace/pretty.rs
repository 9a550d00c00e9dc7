//! Traces as lines of text.

use std::collections::{BTreeMap, HashMap};

use precinct_rego::source::Sources;

use super::{Event, Op, Subject};

/// The width that names of files are shortened to.
const NAME_WIDTH: usize = 64;

/// The longest text of a variable's value.
const VALUE_WIDTH: usize = 40;

/// The events, a line each: place, indented step, and with `locals` the variables that are bound.
#[must_use]
pub fn text(events: &[Event], sources: &Sources, locals: bool) -> String {
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
            text.push_str(cell);
            if number + 1 < row.len() {
                let width = widths.get(number).copied().unwrap_or(0);
                let free = width.saturating_sub(cell.chars().count());
                text.extend(std::iter::repeat_n(' ', free + 5));
            }
        }
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
        .map(|(name, value)| format!("{name}: {}", cut(value)))
        .collect();
    format!("{{{}}}", parts.join(", "))
}

fn cut(value: &str) -> String {
    if value.chars().count() <= VALUE_WIDTH {
        return value.to_owned();
    }
    let head: String = value.chars().take(VALUE_WIDTH - 3).collect();
    head + "..."
}
