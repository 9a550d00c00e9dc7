//! The tree of commands, and messages for arguments that do not fit it.
//!
//! Wrong arguments are reported with OPA's words and exit code 1, because scripts that drive OPA look for them.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::{self, Outcome};

/// Rego policies as native Rust: evaluate, check, test and compile them.
#[derive(Debug, Parser)]
#[command(
    name = "precinct",
    disable_help_subcommand = false,
    // As with OPA, a flag may be said again (`build -b one -b two`), and the last value counts.
    args_override_self = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, for the whole run")]
pub enum Command {
    /// Search, replay and verify recorded decisions.
    Audit(commands::audit::Args),
    /// Measure what an evaluation costs.
    Bench(Box<commands::bench::Args>),
    /// Build a bundle from policies and data.
    Build(commands::build::Args),
    /// Show the builtins and features that policies can use.
    Capabilities(commands::capabilities::Args),
    /// Check whether policies parse and compile.
    Check(commands::check::Args),
    /// Show what a policy is compiled to.
    Compile(commands::compile::Args),
    /// Print what a shell needs to complete commands and flags.
    Completions(commands::completions::Args),
    /// Answer recorded evaluations again and compare.
    Conformance(commands::conformance::Args),
    /// Show the documents that a query depends on.
    Deps(commands::deps::Args),
    /// Print the digest that names a bundle or a set of files.
    Digest(commands::digest::Args),
    /// Evaluate a query.
    Eval(Box<commands::eval::Args>),
    /// Decide for each of many inputs.
    Exec(Box<commands::exec::Args>),
    /// Bring policies into their canonical layout.
    Fmt(commands::fmt::Args),
    /// Show what a bundle, a folder or a module holds.
    Inspect(commands::inspect::Args),
    /// Write a crate of policies that builds and tests.
    New(commands::new::Args),
    /// Answer questions about policies.
    #[command(hide = true)]
    Oracle(commands::oracle::Args),
    /// Print the syntax tree of a file.
    Parse(commands::parse::Args),
    /// Show where the time of a decision goes, by rule and by row.
    Profile(commands::profile::Args),
    /// Change policies as a whole.
    Refactor(commands::refactor::Args),
    /// Check, list and explain the capabilities of a gateway.
    Registry(commands::registry::Args),
    /// Ask questions in a shell.
    Run(commands::run::Args),
    /// Write the signature of a bundle.
    Sign(commands::sign::Args),
    /// Run the tests of policies.
    Test(Box<commands::test::Args>),
    /// Verify whether a bundle is what was signed.
    Verify(commands::verify::Args),
    /// Print the version of precinct.
    Version(commands::version::Args),
}

impl Command {
    /// Runs the command and says how the process ends.
    pub fn run(self) -> ExitCode {
        let (name, outcome) = match self {
            Self::Audit(args) => ("audit", commands::audit::run(&args)),
            Self::Bench(args) => ("bench", commands::bench::run(&args)),
            Self::Build(args) => ("build", commands::build::run(&args)),
            Self::Capabilities(args) => ("capabilities", commands::capabilities::run(&args)),
            Self::Check(args) => ("check", commands::check::run(&args)),
            Self::Compile(args) => ("compile", commands::compile::run(&args)),
            Self::Completions(args) => ("completions", commands::completions::run(&args)),
            Self::Conformance(args) => ("conformance", commands::conformance::run(&args)),
            Self::Deps(args) => ("deps", commands::deps::run(&args)),
            Self::Digest(args) => ("digest", commands::digest::run(&args)),
            Self::Eval(args) => ("eval", commands::eval::run(&args)),
            Self::Exec(args) => ("exec", commands::exec::run(&args)),
            Self::Fmt(args) => ("fmt", commands::fmt::run(&args)),
            Self::Inspect(args) => ("inspect", commands::inspect::run(&args)),
            Self::New(args) => ("new", commands::new::run(&args)),
            Self::Oracle(args) => ("oracle", commands::oracle::run(&args)),
            Self::Parse(args) => ("parse", commands::parse::run(&args)),
            Self::Profile(args) => ("profile", commands::profile::run(&args)),
            Self::Refactor(args) => ("refactor", commands::refactor::run(&args)),
            Self::Registry(args) => ("registry", commands::registry::run(&args)),
            Self::Run(args) => ("run", commands::run::run(&args)),
            Self::Sign(args) => ("sign", commands::sign::run(&args)),
            Self::Test(args) => ("test", commands::test::run(&args)),
            Self::Verify(args) => ("verify", commands::verify::run(&args)),
            Self::Version(args) => return commands::version::run(&args),
        };
        match outcome {
            Outcome::Code(code) => code,
            Outcome::Usage(message) => misused(name, &message),
            Outcome::Help => help(name),
        }
    }
}

