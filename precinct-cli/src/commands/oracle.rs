//! `precinct oracle find-definition`: where what stands at a position is defined.

use std::io::Read as _;
use std::process::ExitCode;
use std::sync::Arc;

use precinct_bundle::load;
use precinct_interpreter::policy::PolicyOptions;
use precinct_rego::analysis::definition;
use precinct_rego::ast::Module;
use precinct_rego::compile::{self, CompileOptions};
use precinct_rego::syntax;

use super::Outcome;
use crate::host::{self, Parsed, Places};
use crate::present::annotations::place;
use crate::present::errors::Shown;
use crate::present::json::Json;

/// Questions about policies, for editors.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    question: Question,
}

/// The questions.
#[derive(Debug, clap::Subcommand)]
enum Question {
    /// Where what stands at a position is defined. The position is `file:offset`, in bytes, decimal or `0x`.
    FindDefinition(DefinitionArgs),
}

/// The position, and where the policies are.
#[derive(Debug, clap::Args)]
struct DefinitionArgs {
    /// `file:offset`
    positions: Vec<String>,
    /// The bundle with the policies.
    #[arg(short, long)]
    bundle: Vec<String>,
    /// The file with the builtins and features that may be used.
    #[arg(long, value_parser = host::capabilities_place)]
    capabilities: Option<String>,
    /// Read the text of the file from the standard input.
    #[arg(long)]
    stdin_buffer: bool,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// Answers with JSON.
pub fn run(args: &Args) -> Outcome {
    let Question::FindDefinition(args) = &args.question;
    let [position] = args.positions.as_slice() else {
        return Outcome::usage("expected exactly one position <filename>:<offset>");
    };
    let (file, offset) = match parse_position(position) {
        Ok(position) => position,
        Err(message) => return Outcome::usage(&message),
    };
    match answer(args, &file, offset) {
        Ok(json) => {
            print!("{}", json.pretty());
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(message) => Outcome::failed(format!("error: {message}"), 1),
    }
}

fn parse_position(text: &str) -> Result<(String, u32), String> {
    let text = text.strip_prefix("file://").unwrap_or(text);
    let Some((file, offset)) = text
        .split_once(':')
        .filter(|(_, offset)| !offset.contains(':'))
    else {
        return Err("expected <filename>:<offset> argument".to_owned());
    };
    let number = match offset.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => offset.parse(),
    };
    let number =
        number.map_err(|_| format!("strconv.ParseInt: parsing {offset:?}: invalid syntax"))?;
    Ok((file.to_owned(), number))
}

fn answer(args: &DefinitionArgs, file: &str, offset: u32) -> Result<Json, String> {
    if args.bundle.len() > 1 {
        return Err("not implemented: multiple bundle paths".to_owned());
    }
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        capabilities: host::capabilities(args.capabilities.as_deref())?,
        ..PolicyOptions::default()
    };
    let places = Places {
        bundles: args.bundle.clone(),
        ..Places::default()
    };
    let mut parsed = host::parse(&places, &options).map_err(|refusal| refusal.text())?;
    if args.stdin_buffer {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map_err(|error| error.to_string())?;
        if !text.is_empty()
            && let Err(shown) = shadow(&mut parsed, file, text, &options)
        {
            return Ok(failed(&shown));
        }
    }
    let compile_options = CompileOptions::new(Arc::clone(&options.capabilities));
    let compiled =
        match compile::resolved(parsed.modules.clone(), &parsed.sources, &compile_options) {
            Ok(compiled) => compiled,
            Err(found) => return Ok(failed(&host::diagnostics(&found, &parsed.sources))),
        };
    let wanted = load::clean(file);
    let is_wanted = |module: &Module| {
        let source = parsed.sources.get(module.package.span.source);
        source.is_some_and(|source| load::clean(&source.name) == wanted)
    };
    let found = match (
        compiled.modules.iter().position(is_wanted),
        parsed.modules.iter().find(|module| is_wanted(module)),
    ) {
        (Some(index), Some(written)) => definition::find(&compiled, index, written, offset),
        _ => Err(definition::Missing::Match),
    };
    Ok(match found {
        Ok(span) => Json::object([("result", Some(place(span, &parsed.sources)))]),
        Err(missing) => Json::object([(
            "error",
            Some(Json::object([("code", Some(missing.code().into()))])),
        )]),
    })
}

/// Puts a text in the place of the module of this name.
fn shadow(
    parsed: &mut Parsed,
    file: &str,
    text: String,
    options: &PolicyOptions,
) -> Result<(), Vec<Shown>> {
    let name = load::clean(file);
    let old = parsed.modules.iter().position(|module| {
        let source = parsed.sources.get(module.package.span.source);
        source.is_some_and(|source| load::clean(&source.name) == name)
    });
    let version = old
        .and_then(|index| parsed.modules.get(index))
        .map_or(options.version, |module| module.version);
    let id = parsed.sources.add(name, text);
    let parse_options = host::parse_options(version, &options.capabilities);
    let module = syntax::parse_module(&parsed.sources, id, &parse_options)
        .map_err(|found| host::diagnostics(&found, &parsed.sources))?;
    if let Some(index) = old {
        parsed.modules.remove(index);
    }
    parsed.modules.push(module);
    Ok(())
}

fn failed(shown: &[Shown]) -> Json {
    let list = shown.iter().map(Shown::json).collect();
    Json::object([("error", Some(Json::Array(list)))])
}
