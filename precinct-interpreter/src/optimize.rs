//! Policies that are evaluated in part ahead of time, as far as their data decides them.
//!
//! Each entry point is asked for with `input` unknown. What remains of it, and the rules that it needs, take the place of
//! the rules that there were; the next entry point starts from that. The result is text again: it can be loaded anywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use precinct_rego::analysis::optimized;
use precinct_rego::ast::display::ref_text;
use precinct_rego::ast::{Module, Ref, Span, Term, TermValue};
use precinct_rego::compile::QueryOptions;
use precinct_rego::compile::partial::PartialOptions;
use precinct_rego::error::Diagnostic;
use precinct_rego::format::{FormatOptions, format_module};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseCapabilities, ParseOptions};
use precinct_runtime::{Context, Document, EvalError};

use crate::partial::{Given, Partial, PartialError};
use crate::policy::{Failure, Policy, PolicyOptions, Step};

/// The folder of what is made.
const FOLDER: &str = "optimized";

/// A module and its text.
#[derive(Clone, Debug)]
pub struct Text {
    /// The name of its file.
    pub name: String,
    /// What the file holds.
    pub text: String,
}

/// How policies are optimised.
#[derive(Clone, Debug)]
pub struct Optimization {
    /// Paths of the documents that will be asked for, without the leading `data`.
    pub entrypoints: Vec<Vec<String>>,
    /// Paths below `data` that the policies own; an empty one is all of it. What is outside is not known.
    pub roots: Vec<Vec<String>>,
    /// Rules that depend on what is not known stay rules.
    pub shallow_inlining: bool,
    /// The package of what has no rule of its own.
    pub namespace: String,
}

/// Why policies were not optimised.
#[derive(Clone, Debug)]
pub enum Unoptimized {
    /// An entry point is too short.
    Invalid(String),
    /// An entry point is defined by nothing.
    Undefined(String),
    /// The modules do not compile, at first or after an entry point has been put in place.
    Policy(Box<Failure>),
    /// The evaluation ended.
    Evaluation(Box<EvalError>),
}

/// Optimises modules over their data, and gives all modules that there are then, by their names.
///
/// # Errors
/// What stands in the way.
pub fn optimized(
    modules: Vec<Module>,
    sources: &Sources,
    data: &Document,
    wanted: &Optimization,
    options: &PolicyOptions,
) -> Result<Vec<Text>, Unoptimized> {
    let mut state = State::new(modules, sources);
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let mut unknowns: Option<Vec<Ref>> = None;
    for (number, path) in wanted.entrypoints.iter().enumerate() {
        let entrypoint = data_ref(path);
        if path.len() < 2 {
            return Err(Unoptimized::Invalid(ref_text(&entrypoint)));
        }
        let policy = Policy::from_modules(
            state.modules.clone(),
            state.sources.clone(),
            options.clone(),
        )
        .map_err(|failure| Unoptimized::Policy(Box::new(failure)))?;
        let unknowns = unknowns.get_or_insert_with(|| {
            let roots: Vec<Ref> = wanted.roots.iter().map(|root| data_ref(root)).collect();
            optimized::unknowns(policy.compiled(), &roots)
        });
        let mut partial = ask(&policy, &entrypoint, unknowns, data, wanted)?;
        if partial.queries.is_empty() {
            return Err(Unoptimized::Undefined(ref_text(&entrypoint)));
        }
        let own = optimized::support(&partial.queries, &entrypoint, options.version);
        partial.support.extend(own);
        state.merge(&partial.support, options)?;
        for (place, module) in partial.support.iter().enumerate() {
            let name = file_name(&mut used, module)
                .unwrap_or_else(|| format!("{FOLDER}/{}/{number}/{place}.rego", wanted.namespace));
            state.add(name, module, true, options)?;
        }
    }
    Ok(state.texts())
}

