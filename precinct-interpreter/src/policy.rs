//! Policies from source text: compiled once, asked many times.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use precinct_rego::ast::{
    Annotations, Body, Import, Module, Ref, RegoVersion, SourceId, Span, Term, TermValue,
};
use precinct_rego::capabilities::Capabilities;
use precinct_rego::compile::types::Type;
use precinct_rego::compile::{self, CompileOptions, Compiled, CompiledQuery, QueryOptions};
use precinct_rego::error::{Code, Diagnostic};
use precinct_rego::ir::{FunctionId, FunctionKind, Program, verify};
use precinct_rego::lower::{self, QueryBody, Watch};
use precinct_rego::optimise;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseCapabilities, ParseOptions};
use precinct_runtime::value::Array;
use precinct_runtime::{Arena, Context, EvalError, Value};

use crate::capabilities::{Callable, capabilities};
use crate::engine::{Engine, Hooks, NoHooks, Options};
use crate::hosts::hosts;
use crate::trace::{self, Outline};
use crate::values::captures;

/// One module as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name that errors show.
    pub name: String,
    /// The text.
    pub text: String,
    /// The version of the language, when it is not that of the whole policy.
    pub version: Option<RegoVersion>,
}

/// How a policy is compiled.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub struct PolicyOptions {
    /// The version of the language.
    pub version: RegoVersion,
    /// Refuse what OPA's strict mode refuses.
    pub strict: bool,
    /// Keep `print` calls.
    pub prints: bool,
    /// Keep the marks of expressions.
    pub marks: bool,
    /// Do what OPA does where traces and coverage tell, and keep the marks that they need.
    pub watch: Option<Watch>,
    /// Leave the program as it was lowered.
    pub unoptimised: bool,
    /// After how many errors the compiler gives up; 0 is never.
    pub max_errors: usize,
    /// Names of builtins that must not be called.
    pub unsafe_builtins: Vec<String>,
    /// Read `# METADATA` blocks and report what is wrong with them.
    pub annotations: bool,
    /// The builtins and features that can be used.
    pub capabilities: Arc<Capabilities>,
    /// Everything else that the compiler can be told; what is said here above wins.
    pub compile: CompileOptions,
}

impl Default for PolicyOptions {
    /// Rego v1, no prints, OPA's limit of ten errors.
    fn default() -> Self {
        Self {
            version: RegoVersion::V1,
            strict: false,
            prints: false,
            marks: false,
            watch: None,
            unoptimised: false,
            max_errors: 10,
            unsafe_builtins: Vec::new(),
            annotations: false,
            capabilities: capabilities(),
            compile: CompileOptions::new(capabilities()),
        }
    }
}

/// What is wrong with modules or a query, and the texts that it is wrong with.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which step found the errors.
    pub step: Step,
    /// The errors.
    pub errors: Vec<Diagnostic>,
    /// The texts that their spans point into.
    pub sources: Sources,
}

/// A step on the way from text to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Text to syntax.
    Parse,
    /// Syntax to a program.
    Compile,
}

impl Failure {
    /// One of the errors with its place, `policy.rego:3: rego_parse_error: …`, and its details on lines of their own.
    pub fn line(&self, error: &Diagnostic) -> String {
        let source = self
            .sources
            .get(error.span.source)
            .filter(|_| error.span.row > 0);
        let mut text = match source {
            Some(source) if source.name.is_empty() => {
                format!("{}:{}: ", error.span.row, error.span.col)
            }
            Some(source) => format!("{}:{}: ", source.name, error.span.row),
            None => String::new(),
        };
        if !error.code.as_str().is_empty() {
            text.push_str(error.code.as_str());
            text.push_str(": ");
        }
        text.push_str(&error.message);
        for detail in &error.details {
            text.push_str("\n\t");
            text.push_str(detail);
        }
        text
    }
}

