//! Certificates and requests as values: the JSON form of Go's `x509.Certificate` and `x509.CertificateRequest`.

use num_bigint::{BigInt, Sign};
use precinct_jose::x509::{
    Attribute, Certificate, Extension, Extensions, Name, NameSubtrees, Request,
};

use super::super::uri::Uri;
use super::keys::key_value;
use crate::arena::Arena;
use crate::number::Number;
use crate::value::Value;

/// Bytes in base64.
pub(super) fn base64<'a>(arena: &'a Arena, bytes: &[u8]) -> Value<'a> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |sum, index| {
            sum << 8 | u32::from(group.get(index).copied().unwrap_or(0))
        });
        for index in 0..4 {
            let digit = digits
                .get((bits >> (18 - 6 * index) & 63) as usize)
                .copied()
                .unwrap_or(b'=');
            out.push(if index <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    Value::string(arena, &out)
}

/// A positive number from its bytes.
pub(super) fn number<'a>(arena: &'a Arena, bytes: &[u8]) -> Value<'a> {
    Value::Number(Number::from_big(
        arena,
        &BigInt::from_bytes_be(Sign::Plus, bytes),
    ))
}

/// Writes the structures of one document.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a>(pub &'a Arena);

type Entries<'a> = Vec<(&'static str, Value<'a>)>;

impl<'a> Writer<'a> {
    fn object(self, entries: Entries<'a>) -> Value<'a> {
        Value::object(
            self.0,
            entries
                .into_iter()
                .map(|(name, value)| (Value::String(name), value)),
        )
    }

    /// A list; an empty one is null, as Go shows lists that were never made.
    fn list<T>(self, items: &[T], write: impl Fn(&T) -> Value<'a>) -> Value<'a> {
        if items.is_empty() {
            return Value::Null;
        }
        let values: Vec<_> = items.iter().map(write).collect();
        Value::array(self.0, &values)
    }

    fn texts(self, items: &[String]) -> Value<'a> {
        self.list(items, |item| Value::string(self.0, item))
    }

    fn bytes(self, bytes: &[u8]) -> Value<'a> {
        base64(self.0, bytes)
    }

