//! What `io.jwt.decode_verify` demands, and what headers may say.

use std::sync::Arc;

use precinct_jose::jwk::Jwk;
use precinct_jose::{Algorithm, Key, signature};

use super::keys::{any_verifies, keys_of};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::octets;
use crate::value::{Object, Value};

/// The second argument of `io.jwt.decode_verify`. Empty texts count as not given.
pub(super) struct Constraints<'a> {
    pub keys: Option<Arc<Vec<Jwk>>>,
    pub secret: &'a str,
    pub algorithm: &'a str,
    pub issuer: &'a str,
    pub audience: &'a str,
    /// Nanoseconds since 1970-01-01 UTC.
    pub time: f64,
}

impl<'a> Constraints<'a> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "OPA compares token times as 64-bit floats"
    )]
    pub fn read(context: &Context<'a>, object: Object<'a>) -> Result<Self, BuiltinError> {
        let mut found = Self {
            keys: None,
            secret: "",
            algorithm: "",
            issuer: "",
            audience: "",
            time: context.time_ns as f64,
        };
        for (key, value) in object.entries() {
            let name = key.as_str().unwrap_or_default();
            let text = || {
                value.as_str().ok_or_else(|| {
                    BuiltinError::new(format!("{name} constraint: must be a string"))
                })
            };
            match name {
                "cert" => found.keys = Some(keys_of(context, text()?)?),
                "secret" => found.secret = text()?,
                "alg" => found.algorithm = text()?,
                "iss" => found.issuer = text()?,
                "aud" => found.audience = text()?,
                "time" => found.time = time(value)?,
                _ => {
                    return Err(BuiltinError::new(format!(
                        "unknown token validation constraint: {name}"
                    )));
                }
            }
        }
        match (&found.keys, found.secret) {
            (Some(_), "") => Ok(found),
            (None, "") => Err(BuiltinError::new("no key constraint")),
            (Some(_), _) => Err(BuiltinError::new("duplicate key constraints")),
            (None, _) => Ok(found),
        }
    }

    /// Is the signature of one of the keys?
    pub fn verifies(&self, header: &Header<'_>, signing_input: &str, bytes: &[u8]) -> bool {
        let Ok(algorithm) = header.algorithm.parse::<Algorithm>() else {
            return false;
        };
        let verify =
            |key: &Key| signature::verify(key, algorithm, signing_input.as_bytes(), bytes).is_ok();
        match &self.keys {
            Some(keys) => any_verifies(keys, header.key_id, header.algorithm, |key| {
                verify(&key.key)
            }),
            None => verify(&Key::Symmetric(octets::bytes(self.secret).into_owned())),
        }
    }

    pub fn audience_fits(&self, audience: Value<'_>) -> bool {
        let fits = |value: Value<'_>| value.as_str() == Some(self.audience);
        match audience {
            Value::Array(items) => items.iter().any(fits),
            other => fits(other),
        }
    }
}

fn time(value: Value<'_>) -> Result<f64, BuiltinError> {
    let number = value
        .as_number()
        .ok_or_else(|| BuiltinError::new("token time constraint: must be a number"))?;
    let time = number.to_f64();
    if !time.is_finite() {
        return Err(BuiltinError::new("token time constraint: unvalid float64"));
    }
    if time < 0.0 {
        return Err(BuiltinError::new(
            "token time constraint: must not be negative",
        ));
    }
    Ok(time)
}

/// The members of a header that decide about verification.
#[derive(Default)]
pub(super) struct Header<'a> {
    pub algorithm: &'a str,
    pub key_id: &'a str,
    pub content_type: &'a str,
    /// A member that must be understood is not.
    pub has_unknown_critical: bool,
}

impl<'a> Header<'a> {
    pub fn read(header: Value<'a>) -> Result<Self, BuiltinError> {
        let mut found = Self::default();
        let mut unknown = Vec::new();
        let mut critical = Vec::new();
        for (key, value) in header.as_object().map(Object::entries).unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            let text = || {
                value
                    .as_str()
                    .ok_or_else(|| BuiltinError::new(format!("{name}: must be a string")))
            };
            match name {
                "alg" => found.algorithm = text()?,
                "kid" => found.key_id = text()?,
                "typ" => drop(text()?),
                "cty" => found.content_type = text()?,
                "crit" => {
                    let items = value
                        .as_array()
                        .ok_or_else(|| BuiltinError::new("crit: must be a list"))?;
                    critical = items.iter().map_while(Value::as_str).collect();
                    if critical.is_empty() {
                        return Err(BuiltinError::new("crit: must be a nonempty list"));
                    }
                }
                other => unknown.push(other),
            }
        }
        found.has_unknown_critical = unknown.iter().any(|name| critical.contains(name));
        Ok(found)
    }
}