impl fmt::Display for Failure {
    /// As OPA writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.as_slice() {
            [] => f.write_str("no error(s)"),
            [one] => write!(f, "1 error occurred: {}", self.line(one)),
            many => {
                write!(f, "{} errors occurred:", many.len())?;
                for one in many {
                    write!(f, "\n{}", self.line(one))?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Failure {}

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    options: PolicyOptions,
    sources: Sources,
    compiled: Compiled,
    program: Program,
    engine: Engine,
}

/// A query that can be asked of a policy.
#[derive(Debug)]
pub struct Query {
    program: Program,
    engine: Engine,
    function: FunctionId,
    outline: trace::outline::Query,
    body: Body,
    sources: Sources,
    /// The names of the variables that answers show.
    pub variables: Vec<Arc<str>>,
    /// The expressions, in the order of the query: position in the row, text, row, column.
    pub expressions: Vec<Expression>,
}

/// An expression of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Where its value stands in an answer.
    position: usize,
    /// As it was written.
    pub text: String,
    /// The row in the query, from 1.
    pub row: u32,
    /// The column in the query, from 1.
    pub col: u32,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The values of [`Query::variables`].
    pub variables: Vec<Value<'a>>,
    /// The values of [`Query::expressions`].
    pub expressions: Vec<Value<'a>>,
}

/// Where something begins: its source, row and column.
pub type Place = (SourceId, u32, u32);

/// Where this begins.
#[must_use]
pub const fn place(span: Span) -> Place {
    (span.source, span.row, span.col)
}

impl Policy {
    /// Parses and compiles modules.
    ///
    /// # Errors
    /// What is wrong with them: of the first step that finds something.
    pub fn compile(texts: Vec<Text>, options: PolicyOptions) -> Result<Self, Failure> {
        let mut sources = Sources::default();
        let modules = parse(texts, &options, &mut sources)?;
        Self::from_modules(modules, sources, options)
    }

    /// Compiles modules that have been parsed.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_modules(
        modules: Vec<Module>,
        sources: Sources,
        options: PolicyOptions,
    ) -> Result<Self, Failure> {
        let built =
            compile::compile(modules, &sources, &compile_options(&options)).and_then(|compiled| {
                let (program, engine, _) = load(&compiled.modules, &[], &sources, &options)?;
                Ok((compiled, program, engine))
            });
        match built {
            Ok((compiled, program, engine)) => Ok(Self {
                options,
                sources,
                compiled,
                program,
                engine,
            }),
            Err(errors) => Err(Failure {
                step: Step::Compile,
                errors,
                sources,
            }),
        }
    }

    /// Says what is wrong with modules that have been parsed, and leaves the program aside.
    ///
    /// # Errors
    /// As [`Policy::from_modules`].
    pub fn check(
        modules: Vec<Module>,
        sources: &Sources,
        options: &PolicyOptions,
    ) -> Result<(), Vec<Diagnostic>> {
        let compiled = compile::compile(modules, sources, &compile_options(options))?;
        lower::lower(&compiled.modules, &[], &Callable(&options.capabilities))?;
        // Taking a large policy apart takes as long as a stage of its check, and who asks is about to be done.
        std::mem::forget(compiled);
        Ok(())
    }

