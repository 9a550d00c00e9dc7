//! Keys in DER: `SubjectPublicKeyInfo` (RFC 5280), PKCS#1 (RFC 8017), PKCS#8 (RFC 5958) and SEC1 (RFC 5915).

use crate::der::{DerError, Reader, tag};
use crate::key::{Curve, EcPrivate, EcPublic, Key, RsaPrivate, RsaPublic, fixed_width};
use crate::pem::{self, Block};
use crate::signature;

/// Object identifiers of key types and curves, as encoded contents.
pub mod oid {
    /// rsaEncryption, 1.2.840.113549.1.1.1
    pub const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    /// id-ecPublicKey, 1.2.840.10045.2.1
    pub const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    /// id-Ed25519, 1.3.101.112
    pub const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    /// prime256v1, 1.2.840.10045.3.1.7
    pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    /// secp384r1, 1.3.132.0.34
    pub const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
    /// secp521r1, 1.3.132.0.35
    pub const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
}

/// Why a key in DER or PEM was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PkixError {
    /// The structure is malformed.
    #[error(transparent)]
    Der(#[from] DerError),
    /// The type of key is none that precinct knows.
    #[error("x509: unknown public key algorithm")]
    UnknownAlgorithm,
    /// The curve is none that precinct knows.
    #[error("x509: unsupported elliptic curve")]
    UnknownCurve,
    /// The numbers are no key of their type.
    #[error("{0}")]
    Invalid(&'static str),
    /// The text has no PEM block.
    #[error("failed to parse PEM block containing the key")]
    NoPem,
    /// The block holds something else than a key.
    #[error(
        "unsupported PEM block type {0:?}: expected a public key, a private key or a certificate"
    )]
    UnknownBlock(String),
}

impl Key {
    /// Reads the key in the first PEM block: a public key, a private key, or the public key of a certificate.
    pub fn from_pem(text: &str) -> Result<Self, PkixError> {
        let (block, _) = pem::decode(text).ok_or(PkixError::NoPem)?;
        from_block(&block)
    }
}

/// Reads the key a PEM block holds, going by its label.
pub fn from_block(block: &Block) -> Result<Key, PkixError> {
    match block.label.as_str() {
        "PUBLIC KEY" => public_key(&block.contents),
        "RSA PUBLIC KEY" => pkcs1_public(&block.contents),
        "RSA PRIVATE KEY" => pkcs1_private(&block.contents),
        "EC PRIVATE KEY" => sec1_private(&block.contents, None),
        "PRIVATE KEY" => pkcs8_private(&block.contents),
        "CERTIFICATE" => certificate_key(&block.contents),
        other => Err(PkixError::UnknownBlock(other.to_owned())),
    }
}

/// Reads a `SubjectPublicKeyInfo`.
pub fn public_key(der: &[u8]) -> Result<Key, PkixError> {
    let mut outer = Reader::new(der);
    let mut info = outer.sequence()?;
    outer.finish()?;
    let mut algorithm = info.sequence()?;
    let kind = algorithm.oid()?;
    let bits = info.bit_string_bytes()?;
    match kind {
        oid::RSA => pkcs1_public(bits),
        oid::EC => {
            let curve = curve_by_oid(algorithm.oid()?)?;
            ec_point(curve, bits).map(Key::EcPublic)
        }
        oid::ED25519 => bits
            .try_into()
            .map(Key::Ed25519Public)
            .map_err(|_| PkixError::Invalid("x509: wrong Ed25519 public key size")),
        _ => Err(PkixError::UnknownAlgorithm),
    }
}

/// Reads the public key of an X.509 certificate, without judging the certificate.
pub fn certificate_key(der: &[u8]) -> Result<Key, PkixError> {
    let mut outer = Reader::new(der);
    let mut certificate = outer.sequence()?;
    outer.finish()?;
    let mut body = certificate.sequence()?;
    body.optional(tag::context(0, true))?;
    body.integer()?;
    for _ in ["signature", "issuer", "validity", "subject"] {
        body.expect(tag::SEQUENCE)?;
    }
    public_key(body.expect(tag::SEQUENCE)?.raw)
}

/// Reads an `RSAPublicKey`.
pub fn pkcs1_public(der: &[u8]) -> Result<Key, PkixError> {
    let mut outer = Reader::new(der);
    let mut numbers = outer.sequence()?;
    outer.finish()?;
    let n = numbers
        .unsigned()
        .map_err(|_| PkixError::Invalid("x509: invalid RSA modulus"))?
        .to_vec();
    let e = numbers
        .small_unsigned()
        .map_err(|_| PkixError::Invalid("x509: invalid RSA public exponent"))?;
    rsa_public(n, e).map(Key::RsaPublic)
}

