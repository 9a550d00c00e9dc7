//! Where generated programs are built: with cargo, beside a cache of what it built.
//!
//! For those who run policies natively without a crate of their own: `precinct eval --engine native`, and native code
//! that is held against recorded answers. All programs share one target folder, so that the crates that they link are
//! built once.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use sha2::{Digest, Sha256};

/// Where programs are built.
#[derive(Clone, Debug)]
pub struct Workshop {
    /// The workspace that has `precinct-runtime`.
    pub workspace: PathBuf,
    /// Where crates, what cargo builds, and results are kept.
    pub cache: PathBuf,
}

/// What is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// A program that is run at once: built fast.
    Program,
    /// A program that is asked for what it costs: built to be fast, unless `PRECINCT_PROFILE` is `dev`.
    Measured,
    /// A shared library that decides for long: built to be fast, unless `PRECINCT_PROFILE` is `dev`.
    Library,
}

/// What came of a build.
#[derive(Clone, Debug)]
pub enum Built {
    /// The program or library.
    Program(PathBuf),
    /// Rust does not take it, and says this.
    Refused(String),
}

/// A program could not be built.
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    /// `precinct-runtime` is not where it was when this program was built.
    #[error(
        "expected precinct-runtime in {}; PRECINCT_WORKSPACE can name the workspace", .0.display()
    )]
    NoWorkspace(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    /// Cargo cannot be run.
    #[error("cargo can't be run; native code is built with it: {0}")]
    Cargo(#[source] io::Error),
    /// Rust does not take what was generated: a fault of the generator.
    #[error("the generated code does not build:\n{0}")]
    Refused(String),
    /// The policies cannot be turned into Rust.
    #[error(transparent)]
    Generate(#[from] crate::GenerateError),
}

impl Workshop {
    /// The workspace that this program was built from, or the one that `PRECINCT_WORKSPACE` names; the cache is
    /// `PRECINCT_CACHE`, or `precinct/native` in the user's cache folder.
    ///
    /// # Errors
    /// When the workspace is not there.
    pub fn standard() -> Result<Self, WorkshopError> {
        let named = |name: &str| env::var_os(name).map(PathBuf::from);
        let cache = named("PRECINCT_CACHE")
            .or_else(|| Some(named("XDG_CACHE_HOME")?.join("precinct/native")))
            .or_else(|| Some(named("HOME")?.join(".cache/precinct/native")))
            .unwrap_or_else(|| env::temp_dir().join("precinct-native"));
        Self::new(&workspace(), cache)
    }

    /// A workshop at these places.
    ///
    /// # Errors
    /// When the workspace is not there.
    pub fn new(workspace: &Path, cache: PathBuf) -> Result<Self, WorkshopError> {
        let missing = || WorkshopError::NoWorkspace(workspace.to_owned());
        let workspace = workspace.canonicalize().map_err(|_| missing())?;
        if !workspace.join("precinct-runtime/Cargo.toml").is_file() {
            return Err(missing());
        }
        Ok(Self { workspace, cache })
    }

    /// The digest of the sources of these crates of the workspace and of its lock file.
    ///
    /// # Errors
    /// When one of them can't be read.
    pub fn digest(&self, crates: &[&str]) -> Result<String, WorkshopError> {
        let mut digest = Sha256::new();
        for name in crates {
            add_folder(&mut digest, &self.workspace.join(name).join("src"))?;
        }
        let lock = self.workspace.join("Cargo.lock");
        digest.update(fs::read(&lock).map_err(|error| WorkshopError::File(lock, error))?);
        Ok(hex(&digest.finalize()))
    }

    /// Those of these crates of the workspace that generated code calls itself, and where they are.
    pub(crate) fn called<'c>(&self, crates: &[&'c str]) -> Vec<(&'c str, PathBuf)> {
        let mut called = crates.to_vec();
        called.retain(|name| matches!(*name, "precinct-runtime" | "precinct-interpreter"));
        let place = |name: &'c str| (name, self.workspace.join(name));
        called.into_iter().map(place).collect()
    }

    /// Flags that keep the places of this machine out of what is given to others.
    fn without_places(&self) -> String {
        let home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
        let places = [
            (Some(self.workspace.clone()), "/precinct"),
            (home, "/cargo"),
        ];
        let flags = places.into_iter().filter_map(|(place, name)| {
            Some(format!("--remap-path-prefix={}={name}", place?.display()))
        });
        flags.collect::<Vec<_>>().join("\u{1f}")
    }

    /// Builds the crate of this name in this folder. Its dependencies are those of the workspace, from its lock file.
    ///
    /// # Errors
    /// When cargo can't be run.
    pub fn build(
        &self,
        folder: &Path,
        name: &str,
        product: Product,
    ) -> Result<Built, WorkshopError> {
        let lock = folder.join("Cargo.lock");
        fs::copy(self.workspace.join("Cargo.lock"), &lock)
            .map_err(|error| WorkshopError::File(lock, error))?;
        let target = self.cache.join("target");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let is_quick = env::var_os("PRECINCT_PROFILE").is_some_and(|profile| profile == "dev");
        let is_release = product != Product::Program && !is_quick;
        let (command, flags): (_, &[&str]) = match product {
            Product::Program | Product::Measured => ("build", &[]),
            // Of its symbols only those are needed that it gives out.
            Product::Library => ("rustc", &["--", "-Cstrip=symbols"]),
        };
        let built = Command::new(cargo)
            .args([command, "--offline", "--quiet"])
            .args(is_release.then_some("--release"))
            .args(flags)
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("RUSTFLAGS")
            .envs(is_release.then(|| ("CARGO_ENCODED_RUSTFLAGS", self.without_places())))
            .current_dir(folder)
            .output()
            .map_err(WorkshopError::Cargo)?;
        Ok(if built.status.success() {
            use env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
            let file = match product {
                Product::Program | Product::Measured => format!("{name}{EXE_SUFFIX}"),
                Product::Library => format!("{DLL_PREFIX}{}{DLL_SUFFIX}", name.replace('-', "_")),
            };
            let profile = if is_release { "release" } else { "debug" };
            Built::Program(target.join(profile).join(file))
        } else {
            Built::Refused(String::from_utf8_lossy(&built.stderr).into_owned())
        })
    }
}

