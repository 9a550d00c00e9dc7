//! Queries.

use std::time::Instant;

use axum::http::StatusCode;
use precinct_runtime::json::to_string;
use precinct_runtime::{Arena, Value};

use super::data::{Told, rule_labels, tell};
use super::request::{Incoming, first, kind};
use crate::evaluation::ask::{self, World};
use crate::evaluation::errors;
use crate::evaluation::explain::Explain;
use crate::evaluation::metrics::{self, Metrics};
use crate::evaluation::scratch::with_arena;
use crate::http::answer::{Answer, Refusal};
use crate::http::text::{ObjectText, list};

/// Builtins that queries of strangers must not call.
const UNSAFE: [&str; 1] = ["http.send"];

/// `GET /v1/query?q=…`
pub fn get(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let query = incoming
        .parameters
        .last("q")
        .ok_or_else(|| Refusal::bad("missing parameter 'q'"))?;
    answer(incoming, query, None)
}

/// `POST /v1/query`
pub fn post(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    with_arena(|arena| {
        let malformed = |error: String| {
            Refusal::bad(format!("error(s) occurred while decoding request: {error}"))
        };
        if incoming.body.iter().all(u8::is_ascii_whitespace) {
            return Err(malformed("EOF".to_owned()));
        }
        let body = first(&incoming.body, arena).map_err(malformed)?;
        if !matches!(body, Value::Object(_) | Value::Null) {
            return Err(malformed(format!(
                "json: cannot unmarshal {} into Go value of type types.QueryRequestV1",
                kind(body)
            )));
        }
        let query = match body.field("query") {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text,
            Some(other) => {
                return Err(malformed(format!(
                    "json: cannot unmarshal {} into Go struct field QueryRequestV1.query of type string",
                    kind(other)
                )));
            }
        };
        let input = body
            .field("input")
            .filter(|input| !matches!(input, Value::Null));
        answer(incoming, query, input)
    })
}

fn answer(
    incoming: &Incoming<'_>,
    text: &str,
    input: Option<Value<'_>>,
) -> Result<Answer, Refusal> {
    let app = incoming.app;
    let mut metrics = Metrics::default();
    let explain = Explain::of(&incoming.parameters);
    let policies = &incoming.snapshot.policies;
    let is_traced = explain != Explain::Off || policies.has_labels();
    let policy = if is_traced {
        policies
            .traced()
            .map_or_else(|| policies.policy(), |traced| &traced.policy)
    } else {
        policies.policy()
    };
    if text.trim().is_empty() {
        return Err(Refusal::internal("cannot evaluate empty query"));
    }
    let started = Instant::now();
    let query = policy
        .restricted_query(text, &UNSAFE)
        .map_err(|failure| errors::query(&failure, text))?;
    metrics.set(metrics::QUERY_PARSE, 0);
    metrics.time(metrics::QUERY_COMPILE, started);
    let id = app.recorder.next_id();
    let world = World {
        input,
        runtime: Some(&app.runtime),
        strict_builtin_errors: false,
        records: app.settings().wants_answers() && id.is_some(),
        traced: is_traced,
        keeps_locals: !incoming.is_pretty(),
        moment: None,
        limit: app.settings().evaluation_limit,
        compiled: None,
        takes_library: false,
    };
    // What the query makes lives no longer than the query.
    let arena = &Arena::new();
    let outcome = ask::query(&query, policy, &incoming.snapshot, world, arena);
    app.registry.decision("interpreter");
    let elapsed = u64::try_from(outcome.elapsed.as_nanos()).unwrap_or(u64::MAX);
    metrics.set(metrics::QUERY_EVAL, elapsed);
    metrics.time(metrics::HANDLER, incoming.started);
    let prints: Vec<(String, String)> = outcome
        .prints
        .iter()
        .map(|(place, line)| {
            // Places in the query are shown as its text.
            let place = if place.starts_with(':') { text } else { place };
            (place.to_owned(), line.clone())
        })
        .collect();
    incoming.log_prints(&prints);
    let rows = outcome.answer.as_ref().ok().filter(|rows| !rows.is_empty());
    let result = rows.map(|rows| {
        list(rows.iter().map(|row| {
            let mut bindings: Vec<_> = query.variables.iter().zip(&row.variables).collect();
            bindings.sort_by(|one, other| one.0.cmp(other.0));
            bindings
                .into_iter()
                .fold(ObjectText::default(), |object, (name, value)| {
                    object.with(name, &to_string(*value))
                })
                .finish()
        }))
    });
    let told = Told {
        query: text,
        input,
        result: result.as_deref(),
        ..Told::new(id.as_deref(), &metrics)
    };
    tell(incoming, &told, &outcome).map_err(Refusal::internal)?;
    if let Err(failed) = &outcome.answer {
        return Err(errors::evaluation(failed));
    }
    let mut object = ObjectText::default();
    if let Some((events, sources)) = &outcome.steps
        && let Some(text) = explain.json(events, sources, incoming.is_pretty())
    {
        object.put("explanation", &text);
    }
    if incoming.wants_metrics() {
        object.put("metrics", &metrics.json());
    }
    object = object.with_some("result", result.as_deref());
    if incoming.parameters.is_on("rule_labels") {
        object = object.with_some("rule_labels", rule_labels(incoming, &outcome).as_deref());
    }
    Ok(Answer::json(
        StatusCode::OK,
        object.finish(),
        incoming.is_pretty(),
    ))
}
