//! `precinct parse`: the syntax tree of a file.

use std::fs;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use precinct_bundle::load;
use precinct_rego::ast::Span;
use precinct_rego::ast::json::{JsonOptions, indented, module_json};
use precinct_rego::source::Sources;
use precinct_rego::syntax;

use super::Outcome;
use crate::host;
use crate::present::errors::{self, Shown};

/// The syntax tree of a file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file.
    path: Option<String>,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// What JSON holds besides: `locations`, `comments`; a minus in front leaves it out.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    json_include: Vec<String>,
    /// Read the file as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The tree by indentation.
    #[default]
    Pretty,
    /// OPA's JSON.
    Json,
}

/// Parses and prints.
pub fn run(args: &Args) -> Outcome {
    let Some(path) = &args.path else {
        return Outcome::usage("no source file specified");
    };
    let refused = |shown: &[Shown]| {
        eprint!("{}", errors::json(shown).pretty());
        Outcome::Code(ExitCode::FAILURE)
    };
    let mut include = JsonOptions::default();
    for word in &args.json_include {
        match word.as_str() {
            "locations" => include.locations = true,
            "-locations" => include.locations = false,
            "comments" => include.comments = true,
            "-comments" => include.comments = false,
            _ => {}
        }
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return refused(&[Shown::message(load::system("open", path, &error))]),
    };
    let mut sources = Sources::default();
    let id = sources.add(path.as_str(), text);
    let version = host::version(args.v0_compatible, false);
    let options = host::parse_options(version, &precinct_interpreter::capabilities());
    let module = match syntax::parse_module(&sources, id, &options) {
        Ok(module) => module,
        Err(found) => {
            let mut shown = host::diagnostics(&found, &sources);
            if args.format == Format::Json && include.locations {
                for (shown, error) in shown.iter_mut().zip(&found) {
                    shown.source = text_at(error.span, &sources);
                }
            }
            return refused(&shown);
        }
    };
    match args.format {
        Format::Json => println!(
            "{}",
            indented(&module_json(&module, &sources, include)).trim_end()
        ),
        Format::Pretty => print!("{}", crate::present::tree::module(&module)),
    }
    Outcome::Code(ExitCode::SUCCESS)
}

/// The text that a span covers, in base64.
fn text_at(span: Span, sources: &Sources) -> Option<String> {
    let source = sources.get(span.source)?;
    let text = source.text.get(span.start as usize..span.end as usize)?;
    Some(STANDARD.encode(text))
}
