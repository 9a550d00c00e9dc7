//! `io.jwt.encode_sign` and `io.jwt.encode_sign_raw`.

use precinct_jose::{Algorithm, compact};

use super::keys::key_set;
use crate::arena::Arena;
use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::decode::Decoder;
use crate::json::encode::to_string;
use crate::value::Value;

/// Signs a payload given as a value.
pub(super) fn encode_sign<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = |position| to_string(operand::at(args, position));
    sign(context.arena(), &text(1), &text(2), &text(3))
}

/// Signs a payload given as text.
pub(super) fn encode_sign_raw<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let key = operand::string(args, 3)?;
    let header = operand::string(args, 1)?;
    let payload = operand::string(args, 2)?;
    sign(context.arena(), header, payload, key)
}

fn sign<'a>(arena: &'a Arena, header: &str, payload: &str, key: &str) -> Outcome<'a> {
    let keys = key_set(key).map_err(|error| BuiltinError::new(error.to_string()))?;
    let key = keys
        .first()
        .ok_or_else(|| BuiltinError::new("no keys found in JWK set"))?;
    let wrong_header =
        |text: String| BuiltinError::new(format!("missing or invalid 'alg' header: {text}"));
    if header.trim().is_empty() {
        return Err(wrong_header(
            "cannot parse JSON: cannot parse empty string; unparsed tail: \"\"".to_owned(),
        ));
    }
    let members = Decoder::new(arena)
        .decode_copied(header.as_bytes())
        .map_err(|error| wrong_header(format!("cannot parse JSON: {error}")))?;
    let name = match members.field("alg") {
        Some(Value::String(name)) => name,
        Some(other) => {
            return Err(wrong_header(format!(
                "value doesn't contain string; it contains {}",
                other.type_name()
            )));
        }
        None => return Err(wrong_header("jwsbb: header \"alg\" not found".to_owned())),
    };
    let algorithm: Algorithm = name
        .parse()
        .map_err(|_| BuiltinError::new(format!("unknown JWS algorithm: {name}")))?;
    let is_jwt = members
        .field("typ")
        .and_then(Value::as_str)
        .is_none_or(|kind| kind == "JWT");
    if is_jwt
        && Decoder::new(arena)
            .decode_copied(payload.as_bytes())
            .is_err()
    {
        return Err(BuiltinError::new("type is JWT but payload is not JSON"));
    }
    let token = compact::sign(header, payload.as_bytes(), &key.key, algorithm)
        .map_err(|error| BuiltinError::new(error.to_string()))?;
    Ok(Some(Value::string(arena, &token)))
}