    /// The engine, for documents by their path.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A context for [`Policy::document`], without input and with empty data.
    pub fn context<'a>(&self, arena: &'a Arena) -> Context<'a> {
        with_hosts(self.engine.context(arena))
    }

    /// The program that the engine runs.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The compiled modules.
    pub fn modules(&self) -> &[Module] {
        &self.compiled.modules
    }

    /// Rules and bodies, for a trace. It needs a policy that is [watched](PolicyOptions::watch).
    pub fn outline(&self) -> Outline {
        Outline::new(&self.compiled.modules, &self.compiled.renamed)
    }

    /// The texts that the policy was compiled from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Parses and compiles a query. `package` is a path with its leading `data`; imports are written as in a module,
    /// without the keyword.
    ///
    /// # Errors
    /// What is wrong with the query, the package or an import.
    pub fn query(
        &self,
        text: &str,
        package: Option<&str>,
        imports: &[String],
    ) -> Result<Query, Failure> {
        self.query_within(text, package, imports, None)
    }

    /// As [`Policy::query`], for a query that must not call these builtins.
    ///
    /// # Errors
    /// As [`Policy::query`].
    pub fn restricted_query(&self, text: &str, builtins: &[&str]) -> Result<Query, Failure> {
        let builtins = builtins.iter().map(|name| (*name).to_owned()).collect();
        self.query_within(text, None, &[], Some(builtins))
    }

    fn query_within(
        &self,
        text: &str,
        package: Option<&str>,
        imports: &[String],
        unsafe_builtins: Option<BTreeSet<String>>,
    ) -> Result<Query, Failure> {
        let mut sources = self.sources.clone();
        let context = QueryOptions {
            prints: self.options.prints,
            values: true,
            unsafe_builtins,
            ..QueryOptions::default()
        };
        match self.prepare(text, package, imports, context, &mut sources) {
            Ok(query) => Ok(query),
            Err((step, errors)) => Err(Failure {
                step,
                errors,
                sources,
            }),
        }
    }

    fn prepare(
        &self,
        text: &str,
        package: Option<&str>,
        imports: &[String],
        context: QueryOptions,
        sources: &mut Sources,
    ) -> Result<Query, (Step, Vec<Diagnostic>)> {
        let compiling = |errors| (Step::Compile, errors);
        let (body, context) = self.parsed_query(text, package, imports, context, sources)?;
        let spans: Vec<Span> = body.iter().map(|expr| expr.span).collect();
        let lenient = !captures(&body);
        let query = self.compiled.query(body, &context).map_err(compiling)?;
        let names: Vec<Arc<str>> = query
            .variables
            .iter()
            .map(|(_, name)| name.clone())
            .collect();
        let lowered = QueryBody {
            body: &query.body,
            variables: &names,
            values: true,
            lenient,
        };
        let (program, engine, functions) =
            load(&self.compiled.modules, &[lowered], sources, &self.options).map_err(compiling)?;
        let function = functions
            .first()
            .copied()
            .ok_or_else(|| compiling(Vec::new()))?;
        let mut expressions: Vec<Expression> = query
            .body
            .iter()
            .filter(|expr| !expr.generated)
            .enumerate()
            .filter(|(_, expr)| spans.contains(&expr.span))
            .map(|(position, expr)| Expression {
                position,
                text: text
                    .get(expr.span.start as usize..expr.span.end as usize)
                    .unwrap_or_default()
                    .to_owned(),
                row: expr.span.row,
                col: expr.span.col,
            })
            .collect();
        expressions.sort_by_key(|expression| (expression.row, expression.col));
        Ok(Query {
            program,
            engine,
            function,
            outline: Outline::query(&query.body, &query.renamed),
            body: query.body,
            sources: sources.clone(),
            variables: query.variables.into_iter().map(|(name, _)| name).collect(),
            expressions,
        })
    }

    /// Parses a query, and what it is compiled with.
    fn parsed_query(
        &self,
        text: &str,
        package: Option<&str>,
        imports: &[String],
        mut context: QueryOptions,
        sources: &mut Sources,
    ) -> Result<(Body, QueryOptions), (Step, Vec<Diagnostic>)> {
        let parsing = |errors| (Step::Parse, errors);
        let parse_options = with_imports(
            ParseOptions {
                version: self.options.version,
                capabilities: parse_capabilities(&self.options),
                ..ParseOptions::default()
            },
            imports.iter().map(String::as_str),
        );
        if let Some(package) = package {
            let id = sources.add("", package);
            let path = syntax::parse_ref(sources, id, &parse_options).map_err(parsing)?;
            context.package = Some(path);
        }
        for import in imports {
            context
                .imports
                .push(import_of(import, sources, &parse_options).map_err(parsing)?);
        }
        let id = sources.add("", text);
        let body = syntax::parse_query(sources, id, &parse_options).map_err(parsing)?;
        Ok((body, context))
    }

    /// Parses and compiles a query that is not lowered; comparisons become `equations` where it is evaluated in part.
    pub(crate) fn compiled_query(
        &self,
        text: &str,
        package: Option<&str>,
        imports: &[String],
        equations: bool,
        sources: &mut Sources,
    ) -> Result<CompiledQuery, (Step, Vec<Diagnostic>)> {
        let context = QueryOptions {
            prints: self.options.prints,
            equations,
            ..QueryOptions::default()
        };
        let (body, context) = self.parsed_query(text, package, imports, context, sources)?;
        self.compiled
            .query(body, &context)
            .map_err(|errors| (Step::Compile, errors))
    }

    /// The references of a query as it is compiled and then its other variables, each with its type if there is one.
    ///
    /// # Errors
    /// As [`Policy::query`].
    pub fn query_types(
        &self,
        text: &str,
        package: Option<&str>,
        imports: &[String],
    ) -> Result<Vec<(String, Option<Type>)>, Failure> {
        let mut sources = self.sources.clone();
        match self.compiled_query(text, package, imports, false, &mut sources) {
            Ok(query) => Ok(self.compiled.types_in(&query)),
            Err((step, errors)) => Err(Failure {
                step,
                errors,
                sources,
            }),
        }
    }

    /// The annotations that apply to the first rule of this reference (`data.a.b`), from the nearest on: those of the
    /// rule, of its document, its package and the packages around.
    #[must_use]
    pub fn annotations(&self, reference: &[Term]) -> Vec<&Annotations> {
        let compiled = &self.compiled;
        let rule = compiled
            .tree
            .find(reference)
            .and_then(|node| node.rules.first());
        let Some(rule) = rule else {
            return Vec::new();
        };
        let links = compiled
            .annotations
            .chain(&compiled.modules, &compiled.rules, *rule);
        links.into_iter().filter_map(|(_, found)| found).collect()
    }

    /// Whether any annotation has labels.
    #[must_use]
    pub fn has_labels(&self) -> bool {
        let mut annotations = self.compiled.modules.iter().flat_map(|it| &it.annotations);
        annotations.any(|annotation| !annotation.labels.is_empty())
    }

    /// The labels of rules by where those stand, from the widest scope on: those nearer to the rule take the place of
    /// others. Rules without labels are left out.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<Place, serde_json::Map<String, serde_json::Value>> {
        let compiled = &self.compiled;
        let mut all = BTreeMap::new();
        for id in compiled.rules.iter() {
            let Some(rule) = compiled.rule(id) else {
                continue;
            };
            let labels: serde_json::Map<_, _> = compiled
                .annotations
                .chain(&compiled.modules, &compiled.rules, id)
                .into_iter()
                .rev()
                .filter_map(|(_, annotation)| annotation)
                .flat_map(|annotation| annotation.labels.clone())
                .collect();
            if !labels.is_empty() {
                all.insert(place(rule.span), labels);
            }
        }
        all
    }

    /// What the compiler made of the modules.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    pub(crate) fn options(&self) -> &PolicyOptions {
        &self.options
    }

    pub(crate) fn version(&self) -> RegoVersion {
        self.options.version
    }

    /// Evaluates the document at a path like `precinct/authz/allow`; `None` is undefined. The path of a package gives all
    /// of its documents, a path that leads into the document of a rule gives a part of it. Base documents are looked at
    /// where no rule is.
    ///
    /// # Errors
    /// What ended the evaluation.
    pub fn document<'a>(
        &'a self,
        path: &str,
        context: &mut Context<'a>,
    ) -> Result<Option<Value<'a>>, EvalError> {
        if let Some(function) = self.engine.entrypoint(path) {
            return self.engine.evaluate(function, context);
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        self.document_at(&parts, context, &mut NoHooks)
    }

    /// Evaluates the document at a path of keys as [`Policy::document`] does, and tells the hooks what happens. A key
    /// that is an integer is an index of an array, too.
    ///
    /// # Errors
    /// What ended the evaluation.
    pub fn document_at<'a, S: AsRef<str>, H: Hooks<'a>>(
        &'a self,
        keys: &[S],
        context: &mut Context<'a>,
        hooks: &mut H,
    ) -> Result<Option<Value<'a>>, EvalError> {
        match self.function_at(keys) {
            Some((function, length)) => {
                let document = self.engine.call(function, &[], context, hooks)?;
                let rest = keys.get(length..).unwrap_or_default();
                Ok(document.and_then(|document| below(document, rest)))
            }
            None => Ok(below(context.data, keys)),
        }
    }

    /// The function that answers for a path of keys, and how many of the keys lead to its document; `None` if only base
    /// documents are there.
    #[must_use]
    pub fn function_at<S: AsRef<str>>(&self, keys: &[S]) -> Option<(FunctionId, usize)> {
        let mut path = String::new();
        let mut ends = vec![0];
        for key in keys {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(key.as_ref());
            ends.push(path.len());
        }
        let (length, function) = ends.iter().enumerate().rev().find_map(|(length, end)| {
            let function = self.engine.entrypoint(path.get(..*end)?)?;
            Some((length, function))
        })?;
        (length == keys.len() || self.is_rule(function)).then_some((function, length))
    }

    /// The rules at paths where base documents have something, as errors.
    #[must_use]
    pub fn path_conflicts(&self, exists: &dyn Fn(&[Arc<str>]) -> bool) -> Vec<Diagnostic> {
        self.compiled.path_conflicts(exists)
    }

    fn is_rule(&self, function: FunctionId) -> bool {
        let function = self.program.functions.get(function.index());
        function.is_some_and(|function| function.kind == FunctionKind::Rule)
    }
}

