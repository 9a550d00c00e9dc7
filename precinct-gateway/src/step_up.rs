//! Step-up: the challenge that asks for a stronger authentication, and the token that answers it (RFC 9470).

use std::time::Duration;

use precinct_jose::compact::Compact;
use precinct_jose::jwk::{self, Jwk};
use precinct_jose::key::Curve;
use precinct_jose::{Algorithm, Key};
use serde_json::{Map, Value};

use crate::identity::SpiffeId;

/// How much clocks may differ.
const LEEWAY: i64 = 30;

/// What a step-up token has to prove.
#[derive(Clone, Debug)]
pub struct StepUp {
    /// The `iss` of the tokens.
    pub issuer: String,
    /// What their `aud` must name: this gateway.
    pub audience: String,
    /// The issuer's keys.
    pub keys: Vec<Jwk>,
    /// Authentication context classes; a token's `acr` is one of them.
    pub acr_values: Vec<String>,
    /// How long ago the authentication (`auth_time`) may have been, and the longest time that a token may be valid.
    pub max_age: Duration,
}

/// A token that proves a step-up, not spent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The token's own name (`jti`), which can be spent once.
    pub token_id: String,
    /// How long the token can still be used.
    pub lifetime: Duration,
}

/// Why a token proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepUpError {
    /// It is no signed token of one of the keys.
    #[error("the step-up token is not signed by its issuer: {0}")]
    Signature(String),
    /// A claim is missing or has another type.
    #[error("the step-up token has no usable claim {0:?}")]
    Claim(&'static str),
    /// A claim has another value than is demanded.
    #[error("the step-up token's {0:?} does not fit this request")]
    Mismatch(&'static str),
    /// The token is not valid yet, or no longer.
    #[error("the step-up token is not valid now")]
    Time,
}

impl StepUp {
    /// Keys from a JSON Web Key Set. Secrets are refused: whoever can verify must not be able to issue.
    ///
    /// # Errors
    /// When the set can't be read, is empty, or holds a secret.
    pub fn keys(text: &str) -> Result<Vec<Jwk>, String> {
        let keys = jwk::parse_set(text).map_err(|error| error.to_string())?;
        if keys.is_empty() {
            return Err("expected at least one key to verify step-up tokens".to_owned());
        }
        if keys.iter().any(|jwk| algorithms(jwk).is_empty()) {
            return Err(
                "expected public keys (RSA, EC or Ed25519) to verify step-up tokens".to_owned(),
            );
        }
        Ok(keys)
    }

    /// The value of `WWW-Authenticate` that asks for a step-up.
    pub fn challenge(&self) -> String {
        format!(
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"The request needs a stronger or more recent authentication\", \
             acr_values=\"{}\", max_age=\"{}\"",
            self.acr_values.join(" "),
            self.max_age.as_secs()
        )
    }

    /// Checks a token for a caller and a tool at a moment, in seconds since 1970.
    ///
    /// The claims `iss`, `aud`, `sub` (the caller's SPIFFE ID), `exp`, `auth_time`, `acr` and `jti` are demanded; `nbf`
    /// and `iat` must have passed; a claim `tool` binds the token to one tool.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(
        &self,
        token: &str,
        caller: &SpiffeId,
        tool: Option<&str>,
        now: i64,
    ) -> Result<Proof, StepUpError> {
        let claims = self.signed(token)?;
        let text = |name: &'static str| {
            let value = claims.get(name).and_then(Value::as_str);
            value.ok_or(StepUpError::Claim(name))
        };
        let number = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(StepUpError::Claim(name)),
        };
        let demand =
            |name: &'static str, fits: bool| fits.then_some(()).ok_or(StepUpError::Mismatch(name));
        demand("iss", text("iss")? == self.issuer)?;
        demand("aud", self.is_audience(claims.get("aud")))?;
        demand("sub", text("sub")? == caller.as_str())?;
        let acr = text("acr")?;
        demand("acr", self.acr_values.iter().any(|value| value == acr))?;
        if claims.contains_key("tool") {
            demand("tool", Some(text("tool")?) == tool)?;
        }
        let token_id = text("jti")?;
        if token_id.is_empty() {
            return Err(StepUpError::Claim("jti"));
        }
        let max_age = i64::try_from(self.max_age.as_secs()).unwrap_or(i64::MAX);
        let expires = number("exp")?.ok_or(StepUpError::Claim("exp"))?;
        let authenticated = number("auth_time")?.ok_or(StepUpError::Claim("auth_time"))?;
        let started = [number("nbf")?, number("iat")?, Some(authenticated)];
        let oldest = now.saturating_sub(max_age).saturating_sub(LEEWAY);
        let latest = now.saturating_add(LEEWAY);
        if now >= expires
            || started.into_iter().flatten().any(|moment| moment > latest)
            || authenticated < oldest
        {
            return Err(StepUpError::Time);
        }
        // Beyond this the authentication is too old, whatever the token says.
        let end = expires.min(authenticated.saturating_add(max_age).saturating_add(LEEWAY));
        let left = u64::try_from(end.saturating_sub(now)).unwrap_or(0);
        Ok(Proof {
            token_id: format!("{} {token_id}", self.issuer),
            lifetime: Duration::from_secs(left.saturating_add(1)),
        })
    }

    fn is_audience(&self, claim: Option<&Value>) -> bool {
        match claim {
            Some(Value::String(one)) => *one == self.audience,
            Some(Value::Array(many)) => many.iter().any(|one| one == &self.audience),
            _ => false,
        }
    }

    fn signed(&self, token: &str) -> Result<Map<String, Value>, StepUpError> {
        let wrong = |reason: String| StepUpError::Signature(reason);
        let compact = Compact::parse(token).map_err(|error| wrong(error.to_string()))?;
        if compact.header.contains_key("crit") {
            return Err(wrong("its header has critical members".to_owned()));
        }
        let named: Algorithm = compact
            .header_text("alg")
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| wrong("its algorithm is not known".to_owned()))?;
        let id = compact.header_text("kid");
        let fits = |jwk: &&Jwk| {
            algorithms(jwk).contains(&named) && (id.is_none() || jwk.id.as_deref() == id)
        };
        let mut last = wrong("no key fits".to_owned());
        for jwk in self.keys.iter().filter(fits) {
            match compact.verify(&jwk.key, named) {
                Ok(()) => {
                    return serde_json::from_slice(&compact.payload)
                        .map_err(|error| wrong(error.to_string()));
                }
                Err(error) => last = wrong(error.to_string()),
            }
        }
        Err(last)
    }
}

fn seconds(value: &Value) -> Option<i64> {
    // A NumericDate may have a fraction (RFC 7519, section 2); whole seconds are precise enough here.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the float is within the range of dates"
    )]
    value.as_i64().or_else(|| {
        let float = value.as_f64()?;
        (float.abs() < 1e15).then_some(float as i64)
    })
}

/// The algorithms that a key may verify with: all of its type, or the one that the key names. None for secrets.
fn algorithms(jwk: &Jwk) -> Vec<Algorithm> {
    let of_type: &[Algorithm] = match jwk.key.to_public() {
        Some(Key::RsaPublic(_)) => &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        Some(Key::EcPublic(public)) => match public.curve {
            Curve::P256 => &[Algorithm::ES256],
            Curve::P384 => &[Algorithm::ES384],
            Curve::P521 => &[Algorithm::ES512],
        },
        Some(Key::Ed25519Public(_)) => &[Algorithm::EdDSA],
        _ => &[],
    };
    let named = |algorithm: &&Algorithm| {
        let name = jwk.algorithm.as_deref();
        name.is_none_or(|name| name == algorithm.name())
    };
    of_type.iter().filter(named).copied().collect()
}