/// Says what is wrong with the arguments of a command, and how it is used.
fn misused(name: &str, message: &str) -> ExitCode {
    let mut cli = Cli::command();
    let usage = cli
        .find_subcommand_mut(name)
        .map(|command| command.render_usage().to_string())
        .unwrap_or_default();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    // Nothing is left to be done when stderr is closed.
    let _ = writeln!(
        io::stderr().lock(),
        "Error: {message}\nUsage:\n  precinct {usage}\n\nUse \"precinct [command] --help\" for more information."
    );
    ExitCode::FAILURE
}

/// Shows what a command can do.
fn help(name: &str) -> ExitCode {
    let mut cli = Cli::command();
    let shown = cli.find_subcommand_mut(name).map(clap::Command::print_help);
    ExitCode::from(u8::from(!matches!(shown, Some(Ok(())))))
}

/// Flags that are not given are taken from the environment, as OPA's are: `OPA_EVAL_STRICT` is `eval --strict`, and
/// `OPA_MOVE_WRITE` is `refactor move --write`.
fn with_variables(cli: clap::Command) -> clap::Command {
    cli.mut_subcommands(|command| {
        let prefix = format!("OPA_{}_", command.get_name());
        let command = command.mut_args(|flag| {
            let Some(long) = flag.get_long() else {
                return flag;
            };
            let name = format!("{prefix}{long}").to_uppercase().replace('-', "_");
            match std::env::var_os(&name) {
                Some(value) if !value.is_empty() => flag.env(name).hide_env(true),
                _ => flag,
            }
        });
        with_variables(command)
    })
}

/// Why there is no command to run: help was asked for, or the arguments are wrong.
pub struct Stop(clap::Error);

/// Reads the arguments, of which the first is the program's name.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, Stop> {
    let read = || {
        let found = with_variables(Cli::command()).try_get_matches_from(args)?;
        Cli::from_arg_matches(&found)
    };
    read().map(|cli| cli.command).map_err(Stop)
}

impl Stop {
    /// Prints the help or the error and returns the exit code: 0 for help, 1 for an error.
    pub fn report(self) -> ExitCode {
        let Self(error) = self;
        if !error.use_stderr() {
            return match error.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        let message = message(&error);
        let usage = Cli::command().render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
        // Nothing is left to be done when stderr is closed.
        let _ = writeln!(
            io::stderr().lock(),
            "Error: {message}\nUsage:\n  {usage}\n\nUse \"precinct [command] --help\" for more information."
        );
        ExitCode::FAILURE
    }
}

/// The short form of a flag, as OPA puts it before the long one.
fn letter(long: &str) -> &'static str {
    match long {
        "--format" => "-f, ",
        "--target" => "-t, ",
        "--log-level" => "-l, ",
        "--optimize" => "-O, ",
        "--max-errors" => "-m, ",
        _ => "",
    }
}

/// The error in OPA's words where it has some.
fn message(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let flag = context(ContextKind::InvalidArg).unwrap_or_default();
            match flag.strip_prefix('-') {
                Some(short) if !short.starts_with('-') => {
                    let letter: String = short.chars().take(1).collect();
                    format!("unknown shorthand flag: '{letter}' in -{short}")
                }
                Some(_) => format!("unknown flag: {flag}"),
                None => format!("unexpected argument {flag:?}"),
            }
        }
        ErrorKind::InvalidValue => {
            let flag = context(ContextKind::InvalidArg).unwrap_or_default();
            let value = context(ContextKind::InvalidValue).unwrap_or_default();
            let long = flag.split(' ').next().unwrap_or_default();
            let known = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(values)) => values.join(","),
                _ => String::new(),
            };
            let short = letter(long);
            format!(
                "invalid argument {value:?} for \"{short}{long}\" flag: must be one of {{{known}}}"
            )
        }
        ErrorKind::ValueValidation => {
            let flag = context(ContextKind::InvalidArg).unwrap_or_default();
            let value = context(ContextKind::InvalidValue).unwrap_or_default();
            let long = flag.split(' ').next().unwrap_or_default();
            let why = std::error::Error::source(error).map(ToString::to_string);
            let why = match why.unwrap_or_default().as_str() {
                "invalid digit found in string" | "cannot parse integer from empty string" => {
                    format!("strconv.ParseInt: parsing {value:?}: invalid syntax")
                }
                "number too large to fit in target type" => {
                    format!("strconv.ParseInt: parsing {value:?}: value out of range")
                }
                "invalid float literal" => {
                    format!("strconv.ParseFloat: parsing {value:?}: invalid syntax")
                }
                why => why.to_owned(),
            };
            let short = letter(long);
            format!("invalid argument {value:?} for \"{short}{long}\" flag: {why}")
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("unknown command {name:?} for \"precinct\"")
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
    }
}
