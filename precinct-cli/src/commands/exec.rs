//! `precinct exec`: a decision for each of many inputs.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use precinct_bundle::Bundle;
use precinct_bundle::load;
use precinct_gateway::registry::Registry;
use precinct_interpreter::policy::{Policy, PolicyOptions};
use precinct_runtime::context::Bounds;
use precinct_runtime::value::{Array, Value};
use precinct_runtime::{Arena, Document};
use precinct_server::log::{Form, Level, Logger};
use serde_json::Map;

use super::Outcome;
use crate::configuration::Configuration;
use crate::host::{self, Refusal};
use crate::logging::LogArgs;
use crate::present::errors;
use crate::present::json::Json;
use crate::signing::GuardArgs;

/// A decision for each of many inputs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders with inputs: JSON and YAML.
    paths: Vec<String>,
    /// Bundles.
    #[arg(short, long)]
    bundle: Vec<String>,
    /// A configuration file: of it, `default_decision` and bundles from files are used.
    #[arg(short, long, value_name = "PATH")]
    config_file: Option<String>,
    /// The path of the decision.
    #[arg(long, default_value = "")]
    decision: String,
    /// Fail when a decision is undefined.
    #[arg(long)]
    fail: bool,
    /// Fail when a decision is defined.
    #[arg(long)]
    fail_defined: bool,
    /// Fail when a decision is anything but an empty list.
    #[arg(long)]
    fail_non_empty: bool,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    logging: LogArgs,
    /// A member of the configuration: `default_decision=a/b`.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A member of the configuration whose value is the content of a file.
    #[arg(long, value_name = "KEY=PATH")]
    set_file: Vec<String>,
    /// Read the input from the standard input.
    #[arg(short = 'I', long)]
    stdin_input: bool,
    /// How long all decisions together may take: `5m30s`. Without it there is no limit.
    #[arg(long, value_parser = host::duration)]
    timeout: Option<std::time::Duration>,
    /// Read the policies as Rego v0.
    #[arg(long)]
    v0_compatible: bool,
    #[command(flatten)]
    guard: GuardArgs,
    /// Read the policies as Rego v1: always so without --v0-compatible.
    #[arg(long, hide = true)]
    v1_compatible: bool,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON.
    #[default]
    Json,
}

/// Where the decision is when neither flag nor configuration names one.
const DEFAULT_DECISION: &str = "/system/main";

/// The input of this name is the standard input.
const STANDARD_INPUT: &str = "--stdin-input";

/// Decides and reports.
pub fn run(args: &Args) -> Outcome {
    let logger = args.logging.logger(Level::Error);
    if !args.stdin_input && args.paths.is_empty() {
        let message = "requires at least 1 path arg, or the --stdin-input flag";
        return failed(
            Logger {
                form: Form::Text,
                ..logger
            },
            message,
        );
    }
    match decided(args) {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(message) => failed(logger, &message),
    }
}

fn failed(logger: Logger, message: &str) -> Outcome {
    logger.error("Unexpected error.", message);
    Outcome::Code(ExitCode::FAILURE)
}

