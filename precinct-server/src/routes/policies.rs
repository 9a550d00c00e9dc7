//! Modules.

use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;

use super::request::Incoming;
use crate::evaluation::errors;
use crate::evaluation::metrics::{self, Metrics};
use crate::http::answer::{Answer, Refusal, code};
use crate::http::path::unescaped;
use crate::http::text::{self, ObjectText};
use crate::state::policies::{Policies, Text, Texts, parse_one};
use crate::state::{Snapshot, activation, document, ownership};

fn identifier(rest: &str) -> String {
    unescaped(rest).unwrap_or_else(|| rest.to_owned())
}

fn unknown(id: &str) -> Refusal {
    Refusal::not_found(format!("storage_not_found_error: policy id {id:?}"))
}

fn shown(policies: &Policies, id: &str, text: &str) -> String {
    let tree = policies.tree(id);
    ObjectText::default()
        .with_string("id", id)
        .with_string("raw", text)
        .with("ast", tree.as_deref().unwrap_or("null"))
        .finish()
}

/// `GET /v1/policies`
pub fn list(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let policies = &incoming.snapshot.policies;
    let all = policies
        .texts()
        .iter()
        .map(|(id, text)| shown(policies, id, &text.text));
    let object = ObjectText::default().with("result", &text::list(all));
    Ok(Answer::json(
        StatusCode::OK,
        object.finish(),
        incoming.is_pretty(),
    ))
}

/// `GET /v1/policies/{id}`
pub fn get(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    let id = identifier(rest);
    let policies = &incoming.snapshot.policies;
    let text = policies.texts().get(&id).ok_or_else(|| unknown(&id))?;
    let object = ObjectText::default().with("result", &shown(policies, &id, &text.text));
    Ok(Answer::json(
        StatusCode::OK,
        object.finish(),
        incoming.is_pretty(),
    ))
}

fn done(incoming: &Incoming<'_>, metrics: &Metrics) -> Answer {
    let mut object = ObjectText::default();
    if incoming.parameters.is_on("metrics") {
        object.put("metrics", &metrics.json());
    }
    Answer::json(StatusCode::OK, object.finish(), incoming.is_pretty())
}

/// Nobody but a bundle changes the modules of its packages.
fn check_owner(now: &Snapshot, id: &str, text: &str) -> Result<(), Refusal> {
    if now.bundles.is_empty() {
        return Ok(());
    }
    let Ok(module) = parse_one(id, text, now.policies.options()) else {
        return Ok(());
    };
    let path: Vec<String> = activation::package(&module)
        .split('/')
        .map(str::to_owned)
        .collect();
    ownership::check(&now.bundles, &path).map_err(Refusal::bad)
}

/// `PUT /v1/policies/{id}`
pub fn put(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    let id = identifier(rest);
    let text = String::from_utf8_lossy(&incoming.body).into_owned();
    let mut metrics = Metrics::default();
    incoming.app.store.update(|now| {
        if let Some(there) = now.policies.texts().get(&id) {
            check_owner(now, &id, &there.text)?;
            if *there.text == *text {
                return Ok(now.clone());
            }
        }
        let started = Instant::now();
        let module = parse_one(&id, &text, now.policies.options());
        metrics.time(metrics::MODULE_PARSE, started);
        module.map_err(|failure| {
            let mut messages = failure.errors.iter().map(|error| error.message.as_str());
            match messages.next() {
                Some("empty module") => {
                    Refusal::bad(format!("{id}:0: rego_parse_error: empty module"))
                }
                _ => errors::modules(&failure),
            }
        })?;
        check_owner(now, &id, &text)?;
        let mut texts = now.policies.texts().clone();
        let module = Text {
            file: id.as_str().into(),
            text: text.as_str().into(),
            version: None,
            bundle: None,
        };
        texts.insert(id.clone(), module);
        compiled(now, texts, &mut metrics)
    })?;
    Ok(done(incoming, &metrics))
}

/// `DELETE /v1/policies/{id}`
pub fn delete(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    let id = identifier(rest);
    let mut metrics = Metrics::default();
    incoming.app.store.update(|now| {
        let there = now.policies.texts().get(&id).ok_or_else(|| unknown(&id))?;
        check_owner(now, &id, &there.text)?;
        let mut texts = now.policies.texts().clone();
        texts.remove(&id);
        compiled(now, texts, &mut metrics).map_err(|mut refusal| {
            refusal.code = code::INVALID_OPERATION;
            refusal
        })
    })?;
    Ok(done(incoming, &metrics))
}

/// The state with these modules.
fn compiled(now: &Snapshot, texts: Texts, metrics: &mut Metrics) -> Result<Snapshot, Refusal> {
    let started = Instant::now();
    let policies = Policies::compile(texts, now.policies.options().clone())
        .map_err(|failure| errors::modules(&failure))?;
    metrics.time(metrics::MODULE_COMPILE, started);
    let conflicts = document::conflicts(&policies, &now.data);
    if let Some(failure) = conflicts {
        return Err(errors::modules(&failure));
    }
    Ok(Snapshot::new(
        Arc::new(policies),
        Arc::clone(&now.data),
        Arc::clone(&now.bundles),
    ))
}
