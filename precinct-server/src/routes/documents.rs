//! Documents, written.

use std::sync::Arc;
use std::time::Instant;

use axum::http::{StatusCode, header};
use precinct_runtime::value::Array;
use precinct_runtime::{Arena, Document, Value};

use super::data::required;
use super::request::{Incoming, kind};
use crate::evaluation::metrics::{self, Metrics};
use crate::evaluation::scratch::with_arena;
use crate::http::answer::{Answer, Refusal, code};
use crate::http::path;
use crate::http::text::ObjectText;
use crate::state::document::{self, Change, WriteError, check_rules};
use crate::state::{Snapshot, ownership};

impl From<WriteError> for Refusal {
    fn from(error: WriteError) -> Self {
        let (status, code) = match &error {
            WriteError::NotFound(_) => (StatusCode::NOT_FOUND, code::RESOURCE_NOT_FOUND),
            WriteError::Conflict(_) => (StatusCode::NOT_FOUND, code::RESOURCE_CONFLICT),
            WriteError::Invalid(_) => (StatusCode::BAD_REQUEST, code::INVALID_PARAMETER),
        };
        Self::new(status, code, error.to_string())
    }
}

fn target(rest: &str) -> Result<Vec<String>, Refusal> {
    path::stored(rest).ok_or_else(|| Refusal::bad(format!("bad path: {rest}")))
}

/// The state with other documents, if no rule is hidden by them.
fn changed(
    now: &Snapshot,
    write: impl for<'a> FnOnce(Value<'a>, &'a Arena) -> Result<Value<'a>, Refusal>,
) -> Result<Snapshot, Refusal> {
    let arena = Arena::new();
    let data = Document::copy_of(write(now.data.value(), &arena)?);
    check_rules(&now.policies, &data).map_err(Refusal::bad)?;
    Ok(Snapshot::new(
        Arc::clone(&now.policies),
        Arc::new(data),
        Arc::clone(&now.bundles),
    ))
}

fn done(incoming: &Incoming<'_>, mut metrics: Metrics) -> Answer {
    if !incoming.parameters.is_on("metrics") {
        return Answer::empty(StatusCode::NO_CONTENT);
    }
    metrics.time(metrics::HANDLER, incoming.started);
    let object = ObjectText::default().with("metrics", &metrics.json());
    Answer::json(StatusCode::OK, object.finish(), false)
}

/// `PUT /v1/data/{path}`
pub fn put(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    with_arena(|arena| {
        let started = Instant::now();
        let value = required(&incoming.body, arena)?;
        let mut metrics = Metrics::default();
        metrics.time(metrics::INPUT_PARSE, started);
        let path = target(rest)?;
        let only_new = incoming
            .headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tag| tag == "*");
        let mut is_there = false;
        incoming.app.store.update(|now| {
            ownership::check(&now.bundles, &path).map_err(Refusal::bad)?;
            changed(now, |data, arena| {
                let data = match document::read(data, &path) {
                    Ok(_) if only_new => {
                        is_there = true;
                        return Ok(data);
                    }
                    Ok(_) => data,
                    Err(WriteError::NotFound(_)) => document::make_way(data, &path, arena)?,
                    Err(other) => return Err(other.into()),
                };
                let value = value.copy_into(arena);
                Ok(document::write(data, &path, Change::Add(value), arena)?)
            })
        })?;
        if is_there {
            return Ok(Answer::empty(StatusCode::NOT_MODIFIED));
        }
        Ok(done(incoming, metrics))
    })
}

/// `DELETE /v1/data/{path}`
pub fn delete(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    let path = target(rest)?;
    incoming.app.store.update(|now| {
        ownership::check(&now.bundles, &path).map_err(Refusal::bad)?;
        changed(now, |data, arena| {
            Ok(document::write(data, &path, Change::Remove, arena)?)
        })
    })?;
    Ok(done(incoming, Metrics::default()))
}

/// `PATCH /v1/data/{path}`: operations after RFC 6902 (`add`, `remove`, `replace`), all or none.
pub fn patch(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    with_arena(|arena| {
        let started = Instant::now();
        let body = required(&incoming.body, arena)?;
        let mut metrics = Metrics::default();
        metrics.time(metrics::INPUT_PARSE, started);
        let operations = match body {
            Value::Null => Array::EMPTY,
            Value::Array(items) => items,
            other => {
                return Err(Refusal::bad(format!(
                    "json: cannot unmarshal {} into Go value of type []types.PatchV1",
                    kind(other)
                )));
            }
        };
        let operations = operations
            .iter()
            .map(|operation| Operation::read(rest, operation))
            .collect::<Result<Vec<_>, _>>()?;
        incoming.app.store.update(|now| {
            changed(now, |data, arena| {
                operations.iter().try_fold(data, |data, operation| {
                    ownership::check(&now.bundles, &operation.path).map_err(Refusal::bad)?;
                    let change = match operation.change {
                        Change::Add(value) => Change::Add(value.copy_into(arena)),
                        Change::Replace(value) => Change::Replace(value.copy_into(arena)),
                        Change::Remove => Change::Remove,
                    };
                    Ok(document::write(data, &operation.path, change, arena)?)
                })
            })
        })?;
        Ok(done(incoming, metrics))
    })
}

struct Operation<'a> {
    path: Vec<String>,
    change: Change<'a>,
}

impl<'a> Operation<'a> {
    fn read(root: &str, operation: Value<'a>) -> Result<Self, Refusal> {
        let Value::Object(members) = operation else {
            return Err(Refusal::bad(format!(
                "json: cannot unmarshal {} into Go value of type types.PatchV1",
                kind(operation)
            )));
        };
        let text = |name: &str| {
            members
                .get_str(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let value = members.get_str("value").unwrap_or(Value::Null);
        let change = match text("op") {
            "add" => Change::Add(value),
            "remove" => Change::Remove,
            "replace" => Change::Replace(value),
            other => return Err(Refusal::bad(format!("bad patch operation: {other}"))),
        };
        let below = text("path").trim_matches('/');
        let mut path = path::stored(root).unwrap_or_default();
        if !below.is_empty() {
            for part in below.split('/') {
                // A JSON pointer (RFC 6901) that may be percent-encoded, too.
                let part = part.replace("~1", "/").replace("~0", "~");
                let part = path::unescaped(&part)
                    .ok_or_else(|| Refusal::bad(format!("bad patch path: {}", text("path"))))?;
                path.push(part);
            }
        }
        Ok(Self { path, change })
    }
}
