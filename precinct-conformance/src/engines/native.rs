//! Cases answered by native code: turned into Rust, in crates of many cases that cargo builds and that are then run.
//!
//! A crate's answers are kept in the cache under the digest of everything that they depend on, so that cases are built
//! again only when they, or the code that is generated for them, or the crates that they link changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use precinct_codegen::batch::{self, Batch, Surroundings};
use precinct_codegen::workshop::{Built, Product, Workshop, hex};
use precinct_interpreter::policy::Row;
use precinct_runtime::context::HostFunctions;
use precinct_runtime::{Arena, Document};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::prepared::{self, Prepared};
use crate::case::{Answer, Case};

/// Cases in one crate: rustc's memory grows with them, cargo's share of the time with the number of crates.
const IN_ONE: usize = 120;

/// The crates of the workspace that every crate links.
const LINKED: &[&str] = &[
    "precinct-runtime",
    "precinct-derive",
    "precinct-jose",
    "precinct-interpreter",
    "precinct-rego",
    "precinct-conformance",
];

/// How long the program of a crate may run.
const PATIENCE: Duration = Duration::from_mins(5);

/// What cases call besides builtins.
pub fn functions() -> Arc<HostFunctions> {
    Arc::new(super::interpreter::functions().clone())
}

/// Native code that answers cases.
#[derive(Clone, Debug)]
pub struct Native {
    workshop: Workshop,
}

impl Native {
    /// Builds in this workshop.
    #[must_use]
    pub const fn new(workshop: Workshop) -> Self {
        Self { workshop }
    }

    /// The answers of native code, in the order of the cases; `progress` gets how many cases are done.
    ///
    /// # Errors
    /// When a crate can't be written, or cargo can't be run.
    pub fn answers(
        &self,
        cases: &[&Case],
        mut progress: impl FnMut(usize),
    ) -> anyhow::Result<Vec<Answer>> {
        let crates = self.workshop.digest(LINKED)?;
        let mut answers = Vec::with_capacity(cases.len());
        for chunk in cases.chunks(IN_ONE) {
            answers.extend(self.chunk(chunk, &crates)?);
            progress(answers.len());
        }
        Ok(answers)
    }

    fn chunk(&self, cases: &[&Case], crates: &str) -> anyhow::Result<Vec<Answer>> {
        let mut pieces: Vec<Result<Prepared<'_>, Answer>> = Vec::new();
        for case in cases {
            pieces.push(prepared::prepare(case));
        }
        let mut left_out: BTreeMap<usize, Answer> = BTreeMap::new();
        loop {
            let mut batch = Batch::new();
            let mut places = BTreeMap::new();
            for (at, piece) in pieces.iter().enumerate() {
                let Ok(prepared) = piece else { continue };
                if left_out.contains_key(&at) {
                    continue;
                }
                match add(&mut batch, prepared) {
                    Ok(number) => {
                        places.insert(number, at);
                    }
                    Err(error) => {
                        left_out.insert(at, trouble("generate", &error.to_string()));
                    }
                }
            }
            match self.lines(&batch, crates)? {
                Lines::Written(lines) => {
                    let mut answers: BTreeMap<usize, Answer> = left_out;
                    for (number, at) in places {
                        if let Ok(prepared) = &pieces[at] {
                            answers.insert(at, understood(prepared, lines.get(&number)));
                        }
                    }
                    let all = pieces.into_iter().enumerate();
                    return Ok(all
                        .map(|(at, piece)| match piece {
                            Err(refused) => refused,
                            Ok(_) => answers
                                .remove(&at)
                                .unwrap_or_else(|| trouble("crash", "the case was not built")),
                        })
                        .collect());
                }
                Lines::Refused { numbers, text } => {
                    if numbers.is_empty() {
                        bail!("the generated crate does not build:\n{text}");
                    }
                    for number in numbers {
                        if let Some(at) = places.get(&number) {
                            left_out.insert(*at, trouble("rustc", &text));
                        }
                    }
                }
            }
        }
    }

