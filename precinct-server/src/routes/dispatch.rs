//! Which handler a path belongs to.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use serde_json::{Map, json};

use super::request::{Client, Incoming};
use super::{
    authorization, compile, data, documents, filters, health, operation, policies, query, request,
    webhook,
};
use crate::app::App;
use crate::http::answer::{Answer, Refusal};
use crate::http::body::BodyError;
use crate::http::compression::compressed;
use crate::http::parameters::Parameters;
use crate::http::path::cleaned;
use crate::log::Level;

/// A handler.
type Handler = fn(&Incoming<'_>, &str) -> Result<Answer, Refusal>;

/// A place in the API.
struct Route {
    /// What it is called in `/metrics`.
    name: &'static str,
    /// Its answers are compressed.
    compressed: bool,
    handler: Handler,
}

const fn route(name: &'static str, compressed: bool, handler: Handler) -> Found {
    Found::Handler(Route {
        name,
        compressed,
        handler,
    })
}

enum Found {
    Handler(Route),
    /// The place exists, but not for this method.
    WrongMethod,
    /// The place exists, for these methods only.
    Allows(&'static str),
    Nothing,
}

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The whole API.
    All,
    /// Health and numbers only (`--diagnostic-addr`).
    Diagnostics,
}

/// Answers a request.
pub async fn handle(
    app: Arc<App>,
    surface: Surface,
    client: Client,
    request: Request<Body>,
) -> Response<Body> {
    let started = Instant::now();
    let number = app.next_request();
    let (parts, body) = request.into_parts();
    let body = request::body(&app, &parts.headers, body).await;
    let long = takes_long(&app, &parts.method, parts.uri.path());
    let exchange = Exchange {
        app,
        surface,
        client,
        number,
        parts,
        started,
    };
    let (exchange, answered) = if long {
        // Others wait on this thread.
        let job = move || {
            let answered = exchange.answer(body);
            (exchange, answered)
        };
        match tokio::task::spawn_blocking(job).await {
            Ok(done) => done,
            Err(_) => return Answer::empty(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
        }
    } else {
        let answered = exchange.answer(body);
        (exchange, answered)
    };
    let answered = if answered.is_recorded && exchange.app.recorder.takes_all() {
        settled(&exchange.app, answered).await
    } else {
        answered
    };
    exchange.finish(answered)
}

/// Lets an answer out once the decisions in it are on record. What others on this thread have asked in the meantime is
/// answered first, so that one write is for all of them.
async fn settled(app: &App, answered: Answered) -> Answered {
    tokio::task::yield_now().await;
    match app.recorder.settle() {
        Ok(()) => answered,
        Err(message) => Answered {
            answer: Refusal::internal(message).into(),
            ..answered
        },
    }
}

/// Whether a request may take longer than others should wait for it: it changes policies or evaluates queries, policies may
/// wait for the network, or the last one for its path took long.
fn takes_long(app: &App, method: &Method, path: &str) -> bool {
    let is_quick = matches!(*method, Method::GET | Method::POST | Method::HEAD)
        && !path.starts_with("/v1/query")
        && !path.starts_with("/v1/compile")
        && !path.starts_with("/v1/batch");
    !is_quick || app.pace.is_long(path) || app.store.snapshot().policies.has_effects()
}

/// A request.
struct Exchange {
    app: Arc<App>,
    surface: Surface,
    client: Client,
    number: u64,
    parts: Parts,
    started: Instant,
}

/// What will be said to it, unless a decision can't be put on record.
struct Answered {
    /// What the handler is called in `/metrics`.
    name: &'static str,
    answer: Answer,
    /// Decisions were taken down.
    is_recorded: bool,
}

impl Exchange {
    fn line(&self) -> Line<'_> {
        Line {
            app: &self.app,
            number: self.number,
            client: &self.client,
            method: &self.parts.method,
            path: self.parts.uri.path(),
        }
    }

    fn answer(&self, body: Result<Vec<u8>, BodyError>) -> Answered {
        let begun = Instant::now();
        let line = self.line();
        let query = self.parts.uri.query();
        line.received(body.as_deref().unwrap_or_default(), query);
        let is_recorded = AtomicBool::new(false);
        let (name, answer) = answer(
            &self.app,
            self.surface,
            &line,
            &self.parts.headers,
            query,
            body,
            (self.started, &is_recorded),
        );
        self.app.pace.note(line.path, begun.elapsed());
        Answered {
            name,
            answer,
            is_recorded: is_recorded.into_inner(),
        }
    }

    /// Notes what is said, and says it.
    fn finish(self, answered: Answered) -> Response<Body> {
        let Answered { name, answer, .. } = answered;
        self.line().sent(&answer, self.started);
        let (method, status) = (&self.parts.method, answer.status.as_u16());
        self.app
            .registry
            .request(name, method.as_str(), status, self.started.elapsed());
        let mut response = answer.into_response();
        if *method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }
}

/// A request in the log.
struct Line<'l> {
    app: &'l App,
    number: u64,
    client: &'l Client,
    method: &'l Method,
    path: &'l str,
}