    fn optional_bytes(self, bytes: Option<&Vec<u8>>) -> Value<'a> {
        bytes.map_or(Value::Null, |bytes| self.bytes(bytes))
    }

    fn oid(self, id: &[u64]) -> Value<'a> {
        let arcs: Vec<_> = id
            .iter()
            .map(|arc| Value::int(i64::try_from(*arc).unwrap_or(i64::MAX)))
            .collect();
        Value::array(self.0, &arcs)
    }

    fn attribute(self, attribute: &Attribute) -> Value<'a> {
        match attribute {
            Attribute::Text(text) => Value::string(self.0, text),
            Attribute::Integer(number) => Value::int(*number),
            Attribute::Boolean(flag) => Value::Bool(*flag),
            Attribute::Bytes(bytes) => self.bytes(bytes),
            Attribute::Oid(id) => self.oid(id),
            Attribute::Other => Value::Null,
        }
    }

    fn typed(self, (id, attribute): &(Vec<u64>, Attribute)) -> Value<'a> {
        self.object(vec![
            ("Type", self.oid(id)),
            ("Value", self.attribute(attribute)),
        ])
    }

    fn name(self, name: &Name) -> Value<'a> {
        let values = |number: u64| -> Vec<String> {
            name.attributes
                .iter()
                .filter(|(id, _)| *id == [2, 5, 4, number])
                .filter_map(|(_, value)| match value {
                    Attribute::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect()
        };
        let last = |number| {
            Value::string(
                self.0,
                values(number)
                    .last()
                    .map(String::as_str)
                    .unwrap_or_default(),
            )
        };
        self.object(vec![
            ("CommonName", last(3)),
            ("SerialNumber", last(5)),
            ("Country", self.texts(&values(6))),
            ("Locality", self.texts(&values(7))),
            ("Province", self.texts(&values(8))),
            ("StreetAddress", self.texts(&values(9))),
            ("Organization", self.texts(&values(10))),
            ("OrganizationalUnit", self.texts(&values(11))),
            ("PostalCode", self.texts(&values(17))),
            (
                "Names",
                self.list(&name.attributes, |attribute| self.typed(attribute)),
            ),
            ("ExtraNames", Value::Null),
        ])
    }

    fn extension(self, extension: &Extension) -> Value<'a> {
        self.object(vec![
            ("Id", self.oid(&extension.id)),
            ("Critical", Value::Bool(extension.critical)),
            ("Value", self.bytes(&extension.value)),
        ])
    }

    fn uri(self, text: &str) -> Value<'a> {
        let uri = Uri::parse(text).unwrap_or_default();
        let part = |part: &str| Value::string(self.0, part);
        let user = if uri.user.is_some() {
            Value::EMPTY_OBJECT
        } else {
            Value::Null
        };
        self.object(vec![
            ("Scheme", part(&uri.scheme)),
            ("Opaque", part(&uri.opaque)),
            ("User", user),
            ("Host", part(&uri.host)),
            ("Path", part(&uri.path)),
            ("Fragment", part(&uri.fragment)),
            ("RawQuery", part(&uri.raw_query)),
            ("RawPath", part(&uri.raw_path)),
            ("RawFragment", part("")),
            (
                "ForceQuery",
                Value::Bool(uri.raw_query.is_empty() && text.ends_with('?')),
            ),
            (
                "OmitHost",
                Value::Bool(
                    uri.host.is_empty() && uri.path.starts_with('/') && !text.contains("//"),
                ),
            ),
        ])
    }

    fn network(self, (address, mask): &(Vec<u8>, Vec<u8>)) -> Value<'a> {
        let text = match (
            <[u8; 4]>::try_from(address.as_slice()),
            <[u8; 16]>::try_from(address.as_slice()),
        ) {
            (Ok(v4), _) => std::net::Ipv4Addr::from(v4).to_string(),
            (_, Ok(v6)) => std::net::Ipv6Addr::from(v6).to_string(),
            _ => String::new(),
        };
        self.object(vec![
            ("IP", Value::string(self.0, &text)),
            ("Mask", self.bytes(mask)),
        ])
    }

    fn key(self, key: Option<&precinct_jose::Key>) -> Value<'a> {
        key.map_or(Value::Null, |key| key_value(self.0, key))
    }

    /// A certificate; `extended` with the URIs as texts.
    pub fn certificate(self, certificate: &Certificate, extended: bool) -> Value<'a> {
        let serial = BigInt::from_signed_bytes_be(&certificate.serial);
        let mut entries = vec![
            ("Raw", self.bytes(&certificate.raw)),
            ("RawTBSCertificate", self.bytes(&certificate.signed.body)),
            ("RawSubjectPublicKeyInfo", self.bytes(&certificate.raw_key)),
            ("RawSubject", self.bytes(&certificate.raw_subject)),
            ("RawIssuer", self.bytes(&certificate.raw_issuer)),
            ("Signature", self.bytes(&certificate.signed.signature)),
            (
                "SignatureAlgorithm",
                Value::int(certificate.signed.algorithm),
            ),
            ("PublicKeyAlgorithm", Value::int(certificate.key_algorithm)),
            ("PublicKey", self.key(certificate.key.as_ref())),
            (
                "Version",
                Value::int(i64::try_from(certificate.version).unwrap_or(0)),
            ),
            (
                "SerialNumber",
                Value::Number(Number::from_big(self.0, &serial)),
            ),
            ("Issuer", self.name(&certificate.issuer)),
            ("Subject", self.name(&certificate.subject)),
            (
                "NotBefore",
                Value::string(self.0, &rfc3339(certificate.not_before)),
            ),
            (
                "NotAfter",
                Value::string(self.0, &rfc3339(certificate.not_after)),
            ),
            (
                "Extensions",
                self.list(&certificate.extensions, |extension| {
                    self.extension(extension)
                }),
            ),
            ("ExtraExtensions", Value::Null),
        ];
        entries.extend(self.understood(&certificate.understood));
        if extended {
            let texts: Vec<String> = certificate
                .understood
                .names
                .uri
                .iter()
                .map(|text| Uri::parse(text).map_or_else(|_| text.clone(), |uri| uri.to_text()))
                .collect();
            entries.push(("URIStrings", self.texts(&texts)));
        }
        self.object(entries)
    }

    fn understood(self, extensions: &Extensions) -> Entries<'a> {
        let valid = extensions.basic_constraints_valid;
        let policy = |id: &Vec<u64>| {
            let arcs: Vec<String> = id.iter().map(u64::to_string).collect();
            Value::string(self.0, &arcs.join("."))
        };
        let mut entries = vec![
            ("KeyUsage", Value::int(i64::from(extensions.key_usage))),
            (
                "UnhandledCriticalExtensions",
                self.list(&extensions.unhandled_critical, |id| self.oid(id)),
            ),
            (
                "ExtKeyUsage",
                self.list(&extensions.extended_key_usage, |usage| Value::int(*usage)),
            ),
            (
                "UnknownExtKeyUsage",
                self.list(&extensions.unknown_extended_key_usage, |id| self.oid(id)),
            ),
            ("BasicConstraintsValid", Value::Bool(valid)),
            ("IsCA", Value::Bool(extensions.is_authority)),
            ("MaxPathLen", Value::int(extensions.max_path_length)),
            (
                "MaxPathLenZero",
                Value::Bool(valid && extensions.max_path_length == 0),
            ),
            (
                "SubjectKeyId",
                self.optional_bytes(extensions.subject_key_id.as_ref()),
            ),
            (
                "AuthorityKeyId",
                self.optional_bytes(extensions.authority_key_id.as_ref()),
            ),
            ("OCSPServer", self.texts(&extensions.ocsp_servers)),
            ("IssuingCertificateURL", self.texts(&extensions.issuer_urls)),
            (
                "PermittedDNSDomainsCritical",
                Value::Bool(extensions.constraints_critical),
            ),
            (
                "CRLDistributionPoints",
                self.texts(&extensions.revocation_lists),
            ),
            (
                "PolicyIdentifiers",
                self.list(&extensions.policies, |id| self.oid(id)),
            ),
            ("Policies", self.list(&extensions.policies, policy)),
            ("PolicyMappings", Value::Null),
            ("InhibitAnyPolicy", Value::int(0)),
            ("InhibitAnyPolicyZero", Value::FALSE),
            ("InhibitPolicyMapping", Value::int(0)),
            ("InhibitPolicyMappingZero", Value::FALSE),
            ("RequireExplicitPolicy", Value::int(0)),
            ("RequireExplicitPolicyZero", Value::FALSE),
        ];
        entries.extend(self.names(&extensions.names));
        entries.extend(self.subtrees(
            &extensions.permitted,
            [
                "PermittedDNSDomains",
                "PermittedEmailAddresses",
                "PermittedIPRanges",
                "PermittedURIDomains",
            ],
        ));
        entries.extend(self.subtrees(
            &extensions.excluded,
            [
                "ExcludedDNSDomains",
                "ExcludedEmailAddresses",
                "ExcludedIPRanges",
                "ExcludedURIDomains",
            ],
        ));
        entries
    }

    fn subtrees(
        self,
        trees: &NameSubtrees,
        [dns, email, ip, uri]: [&'static str; 4],
    ) -> Entries<'a> {
        vec![
            (dns, self.texts(&trees.dns)),
            (email, self.texts(&trees.email)),
            (ip, self.list(&trees.ip, |network| self.network(network))),
            (uri, self.texts(&trees.uri)),
        ]
    }

    fn names(self, names: &precinct_jose::x509::AlternativeNames) -> Entries<'a> {
        vec![
            ("DNSNames", self.texts(&names.dns)),
            ("EmailAddresses", self.texts(&names.email)),
            (
                "IPAddresses",
                self.list(&names.ip, |ip| Value::string(self.0, &ip.to_string())),
            ),
            ("URIs", self.list(&names.uri, |uri| self.uri(uri))),
        ]
    }

    /// A request.
    pub fn request(self, request: &Request) -> Value<'a> {
        let attribute = |(id, values): &precinct_jose::x509::RequestAttribute| {
            let values = self.list(values, |typed| self.list(typed, |pair| self.typed(pair)));
            self.object(vec![("Type", self.oid(id)), ("Value", values)])
        };
        let mut entries = vec![
            ("Raw", self.bytes(&request.raw)),
            ("RawTBSCertificateRequest", self.bytes(&request.signed.body)),
            ("RawSubjectPublicKeyInfo", self.bytes(&request.raw_key)),
            ("RawSubject", self.bytes(&request.raw_subject)),
            (
                "Version",
                Value::int(i64::try_from(request.version).unwrap_or(0)),
            ),
            ("Signature", self.bytes(&request.signed.signature)),
            ("SignatureAlgorithm", Value::int(request.signed.algorithm)),
            ("PublicKeyAlgorithm", Value::int(request.key_algorithm)),
            ("PublicKey", self.key(request.key.as_ref())),
            ("Subject", self.name(&request.subject)),
            ("Attributes", self.list(&request.attributes, attribute)),
            (
                "Extensions",
                self.list(&request.extensions, |extension| self.extension(extension)),
            ),
            ("ExtraExtensions", Value::Null),
        ];
        entries.extend(self.names(&request.names));
        self.object(entries)
    }

    /// A certificate with its private key, Go's `tls.Certificate`.
    pub fn key_pair(
        self,
        certificates: &[Vec<u8>],
        leaf: &Certificate,
        key: &precinct_jose::Key,
    ) -> Value<'a> {
        self.object(vec![
            (
                "Certificate",
                self.list(certificates, |raw| self.bytes(raw)),
            ),
            ("PrivateKey", self.key(Some(key))),
            ("SupportedSignatureAlgorithms", Value::Null),
            ("OCSPStaple", Value::Null),
            ("SignedCertificateTimestamps", Value::Null),
            ("Leaf", self.certificate(leaf, false)),
        ])
    }
}

/// A time in UTC.
fn rfc3339(unix_seconds: i64) -> String {
    let (date, time) = super::super::aws::date_and_time(unix_seconds);
    let part =
        |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(&date, 0, 4),
        part(&date, 4, 6),
        part(&date, 6, 8),
        part(&time, 0, 2),
        part(&time, 2, 4),
        part(&time, 4, 6)
    )
}