fn decided(args: &Args) -> Result<(), String> {
    let configuration = Configuration::read(args.config_file.as_deref(), &args.set, &args.set_file)
        .map_err(|message| format!("config error: {message}"))?;
    let mut bundles = configuration
        .bundle_files()
        .map_err(|message| format!("config error: {message}"))?;
    for (number, path) in args.bundle.iter().enumerate() {
        let full = std::path::absolute(load::clean(path)).map_err(|error| error.to_string())?;
        bundles.push((format!("~{number}"), full.display().to_string()));
    }
    let (policy, data) = policy(args, &bundles)?;
    if args.fail && args.fail_defined {
        return Err("exec error: specify --fail or --fail-defined but not both".to_owned());
    }
    if args.fail_non_empty && args.fail {
        return Err("exec error: specify --fail-non-empty or --fail but not both".to_owned());
    }
    if args.fail_non_empty && args.fail_defined {
        return Err(
            "exec error: specify --fail-non-empty or --fail-defined but not both".to_owned(),
        );
    }
    let path = match args.decision.as_str() {
        "" => configuration
            .default_decision()
            .unwrap_or(DEFAULT_DECISION)
            .to_owned(),
        path => path.to_owned(),
    };
    let mut run = Run {
        args,
        policy: &policy,
        data: &data,
        path,
        deadline: args.timeout.map(|time| std::time::Instant::now() + time),
        results: Vec::new(),
        failures: 0,
        errors: 0,
    };
    run.inputs()
        .map_err(|message| format!("exec error: {message}"))?;
    let report = Json::object([("result", Some(Json::Array(run.results)))]);
    print!("{}", report.pretty());
    let flag = match (args.fail, args.fail_defined, args.fail_non_empty) {
        (true, _, _) => "--fail",
        (_, true, _) => "--fail-defined",
        (_, _, true) => "--fail-non-empty",
        _ => return Ok(()),
    };
    let (failures, errors) = (run.failures, run.errors);
    if failures == 0 && errors == 0 {
        return Ok(());
    }
    Err(format!(
        "exec error: there were {failures} failures and {errors} errors counted in the results list, and {flag} is set"
    ))
}

/// Loads the bundles and compiles what they hold. The first that fails ends the command.
fn policy(args: &Args, bundles: &[(String, String)]) -> Result<(Policy, Arc<Document>), String> {
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        prints: true,
        ..PolicyOptions::default()
    };
    let failed_at = |step: &str, name: &str, message: &str| {
        let mut members = Map::new();
        members.insert("name".to_owned(), name.into());
        members.insert("plugin".to_owned(), "bundle".into());
        let logger = args.logging.logger(Level::Error);
        logger.write(
            Level::Error,
            &format!("Bundle {step} failed: {message}"),
            members,
        );
        format!(
            "runtime error: Bundle name: {name}, Code: bundle_error, HTTPCode: -1, Message: {message}"
        )
    };
    let refused = |name: &str, message: &str| failed_at("load", name, message);
    let guard = args
        .guard
        .guard()
        .map_err(|message| format!("config error: {message}"))?;
    let mut read = Vec::new();
    for (name, path) in bundles {
        let reading = load::Options::default();
        let bundle = match &guard {
            None => load::bundle_files(path, &reading).and_then(|files| Bundle::read(&files)),
            Some(guard) => guard.admit(path, &reading).map(|admitted| admitted.bundle),
        };
        let bundle = bundle.map_err(|error| {
            let text = error.to_string();
            let opening = format!("error reading {path:?}: ");
            refused(name, text.strip_prefix(&opening).unwrap_or(&text))
        })?;
        read.push((name.clone(), bundle));
    }
    let last = bundles.last().map_or("~0", |(name, _)| name.as_str());
    let mut loaded =
        load::join(read).map_err(|error| failed_at("activation", last, &error.to_string()))?;
    Registry::check(&loaded).map_err(|error| refused(last, &error.to_string()))?;
    for module in &mut loaded.modules {
        // Names start within the bundle.
        if let Some((_, path)) = module.name.split_once('/') {
            module.name = format!("/{path}");
        }
    }
    let failed = |refusal: Refusal| match &refusal {
        Refusal::Parse(shown) | Refusal::Bundle { shown, .. } => {
            refused(last, &errors::text(shown))
        }
        Refusal::Compile(shown) => failed_at("activation", last, &errors::text(shown)),
        Refusal::Load(message) => refused(last, message),
    };
    let parsed = host::parse_loaded(&loaded, &options).map_err(failed)?;
    let policy = host::compile(&parsed, options).map_err(failed)?;
    Ok((policy, parsed.data))
}

/// Decisions as they are made.
struct Run<'r> {
    args: &'r Args,
    policy: &'r Policy,
    data: &'r Document,
    path: String,
    deadline: Option<std::time::Instant>,
    results: Vec<Json>,
    failures: usize,
    errors: usize,
}

