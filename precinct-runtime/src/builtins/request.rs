//! The parameters of HTTP requests, which `http.send` and `providers.aws.sign_req` take.

use crate::arena::Arena;
use crate::builtin::operand;
use crate::error::BuiltinError;
use crate::octets;
use crate::value::{Object, Value};

/// Every parameter of a request.
const PARAMETERS: &[&str] = &[
    "method",
    "url",
    "body",
    "enable_redirect",
    "force_json_decode",
    "force_yaml_decode",
    "headers",
    "raw_body",
    "tls_use_system_certs",
    "tls_ca_cert",
    "tls_ca_cert_file",
    "tls_ca_cert_env_variable",
    "tls_client_cert",
    "tls_client_cert_file",
    "tls_client_cert_env_variable",
    "tls_client_key",
    "tls_client_key_file",
    "tls_client_key_env_variable",
    "tls_insecure_skip_verify",
    "tls_server_name",
    "timeout",
    "cache",
    "force_cache",
    "force_cache_duration_seconds",
    "raise_error",
    "caching_mode",
    "max_retry_attempts",
    "cache_ignored_headers",
];

/// The request at a position, if it has no unknown parameters and those that a request needs.
pub(super) fn checked<'a>(
    arena: &'a Arena,
    args: &[Value<'a>],
    position: usize,
) -> Result<Object<'a>, BuiltinError> {
    let request = operand::object(args, position)?;
    let invalid: Vec<_> = request
        .keys()
        .filter(|key| key.as_str().is_none_or(|name| !PARAMETERS.contains(&name)))
        .collect();
    if !invalid.is_empty() {
        let names = Value::set(arena, invalid);
        return Err(operand::wrong(
            position,
            &format!("invalid request parameters(s): {names}"),
        ));
    }
    let missing = missing(arena, request, &["method", "url"]);
    if let Some(names) = missing {
        return Err(operand::wrong(
            position,
            &format!("missing required request parameters(s): {names}"),
        ));
    }
    Ok(request)
}

/// The set of names that an object lacks, if it lacks any.
pub(super) fn missing<'a>(
    arena: &'a Arena,
    object: Object<'a>,
    names: &[&'static str],
) -> Option<Value<'a>> {
    set_of(arena, names, |name| object.get_str(name).is_none())
}

/// The set of names whose values are there but no strings, if there are any.
pub(super) fn not_strings<'a>(
    arena: &'a Arena,
    object: Object<'a>,
    names: &[&'static str],
) -> Option<Value<'a>> {
    set_of(arena, names, |name| {
        object
            .get_str(name)
            .is_some_and(|value| value.as_str().is_none())
    })
}

fn set_of<'a>(
    arena: &'a Arena,
    names: &[&'static str],
    holds: impl Fn(&str) -> bool,
) -> Option<Value<'a>> {
    let found: Vec<_> = names
        .iter()
        .filter(|name| holds(name))
        .map(|name| Value::String(name))
        .collect();
    (!found.is_empty()).then(|| Value::set(arena, found))
}

/// The bytes of a request's body: `raw_body` as it is, else `body` as JSON.
pub(super) fn body(request: Object<'_>) -> Vec<u8> {
    match (request.get_str("raw_body"), request.get_str("body")) {
        (Some(raw), _) => octets::bytes(raw.as_str().unwrap_or_default()).into_owned(),
        (None, Some(body)) => crate::json::encode::to_string(body).into_bytes(),
        (None, None) => Vec::new(),
    }
}
