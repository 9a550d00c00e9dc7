//! Recorded modules: accepted or rejected as by OPA, with the same errors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

use std::path::PathBuf;

use precinct_rego::ast::RegoVersion;
use precinct_rego::ast::json::{JsonOptions, module_json};
use precinct_rego::format::{FormatOptions, format_source};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A recorded module, or set of modules, and what OPA made of it.
#[derive(Deserialize)]
struct Record {
    id: String,
    rego_version: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    modules: Vec<Named>,
    #[serde(default)]
    errors: Vec<Wanted>,
    #[serde(default)]
    ast: Option<Box<RawValue>>,
    #[serde(default)]
    formatted: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    source: String,
}

#[derive(Deserialize)]
struct Wanted {
    code: String,
    #[serde(default)]
    row: u64,
    message: String,
}

/// The recorded data, if it is there.
fn records(file: &str) -> Option<Vec<Record>> {
    let shared = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path = shared.join("opa/captured").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} can't be read", path.display());
        return None;
    };
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

fn version(record: &Record) -> RegoVersion {
    match record.rego_version.as_str() {
        "v0" => RegoVersion::V0,
        "v0v1" => RegoVersion::V0CompatV1,
        "v1" => RegoVersion::V1,
        "v2" => RegoVersion::V2,
        other => panic!("unknown version {other}"),
    }
}

/// Counts of what agreed, with the first few that did not.
#[derive(Default)]
struct Tally {
    agreed: usize,
    differing: Vec<String>,
}

impl Tally {
    fn add(&mut self, agreed: bool, id: &str) {
        if agreed {
            self.agreed += 1;
        } else {
            self.differing.push(id.to_owned());
        }
    }

    fn check(&self, what: &str, wanted_percent: f64) {
        let all = self.agreed + self.differing.len();
        let percent = 100.0 * self.agreed as f64 / all.max(1) as f64;
        let shown: Vec<_> = self.differing.iter().take(60).collect();
        eprintln!(
            "{what}: {} of {all} ({percent:.2} %), differing: {shown:?}",
            self.agreed
        );
        assert!(percent >= wanted_percent, "{what}: {percent:.2} %");
    }
}

/// Code, row and message of each error.
type Found = Vec<(String, u64, String)>;

fn parse(text: &str, version: RegoVersion) -> Result<(), Found> {
    let mut sources = Sources::default();
    let id = sources.add("test.rego", text);
    let options = ParseOptions::new(version).with_annotations();
    parse_module(&sources, id, &options)
        .map(|_| ())
        .map_err(|errors| {
            errors
                .into_iter()
                .map(|e| (e.code.as_str().to_owned(), u64::from(e.span.row), e.message))
                .collect()
        })
}

fn wanted(errors: &[Wanted]) -> Found {
    let found = errors.iter();
    found
        .map(|e| (e.code.clone(), e.row, e.message.clone()))
        .collect()
}

#[test]
fn modules_are_accepted_and_rejected_as_by_opa() {
    let Some(records) = records("modules.jsonl") else {
        return;
    };
    let (mut verdicts, mut places, mut messages) = <(Tally, Tally, Tally)>::default();
    let mut verdicts_v0 = Tally::default();
    for record in &records {
        let id = &record.id;
        let version = version(record);
        let wanted = wanted(&record.errors);
        let found = parse(&record.source, version).err().unwrap_or_default();
        let agreed = wanted.is_empty() == found.is_empty();
        if version == RegoVersion::V0 {
            verdicts_v0.add(agreed, id);
        } else {
            verdicts.add(agreed, id);
        }
        if !wanted.is_empty() {
            let first = |f: &Found| f.first().map(|(code, row, _)| (code.clone(), *row));
            places.add(first(&wanted) == first(&found), id);
            messages.add(wanted == found, id);
            if wanted != found && std::env::var_os("PRECINCT_SHOW").is_some() {
                eprintln!("{id}\n  wanted {wanted:?}\n  found  {found:?}");
            }
        } else if !agreed && std::env::var_os("PRECINCT_SHOW").is_some() {
            eprintln!("{id}\n  accepted by OPA, found {found:?}");
        }
    }
    verdicts_v0.check("v0 modules: verdict", 100.0);
    verdicts.check("other modules: verdict", 100.0);
    places.check("modules: code and row", 99.9);
    messages.check("modules: all errors and messages", 99.5);
}

