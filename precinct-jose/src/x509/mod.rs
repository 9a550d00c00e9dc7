//! X.509 certificates and requests (RFC 5280, RFC 2986), read as Go's `crypto/x509` reads them.

mod understood;

use std::net::IpAddr;

use crate::der::{self, DerError, Element, Reader, tag};
use crate::hash::Hash;
use crate::key::Key;
use crate::pkix::{self, oid};
use understood::understand;

/// The numbers of an object identifier.
pub type Oid = Vec<u64>;

/// Why a certificate was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// The outer structure is no certificate.
    #[error("x509: malformed certificate")]
    Certificate,
    /// The outer structure is no request.
    #[error("{0}")]
    Request(DerError),
    /// A part of it is malformed.
    #[error("x509: malformed {0}")]
    Part(&'static str),
    /// A part of it is invalid.
    #[error("x509: invalid {0}")]
    Invalid(&'static str),
}

/// What an attribute of a name or of a request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Text of any of the string types.
    Text(String),
    /// A number that fits 64 bits.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An object identifier.
    Oid(Oid),
    /// Something else.
    Other,
}

/// A distinguished name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Its attributes in order, relative names flattened.
    pub attributes: Vec<(Oid, Attribute)>,
}

/// An extension as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its type.
    pub id: Oid,
    /// Whoever does not understand it must not accept the certificate.
    pub critical: bool,
    /// Its DER.
    pub value: Vec<u8>,
}

/// Alternative names of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlternativeNames {
    /// Host names.
    pub dns: Vec<String>,
    /// Mail addresses.
    pub email: Vec<String>,
    /// Addresses.
    pub ip: Vec<IpAddr>,
    /// URIs.
    pub uri: Vec<String>,
}

/// Names that the certificates of an authority may have, or may not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSubtrees {
    /// Host names, with the names below them.
    pub dns: Vec<String>,
    /// Mail addresses or hosts.
    pub email: Vec<String>,
    /// Networks: address and mask, 4 or 16 bytes each.
    pub ip: Vec<(Vec<u8>, Vec<u8>)>,
    /// Hosts of URIs.
    pub uri: Vec<String>,
}

/// What the extensions say that are understood here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Bits of the key usage, the first one as 1.
    pub key_usage: u32,
    /// Numbers of extended key usages, as in Go: 0 any, 1 server, 2 client, and so on.
    pub extended_key_usage: Vec<i64>,
    /// Extended key usages without a number.
    pub unknown_extended_key_usage: Vec<Oid>,
    /// There are basic constraints.
    pub basic_constraints_valid: bool,
    /// The certificate is one of an authority.
    pub is_authority: bool,
    /// How many authorities may follow; -1 means any number, 0 without basic constraints.
    pub max_path_length: i64,
    /// The identifier of the subject's key.
    pub subject_key_id: Option<Vec<u8>>,
    /// The identifier of the issuer's key.
    pub authority_key_id: Option<Vec<u8>>,
    /// Where revocation is asked for.
    pub ocsp_servers: Vec<String>,
    /// Where the issuer's certificate is.
    pub issuer_urls: Vec<String>,
    /// Alternative names.
    pub names: AlternativeNames,
    /// The constraints below are critical.
    pub constraints_critical: bool,
    /// Names that are allowed, if any are listed.
    pub permitted: NameSubtrees,
    /// Names that are not allowed.
    pub excluded: NameSubtrees,
    /// Where revocation lists are.
    pub revocation_lists: Vec<String>,
    /// Policies.
    pub policies: Vec<Oid>,
    /// Critical extensions that are not understood here.
    pub unhandled_critical: Vec<Oid>,
}

