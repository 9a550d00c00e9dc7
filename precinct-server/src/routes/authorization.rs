//! Whether a policy lets a request in (`--authorization=basic`).

use axum::http::{HeaderMap, Method, StatusCode, header};
use precinct_gateway::verdict::Verdict;
use precinct_jose::x509::{Attribute, parse_certificates};
use precinct_runtime::json::{Decoder, to_string};
use precinct_runtime::ops::call_builtin;
use precinct_runtime::{Arena, Context, Value};

use super::data::{Told, tell};
use super::request::{Incoming, first};
use crate::evaluation::ask::{self, Outcome, World};
use crate::evaluation::errors::{self, Failed};
use crate::evaluation::metrics::Metrics;
use crate::evaluation::scratch::with_arena;
use crate::http::answer::{Refusal, code};
use crate::http::path;
use crate::state::document::{self, Change};

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
    let settings = app.settings();
    let decision = &settings.authorization_decision;
    let keys = path::document(decision).map_err(Refusal::internal)?;
    with_arena(|arena| {
        let input = input(incoming, arena)?;
        let world = World {
            input: Some(input),
            runtime: Some(&app.runtime),
            limit: settings.evaluation_limit,
            records: app.recorder.takes_all(),
            ..World::default()
        };
        let outcome = ask::document(&incoming.snapshot, &keys, world, arena);
        incoming.log_prints(&outcome.prints);
        let admitted = admitted(&outcome.answer);
        if app.recorder.takes_all() {
            record(incoming, decision, input, &outcome, &admitted, arena)?;
        }
        admitted
    })
}

fn admitted(answer: &Result<Option<Value<'_>>, Failed>) -> Result<(), Refusal> {
    let refused =
        |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, code::UNAUTHORIZED, message);
    match answer {
        Err(failed) => Err(errors::evaluation(failed)),
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
}

/// OPA's decision log does not have these; a record of decisions has all evaluations, but not what would let its readers
/// in.
fn record<'a>(
    incoming: &Incoming<'_>,
    decision: &str,
    input: Value<'a>,
    outcome: &Outcome<'a, Option<Value<'a>>>,
    admitted: &Result<(), Refusal>,
    arena: &'a Arena,
) -> Result<(), Refusal> {
    let (input, erased) = without_secrets(incoming, input, arena);
    let verdict = match (admitted, &outcome.answer) {
        (Ok(()), _) => Some(Verdict {
            outcome: precinct_audit::Outcome::Allow,
            reason: None,
        }),
        (Err(refusal), Ok(Some(_))) => Some(Verdict::deny(&refusal.message)),
        // What failed or is undefined is a deny by itself.
        (Err(_), _) => None,
    };
    let result = outcome.answer.as_ref().ok().copied().flatten();
    let result = result.map(to_string);
    let id = incoming.app.recorder.next_id();
    let metrics = Metrics::default();
    let told = Told {
        path: decision,
        input: Some(input),
        result: result.as_deref(),
        is_logged: false,
        verdict: verdict.as_ref(),
        erased: &erased,
        ..Told::new(id.as_deref(), &metrics)
    };
    tell(incoming, &told, outcome).map_err(Refusal::internal)
}

/// What the policy saw without tokens and cookies, and where these were.
fn without_secrets<'a>(
    incoming: &Incoming<'_>,
    input: Value<'a>,
    arena: &'a Arena,
) -> (Value<'a>, Vec<String>) {
    let headers = ["Authorization", "Cookie", "Proxy-Authorization"];
    let headers = headers.map(|name| vec!["headers".to_owned(), name.to_owned()]);
    // Otherwise it is the name in a certificate.
    let identity = incoming.app.settings().reads_tokens;
    let identity = identity.then(|| vec!["identity".to_owned()]);
    let mut erased = Vec::new();
    let kept = headers
        .into_iter()
        .chain(identity)
        .fold(input, |input, path| {
            match document::write(input, &path, Change::Remove, arena) {
                Ok(rest) => {
                    erased.push(format!("/{}", path.join("/")));
                    rest
                }
                // There is none.
                Err(_) => input,
            }
        });
    (kept, erased)
}

/// What the policy sees of a request.
fn input<'a>(incoming: &'a Incoming<'_>, arena: &'a Arena) -> Result<Value<'a>, Refusal> {
    let text = |text: &str| Value::string(arena, text);
    let segments = segments(incoming.path)?;
    let segments: Vec<Value<'a>> = segments.iter().map(|segment| text(segment)).collect();
    let params = incoming.parameters.json().to_string();
    let params =
        first(arena.alloc_slice_copy(params.as_bytes()), arena).map_err(Refusal::internal)?;
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
    if incoming.app.settings().reads_certificates && !incoming.client.certificates.is_empty() {
        let shown = certificates(&incoming.client.certificates, arena);
        entries.extend(shown.map(|shown| (text("client_certificates"), shown)));
        if let Some(name) = incoming
            .client
            .certificates
            .first()
            .and_then(|der| subject(der))
        {
            entries.push((text("identity"), text(&name)));
        }
    }
    Ok(Value::object(arena, entries))
}

/// The certificates of a client as `crypto.x509.parse_certificates` gives them.
fn certificates<'a>(chain: &[Vec<u8>], arena: &'a Arena) -> Option<Value<'a>> {
    let builtin = precinct_runtime::builtin::lookup("crypto.x509.parse_certificates")?;
    let pem = chain.iter().fold(String::new(), |text, der| {
        text + &precinct_jose::pem::encode("CERTIFICATE", der)
    });
    let mut context = Context::new(arena);
    let args = [Value::string(arena, &pem)];
    call_builtin(&mut context, builtin, &args).ok().flatten()
}

/// The subject of a certificate as RFC 2253 writes it: `CN=my-client,O=Example`.
fn subject(der: &[u8]) -> Option<String> {
    let certificates = parse_certificates(der).ok()?;
    let subject = &certificates.first()?.subject;
    let parts = subject.attributes.iter().rev().map(|(id, value)| {
        let value = match value {
            Attribute::Text(text) => escaped(text),
            other => format!("{other:?}"),
        };
        let short = match id.as_slice() {
            [2, 5, 4, 3] => "CN",
            [2, 5, 4, 5] => "SERIALNUMBER",
            [2, 5, 4, 6] => "C",
            [2, 5, 4, 7] => "L",
            [2, 5, 4, 8] => "ST",
            [2, 5, 4, 9] => "STREET",
            [2, 5, 4, 10] => "O",
            [2, 5, 4, 11] => "OU",
            [2, 5, 4, 17] => "POSTALCODE",
            other => {
                let arcs: Vec<String> = other.iter().map(ToString::to_string).collect();
                return format!("{}={value}", arcs.join("."));
            }
        };
        format!("{short}={value}")
    });
    Some(parts.collect::<Vec<_>>().join(","))
}

/// What stands for itself in a distinguished name, with a backslash before what would not.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (at, character) in text.chars().enumerate() {
        let is_special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (at == 0 && matches!(character, ' ' | '#'))
            || (at == last && character == ' ');
        if is_special {
            out.push('\\');
        }
        out.push(character);
    }
    out
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