#[test]
fn mutants_fail_where_they_fail_in_opa() {
    syntax_errors_agree("mutants.jsonl");
}

#[test]
fn module_sets_fail_where_they_fail_in_opa() {
    syntax_errors_agree("diagnostics.jsonl");
}

/// Syntax errors only: what else is wrong with these modules is for later stages.
fn syntax_errors_agree(file: &str) {
    let Some(records) = records(file) else {
        return;
    };
    let (mut verdicts, mut places, mut messages) = <(Tally, Tally, Tally)>::default();
    for record in &records {
        let id = &record.id;
        let wanted: Found = wanted(&record.errors)
            .into_iter()
            .filter(|(code, _, _)| code == "rego_parse_error")
            .collect();
        let mut found = Found::new();
        for module in &record.modules {
            found.extend(
                parse(&module.source, version(record))
                    .err()
                    .unwrap_or_default(),
            );
        }
        let agreed = wanted.is_empty() == found.is_empty();
        verdicts.add(agreed, id);
        if !wanted.is_empty() {
            let first = |f: &Found| f.first().map(|(code, row, _)| (code.clone(), *row));
            places.add(first(&wanted) == first(&found), id);
            messages.add(wanted == found, id);
        }
        if wanted != found && std::env::var_os("PRECINCT_SHOW").is_some() {
            eprintln!("{id}\n  wanted {wanted:?}\n  found  {found:?}");
        }
    }
    verdicts.check(&format!("{file}: verdict of the parser"), 100.0);
    places.check(&format!("{file}: code and row"), 99.9);
    messages.check(&format!("{file}: all errors and messages"), 99.5);
}

#[test]
fn syntax_trees_are_those_of_opa() {
    let Some(records) = records("modules.jsonl") else {
        return;
    };
    let mut trees = Tally::default();
    for record in &records {
        let Some(ast) = &record.ast else {
            continue;
        };
        let mut sources = Sources::default();
        let id = sources.add("test-0.rego", record.source.as_str());
        let options = ParseOptions::new(version(record)).with_annotations();
        let options_json = JsonOptions {
            locations: false,
            comments: true,
        };
        let found = match parse_module(&sources, id, &options) {
            Ok(module) => module_json(&module, &sources, options_json),
            Err(errors) => format!("{errors:?}"),
        };
        let same = found == ast.get() || {
            let wanted = serde_json::from_str::<serde_json::Value>(ast.get());
            let found = serde_json::from_str::<serde_json::Value>(&found);
            matches!((wanted, found), (Ok(wanted), Ok(found)) if wanted == found)
        };
        if !same && std::env::var_os("PRECINCT_SHOW").is_some() {
            eprintln!(
                "{}\n{}\n  wanted {}\n  found  {found}",
                record.id,
                record.source,
                ast.get()
            );
        }
        trees.add(same, &record.id);
    }
    trees.check("modules: syntax tree", 99.9);
}

#[test]
fn formatted_modules_are_those_of_opa() {
    let Some(records) = records("modules.jsonl") else {
        return;
    };
    let mut texts = Tally::default();
    for record in &records {
        let Some(wanted) = &record.formatted else {
            continue;
        };
        let options = FormatOptions::new(version(record));
        let found = format_source("test-0.rego", &record.source, &options)
            .unwrap_or_else(|errors| format!("{errors:?}"));
        if found != *wanted && std::env::var_os("PRECINCT_SHOW").is_some() {
            eprintln!(
                "=== {}\n{}\n--- wanted\n{wanted}\n--- found\n{found}",
                record.id, record.source
            );
        }
        texts.add(found == *wanted, &record.id);
    }
    texts.check("modules: formatted text", 99.9);
}
