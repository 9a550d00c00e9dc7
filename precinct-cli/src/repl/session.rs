//! What has been loaded and defined, and answers to questions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use precinct_interpreter::partial::PartialQuery;
use precinct_interpreter::policy::{Policy, PolicyOptions, with_imports};
use precinct_interpreter::stack::Stack;
use precinct_interpreter::trace::Tracer;
use precinct_rego::ast::{ExprKind, Module, Rule, TermValue};
use precinct_rego::error::Diagnostic;
use precinct_rego::format::{FormatOptions, format_source};
use precinct_rego::lower::Watch;
use precinct_rego::source::Sources;
use precinct_rego::syntax;
use precinct_runtime::{Document, Value};

use crate::commands::eval::{self, Report};
use crate::commands::residual;
use crate::host::{self, Parsed};
use crate::present::errors::{self, Shown};
use crate::present::explain::{self, Explain};
use crate::present::results::Row;

/// What a session begins with.
pub struct Start {
    /// What was loaded.
    pub parsed: Parsed,
    /// How everything is compiled.
    pub options: PolicyOptions,
    /// Answers as JSON.
    pub json: bool,
}

/// A module that was typed in.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    imports: Vec<String>,
    rules: Vec<Defined>,
}

/// A rule that was typed in: the parts of its name and its text.
#[derive(Clone, Debug)]
struct Defined {
    name: Vec<String>,
    text: String,
}

/// What is shown besides answers.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a command of its own"
)]
pub(super) struct Settings {
    pub json: bool,
    pub limit: usize,
    pub explain: Explain,
    pub metrics: bool,
    pub instrument: bool,
    pub profile: bool,
    pub types: bool,
    pub strict: bool,
    pub traceback: bool,
}

/// A shell's state.
pub struct Session {
    parsed: Parsed,
    options: PolicyOptions,
    units: BTreeMap<String, Unit>,
    current: Option<String>,
    policy: Option<Arc<Policy>>,
    /// What is not known: queries are evaluated in part.
    unknowns: Vec<String>,
    pub(super) settings: Settings,
}

/// The package that rules belong to when none was named.
const PACKAGE: &str = "repl";

/// How many rows of a profile are shown.
const PROFILE: usize = 10;

impl Session {
    /// Begins.
    pub fn new(start: Start) -> Self {
        Self {
            parsed: start.parsed,
            options: start.options,
            units: BTreeMap::new(),
            current: None,
            policy: None,
            unknowns: Vec::new(),
            settings: Settings {
                json: start.json,
                limit: 80,
                ..Settings::default()
            },
        }
    }

    /// Whether a text can be run as it is: otherwise more lines may complete it.
    pub(super) fn is_complete(&self, text: &str) -> bool {
        statements(text).iter().all(|statement| match statement {
            Statement::Package(_) | Statement::Import(_) => true,
            Statement::Other(text) => self.parse_error(text).is_none(),
        })
    }

    fn parse_error(&self, text: &str) -> Option<String> {
        let mut sources = Sources::default();
        let options = self.parsing();
        let id = sources.add("", text);
        let Err(errors) = syntax::parse_query(&sources, id, &options) else {
            return None;
        };
        let module = format!("package {PACKAGE}\n\n{text}\n");
        let mut whole = Sources::default();
        let whole_id = whole.add("", module);
        match syntax::parse_module(&whole, whole_id, &options) {
            Ok(module) if !module.rules.is_empty() => None,
            Ok(_) => Some(shown(&errors, &sources)),
            Err(of_rules) => {
                // A text that reads like a rule is told what is wrong with it as a rule.
                let like_rule = text.contains('{') || text.contains(" if ");
                let moved: Vec<Diagnostic> = of_rules
                    .into_iter()
                    .map(|mut error| {
                        error.span.row = error.span.row.saturating_sub(2).max(1);
                        error
                    })
                    .collect();
                Some(if like_rule {
                    shown(&moved, &whole)
                } else {
                    shown(&errors, &sources)
                })
            }
        }
    }

