//! Certificates, requests and key pairs from PEM, base64 or DER.

use precinct_jose::x509::{Certificate, parse_certificates as parse_der, parse_request};
use precinct_jose::{Key, pem, pkix};

use super::super::encoding::decode_base64;
use super::certificate_value::Writer;
use super::chain::{self, Demands};
use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::{Array, Object, Value};

fn failed(error: &impl ToString) -> BuiltinError {
    BuiltinError::new(error.to_string())
}

/// Certificates in PEM, in base64 of PEM, or in base64 of DER.
fn read(text: &str) -> Result<Vec<Certificate>, BuiltinError> {
    if text.starts_with("-----BEGIN") {
        return read_pem(text);
    }
    let bytes = decode_base64(text)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.starts_with("-----BEGIN") => read_pem(text),
        _ => parse_der(&bytes).map_err(|error| failed(&error)),
    }
}

fn read_pem(text: &str) -> Result<Vec<Certificate>, BuiltinError> {
    let mut contents = Vec::new();
    for block in pem::decode_all(text) {
        if block.label != "CERTIFICATE" {
            let message = format!("PEM block type is '{}', expected CERTIFICATE", block.label);
            return Err(BuiltinError::new(message));
        }
        contents.extend(block.contents);
    }
    parse_der(&contents).map_err(|error| failed(&error))
}

pub(super) fn parse_certificates<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let certificates = read(operand::string(args, 1)?)?;
    Ok(Some(list(context, certificates.iter(), true)))
}

fn list<'a, 'c>(
    context: &Context<'a>,
    certificates: impl Iterator<Item = &'c Certificate>,
    extended: bool,
) -> Value<'a> {
    let writer = Writer(context.arena());
    let values: Vec<_> = certificates
        .map(|certificate| writer.certificate(certificate, extended))
        .collect();
    Value::array(context.arena(), &values)
}

pub(super) fn parse_and_verify_certificates<'a>(
    context: &mut Context<'a>,
    args: &[Value<'a>],
) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    let demands = Demands::at(context.time_ns);
    Ok(Some(verified(context, text, &demands, true)))
}

pub(super) fn parse_and_verify_certificates_with_options<'a>(
    context: &mut Context<'a>,
    args: &[Value<'a>],
) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    let options = operand::object(args, 2)?;
    if read(text).is_err() {
        return Ok(Some(unverified(context)));
    }
    let demands = demands(context, options)?;
    Ok(Some(verified(context, text, &demands, false)))
}

fn unverified<'a>(context: &Context<'a>) -> Value<'a> {
    Value::array(context.arena(), &[Value::FALSE, Value::EMPTY_ARRAY])
}

/// The chain from the last certificate to the first, if it holds.
fn verified<'a>(context: &Context<'a>, text: &str, demands: &Demands, extended: bool) -> Value<'a> {
    let Ok(certificates) = read(text) else {
        return unverified(context);
    };
    match chain::verify(&certificates, demands) {
        Some(chain) => {
            let values = list(context, chain.into_iter(), extended);
            Value::array(context.arena(), &[Value::TRUE, values])
        }
        None => unverified(context),
    }
}

fn demands(context: &Context<'_>, options: Object<'_>) -> Result<Demands, BuiltinError> {
    let mut demands = Demands::at(context.time_ns);
    for (key, value) in options.entries() {
        match key {
            Value::String("DNSName") => {
                let name = value
                    .as_str()
                    .ok_or_else(|| BuiltinError::new("'DNSName' should be a string"))?;
                name.trim_matches('"').clone_into(&mut demands.dns_name);
            }
            Value::String("CurrentTime") => {
                let time = value
                    .as_number()
                    .ok_or_else(|| BuiltinError::new("'CurrentTime' should be a number"))?;
                let time = time.to_i64();
                let time = time.ok_or_else(|| {
                    BuiltinError::new("'CurrentTime' should be a valid int64 number")
                })?;
                demands.unix_seconds = time.div_euclid(1_000_000_000);
            }
            Value::String("MaxConstraintComparisons") => {
                let count = value.as_number();
                let count = count.ok_or_else(|| {
                    BuiltinError::new("'MaxConstraintComparisons' should be a number")
                })?;
                if count.to_i64().is_none() {
                    return Err(BuiltinError::new(
                        "'MaxConstraintComparisons' should be a valid number",
                    ));
                }
            }
            Value::String("KeyUsages") => demands.key_usages = key_usages(value)?,
            Value::String(_) => return Err(BuiltinError::new("invalid key option")),
            _ => {}
        }
    }
    Ok(demands)
}

/// The names of extended key usages, in the order of Go's numbers.
const KEY_USAGES: &[&str] = &[
    "KeyUsageAny",
    "KeyUsageServerAuth",
    "KeyUsageClientAuth",
    "KeyUsageCodeSigning",
    "KeyUsageEmailProtection",
    "KeyUsageIPSECEndSystem",
    "KeyUsageIPSECTunnel",
    "KeyUsageIPSECUser",
    "KeyUsageTimeStamping",
    "KeyUsageOCSPSigning",
    "KeyUsageMicrosoftServerGatedCrypto",
    "KeyUsageNetscapeServerGatedCrypto",
    "KeyUsageMicrosoftCommercialCodeSigning",
    "KeyUsageMicrosoftKernelCodeSigning",
];