/// What is signed, with which algorithm, and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The bytes that are signed.
    pub body: Vec<u8>,
    /// The algorithm's number as in Go; 0 is unknown.
    pub algorithm: i64,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// All of it.
    pub raw: Vec<u8>,
    /// What is signed and how.
    pub signed: Signed,
    /// The subject's key as it is written.
    pub raw_key: Vec<u8>,
    /// The subject as it is written.
    pub raw_subject: Vec<u8>,
    /// The issuer as it is written.
    pub raw_issuer: Vec<u8>,
    /// The number of the key's algorithm as in Go; 0 is unknown.
    pub key_algorithm: i64,
    /// The key, if its algorithm is known.
    pub key: Option<Key>,
    /// 1, 2 or 3.
    pub version: u64,
    /// The serial number, big-endian two's complement.
    pub serial: Vec<u8>,
    /// Who issued it.
    pub issuer: Name,
    /// Whose it is.
    pub subject: Name,
    /// Seconds since 1970 from which it is valid.
    pub not_before: i64,
    /// Seconds since 1970 up to which it is valid.
    pub not_after: i64,
    /// Its extensions as they are written.
    pub extensions: Vec<Extension>,
    /// What they say.
    pub understood: Extensions,
}

/// A request for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// All of it.
    pub raw: Vec<u8>,
    /// What is signed and how.
    pub signed: Signed,
    /// The key as it is written.
    pub raw_key: Vec<u8>,
    /// The subject as it is written.
    pub raw_subject: Vec<u8>,
    /// 0
    pub version: u64,
    /// The number of the key's algorithm as in Go; 0 is unknown.
    pub key_algorithm: i64,
    /// The key, if its algorithm is known.
    pub key: Option<Key>,
    /// Whose it is.
    pub subject: Name,
    /// Attributes that are sets of sequences of typed values, as requests for extensions are.
    pub attributes: Vec<RequestAttribute>,
    /// The extensions asked for.
    pub extensions: Vec<Extension>,
    /// The alternative names asked for.
    pub names: AlternativeNames,
}

/// An attribute of a request: its type, and sequences of typed values.
pub type RequestAttribute = (Oid, Vec<Vec<(Oid, Attribute)>>);

/// Reads certificates that follow one another.
pub fn parse_certificates(der: &[u8]) -> Result<Vec<Certificate>, X509Error> {
    let mut reader = Reader::new(der);
    let mut certificates = Vec::new();
    while !reader.is_empty() {
        let element = reader
            .expect(tag::SEQUENCE)
            .map_err(|_| X509Error::Certificate)?;
        certificates.push(certificate(element)?);
    }
    Ok(certificates)
}

fn certificate(element: Element<'_>) -> Result<Certificate, X509Error> {
    let mut outer = element.reader();
    let body = outer
        .expect(tag::SEQUENCE)
        .map_err(|_| X509Error::Part("tbs certificate"))?;
    let mut fields = body.reader();
    let version = match fields
        .optional(tag::context(0, true))
        .map_err(|_| X509Error::Part("version"))?
    {
        Some(element) => element
            .reader()
            .small_unsigned()
            .map_err(|_| X509Error::Part("version"))?
            .saturating_add(1),
        None => 1,
    };
    if version > 3 {
        return Err(X509Error::Invalid("version"));
    }
    let serial = fields
        .integer()
        .map_err(|_| X509Error::Part("serial number"))?
        .to_vec();
    fields
        .expect(tag::SEQUENCE)
        .map_err(|_| X509Error::Part("signature algorithm identifier"))?;
    let issuer = fields
        .expect(tag::SEQUENCE)
        .map_err(|_| X509Error::Part("issuer"))?;
    let mut validity = fields.sequence().map_err(|_| X509Error::Part("validity"))?;
    let not_before = time(&mut validity)?;
    let not_after = time(&mut validity)?;
    let subject = fields
        .expect(tag::SEQUENCE)
        .map_err(|_| X509Error::Part("issuer"))?;
    let spki = fields
        .expect(tag::SEQUENCE)
        .map_err(|_| X509Error::Part("spki"))?;
    let (key_algorithm, key) = public_key(spki)?;
    let mut written = Vec::new();
    for number in [1, 2] {
        fields
            .optional(tag::context(number, false))
            .map_err(|_| X509Error::Part("unique identifier"))?;
    }
    if let Some(list) = fields
        .optional(tag::context(3, true))
        .map_err(|_| X509Error::Part("extensions"))?
    {
        written = extensions(list.reader())?;
    }
    let understood = understand(&written)?;
    let signed = signed(body.raw, &mut outer)?;
    Ok(Certificate {
        raw: element.raw.to_vec(),
        signed,
        raw_key: spki.raw.to_vec(),
        raw_subject: subject.raw.to_vec(),
        raw_issuer: issuer.raw.to_vec(),
        key_algorithm,
        key,
        version,
        serial,
        issuer: name(issuer)?,
        subject: name(subject)?,
        not_before,
        not_after,
        extensions: written,
        understood,
    })
}