    fn parsing(&self) -> syntax::ParseOptions {
        let options = host::parse_options(self.options.version, &self.options.capabilities);
        let unit = self.current.as_ref().and_then(|name| self.units.get(name));
        let imports = unit.map_or(&[][..], |unit| &unit.imports);
        with_imports(options, imports.iter().map(String::as_str))
    }

    /// Runs statements and gives what is printed.
    ///
    /// # Errors
    /// What is wrong with them, as it is printed.
    pub(super) fn run(&mut self, text: &str) -> Result<String, String> {
        let mut printed = String::new();
        for statement in statements(text) {
            match statement {
                Statement::Package(name) => {
                    self.units.entry(name.clone()).or_default();
                    self.current = Some(name);
                }
                Statement::Import(path) => {
                    let unit = self.unit();
                    if !unit.imports.contains(&path) {
                        unit.imports.push(path);
                    }
                    self.policy = None;
                }
                Statement::Other(text) => printed += &self.statement(&text)?,
            }
        }
        Ok(printed)
    }

    fn unit(&mut self) -> &mut Unit {
        let name = self.current.get_or_insert_with(|| PACKAGE.to_owned());
        self.units.entry(name.clone()).or_default()
    }

    fn statement(&mut self, text: &str) -> Result<String, String> {
        if let Some(error) = self.parse_error(text) {
            return Err(error);
        }
        let mut sources = Sources::default();
        let id = sources.add("", text);
        let is_rule = match syntax::parse_query(&sources, id, &self.parsing()) {
            Err(_) => true,
            Ok(body) if body.len() > 1 && self.reads_as_rule(text)? => true,
            Ok(body) => match body.as_slice() {
                [expr] if !expr.negated && expr.with.is_empty() => match &expr.kind {
                    ExprKind::Call(terms) => match terms.get(1).map(|term| &term.value) {
                        Some(TermValue::Var(name)) => {
                            expr.operator_is("assign")
                                || expr.operator_is("eq") && !self.is_defined(name)
                        }
                        _ => false,
                    },
                    _ => false,
                },
                _ => false,
            },
        };
        if is_rule {
            self.define(text)
        } else if !self.unknowns.is_empty() {
            self.residual(text)
        } else {
            self.answer(text)
        }
    }

    /// Whether several expressions on a line are a rule with keywords.
    ///
    /// # Errors
    /// What such a rule lacks.
    fn reads_as_rule(&self, text: &str) -> Result<bool, String> {
        let mut sources = Sources::default();
        let id = sources.add("", format!("package {PACKAGE}\n\n{text}\n"));
        match syntax::parse_module(&sources, id, &self.parsing()) {
            Ok(module) => Ok(module.rules.iter().any(|rule| {
                let keywords = rule.head.keywords;
                keywords.r#if || keywords.contains
            })),
            Err(mut errors) => {
                errors.retain(|error| error.message.contains("keyword is required"));
                if errors.is_empty() {
                    return Ok(false);
                }
                for error in &mut errors {
                    error.span.row = error.span.row.saturating_sub(2).max(1);
                }
                Err(shown(&errors, &sources))
            }
        }
    }

    /// Which documents are not known from now on; without any, all are.
    pub(super) fn set_unknowns(&mut self, references: &[&str]) -> Result<(), String> {
        let usage = "usage: unknown <input/data reference> [<input/data reference> [...]] (hint: try 'input')";
        let is_reference = |text: &&str| {
            let mut sources = Sources::default();
            let id = sources.add("", *text);
            let Ok(body) = syntax::parse_query(&sources, id, &self.parsing()) else {
                return false;
            };
            let [expr] = body.as_slice() else {
                return false;
            };
            let ExprKind::Term(term) = &expr.kind else {
                return false;
            };
            matches!(term.value, TermValue::Ref(_) | TermValue::Var(_))
        };
        let nothing = references.is_empty() && self.unknowns.is_empty();
        if nothing || !references.iter().all(is_reference) {
            return Err(usage.to_owned());
        }
        self.unknowns = references.iter().map(|&text| text.to_owned()).collect();
        Ok(())
    }

