//! `precinct fmt`: policies in their canonical layout.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use precinct_bundle::load;
use precinct_rego::ast::RegoVersion;
use precinct_rego::error::Diagnostic;
use precinct_rego::format::{FormatOptions, Target, format_source};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseOptions};

use super::Outcome;
use crate::host;
use crate::parallel;
use crate::present::{difference, errors};
use crate::writing;

/// Policies in their canonical layout.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "the flags are OPA's")]
pub struct Args {
    /// Files and folders; without any, the standard input.
    paths: Vec<String>,
    /// Overwrite the files.
    #[arg(short, long)]
    write: bool,
    /// List the files that would change.
    #[arg(short, long)]
    list: bool,
    /// Show what would change.
    #[arg(short, long)]
    diff: bool,
    /// Fail when a file would change.
    #[arg(long)]
    fail: bool,
    /// The policies are and stay Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// The policies are Rego v0 and are to be valid under v1 too.
    #[arg(long, alias = "rego-v1")]
    v0_v1: bool,
    /// Leave out imports that v1 does not need.
    #[arg(long)]
    drop_v0_imports: bool,
    /// The file with the features that may be used.
    #[arg(long, value_parser = host::capabilities_place)]
    capabilities: Option<String>,
    /// Read what was formatted again, and fail when that is not possible.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    check_result: bool,
    /// The policies are Rego v1: always so without other flags.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// Formats and prints, lists or writes.
pub fn run(args: &Args) -> Outcome {
    if args.paths.is_empty() {
        return standard_input(args);
    }
    let mut files = Vec::new();
    let listed = args
        .paths
        .iter()
        .try_for_each(|path| visit(&load::clean(path), &mut files));
    // What comes before a file that fails is still formatted.
    match files_done(args, &files).and(listed) {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(message) => Outcome::failed(message, 2),
    }
}

/// So many files are formatted at once before any of them is written.
const BATCH: usize = 256;

fn files_done(args: &Args, files: &[String]) -> Result<(), String> {
    for batch in files.chunks(BATCH) {
        let texts = parallel::map(batch, |path| {
            let text =
                fs::read_to_string(path).map_err(|error| load::system("open", path, &error))?;
            let new = formatted(args, path, &text)?;
            Ok::<_, String>((text, new))
        });
        for (path, text) in batch.iter().zip(texts) {
            let (text, new) = text?;
            file(args, path, &text, &new)?;
        }
    }
    Ok(())
}

fn options(args: &Args) -> FormatOptions {
    let (source, target) = match (args.v0_v1, args.v0_compatible, args.v1_compatible) {
        (true, false, true) => (RegoVersion::V1, RegoVersion::V0CompatV1),
        (true, ..) => (RegoVersion::V0, RegoVersion::V0CompatV1),
        (false, true, _) => (RegoVersion::V0, RegoVersion::V0),
        (false, false, _) => (RegoVersion::V1, RegoVersion::V1),
    };
    let mut options = FormatOptions::new(source);
    options.target = Target::of(target);
    options.source_version = source;
    options.drop_redundant_imports = args.drop_v0_imports;
    options
}

fn formatted(args: &Args, name: &str, text: &str) -> Result<String, String> {
    let options = options(args);
    let refused = |found: &[Diagnostic], text: &str| {
        let mut sources = Sources::default();
        sources.add(name, text);
        let shown = host::diagnostics(found, &sources);
        format!(
            "failed to format Rego source file: {}",
            errors::text(&shown)
        )
    };
    // v0 has features of its own, which the formatter does not ask for.
    if args.capabilities.is_some() || options.source_version != RegoVersion::V1 {
        let capabilities = host::capabilities(args.capabilities.as_deref())?;
        let parse_options = ParseOptions {
            process_annotations: false,
            ..host::parse_options(options.source_version, &capabilities)
        };
        parsed(name, text, &parse_options).map_err(|found| refused(&found, text))?;
    }
    let new = format_source(name, text, &options).map_err(|found| refused(&found, text))?;
    if args.check_result {
        // Under the target's version, as those who read it next will.
        let version = options.target.max;
        parsed(name, &new, &ParseOptions::new(version)).map_err(|found| refused(&found, &new))?;
    }
    Ok(new)
}

fn parsed(name: &str, text: &str, options: &ParseOptions) -> Result<(), Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    syntax::parse_module(&sources, id, options).map(drop)
}

fn standard_input(args: &Args) -> Outcome {
    let mut text = String::new();
    if let Err(error) = std::io::stdin().lock().read_to_string(&mut text) {
        return Outcome::failed(error.to_string(), 2);
    }
    match formatted(args, "stdin", &text) {
        Ok(formatted) => {
            print!("{formatted}");
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(message) => Outcome::failed(message, 2),
    }
}

/// Lists the modules of a path, in the order of names.
fn visit(path: &str, files: &mut Vec<String>) -> Result<(), String> {
    let failed = |action, error: &std::io::Error| load::system(action, path, error);
    let kind = fs::metadata(path).map_err(|error| failed("stat", &error))?;
    if !kind.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| failed("open", &error))? {
        let entry = entry.map_err(|error| failed("open", &error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    for name in names {
        let inner = if path == "." {
            name
        } else {
            format!("{path}/{name}")
        };
        let folder = Path::new(&inner).is_dir();
        if folder
            || Path::new(&inner)
                .extension()
                .is_some_and(|extension| extension == "rego")
        {
            visit(&inner, files)?;
        }
    }
    Ok(())
}

/// Prints, lists or writes a file, as the flags say.
fn file(args: &Args, path: &str, text: &str, new: &str) -> Result<(), String> {
    let changed = new != text;
    if args.fail && changed && !args.diff {
        if args.list {
            println!("{path}");
        }
        return Err("unexpected diff".to_owned());
    }
    if args.list {
        if changed {
            println!("{path}");
        }
        return Ok(());
    }
    if args.diff {
        if changed {
            println!("{}", difference::coloured(text, new));
            if args.fail {
                return Err("unexpected diff".to_owned());
            }
        }
        return Ok(());
    }
    if args.write {
        return if changed {
            writing::replace(Path::new(path), new.as_bytes())
        } else {
            Ok(())
        };
    }
    print!("{new}");
    Ok(())
}
