//! Responses kept within an evaluation, and beyond it.
//!
//! Within one evaluation equal requests have equal answers, failures included. Beyond it, responses are kept if the
//! request asks for it: as long as their headers allow (RFC 9111), or for a time that the request forces.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Failure;
use super::client::Response;
use super::date;
use crate::arena::{Arena, Document};
use crate::context::Context;
use crate::value::{Object, Value};

/// Answers of this evaluation by request.
#[derive(Default)]
struct Within(HashMap<String, Result<Document, Failure>>);

/// Responses of all evaluations by request.
#[derive(Default)]
struct Beyond(Mutex<HashMap<String, Kept>>);

/// All kept responses together may have this many bytes.
const MAX_BYTES: usize = 128 << 20;

/// A response that is kept.
#[derive(Clone)]
pub struct Kept {
    pub response: Response,
    /// Nanoseconds since 1970 until which it is fresh.
    pub expires_ns: i64,
}

/// What a request says about caching and about reading the response.
pub struct Rules {
    /// The response may be kept beyond the evaluation.
    pub beyond: bool,
    /// For so many seconds, whatever the headers say.
    pub forced_seconds: Option<i64>,
    pub forces_json: bool,
    pub forces_yaml: bool,
}

fn flag(request: Object<'_>, name: &str) -> Result<bool, Failure> {
    match request.get_str(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(Failure::internal(format!(
            "invalid value for \"{name}\" field"
        ))),
    }
}

impl Rules {
    pub fn read(request: Object<'_>) -> Result<Self, Failure> {
        let cache = flag(request, "cache")?;
        let forced = flag(request, "force_cache")?;
        let forced_seconds = if forced {
            Some(forced_duration(request)?)
        } else {
            None
        };
        match request.get_str("caching_mode") {
            None | Some(Value::String("serialized" | "deserialized")) => {}
            Some(Value::String(other)) => {
                let text = format!("invalid value specified for \"caching_mode\" field: {other}");
                return Err(Failure::Internal(text));
            }
            Some(_) => {
                return Err(Failure::internal(
                    "invalid value for \"caching_mode\" field",
                ));
            }
        }
        Ok(Self {
            beyond: cache || forced,
            forced_seconds: forced_seconds.filter(|seconds| *seconds > 0),
            forces_json: flag(request, "force_json_decode")?,
            forces_yaml: flag(request, "force_yaml_decode")?,
        })
    }
}

fn forced_duration(request: Object<'_>) -> Result<i64, Failure> {
    let value = request
        .get_str("force_cache_duration_seconds")
        .ok_or_else(|| {
            Failure::internal(
                "'force_cache' set but 'force_cache_duration_seconds' parameter is missing",
            )
        })?;
    let text = value.to_string();
    text.parse::<i32>().map(i64::from).map_err(|_| {
        let quoted = crate::json::encode::to_string(Value::String(&text));
        Failure::Internal(format!(
            "strconv.ParseInt: parsing {quoted}: invalid syntax"
        ))
    })
}

/// What requests are told apart by: everything but the headers that the request wants ignored.
pub fn key<'a>(arena: &'a Arena, request: Object<'a>) -> Result<String, Failure> {
    let ignored = request.get_str("cache_ignored_headers");
    let mut value = request.with(arena, Value::String("cache_ignored_headers"), Value::Null);
    if let (Some(ignored), Some(Value::Object(headers))) = (ignored, request.get_str("headers")) {
        let names = ignored
            .as_array()
            .filter(|names| names.iter().all(|name| name.as_str().is_some()));
        let names = names.ok_or_else(|| {
            Failure::internal("cache_ignored_headers must be an array of strings")
        })?;
        let counted = headers
            .entries()
            .iter()
            .filter(|(name, _)| !names.iter().any(|ignored| ignored == *name));
        if let Value::Object(object) = value {
            value = object.with(
                arena,
                Value::String("headers"),
                Value::object(arena, counted),
            );
        }
    }
    Ok(value.to_string())
}

