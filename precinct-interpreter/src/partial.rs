//! Queries evaluated in part: what remains of them when parts of `input` and `data` are not known yet.

use std::sync::Arc;

use precinct_rego::ast::{Ref, Span, Term, TermValue};
use precinct_rego::capabilities::Capabilities;
use precinct_rego::compile::CompiledQuery;
pub use precinct_rego::compile::partial::Partial;
use precinct_rego::compile::partial::{self as evaluation, PartialOptions, Refused};
use precinct_rego::error::Diagnostic;
use precinct_rego::syntax::{self, ParseOptions};
use precinct_runtime::error::code;
use precinct_runtime::{Arena, Context, Document, EvalError, Number, Value, builtin, ops};

use crate::hosts::hosts;
use crate::policy::{Failure, Policy, Step};

/// A query of which parts are not known.
pub struct PartialQuery<'q> {
    /// The text of the query.
    pub query: &'q str,
    /// The package that the query stands in, with its leading `data`.
    pub package: Option<&'q str>,
    /// Imports of the query, without the keyword.
    pub imports: &'q [String],
    /// References to what is not known, as text.
    pub unknowns: &'q [String],
    /// References to rules that are not inlined, as text.
    pub disable_inlining: &'q [String],
    /// Rules that depend on what is not known are not inlined.
    pub shallow_inlining: bool,
    /// A rule whose default is false is inlined where it is only asked whether it holds.
    pub truths: bool,
    /// Builtins with different answers for equal operands are called.
    pub nondeterministic_builtins: bool,
    /// The base documents.
    pub data: &'q Document,
    /// The input document, of which parts may be known.
    pub input: Option<&'q Document>,
    /// Readies the context that builtins are called with: time, randomness, bounds.
    pub prepare: &'q Prepare,
}

/// Why a query was not evaluated in part.
#[derive(Clone, Debug)]
pub enum PartialError {
    /// The query, or a reference among the options, is wrong.
    Query(Box<Failure>),
    /// The evaluation ended.
    Evaluation(Box<EvalError>),
}

impl Policy {
    /// Evaluates a query in part. It runs on a thread of its own, whose stack has room for deep policies.
    ///
    /// # Errors
    /// What is wrong with the query, or what ended the evaluation.
    pub fn partial(&self, question: &PartialQuery<'_>) -> Result<Partial, PartialError> {
        let mut sources = self.sources().clone();
        let query = self
            .compiled_query(
                question.query,
                question.package,
                question.imports,
                true,
                &mut sources,
            )
            .map_err(|(step, errors)| failure(step, errors, &sources))?;
        let parse = ParseOptions {
            version: self.version(),
            ..ParseOptions::default()
        };
        let mut references = |texts: &[String]| -> Result<Vec<Ref>, PartialError> {
            let mut found = Vec::new();
            for text in texts {
                let id = sources.add("", text.as_str());
                found.push(
                    syntax::parse_ref(&sources, id, &parse)
                        .map_err(|errors| failure(Step::Parse, errors, &sources))?,
                );
            }
            Ok(found)
        };
        let options = PartialOptions {
            unknowns: references(question.unknowns)?,
            disable_inlining: references(question.disable_inlining)?,
            shallow_inlining: question.shallow_inlining,
            truths: question.truths,
            nondeterministic_builtins: question.nondeterministic_builtins,
            namespace: "partial".to_owned(),
            in_place: false,
            version: self.version(),
        };
        let given = Given {
            data: question.data,
            input: question.input,
            prepare: question.prepare,
        };
        self.partial_of(&query, &options, &given)
    }

    /// Evaluates a compiled query in part.
    ///
    /// # Errors
    /// What ended the evaluation.
    pub(crate) fn partial_of(
        &self,
        query: &CompiledQuery,
        options: &PartialOptions,
        given: &Given<'_>,
    ) -> Result<Partial, PartialError> {
        let compiled = self.compiled();
        let run = || {
            let arena = Arena::new();
            let mut context = (given.prepare)(self.context(&arena));
            context.host = context.host.or(Some(hosts()));
            let mut runtime = Runtime {
                given,
                capabilities: &self.options().capabilities,
                context,
            };
            evaluation::partial(compiled, query, options, &mut runtime)
        };
        let outcome = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(evaluation::STACK);
            match thread.spawn_scoped(scope, run) {
                Ok(running) => running
                    .join()
                    .unwrap_or_else(|_| Err(ended("the evaluation broke off"))),
                Err(error) => Err(ended(&error.to_string())),
            }
        });
        outcome.map_err(|refused| {
            let code = match refused.code {
                "" => code::INTERNAL,
                code => code,
            };
            let mut error = EvalError::new(code, refused.what);
            error.location = self.engine().location(refused.span);
            PartialError::Evaluation(Box::new(error))
        })
    }
}

