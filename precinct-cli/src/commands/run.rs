//! `precinct run`: a server, or a shell for questions about policies.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use precinct_interpreter::policy::PolicyOptions;

use super::Outcome;
use super::serve::{self, ServeArgs, Sources, Stopped};
use crate::host::{self, Places};
use crate::repl::{self, Session, Start};

/// Starts a server (--server), or a shell for questions about policies.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    serving: ServeArgs,
    /// Files and folders with policies and data.
    paths: Vec<String>,
    /// Serve the policies that are compiled into this program. `run --server` without anything else does so too.
    #[arg(long, requires = "server", conflicts_with_all = ["paths", "bundle"])]
    compiled: bool,
    /// All paths are bundles: archives or folders.
    #[arg(short, long)]
    bundle: bool,
    /// The form of answers.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// The file that keeps what was typed.
    #[arg(short = 'H', long, value_name = "PATH")]
    history: Option<PathBuf>,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// After how many errors compilation stops; 0 is never.
    #[arg(short, long, default_value_t = 10)]
    max_errors: usize,
    /// Accepted for OPA's sake: nothing is asked of the network.
    #[arg(long)]
    skip_version_check: bool,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
}

/// The forms of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Pretty,
    /// For programs.
    Json,
}

/// The command line is `run --server`. A server that is given an address or a configuration but no policies starts empty,
/// as OPA's does.
fn stands_alone() -> bool {
    std::env::args_os().len() == 3
}

/// Loads and reads lines until the input ends.
pub fn run(args: &Args) -> Outcome {
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        max_errors: args.max_errors,
        ..PolicyOptions::default()
    };
    if args.serving.server {
        let sources = Sources {
            paths: &args.paths,
            are_bundles: args.bundle,
            are_compiled: args.compiled || stands_alone(),
            ignore: &args.ignore,
            options,
        };
        return match serve::run(&args.serving, &sources) {
            Ok(()) => Outcome::Code(ExitCode::SUCCESS),
            Err(Stopped::Before(message)) => {
                // OPA reports what keeps a server from starting on the standard output.
                println!("{message}");
                Outcome::Code(ExitCode::FAILURE)
            }
            Err(Stopped::Serving(message)) => Outcome::failed(message, 1),
        };
    }
    let (paths, bundles) = if args.bundle {
        (Vec::new(), args.paths.clone())
    } else {
        (args.paths.clone(), Vec::new())
    };
    let places = Places {
        paths,
        bundles,
        ignore: args.ignore.clone(),
        ..Places::default()
    };
    let loaded = host::parse(&places, &options).and_then(|parsed| {
        host::compile(&parsed, options.clone())?;
        Ok(parsed)
    });
    let parsed = match loaded {
        Ok(parsed) => parsed,
        Err(refusal) => return Outcome::refused(&refusal.text()),
    };
    let start = Start {
        parsed,
        options,
        json: args.format == Format::Json,
    };
    let history = args.history.clone().or_else(|| {
        let home = std::env::var_os("HOME")?;
        Some(PathBuf::from(home).join(".precinct_history"))
    });
    let banner = format!(
        "precinct {}\n\nRun 'help' to see a list of commands and check for updates.",
        env!("CARGO_PKG_VERSION")
    );
    match repl::run(Session::new(start), history.as_deref(), Some(&banner)) {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(message) => Outcome::failed(message, 1),
    }
}
