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
Builtin::new("crypto.hmac.equal", "(mac1: string, mac2: string) => result: boolean", "Returns a boolean representing the result of comparing two MACs for equality without leaking timing information.", hmac_equal).documented(&["mac1 to compare", "mac2 to compare"], "`true` if the MACs are equals, `false` otherwise"),
Builtin::new("crypto.hmac.md5", "(x: string, key: string) => y: string", "Returns a string representing the MD5 HMAC of the input message using the input key.", hmac_md5).documented(&["input string", "key to use"], "MD5-HMAC of `x`"),
Builtin::new("crypto.hmac.sha1", "(x: string, key: string) => y: string", "Returns a string representing the SHA1 HMAC of the input message using the input key.", hmac_sha1).documented(&["input string", "key to use"], "SHA1-HMAC of `x`"),
Builtin::new("crypto.hmac.sha256", "(x: string, key: string) => y: string", "Returns a string representing the SHA256 HMAC of the input message using the input key.", hmac_sha256).documented(&["input string", "key to use"], "SHA256-HMAC of `x`"),
Builtin::new("crypto.hmac.sha512", "(x: string, key: string) => y: string", "Returns a string representing the SHA512 HMAC of the input message using the input key.", hmac_sha512).documented(&["input string", "key to use"], "SHA512-HMAC of `x`"),
Builtin::new("crypto.md5", "(x: string) => y: string", "Returns a string representing the input string hashed with the MD5 function", md5).documented(&["input string"], "MD5-hash of `x`"),
Builtin::new("crypto.parse_private_keys", "(keys: string) => output: array[object[string: any]]", "Returns zero or more private keys from the given encoded string containing DER certificate data.\n\nIf the input is empty, the function will return null. The input string should be a list of one or more concatenated PEM blocks. The whole input of concatenated PEM blocks can optionally be Base64 encoded.", parse_private_keys).documented(&["PEM encoded data containing one or more private keys as concatenated blocks. Optionally Base64 encoded."], "parsed private keys represented as objects"),
Builtin::new("crypto.sha1", "(x: string) => y: string", "Returns a string representing the input string hashed with the SHA1 function", sha1).documented(&["input string"], "SHA1-hash of `x`"),
Builtin::new("crypto.sha256", "(x: string) => y: string", "Returns a string representing the input string hashed with the SHA256 function", sha256).documented(&["input string"], "SHA256-hash of `x`"),
Builtin::new("crypto.x509.parse_and_verify_certificates", "(certs: string) => output: array<boolean, array[object[string: any]]>", "Returns one or more certificates from the given string containing PEM\nor base64 encoded DER certificates after verifying the supplied certificates form a complete\ncertificate chain back to a trusted root.\n\nThe first certificate is treated as the root and the last is treated as the leaf,\nwith all others being treated as intermediates.", parse_and_verify_certificates).documented(&["base64 encoded DER or PEM data containing two or more certificates where the first is a root CA, the last is a leaf certificate, and all others are intermediate CAs"], "array of `[valid, certs]`: if the input certificate chain could be verified then `valid` is `true` and `certs` is an array of X.509 certificates represented as objects; if the input certificate chain could not be verified then `valid` is `false` and `certs` is `[]`"),
Builtin::new("crypto.x509.parse_and_verify_certificates_with_options", "(certs: string, options: object[string: any]) => output: array<boolean, array[object[string: any]]>", "Returns one or more certificates from the given string containing PEM\nor base64 encoded DER certificates after verifying the supplied certificates form a complete\ncertificate chain back to a trusted root. A config option passed as the second argument can\nbe used to configure the validation options used.\n\nThe first certificate is treated as the root and the last is treated as the leaf,\nwith all others being treated as intermediates.", parse_and_verify_certificates_with_options).documented(&["base64 encoded DER or PEM data containing two or more certificates where the first is a root CA, the last is a leaf certificate, and all others are intermediate CAs", "object containing extra configs to verify the validity of certificates. `options` object supports four fields which maps to same fields in [x509.VerifyOptions struct](https://pkg.go.dev/crypto/x509#VerifyOptions). `DNSName`, `CurrentTime`: Nanoseconds since the Unix Epoch as a number, `MaxConstraintComparisons` and `KeyUsages`. `KeyUsages` is list and can have possible values as in: `\"KeyUsageAny\"`, `\"KeyUsageServerAuth\"`, `\"KeyUsageClientAuth\"`, `\"KeyUsageCodeSigning\"`, `\"KeyUsageEmailProtection\"`, `\"KeyUsageIPSECEndSystem\"`, `\"KeyUsageIPSECTunnel\"`, `\"KeyUsageIPSECUser\"`, `\"KeyUsageTimeStamping\"`, `\"KeyUsageOCSPSigning\"`, `\"KeyUsageMicrosoftServerGatedCrypto\"`, `\"KeyUsageNetscapeServerGatedCrypto\"`, `\"KeyUsageMicrosoftCommercialCodeSigning\"`, `\"KeyUsageMicrosoftKernelCodeSigning\"` "], "array of `[valid, certs]`: if the input certificate chain could be verified then `valid` is `true` and `certs` is an array of X.509 certificates represented as objects; if the input certificate chain could not be verified then `valid` is `false` and `certs` is `[]`"),
Builtin::new("crypto.x509.parse_certificate_request", "(csr: string) => output: object[string: any]", "Returns a PKCS #10 certificate signing request from the given PEM-encoded PKCS#10 certificate signing request.", parse_certificate_request).documented(&["base64 string containing either a PEM encoded or DER CSR or a string containing a PEM CSR"], "X.509 CSR represented as an object"),
Builtin::new("crypto.x509.parse_certificates", "(certs: string) => output: array[object[string: any]]", "Returns zero or more certificates from the given encoded string containing\nDER certificate data.\n\nIf the input is empty, the function will return null. The input string should be a list of one or more\nconcatenated PEM blocks. The whole input of concatenated PEM blocks can optionally be Base64 encoded.", parse_certificates).documented(&["base64 encoded DER or PEM data containing one or more certificates or a PEM string of one or more certificates"], "parsed X.509 certificates represented as objects"),
Builtin::new("crypto.x509.parse_keypair", "(cert: string, pem: string) => output: object[string: any]", "Returns a valid key pair", parse_keypair).documented(&["string containing PEM or base64 encoded DER certificates", "string containing PEM or base64 encoded DER keys"], "if key pair is valid, returns the tls.certificate(https://pkg.go.dev/crypto/tls#Certificate) as an object. If the key pair is invalid, nil and an error are returned."),
Builtin::new("crypto.x509.parse_rsa_private_key", "(pem: string) => output: object[string: any]", "Returns a JWK for signing a JWT from the given PEM-encoded RSA private key.", parse_rsa_private_key).documented(&["base64 string containing a PEM encoded RSA private key"], "JWK as an object"),
];
