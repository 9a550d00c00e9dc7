//! Queries evaluated in part: what remains of them when something is not known yet.

use std::time::Instant;

use axum::http::StatusCode;
use precinct_audit::Partial;
use precinct_gateway::verdict::{self, Verdict};
use precinct_interpreter::partial::{Partial as Remaining, PartialError, PartialQuery};
use precinct_interpreter::policy::Step;
use precinct_rego::ast::ExprKind;
use precinct_rego::ast::json::{JsonOptions, body_json, module_json};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseOptions};
use precinct_runtime::{Document, Value};

use super::data::{Told, tell};
use super::request::{Incoming, first, given, kind};
use crate::evaluation::ask::{self, Outcome};
use crate::evaluation::errors::{self, Failed};
use crate::evaluation::metrics::{self, Metrics};
use crate::evaluation::scratch::with_arena;
use crate::http::answer::{Answer, Refusal};
use crate::http::text::{ObjectText, list};

/// What a request asks.
#[derive(Debug, Default)]
struct Request {
    query: String,
    input: Option<Document>,
    unknowns: Vec<String>,
    disable_inlining: Vec<String>,
    nondeterministic_builtins: bool,
}

/// The parts of a call, when a text is one: a call is no document that could be unknown.
fn call(text: &str) -> Option<String> {
    let mut sources = Sources::default();
    let id = sources.add("", text);
    let body = syntax::parse_query(&sources, id, &ParseOptions::default()).ok()?;
    let [expr] = body.as_slice() else {
        return None;
    };
    let ExprKind::Call(terms) = &expr.kind else {
        return None;
    };
    let parts: Vec<String> = terms.iter().map(ToString::to_string).collect();
    Some(parts.join(" "))
}

/// `POST /v1/compile`
pub fn post(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let request = read(incoming)?;
    if request.query.trim().is_empty() {
        return Err(Refusal::bad("missing required 'query' value"));
    }
    let started = Instant::now();
    let mut metrics = Metrics::default();
    metrics.set(metrics::QUERY_PARSE, 0);
    metrics.set(metrics::QUERY_COMPILE, 0);
    let policies = &incoming.snapshot.policies;
    for unknown in &request.unknowns {
        if let Some(call) = call(unknown) {
            return Err(Refusal::bad(format!(
                "error(s) occurred while parsing unknowns: expected term but got [{call}]"
            )));
        }
    }
    let question = PartialQuery {
        query: &request.query,
        package: None,
        imports: &[],
        unknowns: &request.unknowns,
        disable_inlining: &request.disable_inlining,
        shallow_inlining: false,
        truths: false,
        nondeterministic_builtins: request.nondeterministic_builtins,
        data: &incoming.snapshot.data,
        input: request.input.as_ref(),
        prepare: &ask::timed,
    };
    let partial = policies.policy().partial(&question);
    metrics.time(metrics::PARTIAL_EVAL, started);
    metrics.time(metrics::HANDLER, incoming.started);
    let answer = match partial {
        Ok(partial) => Ok(text(&partial)),
        Err(PartialError::Query(failure)) => {
            return Err(match failure.step {
                Step::Parse => errors::query(&failure, &request.query),
                Step::Compile => errors::modules(&failure),
            });
        }
        Err(PartialError::Evaluation(error)) => {
            let sources = policies.policy().sources();
            Err(Failed::new(&error, &[], sources))
        }
    };
    record(incoming, &request, &answer, &metrics)?;
    let result = answer.map_err(|failed| errors::evaluation(&failed))?;
    let mut object = ObjectText::default().with("result", &result);
    if incoming.wants_metrics() {
        object.put("metrics", &metrics.json());
    }
    Ok(Answer::json(
        StatusCode::OK,
        object.finish(),
        incoming.is_pretty(),
    ))
}

/// What remains, as the API writes it.
#[must_use]
pub fn text(partial: &Remaining) -> String {
    let sources = Sources::default();
    let shown = JsonOptions {
        comments: false,
        ..JsonOptions::default()
    };
    let mut result = ObjectText::default();
    if !partial.queries.is_empty() {
        let queries = partial.queries.iter();
        let queries = list(queries.map(|body| body_json(body, &sources, shown)));
        result.put("queries", &queries);
    }
    if !partial.support.is_empty() {
        let support = partial.support.iter();
        let support = list(support.map(|module| module_json(module, &sources, shown)));
        result.put("support", &support);
    }
    result.finish()
}

/// OPA's decision log does not have these; a record of decisions has all evaluations.
fn record(
    incoming: &Incoming<'_>,
    request: &Request,
    answer: &Result<String, Failed>,
    metrics: &Metrics,
) -> Result<(), Refusal> {
    let recorder = &incoming.app.recorder;
    let id = recorder.takes_all().then(|| recorder.next_id()).flatten();
    let partial = Partial {
        unknowns: request.unknowns.clone(),
        disable_inlining: request.disable_inlining.clone(),
        nondeterministic_builtins: request.nondeterministic_builtins,
        filter: None,
    };
    let verdict = Verdict::deny(verdict::code::PARTIAL);
    let told = Told {
        query: &request.query,
        input: request.input.as_ref().map(Document::value),
        result: answer.as_deref().ok(),
        is_logged: false,
        verdict: answer.is_ok().then_some(&verdict),
        partial: Some(&partial),
        ..Told::new(id.as_deref(), metrics)
    };
    let outcome = Outcome {
        answer: answer.as_ref().map(|_| ()).map_err(Clone::clone),
        ..Outcome::in_part(metrics)
    };
    tell(incoming, &told, &outcome).map_err(Refusal::internal)
}

fn read(incoming: &Incoming<'_>) -> Result<Request, Refusal> {
    let malformed =
        |error: String| Refusal::bad(format!("error(s) occurred while decoding request: {error}"));
    if incoming.body.iter().all(u8::is_ascii_whitespace) {
        return Err(malformed("EOF".to_owned()));
    }
    with_arena(|arena| {
        let body = first(&incoming.body, arena).map_err(malformed)?;
        let wrong = |name: &str, found: Value<'_>, expected: &str| {
            malformed(format!(
                "json: cannot unmarshal {} into Go struct field CompileRequestV1.{name} of type {expected}",
                kind(found)
            ))
        };
        let texts = |name: &str, value: Value<'_>| match value {
            Value::Array(items) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.to_owned()),
                    other => Err(wrong(name, other, "string")),
                })
                .collect(),
            other => Err(wrong(name, other, "[]string")),
        };
        let options = given(body.field("options"));
        let option = |name: &str| given(options.and_then(|options| options.field(name)));
        Ok(Request {
            query: match given(body.field("query")) {
                None => String::new(),
                Some(Value::String(text)) => text.to_owned(),
                Some(other) => return Err(wrong("query", other, "string")),
            },
            input: given(body.field("input")).map(Document::copy_of),
            unknowns: match given(body.field("unknowns")) {
                None => vec!["input".to_owned()],
                Some(value) => texts("unknowns", value)?,
            },
            disable_inlining: match option("disableInlining") {
                None => Vec::new(),
                Some(value) => texts("options.disableInlining", value)?,
            },
            nondeterministic_builtins: option("nondeterministicBuiltins") == Some(Value::TRUE),
        })
    })
}