    /// What remains of a query.
    fn residual(&mut self, text: &str) -> Result<String, String> {
        let policy = self.policy()?;
        let package = self.current.as_ref().map(|name| format!("data.{name}"));
        let imports = self.imports();
        let input = self.input(&policy);
        let found = policy.partial(&PartialQuery {
            query: text,
            package: package.as_deref(),
            imports: &imports,
            unknowns: &self.unknowns,
            disable_inlining: &[],
            shallow_inlining: false,
            truths: false,
            nondeterministic_builtins: false,
            data: &self.parsed.data,
            input: input.as_ref(),
            prepare: &host::prepare,
        });
        match found {
            Ok(found) if self.settings.json => Ok(residual::json(Some(&found), &[])),
            Ok(found) => residual::pretty(&found),
            Err(error) => Err(errors::text(&residual::shown(error))),
        }
    }

    fn imports(&self) -> Vec<String> {
        let unit = self.current.as_ref().and_then(|name| self.units.get(name));
        unit.map(|unit| unit.imports.clone()).unwrap_or_default()
    }

    fn is_defined(&self, name: &str) -> bool {
        let current = self.current.as_deref().unwrap_or(PACKAGE);
        let mut here = self
            .units
            .get(current)
            .into_iter()
            .flat_map(|unit| &unit.rules);
        here.any(|rule| rule.name.first().is_some_and(|first| first == name))
    }

    fn define(&mut self, text: &str) -> Result<String, String> {
        let module = format!("package {PACKAGE}\n\n{text}\n");
        let mut sources = Sources::default();
        let id = sources.add("", module.as_str());
        let parsed = syntax::parse_module(&sources, id, &self.parsing())
            .map_err(|errors| shown(&errors, &sources))?;
        let before = (self.units.clone(), self.current.clone());
        let mut printed = String::new();
        let json = self.settings.json;
        for rule in &parsed.rules {
            let name = name(rule);
            let (from, to) = (rule.span.start as usize, rule.span.end as usize);
            let text = module.get(from..to).unwrap_or_default().to_owned();
            let package = self.current.clone().unwrap_or_else(|| PACKAGE.to_owned());
            let unit = self.unit();
            let count = unit.rules.len();
            if rule.head.assign && !rule.default {
                unit.rules.retain(|other| !overlaps(&other.name, &name));
            }
            let word = if unit.rules.len() < count {
                "re-defined"
            } else {
                "defined"
            };
            if !json {
                printed += &format!(
                    "Rule '{}' {word} in package {package}. Type 'show' to see rules.\n",
                    name.join(".")
                );
            }
            unit.rules.push(Defined { name, text });
        }
        self.policy = None;
        // Rows are told as they were typed, not as rows of the module that the rules were added to.
        let package = self.current.clone().unwrap_or_else(|| PACKAGE.to_owned());
        let whole = self.text_of(&package).lines().count();
        let typed: usize = parsed.rules.iter().map(|rule| rows(rule, &module)).sum();
        let above = u32::try_from(whole - typed.min(whole)).unwrap_or(0);
        match self.compiled() {
            Ok(_) => Ok(printed),
            Err(mut shown) => {
                (self.units, self.current) = before;
                self.policy = None;
                for error in &mut shown {
                    if let Some((file, row, _)) = &mut error.location
                        && file.is_empty()
                        && *row > above
                    {
                        *row -= above;
                    }
                }
                Err(errors::text(&shown))
            }
        }
    }

    /// Takes rules away. Whether there were some.
    ///
    /// # Errors
    /// Why the rest would not compile without them.
    pub(super) fn unset(&mut self, path: &[String]) -> Result<bool, String> {
        let Some(current) = self.current.clone() else {
            return Ok(false);
        };
        let before = self.units.clone();
        let unit = self.unit();
        let count = unit.rules.len();
        unit.rules.retain(|rule| !overlaps(&rule.name, path));
        if unit.rules.len() == count {
            return Ok(false);
        }
        self.policy = None;
        if let Err(error) = self.policy() {
            self.units = before;
            self.current = Some(current);
            self.policy = None;
            return Err(error);
        }
        Ok(true)
    }

    /// Takes a package away. Whether it was there.
    pub(super) fn unset_package(&mut self, name: &str) -> bool {
        let removed = self.units.remove(name).is_some();
        if removed {
            self.policy = None;
            if self.current.as_deref() == Some(name) {
                self.current = None;
            }
        }
        removed
    }

