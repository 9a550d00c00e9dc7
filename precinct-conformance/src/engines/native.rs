//! Cases answered by native code: turned into Rust, in crates of many cases that cargo builds and that are then run.
//!
//! A crate's answers are kept in the cache under the digest of everything that they depend on, so that cases are built
//! again only when they, or the code that is generated for them, or the crates that they link changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use precinct_codegen::batch::{self, Batch, Surroundings};
use precinct_interpreter::policy::Row;
use precinct_runtime::context::HostFunctions;
use precinct_runtime::{Arena, Document};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::prepared::{self, Prepared};
use crate::case::{Answer, Case};

/// Cases in one crate: rustc's memory grows with them, cargo's share of the time with the number of crates.
const IN_ONE: usize = 120;

/// How long the program of a crate may run.
const PATIENCE: Duration = Duration::from_mins(5);

/// Where cases are built.
#[derive(Clone, Debug)]
pub struct Workshop {
    /// The workspace that has `precinct-runtime`.
    pub workspace: PathBuf,
    /// Where crates, what cargo builds, and answers are kept.
    pub cache: PathBuf,
}

/// What cases call besides builtins.
pub fn functions() -> Arc<HostFunctions> {
    Arc::new(super::interpreter::functions().clone())
}

impl Workshop {
    /// The workspace that this program was built from, or the one that `PRECINCT_WORKSPACE` names; the cache is
    /// `PRECINCT_CACHE`, or `precinct/native` in the user's cache folder.
    ///
    /// # Errors
    /// When the workspace is not there.
    pub fn standard() -> anyhow::Result<Self> {
        let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let workspace = named("PRECINCT_WORKSPACE")
            .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        let cache = named("PRECINCT_CACHE")
            .or_else(|| Some(named("XDG_CACHE_HOME")?.join("precinct/native")))
            .or_else(|| Some(named("HOME")?.join(".cache/precinct/native")))
            .unwrap_or_else(|| std::env::temp_dir().join("precinct-native"));
        Self::new(&workspace, cache)
    }

    /// A workshop at these places.
    ///
    /// # Errors
    /// When the workspace is not there.
    pub fn new(workspace: &Path, cache: PathBuf) -> anyhow::Result<Self> {
        let workspace = workspace.canonicalize().with_context(|| {
            format!(
                "expected the workspace of precinct at {}; PRECINCT_WORKSPACE can name it",
                workspace.display()
            )
        })?;
        if !workspace.join("precinct-runtime/Cargo.toml").is_file() {
            bail!(
                "expected precinct-runtime in {}; PRECINCT_WORKSPACE can name the workspace",
                workspace.display()
            );
        }
        Ok(Self { workspace, cache })
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
        let crates = self.crates_digest()?;
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
        let kept = self.cache.join("answers").join(&digest);
        if let Ok(text) = fs::read_to_string(&kept) {
            return Ok(Lines::Written(lines(&text)));
        }
        let name = format!("cases-{}", &digest[..12]);
        let folder = self.cache.join("crates").join(&name);
        let runtime = self.workspace.join("precinct-runtime");
        let conformance = self.workspace.join("precinct-conformance");
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
        fs::copy(self.workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let target = self.cache.join("target");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--offline", "--quiet"])
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("RUSTFLAGS")
            .current_dir(&folder)
            .output()
            .context("cargo can't be run; native code is built with it")?;
        if !built.status.success() {
            let text = String::from_utf8_lossy(&built.stderr).into_owned();
            return Ok(Lines::Refused {
                numbers: refused_cases(&text),
                text,
            });
        }
        let program = target.join("debug").join(&name);
        let text = output(&program)?;
        // The crate is not needed again: its answers are kept, and another text is another crate.
        let _ = fs::remove_dir_all(&folder);
        let _ = fs::remove_file(&program);
        fs::create_dir_all(self.cache.join("answers"))?;
        let beside = kept.with_extension("part");
        fs::write(&beside, &text)?;
        fs::rename(&beside, &kept)?;
        Ok(Lines::Written(lines(&text)))
    }

    /// The digest of the sources that every crate links, and of the compiler's version.
    fn crates_digest(&self) -> anyhow::Result<String> {
        let mut digest = Sha256::new();
        for name in [
            "precinct-runtime",
            "precinct-derive",
            "precinct-jose",
            "precinct-interpreter",
            "precinct-rego",
            "precinct-conformance",
        ] {
            add_folder(&mut digest, &self.workspace.join(name).join("src"))?;
        }
        digest.update(fs::read(self.workspace.join("Cargo.lock"))?);
        Ok(hex(&digest.finalize()))
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
    let runtime = prepared.runtime();
    batch.add(batch::Case {
        program: prepared.query.program(),
        query: prepared.query.function(),
        sources: Some(prepared.policy.sources()),
        input: prepared.input.as_ref().map(Document::value),
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
                .filter_map(|row| row.as_array())
                .map(|row| prepared.query.row(row))
                .collect();
            super::rows(&prepared.query, &rows)
        }
        Err(unreadable) => unreadable,
    }
}

fn add_folder(digest: &mut Sha256, folder: &Path) -> anyhow::Result<()> {
    let mut inside = fs::read_dir(folder)
        .with_context(|| format!("{} can't be read", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    inside.sort();
    for path in inside {
        if path.is_dir() {
            add_folder(digest, &path)?;
        } else {
            digest.update(path.display().to_string());
            digest.update(fs::read(&path)?);
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
