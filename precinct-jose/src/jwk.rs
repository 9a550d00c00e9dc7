//! JSON Web Keys and key sets (RFC 7517, 7518 section 6, 8037), checked as strictly as OPA's JOSE library does.

use crate::base64::{decode_any, encode_url};
use crate::key::{Curve, EcPublic, Key, RsaPrivate, RsaPublic, fixed_width, strip_zeros};
use crate::{pkix, signature};
use num_bigint::BigUint;
use serde_json::{Map, Value, json};

/// A key with what its JWK says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// The key itself.
    pub key: Key,
    /// The `kid` member.
    pub id: Option<String>,
    /// The `alg` member, whether or not it names an algorithm that precinct knows.
    pub algorithm: Option<String>,
}

/// Why a text is no key or key set. The texts follow OPA's, without the names of Go types.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// The text is one key, and that is not usable.
    #[error("jwk.Parse: failed to parse sole key: jwk.ParseKey: {0}")]
    Sole(KeyError),
    /// A key of a set, counted from 0, is not usable.
    #[error(
        "jwk.Parse: failed to unmarshal JWK set: failed to decode key #{0} in \"keys\": jwk.ParseKey: {1}"
    )]
    InSet(usize, KeyError),
    /// The set has no array of keys.
    #[error(
        "jwk.Parse: failed to unmarshal JWK set: failed to decode \"keys\": expected '[' but got {0}"
    )]
    NoArray(String),
}

/// Why an object is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not JSON, or not an object.
    #[error("jwk.Parse: failed to probe data: probe: failed to unmarshal data: {0}")]
    Json(String),
    /// The `kty` member is missing or unknown.
    #[error("invalid key type from JSON ({0})")]
    KeyType(String),
    /// A member is missing or malformed.
    #[error("failed to unmarshal JSON into key: {0}")]
    Member(String),
    /// The members are no key of their type.
    #[error("jwk.Parse: key validation failed: key validation failed: {0}")]
    Invalid(String),
}

/// Reads one key or a key set (an object with `keys`).
pub fn parse_set(text: &str) -> Result<Vec<Jwk>, JwkError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| JwkError::Sole(KeyError::Json(error.to_string())))?;
    let not_an_object = || KeyError::Json("a key must be a JSON object".to_owned());
    let Value::Object(object) = value else {
        return Err(JwkError::Sole(not_an_object()));
    };
    match object.get("keys") {
        None => parse(&object).map(|key| vec![key]).map_err(JwkError::Sole),
        Some(Value::Array(keys)) => keys
            .iter()
            .enumerate()
            .map(|(index, key)| {
                key.as_object()
                    .ok_or_else(not_an_object)
                    .and_then(parse)
                    .map_err(|error| JwkError::InSet(index, error))
            })
            .collect(),
        Some(other) => Err(JwkError::NoArray(other.to_string())),
    }
}

/// Reads one key.
pub fn parse(object: &Map<String, Value>) -> Result<Jwk, KeyError> {
    let kind = object
        .get("kty")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let private = object.get("d").is_some_and(|member| !member.is_null());
    let key = match kind {
        "RSA" => rsa(object, private)?,
        "EC" => elliptic(object, private)?,
        "OKP" => octet_pair(object, private)?,
        "oct" => Key::Symmetric(bytes(object, "k")?),
        other => return Err(KeyError::KeyType(other.to_owned())),
    };
    Ok(Jwk {
        key,
        id: text(object, "kid")?,
        algorithm: text(object, "alg")?,
    })
}

fn rsa(object: &Map<String, Value>, private: bool) -> Result<Key, KeyError> {
    let exponent = bytes(object, "e")?;
    let n = strip_zeros(&bytes(object, "n")?).to_vec();
    let e_digits = strip_zeros(&exponent);
    if n.is_empty() {
        return Err(missing("n"));
    }
    if e_digits.is_empty() {
        return Err(missing("e"));
    }
    if e_digits.last().is_some_and(|last| last & 1 == 0) {
        return Err(KeyError::Invalid(
            "invalid rsa public exponent: must be a positive odd integer".to_owned(),
        ));
    }
    if e_digits.len() > 8
        || (e_digits.len() == 8 && e_digits.first().is_some_and(|first| *first >= 0x80))
    {
        return Err(KeyError::Invalid(
            "rsa public exponent too large for this platform".to_owned(),
        ));
    }
    let e = e_digits
        .iter()
        .fold(0, |sum, digit| (sum << 8) | u64::from(*digit));
    let public = RsaPublic { n, e };
    if !private {
        return Ok(Key::RsaPublic(public));
    }
    let d = bytes(object, "d")?;
    let mut primes = Vec::new();
    for name in ["p", "q"] {
        if object.get(name).is_some_and(|member| !member.is_null()) {
            primes.push(bytes(object, name)?);
        }
    }
    if primes.len() == 1 {
        primes.clear();
    }
    Ok(Key::RsaPrivate(RsaPrivate { public, d, primes }))
}

