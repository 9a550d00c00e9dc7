//! The older form of the data API: the body is the input, the answer is the result.

use std::time::Instant;

use axum::http::StatusCode;
use precinct_runtime::json::to_string;

use super::data::{Told, shadow, tell};
use super::request::Incoming;
use crate::evaluation::ask::{self, Moment, World};
use crate::evaluation::errors;
use crate::evaluation::metrics::{self, Metrics};
use crate::evaluation::scratch::with_arena;
use crate::http::answer::{Answer, Refusal, code};
use crate::http::path;

/// `POST /`: the default decision.
pub fn default(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let path = incoming.app.settings().default_decision.clone();
    document(incoming, &path)
}

/// `POST /v0/data/{path}`
pub fn document(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    with_arena(|arena| {
        let started = Instant::now();
        let app = incoming.app;
        let mut metrics = Metrics::default();
        let input = incoming.value(arena).map_err(|error| {
            Refusal::bad(format!(
                "unexpected parse error for input: body contains malformed input document: {error}"
            ))
        })?;
        // No body is a null input here.
        let input = Some(input.unwrap_or(precinct_runtime::Value::Null));
        metrics.time(metrics::INPUT_PARSE, started);
        let keys = path::document(rest)
            .map_err(|error| Refusal::internal(format!("invalid_parameter: {error}")))?;
        let id = app.recorder.next_id();
        let world = World {
            input,
            runtime: Some(&app.runtime),
            strict_builtin_errors: false,
            records: app.settings().wants_answers() && id.is_some(),
            traced: incoming.snapshot.policies.has_labels(),
            keeps_locals: false,
            limit: app.settings().evaluation_limit,
            moment: app.shadow.is_on().then(Moment::now),
            compiled: app.compiled,
            takes_library: true,
        };
        let outcome = ask::document(&incoming.snapshot, &keys, world, arena);
        app.registry.decision(outcome.engine);
        metrics.set(metrics::CACHE_HIT, 0);
        metrics.set(metrics::QUERY_COMPILE, 0);
        let elapsed = u64::try_from(outcome.elapsed.as_nanos()).unwrap_or(u64::MAX);
        metrics.set(metrics::QUERY_EVAL, elapsed);
        metrics.time(metrics::HANDLER, incoming.started);
        incoming.log_prints(&outcome.prints);
        let result = match &outcome.answer {
            Ok(value) => value.map(to_string),
            Err(_) => None,
        };
        let undefined = match &outcome.answer {
            Ok(None) => Some(undefined(incoming, &keys)),
            _ => None,
        };
        let error = undefined
            .as_ref()
            .map(|refusal| format!("{}: {}", refusal.code, refusal.message));
        let told = Told {
            path: rest,
            input,
            result: result.as_deref(),
            error: error.as_deref(),
            ..Told::new(id.as_deref(), &metrics)
        };
        tell(incoming, &told, &outcome).map_err(Refusal::internal)?;
        shadow(incoming, &keys, &world, id.as_deref(), &outcome);
        if let Err(failed) = &outcome.answer {
            return Err(errors::evaluation(failed));
        }
        if let Some(refusal) = undefined {
            return Err(refusal);
        }
        let result = result.unwrap_or_default();
        Ok(Answer::json(StatusCode::OK, result, incoming.is_pretty()))
    })
}

/// What is said of a document that is undefined.
fn undefined(incoming: &Incoming<'_>, keys: &[String]) -> Refusal {
    let policy = incoming.snapshot.policies.policy();
    let what = if policy.function_at(keys).is_some() {
        "document undefined"
    } else {
        "document missing"
    };
    Refusal::new(
        StatusCode::NOT_FOUND,
        code::UNDEFINED_DOCUMENT,
        format!("{what}: {}", ask::reference(keys)),
    )
}