impl Line<'_> {
    fn members(&self) -> Map<String, serde_json::Value> {
        let mut members = Map::new();
        members.insert("client_addr".to_owned(), json!(self.client.text()));
        members.insert("req_id".to_owned(), json!(self.number));
        members.insert("req_method".to_owned(), json!(self.method.as_str()));
        members.insert("req_path".to_owned(), json!(self.path));
        members
    }

    fn received(&self, body: &[u8], query: Option<&str>) {
        let logger = &self.app.logger;
        if !logger.takes(logger.requests) {
            return;
        }
        let mut members = self.members();
        if logger.takes(Level::Debug) {
            members.insert("req_body".to_owned(), json!(String::from_utf8_lossy(body)));
            members.insert("req_params".to_owned(), Parameters::parse(query).json());
        }
        logger.write(logger.requests, "Received request.", members);
    }

    fn sent(&self, answer: &Answer, started: Instant) {
        let logger = &self.app.logger;
        if !logger.takes(logger.requests) {
            return;
        }
        let mut members = self.members();
        members.insert("resp_status".to_owned(), json!(answer.status.as_u16()));
        members.insert("resp_bytes".to_owned(), json!(answer.body.len()));
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        members.insert("resp_duration".to_owned(), json!(milliseconds));
        if logger.takes(Level::Debug) {
            let body = String::from_utf8_lossy(&answer.body);
            members.insert("resp_body".to_owned(), json!(body));
        }
        logger.write(logger.requests, "Sent response.", members);
    }
}

fn answer(
    app: &App,
    surface: Surface,
    line: &Line<'_>,
    headers: &HeaderMap,
    query: Option<&str>,
    body: Result<Vec<u8>, BodyError>,
    (started, is_recorded): (Instant, &AtomicBool),
) -> (&'static str, Answer) {
    let incoming = |body: Vec<u8>| Incoming {
        app,
        snapshot: app.store.snapshot(),
        method: line.method,
        path: line.path,
        parameters: Parameters::parse(query),
        headers,
        body,
        number: line.number,
        client: line.client.clone(),
        started,
        is_recorded,
    };
    let (found, rest) = match surface {
        Surface::All => find(line.method, line.path),
        Surface::Diagnostics => diagnostics(line.method, line.path),
    };
    let packs = matches!(&found, Found::Handler(route) if route.compressed)
        || line.path.starts_with("/v0/data") && !matches!(found, Found::Nothing);
    let pack = |answer: Answer| {
        if packs {
            compressed(answer, headers, app.settings().compressing)
        } else {
            answer
        }
    };
    let incoming = match body {
        Ok(body) => incoming(body),
        Err(error) => {
            let answer = Refusal::from(error).into();
            // A body that says that it is too long is not taken, and compression not thought of.
            let is_taken = !matches!(error, BodyError::SaysTooLong { .. });
            return ("catchall", if is_taken { pack(answer) } else { answer });
        }
    };
    if app.settings().authorizes
        && let Err(refusal) = authorization::check(&incoming)
    {
        return ("catchall", pack(refusal.into()));
    }
    if let Some(answer) = redirected(line.method, line.path, query, &found) {
        return ("catchall", pack(answer));
    }
    match found {
        Found::Handler(route) => {
            let answer = (route.handler)(&incoming, rest).unwrap_or_else(Into::into);
            (route.name, pack(answer))
        }
        Found::WrongMethod => (
            "catchall",
            pack(Answer::empty(StatusCode::METHOD_NOT_ALLOWED)),
        ),
        Found::Allows(methods) => ("catchall", refused(methods)),
        Found::Nothing => ("catchall", missing()),
    }
}

fn missing() -> Answer {
    Answer::text(
        StatusCode::NOT_FOUND,
        "text/plain; charset=utf-8",
        "404 page not found\n",
    )
    .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}

fn refused(methods: &'static str) -> Answer {
    Answer::text(
        StatusCode::METHOD_NOT_ALLOWED,
        "text/plain; charset=utf-8",
        "Method Not Allowed\n",
    )
    .with(header::ALLOW, methods)
    .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}

