//! `precinct new`: a crate of policies that builds and tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use precinct_codegen::workshop;

use super::Outcome;
use crate::present::json::Json;

/// A crate of policies that builds and tests.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of the crate, which must not exist or be empty.
    path: PathBuf,
    /// The crate's name; the folder's if not given.
    #[arg(long)]
    name: Option<String>,
    /// The sources of precinct, which the crate depends on; those that this program was built from if not given.
    #[arg(long, value_name = "FOLDER")]
    precinct: Option<PathBuf>,
}

/// The files of the crate: their names and texts, in which names in double braces are replaced.
const FILES: [(&str, &str); 8] = [
    (
        "Cargo.toml",
        include_str!("../../templates/new/Cargo.toml.txt"),
    ),
    ("build.rs", include_str!("../../templates/new/build.rs.txt")),
    (
        "policies/authz.rego",
        include_str!("../../templates/new/policies/authz.rego"),
    ),
    (
        "policies/authz_test.rego",
        include_str!("../../templates/new/policies/authz_test.rego"),
    ),
    (
        "src/lib.rs",
        include_str!("../../templates/new/src/lib.rs.txt"),
    ),
    (
        "tests/policies.rs",
        include_str!("../../templates/new/tests/policies.rs.txt"),
    ),
    (
        "README.md",
        include_str!("../../templates/new/README.md.txt"),
    ),
    (
        ".gitignore",
        include_str!("../../templates/new/gitignore.txt"),
    ),
];

/// Writes the files.
pub fn run(args: &Args) -> Outcome {
    match write(args) {
        Ok(name) => {
            println!("{name} is in {}", args.path.display());
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(message) => Outcome::failed(message, 1),
    }
}

fn write(args: &Args) -> Result<String, String> {
    let folder = args.path.file_name().unwrap_or_default().to_string_lossy();
    let name = args.name.clone().unwrap_or_else(|| folder.into_owned());
    check(&name)?;
    let precinct = args.precinct.clone().unwrap_or_else(workshop::workspace);
    let precinct = precinct
        .canonicalize()
        .ok()
        .filter(|folder| folder.join("precinct-codegen/Cargo.toml").is_file())
        .ok_or_else(|| {
            format!(
                "expected the sources of precinct in {}; --precinct can name them",
                precinct.display()
            )
        })?;
    let at = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    if let Ok(mut inside) = fs::read_dir(&args.path)
        && inside.next().is_some()
    {
        return Err(format!("{} is not empty", args.path.display()));
    }
    // Strings of TOML have the escapes of JSON.
    let quoted = |path: PathBuf| Json::from(&*path.to_string_lossy()).compact();
    for (file, text) in FILES {
        let path = args.path.join(file);
        let parent = path.parent().unwrap_or(&args.path);
        fs::create_dir_all(parent).map_err(|error| at(parent, error))?;
        let text = text
            .replace("{{name}}", &name)
            .replace("{{crate}}", &name.replace('-', "_"))
            .replace("{{runtime}}", &quoted(precinct.join("precinct-runtime")))
            .replace("{{codegen}}", &quoted(precinct.join("precinct-codegen")));
        fs::write(&path, text).map_err(|error| at(&path, error))?;
    }
    Ok(name)
}

/// Names that cargo takes and that are identifiers with underscores for hyphens.
fn check(name: &str) -> Result<(), String> {
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter)
        });
    if !is_name {
        return Err(format!(
            "{name:?} is not a crate's name: expected lower-case letters, digits, hyphens and underscores, a letter first; --name can give one"
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!(
            "{name:?} means something to Rust or cargo; --name can give another"
        ));
    }
    Ok(())
}

/// Keywords of Rust, and names of crates and folders that are taken.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "precinct-codegen",
    "precinct-runtime",
    "precinct_codegen",
    "precinct_runtime",
    "priv",
    "proc-macro",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];
