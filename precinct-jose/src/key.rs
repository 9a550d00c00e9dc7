//! Key material as numbers and bytes. All big integers are big-endian bytes without a sign.

use std::fmt;

/// An elliptic curve over a prime field (FIPS 186-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of FIPS 186-5")]
pub enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// Bytes of a coordinate.
    pub const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The name JSON Web Keys and Go use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The curve with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521]
            .into_iter()
            .find(|curve| curve.name() == name)
    }
}

/// The public half of an RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublic {
    /// The modulus.
    pub n: Vec<u8>,
    /// The public exponent.
    pub e: u64,
}

/// An RSA key pair.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPrivate {
    /// The public half.
    pub public: RsaPublic,
    /// The private exponent.
    pub d: Vec<u8>,
    /// The prime factors of the modulus; may be empty when a JWK left them out.
    pub primes: Vec<Vec<u8>>,
}

/// A point of a curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcPublic {
    /// The curve.
    pub curve: Curve,
    /// First coordinate, in [`Curve::width`] bytes.
    pub x: Vec<u8>,
    /// Second coordinate, in [`Curve::width`] bytes.
    pub y: Vec<u8>,
}

/// An elliptic curve key pair.
#[derive(Clone, PartialEq, Eq)]
pub struct EcPrivate {
    /// The public point.
    pub public: EcPublic,
    /// The secret scalar, in [`Curve::width`] bytes.
    pub d: Vec<u8>,
}

/// A key, public or private. Its `Debug` form never shows secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// RSA, to verify.
    RsaPublic(RsaPublic),
    /// RSA, to sign.
    RsaPrivate(RsaPrivate),
    /// Elliptic curve, to verify.
    EcPublic(EcPublic),
    /// Elliptic curve, to sign.
    EcPrivate(EcPrivate),
    /// Ed25519, to verify.
    Ed25519Public([u8; 32]),
    /// Ed25519, to sign.
    Ed25519Private {
        /// The secret seed (RFC 8032 section 5.1.5).
        seed: [u8; 32],
        /// The public key that belongs to it.
        public: [u8; 32],
    },
    /// A shared secret.
    Symmetric(Vec<u8>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RsaPublic(_) => "RSA public key",
            Self::RsaPrivate(_) => "RSA private key",
            Self::EcPublic(_) => "EC public key",
            Self::EcPrivate(_) => "EC private key",
            Self::Ed25519Public(_) => "Ed25519 public key",
            Self::Ed25519Private { .. } => "Ed25519 private key",
            Self::Symmetric(_) => "symmetric key",
        })
    }
}

impl Key {
    /// An Ed25519 key pair from its seed.
    pub fn ed25519_from_seed(seed: [u8; 32]) -> Self {
        let public = ed25519_dalek::SigningKey::from_bytes(&seed)
            .verifying_key()
            .to_bytes();
        Self::Ed25519Private { seed, public }
    }

    /// The public half; a shared secret has none.
    pub fn to_public(&self) -> Option<Self> {
        match self {
            Self::RsaPrivate(private) => Some(Self::RsaPublic(private.public.clone())),
            Self::EcPrivate(private) => Some(Self::EcPublic(private.public.clone())),
            Self::Ed25519Private { public, .. } => Some(Self::Ed25519Public(*public)),
            Self::RsaPublic(_) | Self::EcPublic(_) | Self::Ed25519Public(_) => Some(self.clone()),
            Self::Symmetric(_) => None,
        }
    }
}

/// `number` in exactly `width` bytes; `None` when it does not fit.
pub fn fixed_width(number: &[u8], width: usize) -> Option<Vec<u8>> {
    let digits = strip_zeros(number);
    let missing = width.checked_sub(digits.len())?;
    let mut out = vec![0; missing];
    out.extend_from_slice(digits);
    Some(out)
}

/// `number` without leading zero bytes.
pub fn strip_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
