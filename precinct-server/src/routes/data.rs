//! Documents, read and evaluated.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::http::StatusCode;
use jiff::Timestamp;
use precinct_audit::Partial;
use precinct_gateway::verdict::Verdict;
use precinct_runtime::context::replayable;
use precinct_runtime::json::to_string;
use precinct_runtime::{Arena, Value};

use super::request::{Incoming, first, kind};
use crate::decision::Event;
use crate::evaluation::ask::{self, Moment, Outcome, World};
use crate::evaluation::explain::Explain;
use crate::evaluation::metrics::{self, Metrics};
use crate::evaluation::scratch::with_arena;
use crate::evaluation::{errors, labels};
use crate::http::answer::{Answer, Refusal};
use crate::http::path;
use crate::http::text::ObjectText;
use crate::log::Level;
use crate::shadow::{self, Question};
use crate::state::Snapshot;

/// What is said when a request has no input.
const NO_INPUT: &str =
    r#"{"code":"api_usage_warning","message":"'input' key missing from the request"}"#;

/// `GET /v1/data/{path}`
pub fn get(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    with_arena(|arena| {
        let started = Instant::now();
        let input = match incoming.parameters.last("input") {
            None => None,
            Some(text) => Some(whole(text, arena).map_err(|error| {
                Refusal::bad(format!(
                    "parameter contains malformed input document: {error}"
                ))
            })?),
        };
        let mut asked = Asked::new(incoming, rest);
        asked.metrics.time(metrics::INPUT_PARSE, started);
        asked.input = input;
        asked.answer(arena)
    })
}

/// `POST /v1/data/{path}`
pub fn post(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    with_arena(|arena| {
        let started = Instant::now();
        let malformed =
            |error| Refusal::bad(format!("body contains malformed input document: {error}"));
        let body = incoming.value(arena).map_err(malformed)?;
        let body = match body {
            None | Some(Value::Null) => None,
            Some(Value::Object(object)) => Some(object),
            // The policy that let the request in has read its body; it is not an object, so it has no input.
            Some(_) if incoming.app.settings().authorizes => None,
            Some(other) => {
                return Err(malformed(format!(
                    "json: cannot unmarshal {} into Go value of type types.alias",
                    kind(other)
                )));
            }
        };
        let mut asked = Asked::new(incoming, rest);
        asked.warns = true;
        if let Some(body) = body {
            asked.input = body
                .get_str("input")
                .filter(|input| !matches!(input, Value::Null));
            let mut rest = ObjectText::default();
            let mut has_more = false;
            for (key, value) in body.entries() {
                let name = key.as_str().unwrap_or_default();
                if name != "input" {
                    has_more = true;
                    rest.put(name, &to_string(value));
                }
            }
            // The policy that let the request in has read its body; what it did not hand on is not logged.
            if has_more && !incoming.app.settings().authorizes {
                asked.custom = Some(
                    ObjectText::default()
                        .with("request_metadata", &rest.finish())
                        .finish(),
                );
            }
        }
        asked.metrics.time(metrics::INPUT_PARSE, started);
        asked.answer(arena)
    })
}

/// `POST /v1/batch/data/{path}`: `{"inputs": {ID: INPUT}}`, answered by one state. The answer has a status of 207 if
/// some of the evaluations failed, and 500 if all did.
pub fn batch(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    with_arena(|arena| {
        let malformed = |error: String| {
            Refusal::bad(format!("body contains malformed input document: {error}"))
        };
        let body = incoming.value(arena).map_err(malformed)?;
        let inputs = body
            .and_then(|body| body.field("inputs"))
            .and_then(Value::as_object)
            .ok_or_else(|| Refusal::bad("expected an object of inputs by their ID at 'inputs'"))?;
        let mut responses = ObjectText::default();
        let (mut answered, mut failed) = (0_usize, 0_usize);
        for (id, input) in inputs.entries() {
            let mut asked = Asked::new(incoming, rest);
            asked.input = Some(input);
            let (status, body) = match asked.body(arena) {
                Ok(body) => (StatusCode::OK, body),
                Err(refusal) => (refusal.status, refusal.text()),
            };
            if status == StatusCode::OK {
                answered += 1;
            } else {
                failed += 1;
            }
            let inner = body.strip_prefix('{').unwrap_or(&body);
            let comma = if inner == "}" { "" } else { "," };
            let text = format!(
                "{{\"http_status_code\":\"{}\"{comma}{inner}",
                status.as_u16()
            );
            responses.put(id.as_str().unwrap_or_default(), &text);
        }
        let status = match (answered, failed) {
            (_, 0) => StatusCode::OK,
            (0, _) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::MULTI_STATUS,
        };
        let object = ObjectText::default().with("responses", &responses.finish());
        Ok(Answer::json(status, object.finish(), incoming.is_pretty()))
    })
}

