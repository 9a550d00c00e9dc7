//! Signing and verifying bytes with a key and an algorithm.

use crate::algorithm::{Algorithm, Family};
use crate::hash::{Hash, equal_in_constant_time};
use crate::key::{Curve, EcPrivate, EcPublic, Key, RsaPrivate, RsaPublic, fixed_width};
use ed25519_dalek::{Signer as _, Verifier as _};
use getrandom::SysRng;
use p256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use rsa::traits::SignatureScheme as _;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};

/// The largest RSA modulus that is used, in bits: larger ones only waste time.
pub const MAX_RSA_BITS: usize = 16_384;

/// Why nothing was signed, or why a signature counts as wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is of another type than the algorithm takes.
    #[error("{algorithm} takes {expected}, not an {found}")]
    KeyType {
        /// The algorithm asked for.
        algorithm: Algorithm,
        /// The type of key that it takes.
        expected: &'static str,
        /// The type of key that was given.
        found: String,
    },
    /// The signature is not of this key over these bytes.
    #[error("signature not verified")]
    Mismatch,
    /// The numbers of the key make no usable key.
    #[error("unusable key: {0}")]
    Key(String),
    /// The signing operation failed.
    #[error("failed to sign: {0}")]
    Sign(String),
}

fn wrong_type(algorithm: Algorithm, key: &Key) -> SignatureError {
    let expected = match algorithm.family() {
        Family::Hmac => "a shared secret",
        Family::RsaPkcs1 | Family::RsaPss => "an RSA key",
        Family::Ecdsa => "an EC key",
        Family::Eddsa => "an Ed25519 key",
    };
    SignatureError::KeyType {
        algorithm,
        expected,
        found: format!("{key:?}"),
    }
}

/// Signs `message`.
pub fn sign(key: &Key, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let hash = algorithm.hash();
    match (algorithm.family(), key) {
        (Family::Hmac, Key::Symmetric(secret)) => Ok(hash.hmac(secret, message)),
        (family @ (Family::RsaPkcs1 | Family::RsaPss), Key::RsaPrivate(private)) => sign_rsa(
            private,
            hash,
            family == Family::RsaPss,
            &hash.digest(message),
        ),
        (Family::Ecdsa, Key::EcPrivate(private)) => sign_ecdsa(private, &hash.digest(message)),
        (Family::Eddsa, Key::Ed25519Private { seed, .. }) => {
            Ok(ed25519_dalek::SigningKey::from_bytes(seed)
                .sign(message)
                .to_bytes()
                .to_vec())
        }
        _ => Err(wrong_type(algorithm, key)),
    }
}

/// Verifies `signature` over `message`; a private key verifies with its public half.
pub fn verify(
    key: &Key,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let hash = algorithm.hash();
    match (algorithm.family(), key, key.to_public()) {
        (Family::Hmac, Key::Symmetric(secret), _) => verdict(equal_in_constant_time(
            &hash.hmac(secret, message),
            signature,
        )),
        (Family::RsaPkcs1, _, Some(Key::RsaPublic(public))) => {
            verify_rsa_pkcs1(&public, hash, &hash.digest(message), signature)
        }
        (Family::RsaPss, _, Some(Key::RsaPublic(public))) => {
            let digest = hash.digest(message);
            verify_rsa_pss(&public, hash, &digest, signature, Some(digest.len()))
        }
        (Family::Ecdsa, _, Some(Key::EcPublic(public))) => {
            if signature.len() != public.curve.width().saturating_mul(2) {
                return Err(SignatureError::Mismatch);
            }
            let (r, s) = signature.split_at(public.curve.width());
            verify_ecdsa(&public, &hash.digest(message), r, s)
        }
        (Family::Eddsa, _, Some(Key::Ed25519Public(public))) => {
            verify_ed25519(&public, message, signature)
        }
        _ => Err(wrong_type(algorithm, key)),
    }
}

/// Verifies an RSASSA-PKCS1-v1_5 signature over a digest.
pub fn verify_rsa_pkcs1(
    public: &RsaPublic,
    hash: Hash,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let key = rsa_public(public)?;
    verdict(key.verify(pkcs1_scheme(hash)?, digest, signature).is_ok())
}

/// Verifies an RSASSA-PSS signature over a digest; without `salt_length` any salt is taken.
pub fn verify_rsa_pss(
    public: &RsaPublic,
    hash: Hash,
    digest: &[u8],
    signature: &[u8],
    salt_length: Option<usize>,
) -> Result<(), SignatureError> {
    let key = rsa_public(public)?;
    let matches = match hash {
        Hash::Sha256 => key.verify(pss::<Sha256>(salt_length), digest, signature),
        Hash::Sha384 => key.verify(pss::<Sha384>(salt_length), digest, signature),
        Hash::Sha512 => key.verify(pss::<Sha512>(salt_length), digest, signature),
        Hash::Md5 | Hash::Sha1 => return Err(SignatureError::Mismatch),
    };
    verdict(matches.is_ok())
}

/// Verifies an ECDSA signature over a digest; `r` and `s` are big-endian numbers of any width.
pub fn verify_ecdsa(
    public: &EcPublic,
    digest: &[u8],
    r: &[u8],
    s: &[u8],
) -> Result<(), SignatureError> {
    let width = public.curve.width();
    let (Some(mut signature), Some(s)) = (fixed_width(r, width), fixed_width(s, width)) else {
        return Err(SignatureError::Mismatch);
    };
    signature.extend_from_slice(&s);
    let prehash = at_least(digest, width);
    let point = sec1(public);
    macro_rules! verify_on {
        ($curve:ident) => {
            $curve::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                .and_then(|key| {
                    key.verify_prehash(&prehash, &$curve::ecdsa::Signature::from_slice(&signature)?)
                })
                .is_ok()
        };
    }
    verdict(match public.curve {
        Curve::P256 => verify_on!(p256),
        Curve::P384 => verify_on!(p384),
        Curve::P521 => verify_on!(p521),
    })
}