    /// The active module, formatted.
    pub(super) fn show(&self) -> String {
        let Some(current) = &self.current else {
            return "no rules defined\n".to_owned();
        };
        let text = self.text_of(current);
        let options = FormatOptions::new(self.options.version);
        format_source("", &text, &options).unwrap_or(text)
    }

    fn text_of(&self, package: &str) -> String {
        let mut text = format!("package {package}\n");
        if let Some(unit) = self.units.get(package) {
            for import in &unit.imports {
                text += &format!("\nimport {import}\n");
            }
            for rule in &unit.rules {
                text += &format!("\n{}\n", rule.text);
            }
        }
        text
    }

    /// Settings changed that the compiler must know.
    pub(super) fn forget(&mut self) {
        self.policy = None;
    }

    /// The base documents.
    pub(super) fn data(&self) -> Value<'_> {
        self.parsed.data.value()
    }

    /// What a line that begins so can go on with.
    pub(super) fn completions(&self, start: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (package, unit) in &self.units {
            for rule in &unit.rules {
                found.push(format!("data.{package}.{}", rule.name.join(".")));
            }
            let last = |import: &String| {
                let name = import.rsplit([' ', '.']).next();
                name.map(str::to_owned)
            };
            found.extend(unit.imports.iter().filter_map(last));
        }
        for module in &self.parsed.modules {
            let package = module
                .package
                .path
                .iter()
                .skip(1)
                .map(|part| match &part.value {
                    TermValue::String(text) => text.to_string(),
                    _ => part.to_string(),
                });
            let package = package.collect::<Vec<_>>().join(".");
            for rule in &module.rules {
                found.push(format!("data.{package}.{}", name(rule).join(".")));
            }
        }
        found.extend(super::help::COMMANDS.iter().filter_map(|(command, _)| {
            let word = command.split(' ').next()?;
            (!word.starts_with('<') && !word.contains('+')).then(|| word.to_owned())
        }));
        found.retain(|name| name.starts_with(start));
        found.sort();
        found.dedup();
        found
    }

    fn traced(&self) -> bool {
        self.settings.profile || self.settings.explain != Explain::Off
    }

    fn policy(&mut self) -> Result<Arc<Policy>, String> {
        self.compiled().map_err(|shown| errors::text(&shown))
    }

    fn compiled(&mut self) -> Result<Arc<Policy>, Vec<Shown>> {
        if let Some(policy) = &self.policy {
            return Ok(Arc::clone(policy));
        }
        let mut sources = self.parsed.sources.clone();
        let mut modules: Vec<Module> = self.parsed.modules.clone();
        let parsing = self.parsing();
        for package in self.units.keys() {
            let id = sources.add("", self.text_of(package));
            let module = syntax::parse_module(&sources, id, &parsing)
                .map_err(|errors| host::diagnostics(&errors, &sources))?;
            modules.push(module);
        }
        let options = PolicyOptions {
            watch: self.traced().then(Watch::default),
            prints: true,
            ..self.options.clone()
        };
        let policy = Policy::from_modules(modules, sources, options)
            .map_err(|failure| host::failure_shown(&failure))?;
        let policy = Arc::new(policy);
        self.policy = Some(Arc::clone(&policy));
        Ok(policy)
    }

    /// The input document: what the rule `data.repl.input` gives.
    fn input(&self, policy: &Policy) -> Option<Document> {
        let arena = host::arena();
        let mut context = policy.context(&arena).with_data(self.data());
        let document = policy.document("repl/input", &mut context);
        document.ok().flatten().map(Document::copy_of)
    }

    fn answer(&mut self, text: &str) -> Result<String, String> {
        let started = Instant::now();
        let policy = self.policy()?;
        let mut report = Report::default();
        let mut metrics = vec![("timer_rego_module_compile_ns", host::nanos(started))];
        let started = Instant::now();
        let package = self.current.as_ref().map(|name| format!("data.{name}"));
        let imports = self.imports();
        let query = policy
            .query(text, package.as_deref(), &imports)
            .map_err(|failure| {
                let mut shown = host::failure_shown(&failure);
                // What the value of an expression would be kept in is nothing that was typed.
                shown.retain(|error| error.message != "var _ is unsafe");
                errors::text(&shown)
            })?;
        metrics.push(("timer_rego_query_compile_ns", host::nanos(started)));
        metrics.push(("timer_rego_query_parse_ns", 0));
        let input = self.input(&policy);
        let outline = self.traced().then(|| policy.outline());
        let arena = host::arena();
        let mut context = host::prepare(query.context(&arena))
            .with_data(self.parsed.data.value())
            .with_input(input.as_ref().map(Document::value));
        context.strict_builtin_errors = self.settings.strict;
        let started = Instant::now();
        let mut stack = Stack::default();
        let answers = if let Some(outline) = &outline {
            let tracer = Tracer::new(query.program(), outline, query.outline());
            let mut hooks = (tracer, &mut stack);
            let answers = query.answers_with(&mut context, &mut hooks);
            let answered = answers.as_ref().is_ok_and(|answers| !answers.is_empty());
            report.events = hooks.0.finish(answered);
            answers
        } else {
            query.answers_with(&mut context, &mut stack)
        };
        metrics.push(("timer_rego_query_eval_ns", host::nanos(started)));
        if self.settings.profile {
            report.profile = explain::profile(&report.events, query.sources(), &[], PROFILE);
        }
        report.events = self.settings.explain.select(&report.events);
        report.sources = query.sources().clone();
        if self.settings.metrics || self.settings.instrument {
            metrics.sort_unstable();
            let named = |(name, ns): (&str, u64)| (name.to_owned(), ns);
            report.metrics = metrics.into_iter().map(named).collect();
        }
        let answers = answers.map_err(|error| {
            let mut shown = host::eval_shown(&error);
            if self.settings.traceback {
                let frames = stack.frames(query.program(), policy.modules(), query.body());
                shown = explain::traced(shown, &frames, query.sources());
            }
            let trace = explain::text(&report.events, &report.sources, false);
            trace + &shown.text()
        })?;
        let rows: Vec<Row> = answers
            .iter()
            .map(|answer| Row::new(&query, answer))
            .collect();
        let answer = if self.settings.json {
            eval::json(&rows, &report, false)
        } else {
            eval::pretty(&rows, &report, self.settings.limit, false)
        };
        if !self.settings.types {
            return Ok(answer);
        }
        let types = policy
            .query_types(text, package.as_deref(), &imports)
            .map_err(|failure| errors::text(&host::failure_shown(&failure)))?;
        let types = types.iter().map(|(name, kind)| match kind {
            Some(kind) => format!("# {name}: {kind}\n"),
            None => format!("# {name}: <nil>\n"),
        });
        Ok(answer + &types.collect::<String>())
    }
}