/// The part of a value to which keys lead; an integer is an index of an array, too.
fn below<'a, S: AsRef<str>>(value: Value<'a>, keys: &[S]) -> Option<Value<'a>> {
    keys.iter().try_fold(value, |value, key| {
        let key = key.as_ref();
        let named = match value {
            Value::Set(set) => set.get(Value::String(key)),
            value => value.field(key),
        };
        named.or_else(|| {
            let index: i64 = key.parse().ok()?;
            value.get(Value::int(index))
        })
    })
}

impl Query {
    /// The program that answers: that of the policy, with the query's own function.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The query's function in its program.
    pub fn function(&self) -> FunctionId {
        self.function
    }

    /// An answer of the query's function: the values of variables, then of expressions.
    pub fn row<'a>(&self, row: Array<'a>) -> Row<'a> {
        let count = self.variables.len();
        let value = |expression: &Expression| row.get(count + expression.position);
        Row {
            variables: row.iter().take(count).collect(),
            expressions: self.expressions.iter().filter_map(value).collect(),
        }
    }

    /// The texts of the policy and of the query.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The query's expressions, compiled.
    pub fn body(&self) -> &[precinct_rego::ast::Expr] {
        &self.body
    }

    /// The query's expressions, for a trace.
    pub fn outline(&self) -> &trace::outline::Query {
        &self.outline
    }

    /// A context that fits this query.
    pub fn context<'a>(&self, arena: &'a Arena) -> Context<'a> {
        with_hosts(self.engine.context(arena))
    }

    /// All answers; none is undefined.
    ///
    /// # Errors
    /// What ended the evaluation.
    pub fn answers<'a>(&'a self, context: &mut Context<'a>) -> Result<Vec<Row<'a>>, EvalError> {
        self.answers_with(context, &mut NoHooks)
    }

    /// All answers as [`Query::row`] takes them, which need no memory beside the arena.
    ///
    /// # Errors
    /// What ended the evaluation.
    pub fn rows<'a>(&'a self, context: &mut Context<'a>) -> Result<Array<'a>, EvalError> {
        self.rows_with(context, &mut NoHooks)
    }

    fn rows_with<'a, H: Hooks<'a>>(
        &'a self,
        context: &mut Context<'a>,
        hooks: &mut H,
    ) -> Result<Array<'a>, EvalError> {
        let result = self.engine.call(self.function, &[], context, hooks)?;
        Ok(result.and_then(Value::as_array).unwrap_or_default())
    }

    /// All answers, and what happens on the way.
    ///
    /// # Errors
    /// What ended the evaluation.
    pub fn answers_with<'a, H: Hooks<'a>>(
        &'a self,
        context: &mut Context<'a>,
        hooks: &mut H,
    ) -> Result<Vec<Row<'a>>, EvalError> {
        let rows = self.rows_with(context, hooks)?;
        Ok(rows
            .iter()
            .filter_map(Value::as_array)
            .map(|row| self.row(row))
            .collect())
    }
}

