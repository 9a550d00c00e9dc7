//! Whether the server can decide.

use axum::http::StatusCode;
use precinct_runtime::Value;
use precinct_runtime::json::Decoder;
use serde_json::json;

use super::request::Incoming;
use crate::evaluation::ask::{self, World};
use crate::evaluation::scratch::with_arena;
use crate::http::answer::{Answer, Refusal};
use crate::http::path;
use crate::http::text::ObjectText;

fn unwell(reason: &str) -> Answer {
    let object = ObjectText::default().with_string("error", reason);
    Answer::json(StatusCode::INTERNAL_SERVER_ERROR, object.finish(), false)
}

fn well() -> Answer {
    Answer::json(StatusCode::OK, "{}".to_owned(), false)
}

/// `GET /health`, with `?bundles` and `?plugins&exclude-plugin=…`
pub fn overall(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let parameters = &incoming.parameters;
    let plugins = &incoming.app.plugins;
    if (parameters.is_on("bundle") || parameters.is_on("bundles"))
        && let Err(reason) = plugins.bundles_ready()
    {
        return Ok(unwell(&reason));
    }
    if parameters.is_on("plugins") {
        let excluded: Vec<&str> = parameters.all("exclude-plugin").collect();
        let is_down =
            |(name, state): (&String, &String)| state != "OK" && !excluded.contains(&name.as_str());
        if plugins.states().iter().any(is_down) {
            return Ok(unwell("one or more plugins are not up"));
        }
    }
    Ok(well())
}

/// `GET /health/{path}`: what the policy `system.health` says.
pub fn by_policy(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    let mut keys = vec!["system".to_owned(), "health".to_owned()];
    keys.extend(path::document(rest).map_err(Refusal::bad)?);
    let states = incoming.app.plugins.states();
    let is_ready = incoming
        .app
        .were_ready(states.values().all(|state| state == "OK"));
    let input = json!({"plugin_state": states, "plugins_ready": is_ready}).to_string();
    let name = ask::reference(&keys);
    with_arena(|arena| {
        let input = Decoder::new(arena).decode_copied(input.as_bytes()).ok();
        let world = World {
            input,
            runtime: Some(&incoming.app.runtime),
            limit: incoming.app.settings().evaluation_limit,
            ..World::default()
        };
        let outcome = ask::document(&incoming.snapshot, &keys, world, arena);
        incoming.log_prints(&outcome.prints);
        Ok(match outcome.answer {
            Ok(Some(Value::Bool(true))) => well(),
            Ok(Some(_)) => unwell(&format!("health check ({name}) returned unexpected value")),
            Ok(None) => unwell(&format!("health check ({name}) was undefined")),
            Err(failed) => unwell(&failed.text),
        })
    })
}