/// What a line can be.
enum Statement {
    Package(String),
    Import(String),
    Other(String),
}

/// Packages and imports stand on lines of their own; everything else is one rule or query.
fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut rest = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if rest.is_empty() {
            if let Some(name) = trimmed.strip_prefix("package ") {
                found.push(Statement::Package(name.trim().to_owned()));
                continue;
            }
            if let Some(path) = trimmed.strip_prefix("import ") {
                found.push(Statement::Import(path.trim().to_owned()));
                continue;
            }
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
        }
        rest.push(line);
    }
    if !rest.is_empty() {
        found.push(Statement::Other(rest.join("\n")));
    }
    found
}

/// How many rows a rule's text has.
fn rows(rule: &Rule, module: &str) -> usize {
    let (from, to) = (rule.span.start as usize, rule.span.end as usize);
    module.get(from..to).map_or(0, |text| text.lines().count())
}

/// The parts of a rule's name that are constant.
fn name(rule: &Rule) -> Vec<String> {
    rule.head
        .reference
        .iter()
        .map_while(|part| match &part.value {
            TermValue::Var(name) => Some(name.to_string()),
            TermValue::String(text) => Some(text.to_string()),
            _ => None,
        })
        .collect()
}

/// One of the names leads to the other.
fn overlaps(one: &[String], other: &[String]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

fn shown(errors: &[Diagnostic], sources: &Sources) -> String {
    errors::text(&host::diagnostics(errors, sources))
}