fn key_usages(value: Value<'_>) -> Result<Vec<i64>, BuiltinError> {
    let items = match value {
        Value::Array(items) => items,
        Value::Set(set) => Array::new(set.items()),
        _ => return Err(BuiltinError::new("'KeyUsages' should be an Array or Set")),
    };
    let (mut usages, mut invalid) = (Vec::new(), Vec::new());
    for name in items
        .iter()
        .filter_map(Value::as_str)
        .map(|name| name.trim_matches('"'))
    {
        match KEY_USAGES
            .iter()
            .zip(0i64..)
            .find(|(known, _)| **known == name)
        {
            Some((_, number)) => usages.push(number),
            None => invalid.push(name),
        }
    }
    if invalid.is_empty() {
        return Ok(usages);
    }
    Err(BuiltinError::new(format!(
        "invalid entries for 'KeyUsages' found: [{}]",
        invalid.join(" ")
    )))
}

pub(super) fn parse_certificate_request<'a>(
    context: &mut Context<'a>,
    args: &[Value<'a>],
) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    let is_pem = text.starts_with("-----BEGIN CERTIFICATE REQUEST-----");
    let bytes = if is_pem {
        text.as_bytes().to_vec()
    } else {
        decode_base64(text)?
    };
    let block = std::str::from_utf8(&bytes)
        .ok()
        .and_then(pem::decode)
        .map(|(block, _)| block);
    let der = match block {
        Some(block) if block.label != "CERTIFICATE REQUEST" => {
            return Err(BuiltinError::new(
                "invalid PEM-encoded certificate signing request",
            ));
        }
        Some(block) => block.contents,
        None => bytes,
    };
    let request = parse_request(&der).map_err(|error| failed(&error))?;
    Ok(Some(Writer(context.arena()).request(&request)))
}

/// PEM text from PEM or from base64 of PEM or of DER.
fn pem_of(text: &str, label: &str) -> Result<String, BuiltinError> {
    if text.starts_with("-----BEGIN ") {
        return Ok(text.to_owned());
    }
    let bytes = decode_base64(text)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.starts_with("-----BEGIN ") => Ok(text.to_owned()),
        _ => Ok(pem::encode(label, &bytes)),
    }
}

/// The contents of the blocks that fit, and the labels of the others.
fn split_blocks(text: &str, fits: impl Fn(&str) -> bool) -> (Vec<Vec<u8>>, Vec<String>) {
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for block in pem::decode_all(text) {
        if fits(&block.label) {
            found.push(block.contents);
        } else {
            skipped.push(block.label);
        }
    }
    (found, skipped)
}

pub(super) fn parse_keypair<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let certificate = operand::string(args, 1)?;
    let key = operand::string(&args[1..], 1)?;
    let certificate = pem_of(certificate, "CERTIFICATE")?;
    let key = pem_of(key, "PRIVATE KEY")?;
    let (found, skipped) = split_blocks(&certificate, |label| label == "CERTIFICATE");
    let Some(first) = found.first() else {
        return Err(BuiltinError::new(match skipped.as_slice() {
            [] => "tls: failed to find any PEM data in certificate input".to_owned(),
            [one] if one.ends_with("PRIVATE KEY") => {
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".to_owned()
            }
            labels => format!("tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]", labels.join(" ")),
        }));
    };
    let (keys, skipped) = split_blocks(&key, |label| {
        label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY")
    });
    let Some(block) = keys.first() else {
        return Err(BuiltinError::new(match skipped.as_slice() {
            [] => "tls: failed to find any PEM data in key input".to_owned(),
            [one] if one == "CERTIFICATE" => {
                "tls: found a certificate rather than a key in the PEM for the private key"
                    .to_owned()
            }
            labels => format!(
                "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{}]",
                labels.join(" ")
            ),
        }));
    };
    let leaf = parse_der(first).map_err(|error| failed(&error))?;
    let leaf = leaf
        .first()
        .ok_or_else(|| BuiltinError::new("x509: malformed certificate"))?;
    let key = pkix::pkcs1_private(block)
        .or_else(|_| pkix::pkcs8_private(block))
        .or_else(|_| pkix::sec1_private(block, None))
        .map_err(|_| BuiltinError::new("tls: failed to parse private key"))?;
    let matches = match (&leaf.key, key.to_public()) {
        (Some(public), Some(own)) if kind(public) == kind(&own) => Ok(*public == own),
        (Some(_), Some(_)) => Err(BuiltinError::new(
            "tls: private key type does not match public key type",
        )),
        _ => Err(BuiltinError::new("tls: unknown public key algorithm")),
    }?;
    if !matches {
        return Err(BuiltinError::new(
            "tls: private key does not match public key",
        ));
    }
    Ok(Some(Writer(context.arena()).key_pair(&found, leaf, &key)))
}

const fn kind(key: &Key) -> u8 {
    match key {
        Key::RsaPublic(_) | Key::RsaPrivate(_) => 0,
        Key::EcPublic(_) | Key::EcPrivate(_) => 1,
        Key::Ed25519Public(_) | Key::Ed25519Private { .. } => 2,
        Key::Symmetric(_) => 3,
    }
}
