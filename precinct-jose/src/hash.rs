//! Digests and keyed digests by name.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A digest function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// MD5 (RFC 1321): broken, kept for checksums of old systems.
    Md5,
    /// SHA-1 (FIPS 180): broken for signatures.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(bytes).to_vec(),
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// The keyed digest (RFC 2104) of `bytes`; keys of any length are allowed.
    pub fn hmac(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        fn run<M: Mac + KeyInit>(key: &[u8], bytes: &[u8]) -> Vec<u8> {
            // A keyed digest takes a key of any length, so there is no error to report.
            <M as KeyInit>::new_from_slice(key).map_or_else(
                |_| Vec::new(),
                |mut mac| {
                    mac.update(bytes);
                    mac.finalize().into_bytes().to_vec()
                },
            )
        }
        match self {
            Self::Md5 => run::<Hmac<Md5>>(key, bytes),
            Self::Sha1 => run::<Hmac<Sha1>>(key, bytes),
            Self::Sha256 => run::<Hmac<Sha256>>(key, bytes),
            Self::Sha384 => run::<Hmac<Sha384>>(key, bytes),
            Self::Sha512 => run::<Hmac<Sha512>>(key, bytes),
        }
    }
}

/// Compares secrets in a time that does not depend on where they differ.
pub fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0u8, |difference, (a, b)| difference | (a ^ b))
            == 0
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