/// The extension request attribute, 1.2.840.113549.1.9.14.
const EXTENSION_REQUEST: &[u64] = &[1, 2, 840, 113_549, 1, 9, 14];

/// Reads a request.
pub fn parse_request(der: &[u8]) -> Result<Request, X509Error> {
    let mut reader = Reader::new(der);
    let element = reader.expect(tag::SEQUENCE).map_err(X509Error::Request)?;
    reader.finish().map_err(X509Error::Request)?;
    let mut outer = element.reader();
    let body = outer.expect(tag::SEQUENCE).map_err(X509Error::Request)?;
    let mut fields = body.reader();
    let version = fields.small_unsigned().map_err(X509Error::Request)?;
    let subject = fields.expect(tag::SEQUENCE).map_err(X509Error::Request)?;
    let spki = fields.expect(tag::SEQUENCE).map_err(X509Error::Request)?;
    let (key_algorithm, key) = public_key(spki)?;
    let mut attributes = Vec::new();
    let mut wanted = Vec::new();
    if let Some(list) = fields
        .optional(tag::context(0, true))
        .map_err(X509Error::Request)?
    {
        let mut items = list.reader();
        while !items.is_empty() {
            let item = items.expect(tag::SEQUENCE).map_err(X509Error::Request)?;
            attributes.extend(request_attribute(item));
            wanted.extend(requested_extensions(item).unwrap_or_default());
        }
    }
    let understood = understand(&wanted)?;
    Ok(Request {
        raw: element.raw.to_vec(),
        signed: signed(body.raw, &mut outer)?,
        raw_key: spki.raw.to_vec(),
        raw_subject: subject.raw.to_vec(),
        version,
        key_algorithm,
        key,
        subject: name(subject)?,
        attributes,
        extensions: wanted,
        names: understood.names,
    })
}

fn request_attribute(item: Element<'_>) -> Option<RequestAttribute> {
    let mut fields = item.reader();
    let id = der::oid_arcs(fields.oid().ok()?).ok()?;
    let mut sets = fields.expect(tag::SET).ok()?.reader();
    let mut values = Vec::new();
    while !sets.is_empty() {
        let mut sequence = sets.sequence().ok()?;
        let mut typed = Vec::new();
        while !sequence.is_empty() {
            let mut pair = sequence.sequence().ok()?;
            let id = der::oid_arcs(pair.oid().ok()?).ok()?;
            typed.push((id, attribute(pair.any().ok()?)));
        }
        values.push(typed);
    }
    Some((id, values))
}

fn requested_extensions(item: Element<'_>) -> Option<Vec<Extension>> {
    let mut fields = item.reader();
    let id = der::oid_arcs(fields.oid().ok()?).ok()?;
    if id != EXTENSION_REQUEST {
        return None;
    }
    extensions(fields.expect(tag::SET).ok()?.reader()).ok()
}

fn signed(body: &[u8], outer: &mut Reader<'_>) -> Result<Signed, X509Error> {
    let algorithm = outer
        .expect(tag::SEQUENCE)
        .map_err(|_| X509Error::Part("algorithm identifier"))?;
    let signature = outer
        .bit_string_bytes()
        .map_err(|_| X509Error::Part("signature"))?
        .to_vec();
    Ok(Signed {
        body: body.to_vec(),
        algorithm: signature_algorithm(algorithm),
        signature,
    })
}

