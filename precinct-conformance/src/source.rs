//! Recorded front-end work: how sources parse, what they look like formatted, what is wrong with them.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::case::Version;
use crate::files::list;

/// One recorded source or set of modules.
#[derive(Clone, Debug)]
pub struct SourceCase {
    /// The case's name, led by its file's.
    pub id: String,
    /// The version of the language.
    pub version: Version,
    /// The modules: names and texts.
    pub modules: Vec<(String, String)>,
    /// Whether strict mode was on.
    pub strict: bool,
    /// Whether `print` was allowed.
    pub prints: bool,
    /// OPA's syntax tree as JSON text without places.
    pub tree: Option<Box<RawValue>>,
    /// OPA's layout.
    pub formatted: Option<String>,
    /// What OPA found, when it was recorded; nothing is that all is well.
    pub errors: Option<Vec<Wanted>>,
    /// Which of the errors are recorded.
    pub extent: Extent,
    /// Whether the record is of modules that were compiled, rather than of one that was parsed.
    pub compiled: bool,
}

/// Which errors a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of them, of which the first counts.
    First,
    /// Some that must be among those found.
    Some,
    /// All of them, each of which counts.
    All,
}

/// An error that OPA reports.
#[derive(Clone, Debug, Deserialize)]
pub struct Wanted {
    /// OPA's code.
    pub code: String,
    /// The row, from 1; 0 where the error has no place.
    #[serde(default)]
    pub row: u32,
    /// The message, or for [`Extent::Some`] and [`Extent::All`] a part of it.
    pub message: String,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    rego_version: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    modules: Vec<Named>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    ast: Option<Box<RawValue>>,
    #[serde(default)]
    formatted: Option<String>,
    #[serde(default)]
    errors: Option<Vec<Wanted>>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    source: String,
}

#[derive(Deserialize)]
struct Published {
    cases: Vec<PublishedCase>,
}

#[derive(Deserialize)]
struct PublishedCase {
    note: String,
    modules: Vec<String>,
    #[serde(default)]
    rego_version: Option<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    print_statements: bool,
    #[serde(default)]
    want_errors: Vec<Wanted>,
    #[serde(default)]
    exhaustive: bool,
}

/// All cases at or below a path, in the order of files and records.
///
/// # Errors
/// When a file can't be read or holds something else.
pub fn read(path: &Path) -> anyhow::Result<Vec<SourceCase>> {
    let mut cases = Vec::new();
    for file in list(path)? {
        one(&file, &mut cases).with_context(|| file.display().to_string())?;
    }
    Ok(cases)
}

fn one(file: &Path, cases: &mut Vec<SourceCase>) -> anyhow::Result<()> {
    let text = fs::read_to_string(file)?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    if file
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        let default = if stem.ends_with("v0") {
            Version::V0
        } else {
            Version::V1
        };
        let published: Published = serde_json::from_str(&text)?;
        for case in published.cases {
            cases.push(of_published(&stem, default, case)?);
        }
        return Ok(());
    }
    for (number, line) in text.lines().enumerate() {
        let record: Record =
            serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
        cases.push(of_record(&stem, record)?);
    }
    Ok(())
}

fn version(name: Option<&str>, default: Version) -> anyhow::Result<Version> {
    Ok(match name {
        None => default,
        Some("v0") => Version::V0,
        Some("v0v1") => Version::V0CompatV1,
        Some("v1") => Version::V1,
        Some("v2") => Version::V2,
        Some(other) => anyhow::bail!("unknown rego_version {other:?}"),
    })
}

fn of_published(stem: &str, default: Version, case: PublishedCase) -> anyhow::Result<SourceCase> {
    let names = (0..).map(|number: usize| format!("test-{number}.rego"));
    Ok(SourceCase {
        id: format!("{stem}/{}", case.note),
        version: version(case.rego_version.as_deref(), default)?,
        modules: names.zip(case.modules).collect(),
        strict: case.strict,
        prints: case.print_statements,
        tree: None,
        formatted: None,
        errors: Some(case.want_errors),
        extent: if case.exhaustive {
            Extent::All
        } else {
            Extent::Some
        },
        compiled: true,
    })
}

fn of_record(stem: &str, record: Record) -> anyhow::Result<SourceCase> {
    let compiled = record.source.is_none();
    let modules = match record.source {
        Some(source) => vec![("test-0.rego".to_owned(), source)],
        None => record
            .modules
            .into_iter()
            .map(|module| (module.name, module.source))
            .collect(),
    };
    Ok(SourceCase {
        id: format!("{stem}/{}", record.id),
        version: version(record.rego_version.as_deref(), Version::V1)?,
        modules,
        strict: record.strict,
        prints: false,
        tree: record.ast,
        formatted: record.formatted,
        errors: record.errors,
        extent: Extent::First,
        compiled,
    })
}

/// An error that was found: code, row and message.
pub type Found<'f> = (&'f str, u32, &'f str);

/// Compares errors with those that are wanted.
///
/// # Errors
/// What was wanted, and what was found.
pub fn judge_errors(
    wanted: &[Wanted],
    extent: Extent,
    found: &[Found<'_>],
) -> Result<(), (String, String)> {
    let is = |wanted: &Wanted, (code, row, message): &Found<'_>| {
        wanted.code == *code
            && wanted.row == *row
            && match extent {
                Extent::First => wanted.message == *message,
                Extent::Some | Extent::All => message.contains(&wanted.message),
            }
    };
    let fits = match extent {
        Extent::First => match (wanted.first(), found.first()) {
            (Some(wanted), Some(found)) => is(wanted, found),
            (wanted, found) => wanted.is_none() && found.is_none(),
        },
        Extent::Some => wanted
            .iter()
            .all(|wanted| found.iter().any(|it| is(wanted, it))),
        Extent::All => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .all(|wanted| found.iter().any(|it| is(wanted, it)))
        }
    };
    if fits {
        return Ok(());
    }
    let shown = |list: Vec<String>| match list.len() {
        0 => "no error".to_owned(),
        _ => list.join("; "),
    };
    let line = |code: &str, row: u32, message: &str| format!("{row}: {code}: {message}");
    Err((
        shown(
            wanted
                .iter()
                .map(|it| line(&it.code, it.row, &it.message))
                .collect(),
        ),
        shown(found.iter().map(|it| line(it.0, it.1, it.2)).collect()),
    ))
}
