//! Private keys as values.

use precinct_jose::jwk::{self, CrtNumbers};
use precinct_jose::{Key, pem, pkix};

use super::super::encoding::decode_base64;
use super::certificate_value::{base64, number};
use crate::arena::Arena;
use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::decode::Decoder;
use crate::value::Value;

/// Every private key in PEM text, which may itself be encoded in base64. Other blocks are skipped.
fn private_keys(text: &str) -> Result<Vec<Key>, BuiltinError> {
    let decoded = decode_base64(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let text = decoded.as_deref().unwrap_or(text);
    pem::decode_all(text)
        .iter()
        .filter(|block| {
            matches!(
                block.label.as_str(),
                "RSA PRIVATE KEY" | "PRIVATE KEY" | "EC PRIVATE KEY"
            )
        })
        .map(|block| pkix::from_block(block).map_err(|error| BuiltinError::new(error.to_string())))
        .collect()
}

pub(super) fn parse_private_keys<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    if text.is_empty() {
        return Ok(Some(Value::Null));
    }
    let arena = context.arena();
    let keys: Vec<_> = private_keys(text)?
        .iter()
        .map(|key| key_value(arena, key))
        .collect();
    Ok(Some(Value::array(arena, &keys)))
}

pub(super) fn parse_rsa_private_key<'a>(
    context: &mut Context<'a>,
    args: &[Value<'a>],
) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    if text.is_empty() {
        return Err(BuiltinError::new("input PEM data was empty"));
    }
    let decoded = if text.starts_with("-----BEGIN") {
        text.to_owned()
    } else {
        String::from_utf8_lossy(&decode_base64(text)?).into_owned()
    };
    let keys = private_keys(&decoded)?;
    let Some(key) = keys.first() else {
        return Ok(Some(Value::Null));
    };
    let json = jwk::to_json(key).to_string();
    let value = Decoder::new(context.arena()).decode_copied(json.as_bytes());
    value
        .map(Some)
        .map_err(|error| BuiltinError::new(error.to_string()))
}

/// A key in the JSON form of Go's structures.
pub(super) fn key_value<'a>(arena: &'a Arena, key: &Key) -> Value<'a> {
    let object = |entries: Vec<(&'static str, Value<'a>)>| {
        Value::object(
            arena,
            entries
                .into_iter()
                .map(|(name, value)| (Value::String(name), value)),
        )
    };
    let big = |bytes: &[u8]| number(arena, bytes);
    let exponent = |e: u64| Value::int(i64::try_from(e).unwrap_or(i64::MAX));
    let curve = ("Curve", Value::EMPTY_OBJECT);
    match key {
        Key::RsaPublic(public) => object(vec![("N", big(&public.n)), ("E", exponent(public.e))]),
        Key::RsaPrivate(private) => {
            let primes: Vec<_> = private.primes.iter().map(|prime| big(prime)).collect();
            let precomputed = CrtNumbers::of(private).map_or(Value::Null, |crt| {
                object(vec![
                    ("Dp", big(&crt.dp)),
                    ("Dq", big(&crt.dq)),
                    ("Qinv", big(&crt.qi)),
                    ("CRTValues", Value::EMPTY_ARRAY),
                ])
            });
            object(vec![
                ("N", big(&private.public.n)),
                ("E", exponent(private.public.e)),
                ("D", big(&private.d)),
                ("Primes", Value::array(arena, &primes)),
                ("Precomputed", precomputed),
            ])
        }
        Key::EcPublic(public) => object(vec![curve, ("X", big(&public.x)), ("Y", big(&public.y))]),
        Key::EcPrivate(private) => object(vec![
            curve,
            ("X", big(&private.public.x)),
            ("Y", big(&private.public.y)),
            ("D", big(&private.d)),
        ]),
        Key::Ed25519Public(public) => base64(arena, public),
        Key::Ed25519Private { seed, public } => base64(arena, &[seed.as_slice(), public].concat()),
        Key::Symmetric(secret) => base64(arena, secret),
    }
}
