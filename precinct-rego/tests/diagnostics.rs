//! Recorded module sets: accepted or rejected as by OPA, with the same errors at the same places.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use precinct_rego::ast::RegoVersion;
use precinct_rego::capabilities::Capabilities;
use precinct_rego::compile::{CompileOptions, compile};
use precinct_rego::error::Diagnostic;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};
use serde::Deserialize;

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    modules: Vec<Named>,
    rego_version: String,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    errors: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    source: String,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    code: String,
    #[serde(default)]
    row: u32,
    message: String,
}

#[derive(Deserialize)]
struct Published {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    note: String,
    modules: Vec<String>,
    #[serde(default)]
    rego_version: Option<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    print_statements: bool,
    want_errors: Vec<Wanted>,
    #[serde(default)]
    exhaustive: bool,
}

/// The recorded data, if it is there.
fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path = shared.join("opa");
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

fn capabilities(shared: &Path) -> Arc<Capabilities> {
    let text = std::fs::read_to_string(shared.join("capabilities.json")).unwrap();
    Arc::new(Capabilities::from_json(&text).unwrap())
}

fn records(shared: &Path, file: &str) -> Vec<Record> {
    std::fs::read_to_string(shared.join("captured").join(file))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn version(name: &str) -> RegoVersion {
    match name {
        "v0" => RegoVersion::V0,
        "v0v1" => RegoVersion::V0CompatV1,
        "v1" => RegoVersion::V1,
        "v2" => RegoVersion::V2,
        other => panic!("unknown version {other}"),
    }
}

fn check<'a>(
    modules: impl Iterator<Item = (&'a str, &'a str)>,
    version: RegoVersion,
    options: &CompileOptions,
) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let parsing = ParseOptions::new(version).with_annotations();
    let mut parsed = Vec::new();
    let mut errors = Vec::new();
    for (name, text) in modules {
        let id = sources.add(name, text);
        match parse_module(&sources, id, &parsing) {
            Ok(module) => parsed.push(module),
            Err(found) => errors.extend(found),
        }
    }
    if !errors.is_empty() {
        return errors;
    }
    compile(parsed, &sources, options).err().unwrap_or_default()
}

#[derive(Default)]
struct Tally {
    total: usize,
    verdict: usize,
    rejected: usize,
    place: usize,
    first: usize,
    differing: Vec<String>,
}

impl Tally {
    fn note(&mut self, id: &str, wanted: &[Wanted], found: &[Diagnostic]) {
        self.total += 1;
        let same_verdict = wanted.is_empty() == found.is_empty();
        self.verdict += usize::from(same_verdict);
        let mut same = same_verdict;
        if let (Some(wanted), Some(found)) = (wanted.first(), found.first()) {
            self.rejected += 1;
            let place = wanted.code == found.code.as_str() && wanted.row == found.span.row;
            let message = place && wanted.message == found.message;
            self.place += usize::from(place);
            self.first += usize::from(message);
            same = message;
        } else if !wanted.is_empty() {
            self.rejected += 1;
        }
        if !same {
            let found = found
                .first()
                .map(|it| format!("{} {} {}", it.code, it.span.row, it.message));
            let wanted = wanted
                .first()
                .map(|it| format!("{} {} {}", it.code, it.row, it.message));
            self.differing
                .push(format!("{id}\n   wanted {wanted:?}\n   found  {found:?}"));
        }
    }

    fn report(&self, name: &str) {
        let part = |count: usize, of: usize| 100.0 * count as f64 / of.max(1) as f64;
        eprintln!(
            "{name}: {} sets, verdict {:.2} %; {} rejected: code and row {:.2} %, message {:.2} %",
            self.total,
            part(self.verdict, self.total),
            self.rejected,
            part(self.place, self.rejected),
            part(self.first, self.rejected),
        );
        if std::env::var_os("PRECINCT_DIFFERENCES").is_some() {
            for line in &self.differing {
                eprintln!("{line}");
            }
        }
    }
}

fn tally(file: &str) -> Option<Tally> {
    let shared = shared()?;
    let capabilities = capabilities(&shared);
    let mut tally = Tally::default();
    for record in records(&shared, file) {
        let mut options = CompileOptions::new(Arc::clone(&capabilities));
        options.strict = record.strict;
        let modules = record
            .modules
            .iter()
            .map(|module| (module.name.as_str(), module.source.as_str()));
        let found = check(modules, version(&record.rego_version), &options);
        tally.note(&record.id, &record.errors, &found);
    }
    tally.report(file);
    Some(tally)
}

#[test]
fn module_sets_of_unit_tests_are_judged_as_by_opa() {
    if let Some(tally) = tally("diagnostics.jsonl") {
        assert!(tally.verdict * 1000 >= tally.total * 995);
        assert!(tally.first * 100 >= tally.rejected * 97);
    }
}

#[test]
fn modules_with_one_random_edit_are_judged_as_by_opa() {
    if let Some(tally) = tally("mutants.jsonl") {
        assert!(tally.verdict * 1000 >= tally.total * 995);
        assert!(tally.place * 100 >= tally.rejected * 90);
    }
}

#[test]
fn published_diagnostics_are_reported() {
    let Some(shared) = shared() else {
        return;
    };
    let capabilities = capabilities(&shared);
    let mut failures = Vec::new();
    for (file, default) in [
        ("published-v0.json", RegoVersion::V0),
        ("published-v1.json", RegoVersion::V1),
    ] {
        let path = shared.join("diagnostics").join(file);
        let published: Published =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for case in published.cases {
            let mut options = CompileOptions::new(Arc::clone(&capabilities));
            options.strict = case.strict;
            options.prints = case.print_statements;
            let names: Vec<String> = (0..case.modules.len())
                .map(|index| format!("test-{index}.rego"))
                .collect();
            let modules = names
                .iter()
                .zip(&case.modules)
                .map(|(name, text)| (name.as_str(), text.as_str()));
            let language = case.rego_version.as_deref().map_or(default, version);
            let found = check(modules, language, &options);
            let missing = case.want_errors.iter().find(|wanted| {
                !found.iter().any(|found| {
                    found.code.as_str() == wanted.code
                        && found.span.row == wanted.row
                        && found.message.contains(&wanted.message)
                })
            });
            let extra = case.exhaustive && found.len() != case.want_errors.len();
            if missing.is_some() || extra {
                failures.push(format!(
                    "{}: wanted {missing:?}, found {found:?}",
                    case.note
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
