//! `precinct conformance --kind parse|format|diagnostics`: recorded front-end work, done again and compared.

use std::path::Path;

use clap::ValueEnum;
use precinct_conformance::source::{self, SourceCase, judge_errors};
use precinct_conformance::{Report, Version};
use precinct_rego::ast::json::{JsonOptions, module_json};
use precinct_rego::ast::{Module, RegoVersion};
use precinct_rego::compile::{self, CompileOptions};
use precinct_rego::error::Diagnostic;
use precinct_rego::format::{FormatOptions, format_source};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseOptions};

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Results of queries.
    #[default]
    Eval,
    /// Syntax trees and syntax errors.
    Parse,
    /// Canonical layouts.
    Format,
    /// Errors of sets of modules.
    Diagnostics,
}

/// Compares all cases whose name contains the text.
///
/// # Errors
/// When the cases can't be read.
pub fn report(kind: Kind, path: &Path, only: &str) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let cases = source::read(path)?;
    for case in cases.iter().filter(|case| case.id.contains(only)) {
        let verdict = match kind {
            // Results of queries are compared by those who have engines.
            Kind::Eval => None,
            Kind::Parse => parse(case),
            Kind::Format => format(case),
            Kind::Diagnostics => diagnostics(case),
        };
        match verdict {
            Some(verdict) => report.count(&case.id, "front end", verdict),
            None => report.skipped += 1,
        }
    }
    Ok(report)
}

/// The comparison, or `None` when the record is not of this kind.
type Verdict = Option<Result<(), (String, String)>>;

/// The version of the language that a case names.
pub fn version(version: Version) -> RegoVersion {
    match version {
        Version::V0 => RegoVersion::V0,
        Version::V0CompatV1 => RegoVersion::V0CompatV1,
        Version::V1 => RegoVersion::V1,
        Version::V2 => RegoVersion::V2,
    }
}

fn modules(case: &SourceCase) -> (Sources, Result<Vec<Module>, Vec<Diagnostic>>) {
    let mut sources = Sources::default();
    let options = ParseOptions::new(version(case.version)).with_annotations();
    let (mut modules, mut errors) = (Vec::new(), Vec::new());
    for (name, text) in &case.modules {
        let id = sources.add(name.as_str(), text.as_str());
        match syntax::parse_module(&sources, id, &options) {
            Ok(module) => modules.push(module),
            Err(found) => errors.extend(found),
        }
    }
    let read = if errors.is_empty() {
        Ok(modules)
    } else {
        Err(errors)
    };
    (sources, read)
}

fn judge(case: &SourceCase, found: &[Diagnostic]) -> Result<(), (String, String)> {
    let found: Vec<_> = found
        .iter()
        .map(|error| (error.code.as_str(), error.span.row, error.message.as_str()))
        .collect();
    let wanted = case.errors.as_deref().unwrap_or_default();
    judge_errors(wanted, case.extent, &found)
}

fn parse(case: &SourceCase) -> Verdict {
    if case.compiled {
        return None;
    }
    let (sources, read) = modules(case);
    let module = match read {
        Err(found) => return Some(judge(case, &found)),
        Ok(modules) => modules.into_iter().next()?,
    };
    let Some(wanted) = &case.tree else {
        return Some(judge(case, &[]));
    };
    let text = module_json(&module, &sources, JsonOptions::default());
    let tree = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    // Numbers that no float can hold make a tree that only its text can be compared of.
    let same = text == wanted.get() || tree(&text).is_some_and(|it| Some(it) == tree(wanted.get()));
    Some(if same {
        Ok(())
    } else {
        Err((wanted.get().to_owned(), text))
    })
}

fn format(case: &SourceCase) -> Verdict {
    let wanted = case.formatted.as_ref()?;
    let (name, text) = case.modules.first()?;
    let found = match format_source(name, text, &FormatOptions::new(version(case.version))) {
        Ok(text) => text,
        Err(errors) => errors
            .first()
            .map(|it| it.message.clone())
            .unwrap_or_default(),
    };
    Some(if found == *wanted {
        Ok(())
    } else {
        Err((wanted.clone(), found))
    })
}

fn diagnostics(case: &SourceCase) -> Verdict {
    if !case.compiled {
        return None;
    }
    let (sources, read) = modules(case);
    let mut options = CompileOptions::new(precinct_interpreter::capabilities());
    options.strict = case.strict;
    options.prints = case.prints;
    let found = read.and_then(|modules| compile::compile(modules, &sources, &options).map(drop));
    Some(judge(case, &found.err().unwrap_or_default()))
}
