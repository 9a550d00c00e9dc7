//! Whether a policy lets a request in (`--authorization=basic`).

use axum::http::{HeaderMap, Method, StatusCode, header};
use precinct_runtime::json::Decoder;
use precinct_runtime::{Arena, Value};

use super::request::{Incoming, first};
use crate::evaluation::ask::{self, World};
use crate::evaluation::errors;
use crate::evaluation::scratch::with_arena;
use crate::http::answer::{Refusal, code};
use crate::http::path;

/// What is said of a policy that is not there.
const UNDEFINED: &str = "authorization policy missing or undefined";
/// What is said of a decision that does not say whether the request is allowed.
const MALFORMED: &str = "document missing or undefined";
/// What is said of requests that are not allowed.
const REFUSED: &str = "request rejected by administrative policy";

/// Lets a request in, or says why not. Everything but a clear yes is a no.
///
/// # Errors
/// Why the request is not let in.
pub fn check(incoming: &Incoming<'_>) -> Result<(), Refusal> {
    let app = incoming.app;
    let keys = path::document(&app.settings().authorization_decision).map_err(Refusal::internal)?;
    with_arena(|arena| {
        let world = World {
            input: Some(input(incoming, arena)?),
            runtime: Some(&app.runtime),
            limit: app.settings().evaluation_limit,
            ..World::default()
        };
        let outcome = ask::document(&incoming.snapshot, &keys, world, arena);
        incoming.log_prints(&outcome.prints);
        let refused =
            |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, code::UNAUTHORIZED, message);
        match outcome.answer {
            Err(failed) => Err(errors::evaluation(&failed)),
            Ok(None) => Err(Refusal::internal(UNDEFINED)),
            Ok(Some(Value::Bool(true))) => Ok(()),
            Ok(Some(Value::Object(decision))) => match decision.get_str("allowed") {
                None => Err(Refusal::internal(MALFORMED)),
                Some(Value::Bool(true)) => Ok(()),
                Some(_) => {
                    let reason = decision.get_str("reason").and_then(Value::as_str);
                    Err(refused(reason.unwrap_or(REFUSED)))
                }
            },
            Ok(Some(_)) => Err(refused(REFUSED)),
        }
    })
}

/// What the policy sees of a request.
fn input<'a>(incoming: &Incoming<'_>, arena: &'a Arena) -> Result<Value<'a>, Refusal> {
    let text = |text: &str| Value::string(arena, text);
    let segments = segments(incoming.path)?;
    let segments: Vec<Value<'a>> = segments.iter().map(|segment| text(segment)).collect();
    let params = incoming.parameters.json().to_string();
    let params = first(params.as_bytes(), arena).map_err(Refusal::internal)?;
    let mut entries = vec![
        (text("path"), Value::array(arena, &segments)),
        (
            text("method"),
            text(&incoming.method.as_str().to_ascii_uppercase()),
        ),
        (text("params"), params),
        (text("headers"), headers(incoming.headers, arena)),
    ];
    if expects_body(incoming) && !incoming.body.is_empty() {
        let body = if incoming.is_yaml() {
            incoming.value(arena).map_err(Refusal::bad)?
        } else {
            let whole = Decoder::new(arena).decode_copied(&incoming.body);
            Some(whole.map_err(|error| Refusal::bad(error.to_string()))?)
        };
        entries.extend(body.map(|body| (text("body"), body)));
    }
    if incoming.app.settings().reads_tokens
        && let Some(token) = token(incoming.headers)
    {
        entries.push((text("identity"), text(token)));
    }
    Ok(Value::object(arena, entries))
}

/// The parts of a path as the handlers take it apart: identifiers of policies may hold slashes, names of documents not.
fn segments(path: &str) -> Result<Vec<String>, Refusal> {
    let unescape = |text: &str| {
        path::unescaped(text).ok_or_else(|| Refusal::bad(format!("invalid URL escape in {text:?}")))
    };
    let is_decoded = ["/v1/policies/", "/v1/compile/"]
        .iter()
        .any(|prefix| path.starts_with(prefix));
    let path = path.strip_prefix('/').unwrap_or(path);
    if is_decoded {
        return Ok(unescape(path)?.split('/').map(str::to_owned).collect());
    }
    path.split('/').map(unescape).collect()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme == "Bearer").then_some(token)
}

/// Header names as Go writes them: `X-Request-Id`.
fn headers<'a>(headers: &HeaderMap, arena: &'a Arena) -> Value<'a> {
    let entries = headers.keys().map(|name| {
        let values: Vec<Value<'a>> = headers
            .get_all(name)
            .iter()
            .map(|value| Value::string(arena, &String::from_utf8_lossy(value.as_bytes())))
            .collect();
        let shown = canonical(name.as_str());
        (Value::string(arena, &shown), Value::array(arena, &values))
    });
    Value::object(arena, entries)
}

/// `X-Request-Id` of `x-request-id`.
#[must_use]
pub fn canonical(name: &str) -> String {
    let mut starts = true;
    name.chars()
        .map(|character| {
            let shown = if starts {
                character.to_ascii_uppercase()
            } else {
                character.to_ascii_lowercase()
            };
            starts = character == '-';
            shown
        })
        .collect()
}

/// Whether the policy sees the body: of questions it does, of writes it does not.
fn expects_body(incoming: &Incoming<'_>) -> bool {
    if *incoming.method != Method::POST {
        return false;
    }
    let path = incoming.path;
    path == "/"
        || [
            "/v0/data",
            "/v1/data",
            "/v1/compile",
            "/v1/query",
            "/v1/batch",
        ]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}