fn public_key(spki: Element<'_>) -> Result<(i64, Option<Key>), X509Error> {
    let mut fields = spki.reader();
    let mut algorithm = fields
        .sequence()
        .map_err(|_| X509Error::Part("public key algorithm identifier"))?;
    let kind = algorithm
        .oid()
        .map_err(|_| X509Error::Part("public key algorithm identifier"))?;
    let number = match kind {
        oid::RSA => 1,
        oid::EC => 3,
        oid::ED25519 => 4,
        _ => return Ok((0, None)),
    };
    match pkix::public_key(spki.raw) {
        Ok(key) => Ok((number, Some(key))),
        Err(_) => Err(X509Error::Invalid("public key")),
    }
}

/// Go's number of a signature algorithm.
fn signature_algorithm(element: Element<'_>) -> i64 {
    let mut fields = element.reader();
    let arcs = fields
        .oid()
        .ok()
        .and_then(|contents| der::oid_arcs(contents).ok())
        .unwrap_or_default();
    match arcs.as_slice() {
        [1, 2, 840, 113_549, 1, 1, 4] => 2,
        [1, 2, 840, 113_549, 1, 1, 5] | [1, 3, 14, 3, 2, 29] => 3,
        [1, 2, 840, 113_549, 1, 1, 11] => 4,
        [1, 2, 840, 113_549, 1, 1, 12] => 5,
        [1, 2, 840, 113_549, 1, 1, 13] => 6,
        [1, 2, 840, 113_549, 1, 1, 10] => pss_algorithm(fields).unwrap_or(0),
        [1, 2, 840, 10_040, 4, 3] => 7,
        [2, 16, 840, 1, 101, 3, 4, 3, 2] => 8,
        [1, 2, 840, 10_045, 4, 1] => 9,
        [1, 2, 840, 10_045, 4, 3, 2] => 10,
        [1, 2, 840, 10_045, 4, 3, 3] => 11,
        [1, 2, 840, 10_045, 4, 3, 4] => 12,
        [1, 3, 101, 112] => 16,
        _ => 0,
    }
}

/// PSS names its digest in parameters; only salts as long as the digest count, as in Go.
fn pss_algorithm(mut parameters: Reader<'_>) -> Option<i64> {
    let mut fields = parameters.sequence().ok()?;
    let hash = fields.optional(tag::context(0, true)).ok()??;
    let arcs = der::oid_arcs(hash.reader().sequence().ok()?.oid().ok()?).ok()?;
    fields.optional(tag::context(1, true)).ok()??;
    let salt = fields
        .optional(tag::context(2, true))
        .ok()??
        .reader()
        .small_unsigned()
        .ok()?;
    match (arcs.as_slice(), salt) {
        ([2, 16, 840, 1, 101, 3, 4, 2, 1], 32) => Some(13),
        ([2, 16, 840, 1, 101, 3, 4, 2, 2], 48) => Some(14),
        ([2, 16, 840, 1, 101, 3, 4, 2, 3], 64) => Some(15),
        _ => None,
    }
}

/// The digest of a signature algorithm by Go's number, and whether RSA signs with PSS.
pub const fn signature_hash(algorithm: i64) -> Option<(Hash, bool)> {
    match algorithm {
        4 | 10 => Some((Hash::Sha256, false)),
        5 | 11 => Some((Hash::Sha384, false)),
        6 | 12 => Some((Hash::Sha512, false)),
        13 => Some((Hash::Sha256, true)),
        14 => Some((Hash::Sha384, true)),
        15 => Some((Hash::Sha512, true)),
        _ => None,
    }
}

