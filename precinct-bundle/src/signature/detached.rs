//! Signatures beside the bytes that they sign.
//!
//! `cosign sign-blob --key` writes base64 text (ECDSA P-256 over SHA-256 in ASN.1 DER, RSA PKCS #1 v1.5 over SHA-256,
//! or Ed25519), or with `--bundle` a JSON document that holds the same. Transparency logs are not asked.

use precinct_jose::der::Reader;
use precinct_jose::hash::{Hash, hex};
use precinct_jose::key::strip_zeros;
use precinct_jose::{Algorithm, Key, base64, signature};
use serde_json::Value;

use super::SignatureError;

/// Verifies that at least `required` of the keys have signed the bytes, and nobody else: a signature that nothing can be
/// said of is refused, and so is a second one by the same key.
///
/// # Errors
/// When a signature is not of its form, is by none of the keys, or too few keys have signed.
pub fn verify(
    bytes: &[u8],
    signatures: &[(String, Vec<u8>)],
    keys: &[Key],
    required: usize,
) -> Result<(), SignatureError> {
    let required = required.max(1);
    let keys = distinct(keys);
    let mut signed: Vec<Option<&str>> = vec![None; keys.len()];
    for (name, text) in signatures {
        let raw = raw(name, text, bytes)?;
        let index = keys.iter().position(|key| is_by(key, bytes, &raw));
        let index = index.ok_or_else(|| unknown(name, bytes, &raw, &keys))?;
        if let Some(earlier) = signed[index].replace(name) {
            return Err(SignatureError::SameKey(earlier.to_owned(), name.clone()));
        }
    }
    let found = signed.iter().flatten().count();
    if found >= required {
        Ok(())
    } else {
        Err(SignatureError::Threshold { found, required })
    }
}

/// The public keys, each once: a key that is given twice must not count as two.
fn distinct(keys: &[Key]) -> Vec<Key> {
    let mut distinct: Vec<Key> = Vec::new();
    for key in keys.iter().filter_map(Key::to_public) {
        if !distinct.contains(&key) {
            distinct.push(key);
        }
    }
    distinct
}

/// What can be said of a signature that is by none of the keys.
fn unknown(name: &str, bytes: &[u8], raw: &[u8], keys: &[Key]) -> SignatureError {
    let name = name.to_owned();
    if keys.is_empty() || keys.iter().any(|key| has_form(key, raw)) {
        return SignatureError::Foreign {
            name,
            digest: crate::Digest::of_bytes(bytes).to_string(),
        };
    }
    let keys: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
    SignatureError::OtherAlgorithm {
        name,
        length: raw.len(),
        keys: keys.join(", "),
    }
}

/// Whether a signature by such a key looks like this.
fn has_form(key: &Key, raw: &[u8]) -> bool {
    match key {
        Key::EcPublic(_) => ecdsa_numbers(raw).is_some(),
        Key::RsaPublic(public) => raw.len() == strip_zeros(&public.n).len(),
        Key::Ed25519Public(_) => raw.len() == 64,
        _ => false,
    }
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
        check_digest(name, &document, signed)?;
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
fn check_digest(name: &str, document: &Value, signed: &[u8]) -> Result<(), SignatureError> {
    let digest = &document["messageSignature"]["messageDigest"];
    if digest.is_null() {
        return Ok(());
    }
    let refuse = |message: &str| SignatureError::Detached {
        name: name.to_owned(),
        message: message.to_owned(),
    };
    if digest["algorithm"] != "SHA2_256" {
        return Err(refuse("the message digest is not SHA2_256"));
    }
    let named = digest["digest"].as_str().and_then(base64::decode_any);
    let named = named.ok_or_else(|| refuse("the message digest is not base64"))?;
    if named == Hash::Sha256.digest(signed) {
        return Ok(());
    }
    Err(SignatureError::OtherBytes {
        name: name.to_owned(),
        signed: hex(&named),
        found: crate::Digest::of_bytes(signed).to_string(),
    })
}

/// The two numbers of an ECDSA signature in DER (RFC 3279 section 2.2.3), with nothing behind them.
fn ecdsa_numbers(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut whole = Reader::new(raw);
    let mut numbers = whole.sequence().ok()?;
    let pair = (numbers.unsigned().ok()?, numbers.unsigned().ok()?);
    (numbers.peek().is_none() && whole.peek().is_none()).then_some(pair)
}

fn is_by(key: &Key, bytes: &[u8], raw: &[u8]) -> bool {
    match key {
        Key::EcPublic(public) => ecdsa_numbers(raw).is_some_and(|(r, s)| {
            signature::verify_ecdsa(public, &Hash::Sha256.digest(bytes), r, s).is_ok()
        }),
        Key::RsaPublic(_) => signature::verify(key, Algorithm::RS256, bytes, raw).is_ok(),
        Key::Ed25519Public(_) => signature::verify(key, Algorithm::EdDSA, bytes, raw).is_ok(),
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
        assert_eq!(
            verify(b"bundle", &[one.clone(), two.clone()], &keys, 2),
            Ok(())
        );
        let few = SignatureError::Threshold {
            found: 1,
            required: 2,
        };
        assert_eq!(
            verify(b"bundle", std::slice::from_ref(&one), &keys, 2),
            Err(few)
        );
        let again = ("b.sig".to_owned(), one.1.clone());
        assert_eq!(
            verify(b"bundle", &[one.clone(), again], &keys, 2),
            Err(SignatureError::SameKey("a.sig".into(), "b.sig".into()))
        );
        let given_twice = [key(1), key(1)];
        let again = ("b.sig".to_owned(), one.1.clone());
        assert!(verify(b"bundle", &[one.clone(), again], &given_twice, 2).is_err());
        assert!(matches!(
            verify(b"bundle", &[one, two], &[key(1)], 1),
            Err(SignatureError::Foreign { name, .. }) if name == "b.sig"
        ));
    }

    #[test]
    fn a_signature_of_other_bytes_and_one_of_another_kind_have_errors_of_their_own() {
        let one = ("a.sig".to_owned(), sign(1, b"bundle"));
        let foreign = verify(b"other", &[one], &[key(1)], 1).unwrap_err();
        assert_eq!(
            foreign.to_string(),
            "detached signature \"a.sig\" is by none of the keys, or not of \
             sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
        );
        let short = (
            "a.sig".to_owned(),
            base64::encode_url(&[1; 32]).into_bytes(),
        );
        let kind = verify(b"bundle", &[short], &[key(1)], 1).unwrap_err();
        assert_eq!(
            kind.to_string(),
            "detached signature \"a.sig\" of 32 bytes is of another algorithm than the keys, which are: Ed25519 public key"
        );
    }

    #[test]
    fn no_key_or_no_signature_is_never_enough() {
        assert!(verify(b"bundle", &[], &[key(1)], 0).is_err());
        let signed = ("a.sig".to_owned(), sign(1, b"bundle"));
        assert!(verify(b"bundle", &[signed], &[], 0).is_err());
    }
}