fn elliptic(object: &Map<String, Value>, private: bool) -> Result<Key, KeyError> {
    let name = text(object, "crv")?.ok_or_else(|| missing("crv"))?;
    let curve = Curve::by_name(&name)
        .ok_or_else(|| KeyError::Member(format!("unsupported curve {name:?}")))?;
    let coordinate = |member: &str| {
        fixed_width(&bytes(object, member)?, curve.width()).ok_or_else(|| {
            KeyError::Invalid(format!(
                "{member} coordinate exceeds the field of curve {name:?}"
            ))
        })
    };
    let point = EcPublic {
        curve,
        x: coordinate("x")?,
        y: coordinate("y")?,
    };
    if !signature::is_on_curve(&point) {
        return Err(KeyError::Invalid(format!(
            "invalid ECDSA public key: point is not on curve {name:?}"
        )));
    }
    if !private {
        return Ok(Key::EcPublic(point));
    }
    let mut key = pkix::ec_private(curve, &bytes(object, "d")?)
        .map_err(|error| KeyError::Member(error.to_string()))?;
    key.public = point;
    Ok(Key::EcPrivate(key))
}

fn octet_pair(object: &Map<String, Value>, private: bool) -> Result<Key, KeyError> {
    let curve = text(object, "crv")?.ok_or_else(|| missing("crv"))?;
    if curve != "Ed25519" {
        return Err(KeyError::Member(format!("unsupported curve {curve:?}")));
    }
    let fixed = |member: &str| -> Result<[u8; 32], KeyError> {
        bytes(object, member)?.try_into().map_err(|_| {
            KeyError::Invalid(format!(
                "invalid Ed25519 {member:?} value: 32 bytes expected"
            ))
        })
    };
    let public = fixed("x")?;
    if private {
        return Ok(Key::Ed25519Private {
            seed: fixed("d")?,
            public,
        });
    }
    Ok(Key::Ed25519Public(public))
}

fn missing(member: &str) -> KeyError {
    KeyError::Member(format!("required field {member} is missing"))
}

fn text(object: &Map<String, Value>, member: &str) -> Result<Option<String>, KeyError> {
    match object.get(member) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(KeyError::Member(format!(
            "failed to decode value for key {member}: expected a string"
        ))),
    }
}

fn bytes(object: &Map<String, Value>, member: &str) -> Result<Vec<u8>, KeyError> {
    let encoded = text(object, member)?.ok_or_else(|| missing(member))?;
    let decoded = decode_any(&encoded).ok_or_else(|| {
        KeyError::Member(format!(
            "failed to decode value for key {member}: expected base64 encoded []byte (string)"
        ))
    })?;
    if decoded.is_empty() {
        Err(missing(member))
    } else {
        Ok(decoded)
    }
}

/// Writes a key as a JWK, with the members that RFC 7518 asks for and no others.
pub fn to_json(key: &Key) -> Value {
    match key {
        Key::RsaPublic(public) => {
            json!({"kty": "RSA", "n": encode_url(&public.n), "e": exponent(public)})
        }
        Key::RsaPrivate(private) => rsa_to_json(private),
        Key::EcPublic(point) => {
            json!({"kty": "EC", "crv": point.curve.name(), "x": encode_url(&point.x), "y": encode_url(&point.y)})
        }
        Key::EcPrivate(private) => json!({
            "kty": "EC", "crv": private.public.curve.name(),
            "x": encode_url(&private.public.x), "y": encode_url(&private.public.y), "d": encode_url(&private.d),
        }),
        Key::Ed25519Public(public) => {
            json!({"kty": "OKP", "crv": "Ed25519", "x": encode_url(public)})
        }
        Key::Ed25519Private { seed, public } => {
            json!({"kty": "OKP", "crv": "Ed25519", "x": encode_url(public), "d": encode_url(seed)})
        }
        Key::Symmetric(secret) => json!({"kty": "oct", "k": encode_url(secret)}),
    }
}

fn exponent(public: &RsaPublic) -> String {
    encode_url(strip_zeros(&public.e.to_be_bytes()))
}

fn rsa_to_json(private: &RsaPrivate) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: String| object.insert(name.to_owned(), Value::String(value));
    put("kty", "RSA".to_owned());
    put("n", encode_url(&private.public.n));
    put("e", exponent(&private.public));
    put("d", encode_url(&private.d));
    if let Some(crt) = CrtNumbers::of(private) {
        put("p", encode_url(&crt.p));
        put("q", encode_url(&crt.q));
        put("dp", encode_url(&crt.dp));
        put("dq", encode_url(&crt.dq));
        put("qi", encode_url(&crt.qi));
    }
    Value::Object(object)
}

/// What speeds up RSA with two primes by the Chinese remainder theorem (RFC 8017 section 3.2).
#[derive(Clone, PartialEq, Eq)]
pub struct CrtNumbers {
    /// The first prime.
    pub p: Vec<u8>,
    /// The second prime.
    pub q: Vec<u8>,
    /// `d mod (p - 1)`
    pub dp: Vec<u8>,
    /// `d mod (q - 1)`
    pub dq: Vec<u8>,
    /// `q⁻¹ mod p`
    pub qi: Vec<u8>,
}

impl CrtNumbers {
    /// Computes them; `None` for a key without exactly two usable primes.
    pub fn of(private: &RsaPrivate) -> Option<Self> {
        let [p_bytes, q_bytes] = private.primes.as_slice() else {
            return None;
        };
        let (p, q, d) = (
            BigUint::from_bytes_be(p_bytes),
            BigUint::from_bytes_be(q_bytes),
            BigUint::from_bytes_be(&private.d),
        );
        let one = BigUint::from(1u8);
        if p <= one || q <= one {
            return None;
        }
        let qi = q.modinv(&p)?;
        Some(Self {
            p: p.to_bytes_be(),
            q: q.to_bytes_be(),
            dp: (&d % (&p - &one)).to_bytes_be(),
            dq: (&d % (&q - &one)).to_bytes_be(),
            qi: qi.to_bytes_be(),
        })
    }
}
