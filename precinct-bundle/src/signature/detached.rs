//! Signatures beside what they sign: of the archive's bytes, or of each file.
//!
//! `cosign sign-blob --key` writes base64 text (ECDSA P-256 over SHA-256 in ASN.1 DER, RSA PKCS #1 v1.5 over SHA-256,
//! or Ed25519), or with `--bundle` a JSON document that holds the same. Transparency logs are not asked.

use precinct_jose::der::Reader;
use precinct_jose::{Algorithm, Key, base64, hash::Hash, signature};
use serde_json::Value;

use super::SignatureError;
use crate::Files;

/// Verifies that at least `required` of the keys have signed the bytes. Each signature counts for one key, each key
/// once.
///
/// # Errors
/// When a signature is not of its form, or too few keys have signed.
pub fn verify(
    bytes: &[u8],
    signatures: &[(String, Vec<u8>)],
    keys: &[Key],
    required: usize,
) -> Result<(), SignatureError> {
    let required = required.max(1);
    let mut used = vec![false; keys.len()];
    for (name, text) in signatures {
        let raw = raw(name, text, bytes)?;
        let free = (0..keys.len()).find(|&index| !used[index] && is_by(&keys[index], bytes, &raw));
        if let Some(index) = free {
            used[index] = true;
        }
    }
    let found = used.iter().filter(|used| **used).count();
    if found >= required {
        Ok(())
    } else {
        Err(SignatureError::Threshold { found, required })
    }
}

/// Verifies that each file has a signature of its own (`p.rego` and `p.rego.sig`) by one of the keys, and gives the
/// files without the signatures.
///
/// # Errors
/// When a file lacks its signature, a signature lacks its file, or one is wrong.
pub fn verify_each(files: &Files, keys: &[Key]) -> Result<Files, SignatureError> {
    let mut plain = files.clone();
    for (path, text) in files.iter() {
        if let Some(signed) = path.strip_suffix(".sig") {
            if files.get(signed).is_none() {
                return Err(SignatureError::Removed(signed.to_owned()));
            }
            plain.remove(path);
            continue;
        }
        let name = format!("{path}.sig");
        let given = files
            .get(&name)
            .ok_or_else(|| SignatureError::Unlisted(path.to_owned()))?;
        verify(text, &[(name, given.to_vec())], keys, 1)?;
    }
    Ok(plain)
}

/// The signature's bytes, from base64 text or from one of cosign's documents.
fn raw(name: &str, text: &[u8], signed: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let refuse = |message: &str| SignatureError::Detached {
        name: name.to_owned(),
        message: message.to_owned(),
    };
    let text = std::str::from_utf8(text)
        .map_err(|_| refuse("not text"))?
        .trim();
    let encoded = if text.starts_with('{') {
        let document: Value =
            serde_json::from_str(text).map_err(|error| refuse(&error.to_string()))?;
        check_digest(&document, signed).map_err(refuse)?;
        document["messageSignature"]["signature"]
            .as_str()
            .or_else(|| document["base64Signature"].as_str())
            .ok_or_else(|| refuse("neither a messageSignature nor a base64Signature"))?
            .to_owned()
    } else {
        text.to_owned()
    };
    let bytes = base64::decode_any(&encoded).ok_or_else(|| refuse("not base64"))?;
    if bytes.is_empty() || bytes.len() > 1024 {
        return Err(refuse("of an impossible length"));
    }
    Ok(bytes)
}

/// A Sigstore bundle says which digest it signs; it must be that of the bytes.
fn check_digest(document: &Value, signed: &[u8]) -> Result<(), &'static str> {
    let digest = &document["messageSignature"]["messageDigest"];
    if digest.is_null() {
        return Ok(());
    }
    if digest["algorithm"] != "SHA2_256" {
        return Err("the message digest is not SHA2_256");
    }
    let found = digest["digest"].as_str().and_then(base64::decode_any);
    if found == Some(Hash::Sha256.digest(signed)) {
        Ok(())
    } else {
        Err("signs other bytes than these")
    }
}

/// The two numbers of an ECDSA signature in DER (RFC 3279 section 2.2.3), with nothing behind them.
fn ecdsa_numbers(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut whole = Reader::new(raw);
    let mut numbers = whole.sequence().ok()?;
    let pair = (numbers.unsigned().ok()?, numbers.unsigned().ok()?);
    (numbers.peek().is_none() && whole.peek().is_none()).then_some(pair)
}

fn is_by(key: &Key, bytes: &[u8], raw: &[u8]) -> bool {
    match key.to_public() {
        Some(Key::EcPublic(public)) => ecdsa_numbers(raw).is_some_and(|(r, s)| {
            signature::verify_ecdsa(&public, &Hash::Sha256.digest(bytes), r, s).is_ok()
        }),
        Some(key @ Key::RsaPublic(_)) => {
            signature::verify(&key, Algorithm::RS256, bytes, raw).is_ok()
        }
        Some(key @ Key::Ed25519Public(_)) => {
            signature::verify(&key, Algorithm::EdDSA, bytes, raw).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn key(seed: u8) -> Key {
        Key::ed25519_from_seed([seed; 32])
    }

    fn sign(seed: u8, bytes: &[u8]) -> Vec<u8> {
        let raw = signature::sign(&key(seed), Algorithm::EdDSA, bytes).unwrap();
        base64::encode_url(&raw).into_bytes()
    }

    #[test]
    fn enough_different_keys_must_have_signed() {
        let keys = [key(1), key(2), key(3)];
        let one = ("a.sig".to_owned(), sign(1, b"bundle"));
        let two = ("b.sig".to_owned(), sign(2, b"bundle"));
        assert_eq!(verify(b"bundle", &[one.clone(), two], &keys, 2), Ok(()));
        assert_eq!(
            verify(b"bundle", &[one.clone(), one.clone()], &keys, 2),
            Err(SignatureError::Threshold {
                found: 1,
                required: 2
            })
        );
        assert_eq!(
            verify(b"other", &[one], &keys, 1),
            Err(SignatureError::Threshold {
                found: 0,
                required: 1
            })
        );
    }

    #[test]
    fn no_key_or_no_signature_is_never_enough() {
        assert!(verify(b"bundle", &[], &[key(1)], 0).is_err());
        let signed = ("a.sig".to_owned(), sign(1, b"bundle"));
        assert!(verify(b"bundle", &[signed], &[], 0).is_err());
    }

    #[test]
    fn each_file_needs_its_own_signature() {
        let limits = crate::Limits::default();
        let mut files = Files::default();
        files.add("p.rego", b"package p".to_vec(), &limits).unwrap();
        assert!(verify_each(&files, &[key(1)]).is_err());
        files
            .add("p.rego.sig", sign(1, b"package p"), &limits)
            .unwrap();
        assert_eq!(verify_each(&files, &[key(1)]).unwrap().len(), 1);
        assert!(verify_each(&files, &[key(2)]).is_err());
        files
            .add("q.rego.sig", sign(1, b"package q"), &limits)
            .unwrap();
        assert_eq!(
            verify_each(&files, &[key(1)]),
            Err(SignatureError::Removed("q.rego".to_owned()))
        );
    }
}