/// The workspace that this program was built from, or the one that `PRECINCT_WORKSPACE` names.
#[must_use]
pub fn workspace() -> PathBuf {
    env::var_os("PRECINCT_WORKSPACE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        PathBuf::from,
    )
}

/// The manifest of a crate that is a workspace of its own.
pub(crate) fn manifest(name: &str, crates: &[(&str, impl AsRef<Path>)]) -> String {
    let dependencies = crates.iter().fold(String::new(), |mut text, (name, path)| {
        let path = toml_string(&path.as_ref().display().to_string());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} = {{ path = {path} }}");
        text
    });
    format!(
        "[package]\nname = {}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{dependencies}\n\
         [profile.dev]\nopt-level = 0\ndebug = false\nincremental = false\n\n[workspace]\n",
        toml_string(name)
    )
}

/// A string of TOML, whose escapes are those of JSON.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn add_folder(digest: &mut Sha256, folder: &Path) -> Result<(), WorkshopError> {
    let reading = |error| WorkshopError::File(folder.to_owned(), error);
    let mut inside = fs::read_dir(folder)
        .map_err(reading)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(reading)?;
    inside.sort();
    for path in inside {
        if path.is_dir() {
            add_folder(digest, &path)?;
        } else {
            let text = fs::read(&path).map_err(|error| WorkshopError::File(path.clone(), error))?;
            for part in [path.to_string_lossy().as_bytes(), &text] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        }
    }
    Ok(())
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