fn text(element: Element<'_>) -> Option<String> {
    match element.tag {
        // NumericString, PrintableString, IA5String, UTF8String
        0x12 | 0x13 | 0x16 | 0x0c => String::from_utf8(element.contents.to_vec()).ok(),
        // T61String is read as Latin 1.
        0x14 => Some(element.contents.iter().copied().map(char::from).collect()),
        // BMPString
        0x1e => {
            let units: Vec<u16> = element
                .contents
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

fn attribute(element: Element<'_>) -> Attribute {
    if let Some(text) = text(element) {
        return Attribute::Text(text);
    }
    match element.tag {
        tag::INTEGER if (1..=8).contains(&element.contents.len()) => {
            let sign = if element.contents.first().is_some_and(|first| *first >= 0x80) {
                -1
            } else {
                0
            };
            Attribute::Integer(
                element
                    .contents
                    .iter()
                    .fold(sign, |sum, byte| (sum << 8) | i64::from(*byte)),
            )
        }
        tag::BOOLEAN => Attribute::Boolean(element.contents.first().is_some_and(|byte| *byte != 0)),
        tag::OCTET_STRING => Attribute::Bytes(element.contents.to_vec()),
        tag::OID => der::oid_arcs(element.contents).map_or(Attribute::Other, Attribute::Oid),
        _ => Attribute::Other,
    }
}

fn name(element: Element<'_>) -> Result<Name, X509Error> {
    let mut attributes = Vec::new();
    let mut sets = element.reader();
    let malformed = |_| X509Error::Invalid("RDNSequence");
    while !sets.is_empty() {
        let mut set = sets.expect(tag::SET).map_err(malformed)?.reader();
        while !set.is_empty() {
            let mut pair = set.sequence().map_err(malformed)?;
            let id = der::oid_arcs(pair.oid().map_err(malformed)?).map_err(malformed)?;
            let value = pair.any().map_err(malformed)?;
            let value =
                text(value).ok_or(X509Error::Invalid("RDNSequence: invalid attribute value"))?;
            attributes.push((id, Attribute::Text(value)));
        }
    }
    Ok(Name { attributes })
}

fn extensions(mut list: Reader<'_>) -> Result<Vec<Extension>, X509Error> {
    let malformed = |_| X509Error::Part("extension");
    let mut items = list.sequence().map_err(|_| X509Error::Part("extensions"))?;
    let mut found = Vec::new();
    while !items.is_empty() {
        let mut fields = items.sequence().map_err(malformed)?;
        let id = der::oid_arcs(fields.oid().map_err(malformed)?).map_err(malformed)?;
        let critical = fields
            .optional(tag::BOOLEAN)
            .map_err(malformed)?
            .is_some_and(|flag| flag.contents == [0xff]);
        let value = fields
            .expect(tag::OCTET_STRING)
            .map_err(malformed)?
            .contents
            .to_vec();
        found.push(Extension {
            id,
            critical,
            value,
        });
    }
    Ok(found)
}

/// Seconds since 1970 of a `UTCTime` or `GeneralizedTime`.
fn time(reader: &mut Reader<'_>) -> Result<i64, X509Error> {
    let element = reader.any().map_err(|_| X509Error::Part("validity"))?;
    let malformed = X509Error::Part("time");
    let text = std::str::from_utf8(element.contents).map_err(|_| malformed.clone())?;
    let digits = text
        .strip_suffix('Z')
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let digits = digits.ok_or_else(|| malformed.clone())?;
    let (year, rest) = match (element.tag, digits.len()) {
        (0x17, 12) => {
            let (year, rest) = digits.split_at(2);
            let year: i64 = year.parse().map_err(|_| malformed.clone())?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (0x18, 14) => {
            let (year, rest) = digits.split_at(4);
            (year.parse().map_err(|_| malformed.clone())?, rest)
        }
        _ => return Err(malformed),
    };
    let part = |at: usize| {
        rest.get(at..at + 2)
            .and_then(|part| part.parse::<i64>().ok())
            .unwrap_or(99)
    };
    let (month, day, hour, minute, second) = (part(0), part(2), part(4), part(6), part(8));
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return Err(malformed);
    }
    // Days since 1970 in the proleptic Gregorian calendar, years beginning in March.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
        + day_of_year
        - 719_468;
    Ok(((days * 24 + hour) * 60 + minute) * 60 + second)
}
