//! Signatures that are good in every region (Signature Version 4A): by a key on P-256 that follows from the keys.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>; the key is derived with the function of NIST
//! SP 800-108 in counter mode, and taken as FIPS 186-4 (B.4.2) takes candidates.

use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use precinct_jose::hash::{Hash, hex};
use precinct_jose::key::{Curve, strip_zeros};
use precinct_jose::{Algorithm, Key, pkix, signature};
use precinct_runtime::builtins::uri::Uri;

use super::{Keys, Outgoing};
use crate::services::credentials::form;

const ALGORITHM: &str = "AWS4-ECDSA-P256-SHA256";
/// Headers that proxies change, and the one that is made here.
const UNSIGNED: &[&str] = &["authorization", "user-agent", "x-amzn-trace-id"];
/// The number of points of P-256, less two: candidates are below it.
const BOUND: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// Signs a request to a service of AWS. Whatever is changed about the request afterwards makes the signature wrong.
///
/// # Errors
/// When the request is for no address, or no key follows from the keys.
pub fn sign(request: &mut Outgoing, service: &str, keys: &Keys) -> Result<(), String> {
    let mut uri = Uri::parse(&request.url)?;
    uri.raw_query = sorted(&uri.raw_query)?;
    request.url = uri.to_text();
    let now = Timestamp::now();
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = now.strftime("%Y%m%d").to_string();
    let body = request.body.as_deref().unwrap_or_default();
    let payload = hex(&Hash::Sha256.digest(body));
    let mut added = vec![
        ("Host", uri.host.clone()),
        ("X-Amz-Content-Sha256", payload.clone()),
        ("X-Amz-Date", time.clone()),
        ("X-Amz-Region-Set", "*".to_owned()),
    ];
    if !keys.session_token.is_empty() {
        added.push(("X-Amz-Security-Token", keys.session_token.clone()));
    }
    let is_replaced = |name: &str| {
        let mut names = added.iter().map(|(added, _)| *added);
        name.eq_ignore_ascii_case("authorization")
            || names.any(|added| name.eq_ignore_ascii_case(added))
    };
    request.headers.retain(|(name, _)| !is_replaced(name));
    for (name, value) in added {
        request.header(name, value);
    }
    let signed = signed(request);
    let names: Vec<&str> = signed.keys().map(String::as_str).collect();
    let names = names.join(";");
    let lines: String = signed
        .iter()
        .flat_map(|(name, value)| [name, ":", value, "\n"])
        .collect();
    let path = match uri.escaped_path() {
        path if path.is_empty() => "/".to_owned(),
        path => path,
    };
    let (method, query) = (request.method, &uri.raw_query);
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
    let scope = format!("{date}/{service}/aws4_request");
    let digest = hex(&Hash::Sha256.digest(canonical.as_bytes()));
    let text = format!("{ALGORITHM}\n{time}\n{scope}\n{digest}");
    let key = key(&keys.access_key, &keys.secret_key)?;
    let signature = signature::sign(&key, Algorithm::ES256, text.as_bytes())
        .map_err(|error| error.to_string())?;
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        keys.access_key,
        hex(&der(&signature))
    );
    request.header("Authorization", authorization);
    Ok(())
}

/// The headers that are signed, by their names in lower case.
fn signed(request: &Outgoing) -> BTreeMap<String, String> {
    let mut signed = BTreeMap::<String, String>::new();
    for (name, value) in &request.headers {
        let name = name.to_lowercase();
        if UNSIGNED.contains(&name.as_str()) {
            continue;
        }
        let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
        let value = words.join(" ");
        signed
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    let length = request.body.as_ref().map_or(0, Vec::len);
    if length > 0 {
        signed.insert("content-length".to_owned(), length.to_string());
    }
    signed
}

/// The fields of a query in the order of their names and values.
fn sorted(query: &str) -> Result<String, String> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_decode_str(&text).decode_utf8();
        decoded
            .map(std::borrow::Cow::into_owned)
            .map_err(|error| error.to_string())
    };
    let mut fields = Vec::new();
    for field in query.split('&').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        fields.push((decoded(name)?, decoded(value)?));
    }
    fields.sort();
    let fields = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(form::encoded(fields))
}

/// The key that follows from the name of a secret key and that key.
fn key(access_key: &str, secret_key: &str) -> Result<Key, String> {
    let from = [b"AWS4A", secret_key.as_bytes()].concat();
    let candidates = (1..=u8::MAX).map(|counter| {
        let input = [
            &1_u32.to_be_bytes(),
            ALGORITHM.as_bytes(),
            &[0],
            access_key.as_bytes(),
            &[counter],
            &256_u32.to_be_bytes(),
        ]
        .concat();
        Hash::Sha256.hmac(&from, &input)
    });
    let mut secret = candidates
        .into_iter()
        .find(|candidate| candidate.as_slice() < BOUND.as_slice())
        .ok_or("no key follows from these keys")?;
    for byte in secret.iter_mut().rev() {
        let (more, carries) = byte.overflowing_add(1);
        *byte = more;
        if !carries {
            break;
        }
    }
    // An `ECPrivateKey` (RFC 5915): the version and the secret.
    let der = [&[0x30, 37, 0x02, 1, 1, 0x04, 32], secret.as_slice()].concat();
    pkix::sec1_private(&der, Some(Curve::P256)).map_err(|error| error.to_string())
}

/// Two numbers of 32 bytes as an `ECDSA-Sig-Value` (RFC 3279).
fn der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let number = |bytes: &[u8]| {
        let bytes = strip_zeros(bytes);
        // A number whose first bit is set would be negative.
        let sign: &[u8] = match bytes.first() {
            Some(first) if *first < 0x80 => &[],
            _ => &[0],
        };
        let length = u8::try_from(sign.len() + bytes.len()).unwrap_or(u8::MAX);
        [&[0x02, length], sign, bytes].concat()
    };
    let numbers = [number(r), number(s)].concat();
    let length = u8::try_from(numbers.len()).unwrap_or(u8::MAX);
    [&[0x30, length], numbers.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    /// The example of AWS's own clients.
    #[test]
    fn the_key_follows_from_the_keys() {
        let key = key(
            "AKISORANDOMAASORANDOM",
            "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom",
        )
        .unwrap();
        let Key::EcPrivate(private) = key else {
            panic!()
        };
        let x = "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb";
        let y = "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0";
        assert_eq!(hex(&private.public.x), x);
        assert_eq!(hex(&private.public.y), y);
    }

    #[test]
    fn numbers_are_not_negative_and_have_no_zeros_before_them() {
        let mut signature = [0; 64];
        signature[31] = 0x80;
        signature[60] = 0x7f;
        let expected = [0x30, 10, 2, 2, 0, 0x80, 2, 4, 0x7f, 0, 0, 0];
        assert_eq!(der(&signature), expected);
    }

    #[test]
    fn fields_of_queries_are_sorted() {
        assert_eq!(sorted("b=2&a=x+y&b=1&c").unwrap(), "a=x%20y&b=1&b=2&c=");
        assert_eq!(sorted("").unwrap(), "");
    }
}