fn with_hosts(mut context: Context<'_>) -> Context<'_> {
    context.host = Some(hosts());
    context
}

/// Parses modules.
fn parse(
    texts: Vec<Text>,
    options: &PolicyOptions,
    sources: &mut Sources,
) -> Result<Vec<Module>, Failure> {
    let mut modules = Vec::new();
    let mut errors = Vec::new();
    for text in texts {
        let parse_options = ParseOptions {
            version: text.version.unwrap_or(options.version),
            process_annotations: options.annotations,
            ..ParseOptions::default()
        };
        let id = sources.add(text.name, text.text);
        match syntax::parse_module(sources, id, &parse_options) {
            Ok(module) => modules.push(module),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() {
        return Ok(modules);
    }
    Err(Failure {
        step: Step::Parse,
        errors,
        sources: std::mem::take(sources),
    })
}

fn compile_options(options: &PolicyOptions) -> CompileOptions {
    CompileOptions {
        capabilities: Arc::clone(&options.capabilities),
        strict: options.strict,
        prints: options.prints,
        unsafe_builtins: options.unsafe_builtins.iter().cloned().collect(),
        error_limit: options.max_errors,
        ..options.compile.clone()
    }
}

type Loaded = (Program, Engine, Vec<FunctionId>);

fn load(
    modules: &[Module],
    queries: &[QueryBody<'_>],
    sources: &Sources,
    options: &PolicyOptions,
) -> Result<Loaded, Vec<Diagnostic>> {
    let signatures = Callable(&options.capabilities);
    let mut lowering = match options.watch {
        Some(watch) => lower::lower_watched(modules, queries, &signatures, watch)?,
        None => lower::lower(modules, queries, &signatures)?,
    };
    debug_assert_eq!(verify(&lowering.program), Vec::<String>::new());
    if !options.unoptimised && options.watch.is_none() {
        if options.marks {
            optimise::optimise_marked(&mut lowering.program);
        } else {
            optimise::optimise(&mut lowering.program);
        }
        debug_assert_eq!(verify(&lowering.program), Vec::<String>::new());
    }
    let loading = Options {
        sources: Some(sources),
        marks: options.marks || options.watch.is_some(),
    };
    let engine = Engine::new(&lowering.program, loading).map_err(|error| {
        vec![Diagnostic::new(
            Code::Compile,
            Span::default(),
            error.to_string(),
        )]
    })?;
    Ok((lowering.program, engine, lowering.queries))
}

/// `data.a.b as c`
/// What modules and queries are parsed with: nothing for the capabilities of this program, which differ by version.
fn parse_capabilities(options: &PolicyOptions) -> Option<ParseCapabilities> {
    let is_given = !Arc::ptr_eq(&options.capabilities, &crate::capabilities());
    is_given.then(|| ParseCapabilities::from(&*options.capabilities))
}

/// How a query is parsed that stands among imports: those of keywords and of versions of the language count.
#[must_use]
pub fn with_imports<'i>(
    mut options: ParseOptions,
    imports: impl IntoIterator<Item = &'i str>,
) -> ParseOptions {
    for import in imports {
        match import.trim() {
            "future.keywords" => options.all_future_keywords = true,
            "rego.v1" if options.version != RegoVersion::V2 => options.version = RegoVersion::V1,
            "rego.v2" => options.version = RegoVersion::V2,
            path => {
                let word = path.strip_prefix("future.keywords.");
                options.future_keywords.extend(word.map(str::to_owned));
            }
        }
    }
    options
}

fn import_of(
    text: &str,
    sources: &mut Sources,
    options: &ParseOptions,
) -> Result<Import, Vec<Diagnostic>> {
    let (path, alias) = match text.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim())),
        None => (text, None),
    };
    let id = sources.add("", path.trim());
    let parts: Ref = syntax::parse_ref(sources, id, options)?;
    let span = parts.first().map(|part| part.span).unwrap_or_default();
    Ok(Import {
        span,
        path: Term {
            span,
            value: TermValue::Ref(parts),
        },
        alias: alias.map(|name| (Arc::from(name), span)),
    })
}
