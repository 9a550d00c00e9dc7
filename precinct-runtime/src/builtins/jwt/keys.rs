//! Keys from certificates, public keys and key sets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use precinct_jose::jwk::{self, Jwk, JwkError, KeyError};
use precinct_jose::{Algorithm, pem, pkix};

use crate::arena::Arena;
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::decode::Decoder;

/// Parsed keys by their text: policies verify many tokens with few keys.
#[derive(Default)]
struct KeyCache(Mutex<HashMap<String, Arc<Vec<Jwk>>>>);

/// So many texts are kept.
const CACHE_ENTRIES: usize = 100;

/// The keys of a certificate, a public key, a JWK or a key set.
pub(super) fn keys_of(context: &Context<'_>, text: &str) -> Result<Arc<Vec<Jwk>>, BuiltinError> {
    let cache = context.shared::<KeyCache>();
    if let Some(keys) = cache
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(text)
    {
        return Ok(Arc::clone(keys));
    }
    let keys = Arc::new(parse(text)?);
    let mut entries = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
    if entries.len() >= CACHE_ENTRIES
        && let Some(any) = entries.keys().next().cloned()
    {
        entries.remove(&any);
    }
    entries.insert(text.to_owned(), Arc::clone(&keys));
    Ok(keys)
}

fn parse(text: &str) -> Result<Vec<Jwk>, BuiltinError> {
    let Some((block, rest)) = pem::decode(text) else {
        let keys = key_set(text).map_err(|error| {
            BuiltinError::new(format!(
                "failed to parse a JWK key (set): jwk.ParseString: failed to parse string: {error}"
            ))
        })?;
        // A set may hold keys of algorithms that nobody here knows.
        return Ok(keys
            .into_iter()
            .filter(|key| {
                key.algorithm
                    .as_deref()
                    .is_none_or(|name| name.is_empty() || name.parse::<Algorithm>().is_ok())
            })
            .collect());
    };
    if !rest.is_empty() {
        return Err(BuiltinError::new(
            "extra data after a PEM certificate block",
        ));
    }
    let key = match block.label.as_str() {
        "CERTIFICATE" => pkix::certificate_key(&block.contents).map_err(|error| match error {
            pkix::PkixError::Der(_) => {
                BuiltinError::new("failed to parse a PEM certificate: x509: malformed certificate")
            }
            other => BuiltinError::new(format!("failed to parse a PEM certificate: {other}")),
        }),
        "PUBLIC KEY" => pkix::public_key(&block.contents).map_err(|error| {
            BuiltinError::new(format!("failed to parse a PEM public key: {error}"))
        }),
        _ => Err(BuiltinError::new(
            "failed to extract a Key from the PEM certificate",
        )),
    }?;
    Ok(vec![Jwk {
        key,
        id: None,
        algorithm: None,
    }])
}

/// Reads a key or a key set. Text that is no JSON is reported as everywhere else in policies.
pub(super) fn key_set(text: &str) -> Result<Vec<Jwk>, JwkError> {
    let arena = Arena::new();
    if let Err(error) = Decoder::new(&arena).decode_copied(text.as_bytes()) {
        let message = if text.trim().is_empty() {
            "EOF".to_owned()
        } else {
            error.to_string()
        };
        return Err(JwkError::Sole(KeyError::Json(message)));
    }
    jwk::parse_set(text)
}

/// Asks keys until one fits: the one with the token's `kid` alone if there is one, otherwise all whose `alg` is
/// missing or the token's.
pub(super) fn any_verifies(
    keys: &[Jwk],
    kid: &str,
    algorithm: &str,
    verify: impl Fn(&Jwk) -> bool,
) -> bool {
    if !kid.is_empty()
        && let Some(key) = keys.iter().find(|key| key.id.as_deref() == Some(kid))
    {
        return verify(key);
    }
    keys.iter().any(|key| match key.algorithm.as_deref() {
        None | Some("") => verify(key),
        Some(name) => name == algorithm && verify(key),
    })
}
