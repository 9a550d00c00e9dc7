//! A request as handlers see it: with its body, and the state that it is answered by.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use axum::http::{HeaderMap, Method};
use precinct_runtime::json::{Decoder, JsonError, Limits};
use precinct_runtime::{Arena, Value};
use serde_json::{Map, json};

use crate::app::App;
use crate::http::body::{self, BodyError};
use crate::http::parameters::Parameters;
use crate::log::Level;
use crate::state::Snapshot;

/// A request with its body.
pub struct Incoming<'r> {
    /// What all requests share.
    pub app: &'r App,
    /// The state that answers, from the first to the last step.
    pub snapshot: Arc<Snapshot>,
    /// The method.
    pub method: &'r Method,
    /// The path as it was sent.
    pub path: &'r str,
    /// What stands behind `?`.
    pub parameters: Parameters,
    /// The headers.
    pub headers: &'r HeaderMap,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// The number of the request.
    pub number: u64,
    /// The client's address.
    pub client: Client,
    /// When the request began.
    pub started: Instant,
    /// A decision was taken down.
    pub is_recorded: &'r AtomicBool,
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The address; `None` for a Unix socket.
    pub address: Option<SocketAddr>,
    /// The certificate chain that the client showed and that was verified, DER, its own first.
    pub certificates: Vec<Vec<u8>>,
}

impl Client {
    /// The address as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.address
            .map_or_else(|| "@".to_owned(), |address| address.to_string())
    }
}

impl Incoming<'_> {
    /// Whether the answer is to be indented.
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.parameters.is_on("pretty")
    }

    /// Whether the answer is to say how long its steps took.
    #[must_use]
    pub fn wants_metrics(&self) -> bool {
        self.parameters.is_on("metrics") || self.parameters.is_on("instrument")
    }

    /// Whether the body says that it is YAML.
    #[must_use]
    pub fn is_yaml(&self) -> bool {
        self.headers
            .get(axum::http::header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.contains("yaml"))
    }

    /// The first JSON value of the body, or its YAML if it says so; `None` if it is empty.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn value<'a>(&'a self, arena: &'a Arena) -> Result<Option<Value<'a>>, String> {
        if self.is_yaml() {
            if self.body.is_empty() {
                return Ok(None);
            }
            let text = precinct_bundle::document::yaml(&self.body).map_err(|error| match error
                .strip_prefix("yaml: ")
            {
                Some(_) => error,
                None => format!("yaml: {error}"),
            })?;
            let text = arena.alloc_slice_copy(text.as_bytes());
            return first(text, arena).map(Some);
        }
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        first(&self.body, arena).map(Some)
    }

    /// Writes what an evaluation printed to the log.
    pub fn log_prints(&self, prints: &[(String, String)]) {
        for (place, message) in prints {
            let mut members = Map::new();
            members.insert("line".to_owned(), json!(place));
            self.describe(&mut members);
            self.app.logger.write(Level::Info, message, members);
        }
    }

    /// Adds to a line of the log which request it is about.
    pub fn describe(&self, members: &mut Map<String, serde_json::Value>) {
        members.insert("client_addr".to_owned(), json!(self.client.text()));
        members.insert("req_id".to_owned(), json!(self.number));
        members.insert("req_method".to_owned(), json!(self.method.as_str()));
        members.insert("req_path".to_owned(), json!(self.path));
    }
}

/// The first JSON value of a text.
///
/// # Errors
/// What is wrong with the text, in Go's words.
pub fn first<'a>(text: &'a [u8], arena: &'a Arena) -> Result<Value<'a>, String> {
    Decoder::new(arena)
        .limits(Limits::DEFAULT)
        .first()
        .decode(text)
        .map_err(|error: JsonError| match error.message.as_str() {
            "unexpected end of JSON input" => "unexpected EOF".to_owned(),
            message => message.to_owned(),
        })
}

/// A member that is there and not null.
#[must_use]
pub fn given(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !matches!(value, Value::Null))
}

/// What Go calls the kind of a value.
#[must_use]
pub const fn kind(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) | Value::Set(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Reads the body of a request under the server's limits.
///
/// # Errors
/// When it is too long or not packed as it says.
pub async fn body(
    app: &App,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<Vec<u8>, BodyError> {
    let limits = app.settings().body;
    let bytes = body::read(body, limits).await?;
    body::unpacked(bytes, headers, limits)
}