/// What this evaluation knows already.
pub fn within<'a>(context: &mut Context<'a>, key: &str) -> Option<Result<Value<'a>, Failure>> {
    let arena = context.arena();
    context
        .slot::<Within>()
        .0
        .get(key)
        .map(|known| match known {
            Ok(document) => Ok(document.value().copy_into(arena)),
            Err(failure) => Err(failure.clone()),
        })
}

pub fn keep_value(context: &mut Context<'_>, key: &str, value: Value<'_>) {
    context
        .slot::<Within>()
        .0
        .insert(key.to_owned(), Ok(Document::copy_of(value)));
}

pub fn keep_failure(context: &mut Context<'_>, key: &str, failure: &Failure) {
    context
        .slot::<Within>()
        .0
        .insert(key.to_owned(), Err(failure.clone()));
}

/// A response from an earlier evaluation, fresh or not.
pub fn beyond(context: &Context<'_>, key: &str) -> Option<Kept> {
    let shared = context.shared::<Beyond>();
    let kept = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    kept.get(key).cloned()
}

pub fn forget_beyond(context: &Context<'_>, key: &str) {
    let shared = context.shared::<Beyond>();
    shared
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(key);
}

/// Keeps a response for later evaluations, if it may be kept.
pub fn keep_beyond(context: &Context<'_>, key: &str, response: &Response, rules: &Rules) {
    if !is_cacheable(response.code) || (rules.forced_seconds.is_none() && forbids_storing(response))
    {
        return;
    }
    let expires_ns = match rules.forced_seconds {
        Some(seconds) => Some(
            context
                .time_ns
                .saturating_add(seconds.saturating_mul(1_000_000_000)),
        ),
        None => expiry(response),
    };
    let Some(expires_ns) = expires_ns else { return };
    let shared = context.shared::<Beyond>();
    let mut kept = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    let size = |entry: &Kept| entry.response.body.len() + 1_024;
    let total: usize = kept.values().map(size).sum();
    if total + response.body.len() > MAX_BYTES {
        // What can be confirmed at best goes first, then everything.
        kept.retain(|_, entry| entry.expires_ns > context.time_ns);
        if kept.values().map(size).sum::<usize>() + response.body.len() > MAX_BYTES {
            kept.clear();
        }
    }
    kept.insert(
        key.to_owned(),
        Kept {
            response: response.clone(),
            expires_ns,
        },
    );
}

/// Codes whose responses may be kept (RFC 9110 section 15.1).
pub const fn is_cacheable(code: u16) -> bool {
    matches!(
        code,
        200 | 203 | 204 | 206 | 300 | 301 | 404 | 405 | 410 | 414 | 501
    )
}

/// The value of a directive of `Cache-Control`; empty for one without a value.
fn directive<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let header = response.header("cache-control")?;
    header
        .split(',')
        .map(|part| part.trim_matches(' '))
        .find_map(|part| match part.split_once('=') {
            Some((left, right)) if !right.contains('=') && left.trim_matches(' ') == name => {
                Some(right)
            }
            None if part == name => Some(""),
            _ => None,
        })
}

fn forbids_storing(response: &Response) -> bool {
    directive(response, "no-store").is_some()
}

/// Nanoseconds since 1970 until which a response is fresh by its headers; `None` if they make no sense.
fn expiry(response: &Response) -> Option<i64> {
    let Some(age) = directive(response, "max-age") else {
        let expires = response
            .header("expires")
            .and_then(date::parse)
            .unwrap_or(i64::MIN / 1_000_000_000);
        return Some(expires.saturating_mul(1_000_000_000));
    };
    let is_number = !age.is_empty() && age.bytes().all(|digit| digit.is_ascii_digit());
    let seconds = is_number.then(|| {
        age.parse::<i64>()
            .unwrap_or(i64::MAX)
            .min(i64::from(i32::MAX))
    })?;
    let date = response.header("date").and_then(date::parse)?;
    Some(date.saturating_add(seconds).saturating_mul(1_000_000_000))
}