/// Reads an `RSAPrivateKey`.
pub fn pkcs1_private(der: &[u8]) -> Result<Key, PkixError> {
    let mut outer = Reader::new(der);
    let mut numbers = outer.sequence()?;
    outer.finish()?;
    if numbers.small_unsigned()? > 1 {
        return Err(PkixError::Invalid("x509: unsupported private key version"));
    }
    let n = numbers.unsigned()?.to_vec();
    let e = numbers.small_unsigned()?;
    let d = numbers.unsigned()?.to_vec();
    let primes = vec![numbers.unsigned()?.to_vec(), numbers.unsigned()?.to_vec()];
    if d.is_empty() || primes.iter().any(Vec::is_empty) {
        return Err(PkixError::Invalid(
            "x509: private key contains zero or negative value",
        ));
    }
    Ok(Key::RsaPrivate(RsaPrivate {
        public: rsa_public(n, e)?,
        d,
        primes,
    }))
}

/// Reads an `ECPrivateKey`; PKCS#8 names the curve outside of it.
pub fn sec1_private(der: &[u8], named: Option<Curve>) -> Result<Key, PkixError> {
    let mut outer = Reader::new(der);
    let mut body = outer.sequence()?;
    outer.finish()?;
    if body.small_unsigned()? != 1 {
        return Err(PkixError::Invalid("x509: unknown EC private key version"));
    }
    let scalar = body.expect(tag::OCTET_STRING)?.contents;
    let own = match body.optional(tag::context(0, true))? {
        Some(element) => Some(curve_by_oid(element.reader().oid()?)?),
        None => None,
    };
    let curve = named.or(own).ok_or(PkixError::UnknownCurve)?;
    ec_private(curve, scalar).map(Key::EcPrivate)
}

/// Reads a `PrivateKeyInfo`.
pub fn pkcs8_private(der: &[u8]) -> Result<Key, PkixError> {
    let mut outer = Reader::new(der);
    let mut body = outer.sequence()?;
    outer.finish()?;
    body.small_unsigned()?;
    let mut algorithm = body.sequence()?;
    let kind = algorithm.oid()?;
    let contents = body.expect(tag::OCTET_STRING)?.contents;
    match kind {
        oid::RSA => pkcs1_private(contents),
        oid::EC => sec1_private(contents, Some(curve_by_oid(algorithm.oid()?)?)),
        oid::ED25519 => {
            let seed = Reader::new(contents).expect(tag::OCTET_STRING)?.contents;
            seed.try_into()
                .map(Key::ed25519_from_seed)
                .map_err(|_| PkixError::Invalid("x509: invalid Ed25519 private key length"))
        }
        _ => Err(PkixError::UnknownAlgorithm),
    }
}

/// Checks the numbers of an RSA public key.
pub(crate) fn rsa_public(n: Vec<u8>, e: u64) -> Result<RsaPublic, PkixError> {
    if n.is_empty() {
        return Err(PkixError::Invalid(
            "x509: RSA modulus is not a positive number",
        ));
    }
    if e == 0 {
        return Err(PkixError::Invalid(
            "x509: RSA public exponent is not a positive number",
        ));
    }
    Ok(RsaPublic { n, e })
}

/// Reads a point in SEC1's form and checks that it is on the curve.
pub(crate) fn ec_point(curve: Curve, bytes: &[u8]) -> Result<EcPublic, PkixError> {
    let invalid = PkixError::Invalid("x509: failed to unmarshal elliptic curve point");
    let Some((4, coordinates)) = bytes.split_first() else {
        return Err(invalid);
    };
    let width = curve.width();
    if coordinates.len() != width.saturating_mul(2) {
        return Err(invalid);
    }
    let (x, y) = coordinates.split_at(width);
    let point = EcPublic {
        curve,
        x: x.to_vec(),
        y: y.to_vec(),
    };
    if signature::is_on_curve(&point) {
        Ok(point)
    } else {
        Err(invalid)
    }
}

/// Checks a secret scalar and computes the point that belongs to it.
pub(crate) fn ec_private(curve: Curve, scalar: &[u8]) -> Result<EcPrivate, PkixError> {
    let invalid = PkixError::Invalid("x509: invalid elliptic curve private key value");
    let d = fixed_width(scalar, curve.width()).ok_or(invalid.clone())?;
    let public = signature::point_of(curve, &d).ok_or(invalid)?;
    Ok(EcPrivate { public, d })
}

fn curve_by_oid(contents: &[u8]) -> Result<Curve, PkixError> {
    match contents {
        oid::P256 => Ok(Curve::P256),
        oid::P384 => Ok(Curve::P384),
        oid::P521 => Ok(Curve::P521),
        _ => Err(PkixError::UnknownCurve),
    }
}