/// Verifies an Ed25519 signature.
pub fn verify_ed25519(
    public: &[u8; 32],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let matches = ed25519_dalek::VerifyingKey::from_bytes(public)
        .and_then(|key| key.verify(message, &ed25519_dalek::Signature::from_slice(signature)?));
    verdict(matches.is_ok())
}

fn sign_rsa(
    private: &RsaPrivate,
    hash: Hash,
    pss_padding: bool,
    digest: &[u8],
) -> Result<Vec<u8>, SignatureError> {
    let key = rsa_private(private)?;
    let rng = Some(&mut SysRng);
    let signed = match (pss_padding, hash) {
        (false, _) => pkcs1_scheme(hash)?.sign(rng, &key, digest),
        (true, Hash::Sha256) => pss::<Sha256>(Some(digest.len())).sign(rng, &key, digest),
        (true, Hash::Sha384) => pss::<Sha384>(Some(digest.len())).sign(rng, &key, digest),
        (true, Hash::Sha512) => pss::<Sha512>(Some(digest.len())).sign(rng, &key, digest),
        (true, Hash::Md5 | Hash::Sha1) => {
            return Err(SignatureError::Sign("no PSS with this digest".to_owned()));
        }
    };
    signed.map_err(|error| SignatureError::Sign(error.to_string()))
}

fn sign_ecdsa(private: &EcPrivate, digest: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let prehash = at_least(digest, private.public.curve.width());
    macro_rules! sign_on {
        ($curve:ident) => {
            $curve::ecdsa::SigningKey::from_slice(&private.d).and_then(|key| {
                let signature: $curve::ecdsa::Signature = key.sign_prehash(&prehash)?;
                Ok(signature.to_bytes().to_vec())
            })
        };
    }
    match private.public.curve {
        Curve::P256 => sign_on!(p256),
        Curve::P384 => sign_on!(p384),
        Curve::P521 => sign_on!(p521),
    }
    .map_err(|error| SignatureError::Sign(error.to_string()))
}

/// Whether the point is on its curve, and not its identity.
pub(crate) fn is_on_curve(point: &EcPublic) -> bool {
    let bytes = sec1(point);
    match point.curve {
        Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&bytes).is_ok(),
        Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&bytes).is_ok(),
        Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(&bytes).is_ok(),
    }
}

/// The public point of a secret scalar.
pub(crate) fn point_of(curve: Curve, scalar: &[u8]) -> Option<EcPublic> {
    macro_rules! point_on {
        ($curve:ident) => {
            $curve::ecdsa::SigningKey::from_slice(scalar)
                .ok()?
                .verifying_key()
                .to_sec1_point(false)
                .as_bytes()
                .to_vec()
        };
    }
    let encoded = match curve {
        Curve::P256 => point_on!(p256),
        Curve::P384 => point_on!(p384),
        Curve::P521 => point_on!(p521),
    };
    let coordinates = encoded.get(1..)?;
    let (x, y) = coordinates.split_at_checked(curve.width())?;
    Some(EcPublic {
        curve,
        x: x.to_vec(),
        y: y.to_vec(),
    })
}

/// A point in SEC1's uncompressed form.
pub fn sec1(point: &EcPublic) -> Vec<u8> {
    let mut bytes = vec![4];
    bytes.extend_from_slice(&point.x);
    bytes.extend_from_slice(&point.y);
    bytes
}

fn verdict(matches: bool) -> Result<(), SignatureError> {
    if matches {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// A digest shorter than the curve's numbers means the same number with zeros in front of it.
fn at_least(digest: &[u8], width: usize) -> Vec<u8> {
    fixed_width(digest, width).unwrap_or_else(|| digest.to_vec())
}

fn pkcs1_scheme(hash: Hash) -> Result<Pkcs1v15Sign, SignatureError> {
    match hash {
        Hash::Sha1 => Ok(Pkcs1v15Sign::new::<sha1::Sha1>()),
        Hash::Sha256 => Ok(Pkcs1v15Sign::new::<Sha256>()),
        Hash::Sha384 => Ok(Pkcs1v15Sign::new::<Sha384>()),
        Hash::Sha512 => Ok(Pkcs1v15Sign::new::<Sha512>()),
        Hash::Md5 => Err(SignatureError::Mismatch),
    }
}

fn pss<D: rsa::signature::digest::Digest + Default>(salt_length: Option<usize>) -> Pss<D> {
    Pss {
        blinded: true,
        digest: D::default(),
        salt_len: salt_length,
    }
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

fn rsa_public(public: &RsaPublic) -> Result<RsaPublicKey, SignatureError> {
    RsaPublicKey::new_with_size_limits(
        number(&public.n),
        BoxedUint::from(public.e),
        0..=MAX_RSA_BITS,
    )
    .map_err(|error| SignatureError::Key(error.to_string()))
}

fn rsa_private(private: &RsaPrivate) -> Result<RsaPrivateKey, SignatureError> {
    if private.public.n.len() > MAX_RSA_BITS / 8 {
        return Err(SignatureError::Key(
            "the RSA modulus is too large".to_owned(),
        ));
    }
    RsaPrivateKey::from_components(
        number(&private.public.n),
        BoxedUint::from(private.public.e),
        number(&private.d),
        private.primes.iter().map(|prime| number(prime)).collect(),
    )
    .map_err(|error| SignatureError::Key(error.to_string()))
}
