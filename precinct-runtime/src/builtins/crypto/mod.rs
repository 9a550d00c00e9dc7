//! Digests, keys and certificates.
//!
//! * [`digest`]: digests and keyed digests
//! * [`keys`]: private keys as values
//! * [`certificates`]: certificates, requests and key pairs from PEM, base64 or DER
//! * [`certificate_value`]: what policies see of them, which is the JSON form of Go's structures
//! * [`chain`]: whether a chain of certificates holds

mod certificate_value;
mod certificates;
mod chain;
mod digest;
mod keys;

use crate::builtin::Builtin;
use certificates::{
    parse_and_verify_certificates, parse_and_verify_certificates_with_options,
    parse_certificate_request, parse_certificates, parse_keypair,
};
use digest::{hmac_equal, hmac_md5, hmac_sha1, hmac_sha256, hmac_sha512, md5, sha1, sha256};
use keys::{parse_private_keys, parse_rsa_private_key};

/// Digests, keys and certificates.
pub const FAMILY: &[Builtin] = &[
Builtin::new("crypto.hmac.equal", "(mac1: string, mac2: string) => boolean", "Returns a boolean representing the result of comparing two MACs for equality without leaking timing information.", hmac_equal).categories(&["crypto"]),
Builtin::new("crypto.hmac.md5", "(x: string, key: string) => string", "Returns a string representing the MD5 HMAC of the input message using the input key.", hmac_md5).categories(&["crypto"]),
Builtin::new("crypto.hmac.sha1", "(x: string, key: string) => string", "Returns a string representing the SHA1 HMAC of the input message using the input key.", hmac_sha1).categories(&["crypto"]),
Builtin::new("crypto.hmac.sha256", "(x: string, key: string) => string", "Returns a string representing the SHA256 HMAC of the input message using the input key.", hmac_sha256).categories(&["crypto"]),
Builtin::new("crypto.hmac.sha512", "(x: string, key: string) => string", "Returns a string representing the SHA512 HMAC of the input message using the input key.", hmac_sha512).categories(&["crypto"]),
Builtin::new("crypto.md5", "(x: string) => string", "Returns a string representing the input string hashed with the MD5 function", md5).categories(&["crypto"]),
Builtin::new("crypto.parse_private_keys", "(keys: string) => array[object[string: any]]", "Returns zero or more private keys from the given encoded string containing DER certificate data. If the input is empty, the function will return null. The input string should be a list of one or more concatenated PEM blocks. The whole input of concatenated PEM blocks can optionally be Base64 encoded.", parse_private_keys).categories(&["crypto"]),
Builtin::new("crypto.sha1", "(x: string) => string", "Returns a string representing the input string hashed with the SHA1 function", sha1).categories(&["crypto"]),
Builtin::new("crypto.sha256", "(x: string) => string", "Returns a string representing the input string hashed with the SHA256 function", sha256).categories(&["crypto"]),
Builtin::new("crypto.x509.parse_and_verify_certificates", "(certs: string) => array<boolean, array[object[string: any]]>", "Returns one or more certificates from the given string containing PEM or base64 encoded DER certificates after verifying the supplied certificates form a complete certificate chain back to a trusted root. The first certificate is treated as the root and the last is treated as the leaf, with all others being treated as intermediates.", parse_and_verify_certificates).categories(&["crypto"]),
Builtin::new("crypto.x509.parse_and_verify_certificates_with_options", "(certs: string, options: object[string: any]) => array<boolean, array[object[string: any]]>", "Returns one or more certificates from the given string containing PEM or base64 encoded DER certificates after verifying the supplied certificates form a complete certificate chain back to a trusted root. A config option passed as the second argument can be used to configure the validation options used. The first certificate is treated as the root and the last is treated as the leaf, with all others being treated as intermediates.", parse_and_verify_certificates_with_options).categories(&["crypto"]),
Builtin::new("crypto.x509.parse_certificate_request", "(csr: string) => object[string: any]", "Returns a PKCS #10 certificate signing request from the given PEM-encoded PKCS#10 certificate signing request.", parse_certificate_request).categories(&["crypto"]),
Builtin::new("crypto.x509.parse_certificates", "(certs: string) => array[object[string: any]]", "Returns zero or more certificates from the given encoded string containing DER certificate data. If the input is empty, the function will return null. The input string should be a list of one or more concatenated PEM blocks. The whole input of concatenated PEM blocks can optionally be Base64 encoded.", parse_certificates).categories(&["crypto"]),
Builtin::new("crypto.x509.parse_keypair", "(cert: string, pem: string) => object[string: any]", "Returns a valid key pair", parse_keypair).categories(&["crypto"]),
Builtin::new("crypto.x509.parse_rsa_private_key", "(pem: string) => object[string: any]", "Returns a JWK for signing a JWT from the given PEM-encoded RSA private key.", parse_rsa_private_key).categories(&["crypto"]),
];
