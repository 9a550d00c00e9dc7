//! Requests to other services.
//!
//! * [`parameters`]: what a request asks for
//! * [`tls`]: certificates and keys for TLS
//! * [`connect`]: TLS and Unix sockets under the HTTP client
//! * [`client`]: sending, with redirects and retries
//! * [`cache`]: responses kept within an evaluation and, by HTTP's rules or by force, beyond it
//! * [`date`]: times in headers
//! * [`response`]: what policies see of a response
//!
//! The hosts that policies may talk to are those of [`super::network::NetworkAccess`].

mod cache;
mod client;
mod connect;
mod date;
mod parameters;
mod response;
mod tls;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::{BuiltinError, BuiltinErrorKind, EvalError};
use crate::value::{Object, Value};
use parameters::Parameters;

/// Requests to other services.
pub const FAMILY: &[Builtin] = &[Builtin::new(
    "http.send",
    "(request: object[string: any]) => response: object[any: any]",
    "Returns a HTTP response to the given HTTP request.",
    send,
)
.documented(&["the HTTP request object"], "the HTTP response object")
.nondeterministic()];

/// Why there is no response.
#[derive(Clone, Debug)]
enum Failure {
    /// The request is not one.
    Internal(String),
    /// The request was sent, or nearly, and failed.
    Network(String),
    /// The evaluation's time is over.
    Cancelled,
}

impl Failure {
    fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into())
    }
}

fn send<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let request = operand::object(args, 1)?;
    let raises = match request.get_str("raise_error") {
        None => true,
        Some(Value::Bool(raises)) => raises,
        Some(_) => return Err(BuiltinError::new("invalid value for raise_error field")),
    };
    let failure = match super::request::checked(context.arena(), args, 1) {
        Ok(_) => match answer(context, request) {
            Ok(response) => return Ok(Some(response)),
            Err(failure) => failure,
        },
        Err(error) if raises => return Err(error),
        Err(error) => {
            let error = EvalError::from_builtin("http.send", error);
            Failure::Internal(format!("{}: {}", error.code, error.message))
        }
    };
    match failure {
        Failure::Cancelled => {
            let mut error = EvalError::cancelled();
            "http.send: timed out (context deadline exceeded)".clone_into(&mut error.message);
            Err(BuiltinError {
                message: error.message.clone(),
                kind: BuiltinErrorKind::Halt(Box::new(error)),
            })
        }
        Failure::Internal(text) | Failure::Network(text) if raises => Err(BuiltinError::new(text)),
        Failure::Internal(text) => Ok(Some(response::failure(
            context.arena(),
            "eval_http_send_internal_error",
            &text,
        ))),
        Failure::Network(text) => Ok(Some(response::failure(
            context.arena(),
            "eval_http_send_network_error",
            &text,
        ))),
    }
}

/// The response to a request, from a cache or from its host.
fn answer<'a>(context: &mut Context<'a>, request: Object<'a>) -> Result<Value<'a>, Failure> {
    let arena = context.arena();
    let key = cache::key(arena, request)?;
    let rules = cache::Rules::read(request)?;
    if let Some(known) = cache::within(context, &key) {
        return known;
    }
    let found = if rules.beyond {
        fetch_shared(context, request, &key, &rules)
    } else {
        fetch(context, request)
    };
    let response = match found {
        Ok(response) => response,
        Err(failure) => {
            cache::keep_failure(context, &key, &failure);
            return Err(failure);
        }
    };
    let value = response::value(arena, &response, &rules);
    if rules.beyond || cache::is_cacheable(response.code) {
        cache::keep_value(context, &key, value);
    }
    Ok(value)
}

fn fetch<'a>(context: &mut Context<'a>, request: Object<'a>) -> Result<client::Response, Failure> {
    let parameters = Parameters::read(context, request)?;
    client::execute(context, &parameters, &[])
}

/// A response that may be kept beyond the evaluation: a fresh one as it is, a stale one if its host confirms it.
fn fetch_shared<'a>(
    context: &mut Context<'a>,
    request: Object<'a>,
    key: &str,
    rules: &cache::Rules,
) -> Result<client::Response, Failure> {
    let Some(kept) = cache::beyond(context, key) else {
        let response = fetch(context, request)?;
        cache::keep_beyond(context, key, &response, rules);
        return Ok(response);
    };
    if context.time_ns < kept.expires_ns {
        return Ok(kept.response);
    }
    let validators = kept.response.validators();
    cache::forget_beyond(context, key);
    if validators.is_empty() {
        let response = fetch(context, request)?;
        cache::keep_beyond(context, key, &response, rules);
        return Ok(response);
    }
    let parameters = Parameters::read(context, request)?;
    let response = client::execute(context, &parameters, &validators)?;
    match response.code {
        304 => {
            let mut confirmed = kept.response;
            confirmed.headers.extend(response.headers);
            cache::keep_beyond(context, key, &confirmed, rules);
            Ok(confirmed)
        }
        200 => {
            cache::keep_beyond(context, key, &response, rules);
            Ok(response)
        }
        _ => {
            let response = fetch(context, request)?;
            cache::keep_beyond(context, key, &response, rules);
            Ok(response)
        }
    }
}