/// Where paths are sent that are written in an odd way.
fn redirected(method: &Method, path: &str, query: Option<&str>, found: &Found) -> Option<Answer> {
    let asks = matches!(*method, Method::GET | Method::HEAD);
    let (status, place) = if let Some(clean) = cleaned(path) {
        (StatusCode::TEMPORARY_REDIRECT, clean)
    } else if path == "/v1/compile" && asks {
        // Filters can be asked for with GET, below this path.
        (StatusCode::TEMPORARY_REDIRECT, "/v1/compile/".to_owned())
    } else if path == "/v1/compile/" && !matches!(found, Found::Handler(_)) {
        return None;
    } else if path.len() > 1 && path.ends_with('/') && !matches!(found, Found::Nothing) {
        let place = path.trim_end_matches('/').to_owned();
        (StatusCode::MOVED_PERMANENTLY, place)
    } else {
        return None;
    };
    let place = match query {
        Some(query) => format!("{place}?{query}"),
        None => place,
    };
    if *method != Method::GET {
        return Some(Answer::empty(status).with(header::LOCATION, &place));
    }
    let reason = status.canonical_reason().unwrap_or_default();
    let page = format!(
        "<a href=\"{}\">{reason}</a>.\n\n",
        place.replace('&', "&amp;")
    );
    Some(Answer::text(status, "text/html; charset=utf-8", page).with(header::LOCATION, &place))
}

/// What a path below a prefix names; `None` if it is not below it.
fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('/')
}

const READS: Found = Found::Allows("GET, HEAD");

fn diagnostics<'p>(method: &Method, path: &'p str) -> (Found, &'p str) {
    let (found, rest): (fn() -> Found, _) = match (path, below(path, "/health")) {
        ("/metrics", _) => (|| route("metrics", false, operation::numbers), ""),
        (_, Some("")) => (|| route("health", false, health::overall), ""),
        (_, Some(rest)) => (|| route("health", false, health::by_policy), rest),
        (_, None) => return (Found::Nothing, ""),
    };
    match *method {
        Method::GET => (found(), rest),
        Method::HEAD => (Found::WrongMethod, ""),
        _ => (READS, ""),
    }
}

fn find<'p>(method: &Method, path: &'p str) -> (Found, &'p str) {
    let reads = *method == Method::GET;
    match diagnostics(method, path) {
        (Found::Nothing, _) => {}
        found => return found,
    }
    if path == "/" {
        let found = match *method {
            Method::POST => route("index", false, webhook::default),
            Method::GET => route("index", false, operation::index),
            _ => Found::Nothing,
        };
        return (found, "");
    }
    if let Some(rest) = below(path, "/v1/data") {
        let found = match *method {
            Method::GET => route("v1/data", true, data::get),
            Method::POST => route("v1/data", true, data::post),
            Method::PUT => route("v1/data", false, documents::put),
            Method::PATCH => route("v1/data", false, documents::patch),
            Method::DELETE if !rest.is_empty() => route("v1/data", false, documents::delete),
            _ => Found::WrongMethod,
        };
        return (found, rest);
    }
    if let Some(rest) = below(path, "/v0/data") {
        let found = if *method == Method::POST {
            route("v0/data", true, webhook::document)
        } else {
            Found::WrongMethod
        };
        return (found, rest);
    }
    if let Some(rest) = below(path, "/v1/policies") {
        let found = match (method, rest) {
            (&Method::GET, "") => route("v1/policies", false, policies::list),
            (&Method::GET, _) => route("v1/policies", false, policies::get),
            (&Method::PUT, rest) if !rest.is_empty() => route("v1/policies", false, policies::put),
            (&Method::DELETE, rest) if !rest.is_empty() => {
                route("v1/policies", false, policies::delete)
            }
            _ => Found::WrongMethod,
        };
        return (found, rest);
    }
    if let Some(rest) = below(path, "/v1/query") {
        let found = match (method, rest) {
            (&Method::GET, "") => route("v1/query", false, query::get),
            (&Method::POST, "") => route("v1/query", false, query::post),
            _ => Found::WrongMethod,
        };
        return (found, rest);
    }
    let found = match path {
        "/v1/compile" if *method == Method::POST => route("v1/compile", true, compile::post),
        "/v1/compile" => Found::Allows("POST"),
        _ if path.starts_with("/v1/compile/") => {
            let rest = path.strip_prefix("/v1/compile/").unwrap_or_default();
            return match *method {
                Method::GET | Method::POST => (route("v1/compile", true, filters::post), rest),
                Method::HEAD => (Found::WrongMethod, rest),
                _ => (Found::Allows("GET, HEAD, POST"), rest),
            };
        }
        "/v1/config" if reads => route("v1/config", false, operation::configuration),
        "/v1/status" if reads => route("v1/status", false, operation::status),
        "/v1/config" | "/v1/status" if *method == Method::HEAD => Found::WrongMethod,
        "/v1/config" | "/v1/status" => READS,
        "/v1/batch/data" if *method == Method::POST => route("v1/batch", true, data::batch),
        _ if path.starts_with("/v1/batch/data/") && *method == Method::POST => {
            let rest = path.strip_prefix("/v1/batch/data/").unwrap_or_default();
            return (route("v1/batch", true, data::batch), rest);
        }
        _ => Found::Nothing,
    };
    (found, "")
}