    /// Builds and runs a crate, unless its answers are known.
    fn lines(&self, batch: &Batch, crates: &str) -> anyhow::Result<Lines> {
        if batch.is_empty() {
            return Ok(Lines::Written(BTreeMap::new()));
        }
        let mut digest = Sha256::new();
        digest.update(crates);
        for text in batch.texts() {
            digest.update(text.len().to_le_bytes());
            digest.update(text);
        }
        let digest = hex(&digest.finalize());
        let kept = self.workshop.cache.join("answers").join(&digest);
        if let Ok(text) = fs::read_to_string(&kept) {
            return Ok(Lines::Written(lines(&text)));
        }
        let name = format!("cases-{}", &digest[..12]);
        let folder = self.workshop.cache.join("crates").join(&name);
        let runtime = self.workshop.workspace.join("precinct-runtime");
        let conformance = self.workshop.workspace.join("precinct-conformance");
        batch.write(
            &folder,
            &name,
            &Surroundings {
                crates: &[
                    ("precinct-runtime", &runtime),
                    ("precinct-conformance", &conformance),
                ],
                functions: Some("precinct_conformance::engines::native::functions()"),
            },
        )?;
        let program = match self.workshop.build(&folder, &name, Product::Program)? {
            Built::Program(program) => program,
            Built::Refused(text) => {
                return Ok(Lines::Refused {
                    numbers: refused_cases(&text),
                    text,
                });
            }
        };
        let text = output(&program)?;
        // The crate is not needed again: its answers are kept, and another text is another crate.
        let _ = fs::remove_dir_all(&folder);
        let _ = fs::remove_file(&program);
        fs::create_dir_all(self.workshop.cache.join("answers"))?;
        let beside = kept.with_extension("part");
        fs::write(&beside, &text)?;
        fs::rename(&beside, &kept)?;
        Ok(Lines::Written(lines(&text)))
    }
}

enum Lines {
    Written(BTreeMap<usize, Value>),
    /// Rust does not take it: the numbers of the cases at fault, and what it says.
    Refused {
        numbers: BTreeSet<usize>,
        text: String,
    },
}

fn trouble(code: &str, text: &str) -> Answer {
    Answer::Error {
        code: code.to_owned(),
        text: text.chars().take(2000).collect(),
    }
}

fn add(
    batch: &mut Batch,
    prepared: &Prepared<'_>,
) -> Result<usize, precinct_codegen::GenerateError> {
    let data = prepared.data();
    let json = prepared.json();
    let runtime = prepared.runtime();
    batch.add(batch::Case {
        program: prepared.query.program(),
        query: prepared.query.function(),
        sources: Some(prepared.policy.sources()),
        input: prepared.input.as_ref().map(Document::value),
        json: json.as_deref(),
        data: Some(&data),
        runtime: runtime.as_deref(),
        strict_builtin_errors: prepared.case.strict_errors,
    })
}

/// The output of a program that may crash but not go on for ever.
fn output(program: &Path) -> anyhow::Result<String> {
    let log = tempfile::tempfile()?;
    let mut child = Command::new(program)
        .stdout(log.try_clone()?)
        .stderr(std::process::Stdio::null())
        .spawn()
        .with_context(|| format!("{} can't be run", program.display()))?;
    let end = Instant::now() + PATIENCE;
    while child.try_wait()?.is_none() {
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut text = String::new();
    let mut log = log;
    std::io::Seek::rewind(&mut log)?;
    std::io::Read::read_to_string(&mut log, &mut text)?;
    Ok(text)
}

fn lines(text: &str) -> BTreeMap<usize, Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| Some((usize::try_from(line["case"].as_u64()?).ok()?, line)))
        .collect()
}

/// The cases whose files rustc names in its errors.
fn refused_cases(text: &str) -> BTreeSet<usize> {
    text.split("src/case_")
        .skip(1)
        .filter_map(|rest| rest.split(".rs").next()?.parse().ok())
        .collect()
}

fn understood(prepared: &Prepared<'_>, line: Option<&Value>) -> Answer {
    let Some(line) = line else {
        return trouble("crash", "the program wrote no line for this case");
    };
    if let Some(error) = line.get("error") {
        let text = |name: &str| error[name].as_str().unwrap_or_default();
        return Answer::Error {
            code: text("code").to_owned(),
            text: text("text").to_owned(),
        };
    }
    let arena = Arena::new();
    match prepared::value(&arena, &line["rows"].to_string()) {
        Ok(rows) => {
            let rows: Vec<Row<'_>> = rows
                .as_array()
                .unwrap_or_default()
                .iter()
                .filter_map(precinct_runtime::Value::as_array)
                .map(|row| prepared.query.row(row))
                .collect();
            super::rows(&prepared.query, &rows)
        }
        Err(unreadable) => unreadable,
    }
}
