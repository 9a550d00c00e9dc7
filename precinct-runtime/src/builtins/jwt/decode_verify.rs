//! `io.jwt.decode_verify`.

use super::constraints::{Constraints, Header};
use super::token::{Token, object};
use crate::arena::Arena;
use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::value::Value;
use std::cmp::Ordering;

/// `[true, header, payload]` if the signature and all constraints hold, `[false, {}, {}]` otherwise. Tokens that
/// cannot be read are errors.
pub(super) fn decode_verify<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    let given = operand::object(args, 2)?;
    let constraints = Constraints::read(context, given)?;
    let Some((header, payload)) = verified(context, operand::string(args, 1)?, &constraints)?
    else {
        return Ok(Some(unverified(arena)));
    };
    let payload = object(arena, &payload)?;
    let holds = issuer_holds(payload, &constraints)
        && audience_holds(payload, &constraints)
        && times_hold(payload, &constraints, arena)?;
    if !holds {
        return Ok(Some(unverified(arena)));
    }
    Ok(Some(Value::array(arena, &[Value::TRUE, header, payload])))
}

fn unverified(arena: &Arena) -> Value<'_> {
    Value::array(
        arena,
        &[Value::FALSE, Value::EMPTY_OBJECT, Value::EMPTY_OBJECT],
    )
}

/// The header and the payload of the innermost token, if the signatures of all tokens around it hold.
fn verified<'a>(
    context: &mut Context<'a>,
    text: &str,
    constraints: &Constraints<'_>,
) -> Result<Option<(Value<'a>, Vec<u8>)>, BuiltinError> {
    let mut token = Token::split(text)?;
    loop {
        context.spend(1)?;
        let value = token.header(context.arena())?;
        let header = Header::read(value)?;
        let wrong_algorithm =
            !constraints.algorithm.is_empty() && constraints.algorithm != header.algorithm;
        if header.algorithm.is_empty() || header.has_unknown_critical || wrong_algorithm {
            return Ok(None);
        }
        let signature = token.signature_bytes()?;
        if !constraints.verifies(&header, &token.signing_input(), &signature) {
            return Ok(None);
        }
        let payload = token.payload_bytes()?;
        if !header.content_type.eq_ignore_ascii_case("JWT") {
            return Ok(Some((value, payload)));
        }
        token = Token::split(&String::from_utf8_lossy(&payload))?;
    }
}

fn issuer_holds(payload: Value<'_>, constraints: &Constraints<'_>) -> bool {
    constraints.issuer.is_empty()
        || payload.field("iss").and_then(Value::as_str) == Some(constraints.issuer)
}

/// A token that names an audience must be given one.
fn audience_holds(payload: Value<'_>, constraints: &Constraints<'_>) -> bool {
    payload
        .field("aud")
        .map_or(constraints.audience.is_empty(), |audience| {
            constraints.audience_fits(audience)
        })
}

fn times_hold<'a>(
    payload: Value<'a>,
    constraints: &Constraints<'_>,
    arena: &'a Arena,
) -> Result<bool, BuiltinError> {
    let now = Number::from_f64(arena, constraints.time / 1e9).unwrap_or(Number::Int(0));
    let claim = |name: &str| match payload.field(name) {
        None => Ok(None),
        Some(Value::Number(time)) => Ok(Some(now.compare(time))),
        Some(_) => Err(BuiltinError::new(format!("{name} value must be a number"))),
    };
    let expired = claim("exp")?.is_some_and(|now| now != Ordering::Less);
    Ok(!expired && claim("nbf")?.is_none_or(|now| now != Ordering::Less))
}