impl Run<'_> {
    fn inputs(&mut self) -> Result<(), String> {
        if self.args.stdin_input {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| error.to_string())?;
            let input = host::document(&bytes)?;
            if matches!(input.value(), Value::Null) {
                return Err("cannot execute on empty input; please enter valid json or yaml when using the --stdin-input flag".to_owned());
            }
            self.decide(STANDARD_INPUT, &input);
        }
        for path in &self.args.paths {
            self.walk(&load::clean(path))?;
        }
        Ok(())
    }

    /// A file, or all files of a folder in the order of their names.
    fn walk(&mut self, root: &str) -> Result<(), String> {
        let mut pending = vec![root.to_owned()];
        while let Some(path) = pending.pop() {
            let kind = fs::symlink_metadata(&path)
                .map_err(|error| load::system("lstat", &path, &error))?;
            if !kind.is_dir() {
                self.file(&path);
                continue;
            }
            let unreadable = |error| load::system("open", &path, &error);
            let mut inner = Vec::new();
            for entry in fs::read_dir(&path).map_err(unreadable)? {
                let name = entry.map_err(unreadable)?.file_name();
                let name = name.to_string_lossy();
                inner.push(if path == "." {
                    name.into_owned()
                } else {
                    format!("{path}/{name}")
                });
            }
            inner.sort_unstable_by(|one, other| other.cmp(one));
            pending.extend(inner);
        }
        Ok(())
    }

    /// Decides on a file; files of other kinds are passed over.
    fn file(&mut self, path: &str) {
        let extension = Path::new(path).extension().and_then(|it| it.to_str());
        if !matches!(extension, Some("json" | "yaml" | "yml")) {
            return;
        }
        let read = fs::read(path).map_err(|error| load::system("open", path, &error));
        match read.and_then(|bytes| host::document(&bytes)) {
            Ok(input) => self.decide(path, &input),
            Err(message) => {
                let error = Json::object([("message", Some(message.into()))]);
                self.refuse(path, error);
                if self.args.fail || self.args.fail_defined || self.args.fail_non_empty {
                    self.errors += 1;
                }
            }
        }
    }

    fn refuse(&mut self, path: &str, error: Json) {
        self.results.push(Json::object([
            ("path", Some(path.into())),
            ("error", Some(error)),
        ]));
    }

    fn decide(&mut self, name: &str, input: &Document) {
        let arena = Arena::new();
        let mut context = host::prepare(self.policy.context(&arena));
        context.data = self.data.value();
        context.input = Some(input.value());
        context = context.with_bounds(Bounds {
            deadline: self.deadline,
            ..Bounds::default()
        });
        match self.policy.document(&self.path, &mut context) {
            Ok(Some(value)) => {
                let id = uuid::Uuid::new_v4().to_string();
                self.results.push(Json::object([
                    ("decision_id", Some(id.into())),
                    ("path", Some(name.into())),
                    ("result", Some(Json::from(value))),
                ]));
                let is_null = matches!(value, Value::Null);
                let is_empty = value.as_array().is_some_and(Array::is_empty)
                    || value.as_set().is_some_and(|set| set.items().is_empty());
                let fails = (self.args.fail_defined && !is_null)
                    || (self.args.fail && is_null)
                    || (self.args.fail_non_empty && !is_null && !is_empty);
                self.failures += usize::from(fails);
            }
            Ok(None) => {
                let message = format!("{} decision was undefined", self.path);
                let error = Json::object([
                    ("code", Some("opa_undefined_error".into())),
                    ("message", Some(message.into())),
                ]);
                self.refuse(name, error);
                self.errors += usize::from(self.args.fail);
            }
            Err(error) => {
                let mut json = host::eval_shown(&error).json();
                if let Json::Object(members) = &mut json {
                    // Errors of evaluations begin with their code.
                    members.sort_by_key(|(name, _)| name != "code");
                }
                self.refuse(name, json);
                self.errors += usize::from(self.args.fail_defined || self.args.fail_non_empty);
            }
        }
    }
}