fn failure(
    step: Step,
    errors: Vec<Diagnostic>,
    sources: &precinct_rego::source::Sources,
) -> PartialError {
    PartialError::Query(Box::new(Failure {
        step,
        errors,
        sources: sources.clone(),
    }))
}

fn ended(what: &str) -> Refused {
    Refused {
        span: Span::default(),
        code: "",
        what: what.to_owned(),
    }
}

/// Readies a context for the calls of builtins.
pub type Prepare = dyn for<'a> Fn(Context<'a>) -> Context<'a> + Sync;

/// What is known.
pub(crate) struct Given<'g> {
    /// The base documents.
    pub(crate) data: &'g Document,
    /// The input document.
    pub(crate) input: Option<&'g Document>,
    /// Readies the context that builtins are called with.
    pub(crate) prepare: &'g Prepare,
}

/// Documents and builtins, for the evaluation.
struct Runtime<'r, 'a> {
    given: &'r Given<'r>,
    capabilities: &'r Arc<Capabilities>,
    context: Context<'a>,
}

impl evaluation::Runtime for Runtime<'_, '_> {
    fn input(&mut self) -> Option<Term> {
        self.given.input.map(|it| term_of(it.value()))
    }

    fn data(&mut self) -> Term {
        term_of(self.given.data.value())
    }

    fn call(&mut self, name: &str, operands: &[Term], span: Span) -> Result<Vec<Term>, Refused> {
        let arena = self.context.arena();
        let mut values = Vec::with_capacity(operands.len());
        for operand in operands {
            match value_of(arena, operand) {
                Some(value) => values.push(value),
                None => return Err(ended(&format!("{name}: an operand is not evaluated"))),
            }
        }
        let answer = match builtin::lookup(name) {
            Some(builtin) => ops::call_builtin(&mut self.context, builtin, &values),
            None => ops::call_host(&mut self.context, name, &values),
        };
        let answer = answer.map_err(|error| Refused {
            span,
            code: known_code(&error.code),
            what: error.message,
        })?;
        let relation = self
            .capabilities
            .builtin(name)
            .is_some_and(|it| it.relation);
        Ok(match answer {
            None => Vec::new(),
            Some(Value::Array(rows)) if relation => rows.iter().map(term_of).collect(),
            Some(value) => vec![term_of(value)],
        })
    }

    fn pause(&mut self) -> Result<(), Refused> {
        self.context.spend(1).map_err(|error| Refused {
            span: Span::default(),
            code: known_code(&error.code),
            what: error.message,
        })
    }
}

fn known_code(name: &str) -> &'static str {
    [
        code::BUILTIN,
        code::TYPE,
        code::CANCEL,
        code::CONFLICT,
        code::WITH_MERGE,
    ]
    .into_iter()
    .find(|known| *known == name)
    .unwrap_or(code::INTERNAL)
}

/// A value as a term.
pub fn term_of(value: Value<'_>) -> Term {
    let value = match value {
        Value::Null => TermValue::Null,
        Value::Bool(truth) => TermValue::Boolean(truth),
        Value::Number(number) => TermValue::Number(number.to_string().into()),
        Value::String(text) => TermValue::String(text.into()),
        Value::Array(items) => TermValue::Array(items.iter().map(term_of).collect()),
        Value::Set(set) => TermValue::Set(set.items().iter().copied().map(term_of).collect()),
        Value::Object(object) => TermValue::Object(
            object
                .entries()
                .iter()
                .map(|(key, value)| (term_of(key), term_of(value)))
                .collect(),
        ),
    };
    Term {
        span: Span::default(),
        value,
    }
}

/// A term as a value; `None` if it has parts that are not constant.
pub fn value_of<'a>(arena: &'a Arena, term: &Term) -> Option<Value<'a>> {
    let all = |terms: &[Term]| -> Option<Vec<Value<'a>>> {
        terms.iter().map(|it| value_of(arena, it)).collect()
    };
    Some(match &term.value {
        TermValue::Null => Value::Null,
        TermValue::Boolean(truth) => Value::Bool(*truth),
        TermValue::Number(text) => Value::Number(Number::parse(arena, text)?),
        TermValue::String(text) => Value::string(arena, text),
        TermValue::Array(items) => Value::array(arena, &all(items)?),
        TermValue::Set(items) => Value::set(arena, all(items)?),
        TermValue::Object(entries) => {
            let entries: Option<Vec<_>> = entries
                .iter()
                .map(|(key, value)| Some((value_of(arena, key)?, value_of(arena, value)?)))
                .collect();
            Value::object(arena, entries?)
        }
        _ => return None,
    })
}
