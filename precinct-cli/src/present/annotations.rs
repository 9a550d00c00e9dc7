//! Metadata blocks as text.

use std::fmt::Write as _;

use precinct_rego::analysis::annotated::Annotated;
use precinct_rego::ast::display::ref_text;
use precinct_rego::ast::json::{annotations_json, ref_json};
use precinct_rego::ast::{Author, Ref, Span, Term, TermValue};
use precinct_rego::source::Sources;

use super::json::Json;

/// How wide lines may be, in bytes.
const WIDTH: usize = 80;

/// The list as JSON.
pub fn json(list: &[Annotated<'_>], sources: &Sources) -> Json {
    let entries = list.iter().map(|entry| {
        Json::object([
            (
                "annotations",
                Some(Json::Raw(annotations_json(entry.annotations, sources))),
            ),
            ("location", Some(place(entry.span, sources))),
            ("path", Some(Json::Raw(ref_json(&entry.path)))),
        ])
    });
    Json::Array(entries.collect())
}

/// File, row and column.
pub fn place(span: Span, sources: &Sources) -> Json {
    let file = sources
        .get(span.source)
        .map(|source| source.name.to_string());
    Json::object([
        ("file", Some(file.unwrap_or_default().into())),
        ("row", Some(span.row.into())),
        ("col", Some(span.col.into())),
    ])
}

/// The list for people.
pub fn text(list: &[Annotated<'_>], sources: &Sources) -> String {
    let mut text = "ANNOTATIONS:\n".to_owned();
    for entry in list {
        // Writing to a string can't fail.
        let _ = one(entry, sources, &mut text);
    }
    text
}

fn one(entry: &Annotated<'_>, sources: &Sources, text: &mut String) -> std::fmt::Result {
    let block = entry.annotations;
    let trimmed = block.title.trim();
    let title = if trimmed.is_empty() {
        ref_text(&without_data(&entry.path))
    } else {
        trimmed.to_owned()
    };
    writeln!(text, "{title}\n{}\n", "=".repeat(title.len().min(WIDTH)))?;
    if !block.description.is_empty() {
        writeln!(text, "{}\n", block.description)?;
    }
    let package = ref_text(&without_data(&entry.module.package.path));
    writeln!(text, "Package:  {package}")?;
    if let Some(rule) = entry.rule {
        writeln!(text, "Rule:     {}", ref_text(&rule.head.reference))?;
    }
    if let Some(source) = sources.get(entry.span.source) {
        writeln!(text, "Location: {}:{}", source.name, entry.span.row)?;
    }
    writeln!(text, "Scope: {}", block.scope)?;
    if block.entrypoint {
        writeln!(text, "Entrypoint: true")?;
    }
    text.push('\n');
    let plain = |words: Vec<String>| words.into_iter().map(|it| (it, String::new())).collect();
    let organizations = block.organizations.iter().map(|it| one_line(it)).collect();
    section("Organizations", plain(organizations), "", text)?;
    section(
        "Authors",
        plain(block.authors.iter().map(author).collect()),
        "",
        text,
    )?;
    let schemas = block.schemas.iter().map(|schema| {
        let value = match (&schema.schema, &schema.definition) {
            (Some(reference), _) => ref_text(reference),
            (None, Some(definition)) => definition.to_string(),
            (None, None) => String::new(),
        };
        (ref_text(&schema.path), value)
    });
    section("Schemas", schemas.collect(), ": ", text)?;
    let resources = block
        .related_resources
        .iter()
        .map(|it| (one_line(&it.reference), it.description.clone()));
    section("Related Resources", resources.collect(), " ", text)?;
    let custom = block
        .custom
        .iter()
        .map(|(name, value)| (name.clone(), Json::from(value).compact()));
    section("Custom", custom.collect(), ": ", text)
}

fn author(author: &Author) -> String {
    one_line(&match (author.name.as_str(), author.email.as_str()) {
        (name, "") => name.to_owned(),
        ("", email) => format!("<{email}>"),
        (name, email) => format!("{name} <{email}>"),
    })
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// A heading and its lines, values in one column; nothing when there are none.
fn section(
    name: &str,
    list: Vec<(String, String)>,
    separator: &str,
    text: &mut String,
) -> std::fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    writeln!(text, "{name}:")?;
    let width = list.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, value) in list {
        let line = if value.is_empty() {
            format!(" {key}")
        } else {
            let space = " ".repeat(width.saturating_sub(key.len()));
            format!(" {key}{separator}{space}{value}")
        };
        writeln!(text, "{}", shortened(&line, WIDTH))?;
    }
    text.push('\n');
    Ok(())
}

/// The text, its end replaced with dots when it has as many bytes as `limit` or more.
pub fn shortened(text: &str, limit: usize) -> String {
    if text.len() < limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(3).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", text.get(..end).unwrap_or_default())
}

/// The reference without its `data`.
fn without_data(path: &[Term]) -> Ref {
    let mut rest: Ref = path.get(1..).unwrap_or_default().to_vec();
    if let Some(first) = rest.first_mut()
        && let TermValue::String(name) = &first.value
    {
        first.value = TermValue::Var(name.clone());
    }
    rest
}