/// What remains of the entry point.
fn ask(
    policy: &Policy,
    entrypoint: &Ref,
    unknowns: &[Ref],
    data: &Document,
    wanted: &Optimization,
) -> Result<Partial, Unoptimized> {
    let mut sources = policy.sources().clone();
    let text = format!("{} = {}", optimized::RESULT, ref_text(entrypoint));
    let id = sources.add("", text);
    let parse = ParseOptions {
        version: policy.version(),
        ..ParseOptions::default()
    };
    let failed = |step, errors| {
        Unoptimized::Policy(Box::new(Failure {
            step,
            errors,
            sources: sources.clone(),
        }))
    };
    let body =
        syntax::parse_query(&sources, id, &parse).map_err(|errors| failed(Step::Parse, errors))?;
    let context = QueryOptions {
        equations: true,
        ..QueryOptions::default()
    };
    let query = policy
        .compiled()
        .query(body, &context)
        .map_err(|errors| failed(Step::Compile, errors))?;
    let how = PartialOptions {
        unknowns: unknowns.to_vec(),
        disable_inlining: optimized::required(policy.compiled(), entrypoint),
        shallow_inlining: wanted.shallow_inlining,
        truths: false,
        nondeterministic_builtins: false,
        namespace: wanted.namespace.clone(),
        in_place: true,
        version: policy.version(),
    };
    let given = Given {
        data,
        input: None,
        prepare: &|context: Context<'_>| context,
    };
    policy
        .partial_of(&query, &how, &given)
        .map_err(|error| match error {
            PartialError::Query(failure) => Unoptimized::Policy(failure),
            PartialError::Evaluation(error) => Unoptimized::Evaluation(error),
        })
}

/// The modules on the way.
struct State {
    modules: Vec<Module>,
    sources: Sources,
}

impl State {
    fn new(modules: Vec<Module>, sources: &Sources) -> Self {
        Self {
            modules,
            sources: sources.clone(),
        }
    }

    /// Takes out of all modules what the new ones define.
    fn merge(&mut self, new: &[Module], options: &PolicyOptions) -> Result<(), Unoptimized> {
        for module in std::mem::take(&mut self.modules) {
            let Some(left) = optimized::without(&module, new) else {
                continue;
            };
            let name = self.name(&module).to_string();
            self.add(name, &left, false, options)?;
        }
        Ok(())
    }

    /// Adds a module by way of its text, so that what is compiled is what will be loaded.
    fn add(
        &mut self,
        name: String,
        module: &Module,
        is_made: bool,
        options: &PolicyOptions,
    ) -> Result<(), Unoptimized> {
        let format = FormatOptions {
            ignore_locations: is_made,
            ..FormatOptions::new(module.version)
        };
        let text =
            format_module(module, &self.sources, &format).map_err(|errors| self.failed(errors))?;
        let id = self.sources.add(name, text);
        let parse = ParseOptions {
            version: if is_made {
                options.version
            } else {
                module.version
            },
            process_annotations: true,
            capabilities: Some(ParseCapabilities::from(&*options.capabilities)),
            ..ParseOptions::default()
        };
        let module = syntax::parse_module(&self.sources, id, &parse)
            .map_err(|errors| self.failed(errors))?;
        self.modules.push(module);
        Ok(())
    }

    fn failed(&self, errors: Vec<Diagnostic>) -> Unoptimized {
        Unoptimized::Policy(Box::new(Failure {
            step: Step::Compile,
            errors,
            sources: self.sources.clone(),
        }))
    }

    fn name(&self, module: &Module) -> Arc<str> {
        let source = self.sources.get(module.package.span.source);
        source.map_or_else(|| "".into(), |source| Arc::from(&*source.name))
    }

    fn texts(self) -> Vec<Text> {
        let texts = self.modules.iter().filter_map(|module| {
            let source = self.sources.get(module.package.span.source)?;
            Some(Text {
                name: source.name.to_string(),
                text: source.text.to_string(),
            })
        });
        let mut texts: Vec<Text> = texts.collect();
        texts.sort_by(|one, other| one.name.cmp(&other.name));
        texts
    }
}

/// A name after the package, if that has only plain names.
fn file_name(used: &mut BTreeMap<String, usize>, module: &Module) -> Option<String> {
    let mut name = FOLDER.to_owned();
    for part in module.package.path.iter().skip(1) {
        let TermValue::String(part) = &part.value else {
            return None;
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !part.chars().all(is_plain) {
            return None;
        }
        name.push('/');
        name.push_str(part);
    }
    let count = used.entry(name.clone()).or_default();
    let unique = match *count {
        0 => format!("{name}.rego"),
        number => format!("{name}.{number}.rego"),
    };
    *count += 1;
    Some(unique)
}

fn data_ref(path: &[String]) -> Ref {
    let part = |value| Term {
        span: Span::default(),
        value,
    };
    let names = path
        .iter()
        .map(|name| part(TermValue::String(name.as_str().into())));
    std::iter::once(part(TermValue::Var("data".into())))
        .chain(names)
        .collect()
}