/// A text that is one JSON value and nothing else.
fn whole<'a>(text: &str, arena: &'a Arena) -> Result<Value<'a>, String> {
    precinct_runtime::json::Decoder::new(arena)
        .decode_copied(text.as_bytes())
        .map_err(|error| match error.to_string().as_str() {
            "unexpected end of JSON input" if text.trim().is_empty() => "EOF".to_owned(),
            "unexpected end of JSON input" => "unexpected EOF".to_owned(),
            message => message.to_owned(),
        })
}

/// A question for the document at a path.
struct Asked<'r, 'i, 'a> {
    incoming: &'i Incoming<'r>,
    path: &'i str,
    input: Option<Value<'a>>,
    custom: Option<String>,
    metrics: Metrics,
    warns: bool,
}

impl<'r, 'i, 'a> Asked<'r, 'i, 'a> {
    fn new(incoming: &'i Incoming<'r>, path: &'i str) -> Self {
        Self {
            incoming,
            path,
            input: None,
            custom: None,
            metrics: Metrics::default(),
            warns: false,
        }
    }

    fn answer(self, arena: &'a Arena) -> Result<Answer, Refusal>
    where
        'i: 'a,
    {
        let is_pretty = self.incoming.is_pretty();
        Ok(Answer::json(StatusCode::OK, self.body(arena)?, is_pretty))
    }

    fn body(mut self, arena: &'a Arena) -> Result<String, Refusal>
    where
        'i: 'a,
    {
        let incoming = self.incoming;
        let app = incoming.app;
        let keys = path::document(self.path)
            .map_err(|error| Refusal::internal(format!("invalid_parameter: {error}")))?;
        check_document(incoming, &keys)?;
        let explain = Explain::of(&incoming.parameters);
        let id = app.recorder.next_id();
        let tells_labels = incoming.snapshot.policies.has_labels()
            && (id.is_some() || incoming.parameters.is_on("rule_labels"));
        let world = World {
            input: self.input,
            runtime: Some(&app.runtime),
            strict_builtin_errors: incoming.parameters.is_on("strict-builtin-errors"),
            records: app.settings().wants_answers() && id.is_some(),
            traced: explain != Explain::Off || tells_labels,
            keeps_locals: !incoming.is_pretty(),
            limit: app.settings().evaluation_limit,
            moment: app.shadow.is_on().then(Moment::now),
            compiled: app.compiled,
            takes_library: true,
        };
        let outcome = ask::document(&incoming.snapshot, &keys, world, arena);
        app.registry.decision(outcome.engine);
        self.metrics.set(metrics::CACHE_HIT, 0);
        self.metrics.set(metrics::QUERY_COMPILE, 0);
        let elapsed = u64::try_from(outcome.elapsed.as_nanos()).unwrap_or(u64::MAX);
        self.metrics.set(metrics::QUERY_EVAL, elapsed);
        self.metrics.time(metrics::HANDLER, incoming.started);
        incoming.log_prints(&outcome.prints);
        let result = match &outcome.answer {
            Ok(value) => value.map(to_string),
            Err(_) => None,
        };
        let told = Told {
            path: self.path,
            input: self.input,
            result: result.as_deref(),
            strict_builtin_errors: world.strict_builtin_errors,
            custom: self.custom.as_deref(),
            ..Told::new(id.as_deref(), &self.metrics)
        };
        tell(incoming, &told, &outcome).map_err(Refusal::internal)?;
        shadow(incoming, &keys, &world, id.as_deref(), &outcome);
        if let Err(failed) = &outcome.answer {
            return Err(errors::evaluation(failed));
        }
        let mut object = ObjectText::default();
        if let Some(id) = &id {
            object = object.with_string("decision_id", id);
        }
        if incoming.parameters.is_on("provenance") {
            object.put("provenance", &provenance(&incoming.snapshot));
        }
        // Without a result only the whole trace says why.
        let is_explained = result.is_some() || explain == Explain::Full;
        if let Some((events, sources)) = &outcome.steps
            && is_explained
            && let Some(text) = explain.json(events, sources, incoming.is_pretty())
        {
            object.put("explanation", &text);
        }
        if incoming.wants_metrics() {
            object.put("metrics", &self.metrics.json());
        }
        object = object.with_some("result", result.as_deref());
        if incoming.parameters.is_on("rule_labels") {
            object = object.with_some("rule_labels", rule_labels(incoming, &outcome).as_deref());
        }
        if self.warns && self.input.is_none() {
            object.put("warning", NO_INPUT);
        }
        Ok(object.finish())
    }
}

/// Has the candidates asked what was asked.
pub(super) fn shadow(
    incoming: &Incoming<'_>,
    keys: &[String],
    world: &World<'_>,
    id: Option<&str>,
    outcome: &Outcome<'_, Option<Value<'_>>>,
) {
    let Some(moment) = world.moment else { return };
    incoming.app.shadow.offer(incoming.app, || Question {
        snapshot: Arc::clone(&incoming.snapshot),
        keys: keys.to_vec(),
        input: world.input.map(to_string),
        strict_builtin_errors: world.strict_builtin_errors,
        moment,
        answer: shadow::Answer::of(&outcome.answer),
        id: id.map(str::to_owned),
        request: incoming.number,
    });
}

/// A function is no document.
pub(super) fn check_document(incoming: &Incoming<'_>, keys: &[String]) -> Result<(), Refusal> {
    let policies = &incoming.snapshot.policies;
    if !policies.is_function(keys) {
        return Ok(());
    }
    let reference = ask::reference(keys);
    match policies.policy().query(&reference, None, &[]) {
        Ok(_) => Ok(()),
        Err(failure) => Err(Refusal::internal(failure.to_string())),
    }
}

/// What is told of an evaluation, besides its outcome.
pub(super) struct Told<'t, 'a> {
    /// The identifier; nothing is told without one.
    pub id: Option<&'t str>,
    /// The path of the document.
    pub path: &'t str,
    /// The query.
    pub query: &'t str,
    /// The input.
    pub input: Option<Value<'a>>,
    /// The result as JSON text.
    pub result: Option<&'t str>,
    /// Why there is no result, besides errors of the evaluation.
    pub error: Option<&'t str>,
    /// OPA's decision log has such evaluations.
    pub is_logged: bool,
    /// What the server does, where the result alone does not say so.
    pub verdict: Option<&'t Verdict>,
    /// How the policy was evaluated in part.
    pub partial: Option<&'t Partial>,
    /// Errors of builtins ended the evaluation.
    pub strict_builtin_errors: bool,
    /// What is left out of the input.
    pub erased: &'t [String],
    /// What else the request said, as JSON text.
    pub custom: Option<&'t str>,
    /// How long the steps took.
    pub metrics: &'t Metrics,
}

impl<'t> Told<'t, '_> {
    /// An evaluation of nothing, as OPA logs it.
    pub fn new(id: Option<&'t str>, metrics: &'t Metrics) -> Self {
        Self {
            id,
            path: "",
            query: "",
            input: None,
            result: None,
            error: None,
            is_logged: true,
            verdict: None,
            partial: None,
            strict_builtin_errors: false,
            erased: &[],
            custom: None,
            metrics,
        }
    }
}

/// Tells the recorder of an evaluation.
pub(super) fn tell<T>(
    incoming: &Incoming<'_>,
    told: &Told<'_, '_>,
    outcome: &Outcome<'_, T>,
) -> Result<(), String> {
    let Some(id) = told.id else {
        return Ok(());
    };
    let input = told.input.map(to_string);
    let answers = incoming
        .app
        .settings()
        .wants_answers()
        .then(|| to_string(replayable(&outcome.recorded, &Arena::new())));
    let revisions: Vec<(String, String)> = incoming
        .snapshot
        .bundles
        .iter()
        .map(|(name, bundle)| (name.to_string(), bundle.revision.clone()))
        .collect();
    // As in OPA, who asked is known where requests are logged.
    let client = if incoming.app.logger.takes(Level::Info) {
        incoming.client.text()
    } else {
        String::new()
    };
    incoming.is_recorded.store(true, Ordering::Relaxed);
    incoming.app.recorder.record(&Event {
        id,
        path: told.path.trim_matches('/'),
        query: told.query,
        input: input.as_deref(),
        result: told.result,
        error: match &outcome.answer {
            Err(failed) => Some(failed.text.as_str()),
            Ok(_) => told.error,
        },
        answers: answers.as_deref(),
        is_logged: told.is_logged,
        verdict: told.verdict,
        partial: told.partial,
        strict_builtin_errors: told.strict_builtin_errors,
        erased: told.erased,
        custom: told.custom,
        rule_labels: rule_labels(incoming, outcome).as_deref(),
        metrics: told.metrics,
        rules: outcome.rules,
        evaluation_ns: u64::try_from(outcome.elapsed.as_nanos()).unwrap_or(u64::MAX),
        revisions: &revisions,
        snapshot: &incoming.snapshot,
        requested_by: &client,
        request: incoming.number,
        timestamp: Timestamp::now(),
        headers: incoming.headers,
    })
}

/// The labels of the rules that held.
pub(super) fn rule_labels<T>(incoming: &Incoming<'_>, outcome: &Outcome<'_, T>) -> Option<String> {
    let steps = outcome.steps.as_ref().map(|(events, _)| &events[..]);
    labels::text(&incoming.snapshot.policies, steps)
}

/// The member `provenance`.
pub(super) fn provenance(snapshot: &Snapshot) -> String {
    let bundles = snapshot
        .bundles
        .iter()
        .fold(ObjectText::default(), |object, (name, bundle)| {
            let inner = ObjectText::default().with_string("revision", &bundle.revision);
            object.with(name, &inner.finish())
        });
    let mut object = ObjectText::default()
        .with_string("version", env!("CARGO_PKG_VERSION"))
        .with_string("build_commit", "")
        .with_string("build_timestamp", "")
        .with_string("build_hostname", "");
    if !snapshot.bundles.is_empty() {
        object.put("bundles", &bundles.finish());
    }
    object.finish()
}

/// The first JSON value of a body that must have one.
pub(super) fn required<'a>(body: &'a [u8], arena: &'a Arena) -> Result<Value<'a>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::bad("EOF"));
    }
    first(body, arena).map_err(Refusal::bad)
}
